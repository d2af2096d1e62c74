"""A face held against what it was at first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.characters.samples import changed, sampled

from facefix.characters.sample import Sample
from facefix.pipeline.departing import SIGNALS, departures
from facefix.types import Span

RATE = 24.0
SPAN = Span(10, 154)
SEEN = np.zeros(len(SPAN), bool)
"""Nothing is before the face."""
SOUND = np.zeros(len(SPAN), bool)
"""Nothing is wrong with it."""


def _spread(samples: tuple[Sample, ...]) -> list[Sample]:
    """Four looks a second, from the span's first frame on."""
    return [replace(sample, frame=SPAN.start + 6 * number) for number, sample in enumerate(samples)]


def test_a_face_that_stays_departs_nowhere() -> None:
    told = departures(_spread(sampled(1, count=24)), SPAN, RATE, SEEN, SOUND)
    assert told["departure"].shape == (len(SPAN),)
    assert np.nanmax(told["departure"]) < 0.1
    assert np.nanmax(told["departure_identity"]) < 0.15


def test_a_face_that_becomes_another_departs_from_there_on() -> None:
    other = sampled(2, count=12)
    told = departures(_spread((*sampled(1, count=12), *other)), SPAN, RATE, SEEN, SOUND)
    assert told["departure"][:48].max() < 0.1
    assert told["departure"][96:].min() > 0.5
    assert told["departure_identity"][96:].min() > 0.6


def test_skin_that_changes_departs_and_light_that_changes_does_not() -> None:
    sound = sampled(1, count=24)
    pale, lit = (changed(sound[12:], "nose width", tone=(8.0, 0.0, 0.0), lit=by_light) for by_light in (False, True))
    assert departures(_spread((*sound[:12], *pale)), SPAN, RATE, SEEN, SOUND)["departure_tone"][110:].min() > 4
    assert departures(_spread((*sound[:12], *lit)), SPAN, RATE, SEEN, SOUND)["departure_tone"][110:].max() < 1.5


def test_what_is_never_seen_alike_is_not_measured() -> None:
    for samples in ([], _spread(sampled(1, count=2))):
        told = departures(samples, SPAN, RATE, SEEN, SOUND)
        assert set(told) == set(SIGNALS)
        assert all(np.isnan(values).all() for values in told.values())
    turned = departures(_spread((*sampled(1, count=12), *sampled(1, count=12, yaw=50.0))), SPAN, RATE, SEEN, SOUND)
    # Beyond the last look that could be compared its value stays.
    assert np.ptp(turned["departure"][80:]) == 0


def test_a_face_with_something_before_it_is_not_looked_at() -> None:
    looks = _spread((*sampled(1, count=16), *sampled(2, count=8)))
    hidden = np.arange(len(SPAN)) >= 96
    assert departures(looks, SPAN, RATE, SEEN, SOUND)["departure"][-1] > 0.5
    told = departures(looks, SPAN, RATE, hidden, SOUND)["departure"]
    assert told.shape == (len(SPAN),) and told.max() < 0.1
    assert np.isnan(departures(looks, SPAN, RATE, np.ones(len(SPAN), bool), SOUND)["departure"]).all()


def test_a_face_that_is_sound_only_later_is_held_against_that() -> None:
    looks = _spread((*sampled(2, count=8), *sampled(1, count=16)))
    assert departures(looks, SPAN, RATE, SEEN, SOUND)["departure"][-1] > 0.5
    faulty = np.arange(len(SPAN)) < 48
    told = departures(looks, SPAN, RATE, SEEN, faulty)["departure"]
    assert told[0] > 0.5 and told[72:].max() < 0.1
    assert departures(looks, SPAN, RATE, SEEN, ~SOUND)["departure"][-1] > 0.5, "there is nothing better"
    few = (np.arange(len(SPAN)) >= 12) & (np.arange(len(SPAN)) < 48)
    assert departures(_spread(sampled(1, count=24)), SPAN, RATE, SEEN, few)["departure"].max() < 0.1
