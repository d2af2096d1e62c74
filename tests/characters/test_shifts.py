"""Two sets of samples against each other."""

from __future__ import annotations

from tests.characters.samples import sampled

from facefix.characters.shifts import identity_distance, shape_difference


def test_no_set_differs_from_itself_by_less_than_nothing() -> None:
    sets = [sampled(person, count=3) for person in range(60)]
    assert min(shape_difference(one, one) for one in sets) >= 0
    assert max(shape_difference(one, one) for one in sets) < 1e-9
    assert max(identity_distance(one, one) for one in sets) < 1e-9
