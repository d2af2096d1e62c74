from __future__ import annotations

import numpy as np

from facefix.faces.mesh import topology


def test_mirror_pairs_go_both_ways() -> None:
    assert (topology.MIRROR[topology.MIRROR] == np.arange(topology.POINTS)).all()
    assert {int(topology.MIRROR[i]) for i in topology.RIGHT_EYE} == set(topology.LEFT_EYE)
    assert {int(topology.MIRROR[i]) for i in topology.RIGHT_IRIS} == set(topology.LEFT_IRIS)
    for ring in (topology.OVAL, topology.LIPS, topology.NOSE, topology.RIGID):
        assert {int(topology.MIRROR[i]) for i in ring} == set(ring)


def test_triangles_cover_the_skin_once_and_leave_holes_for_eyes_and_mouth() -> None:
    directed = [(t[i], t[(i + 1) % 3]) for t in topology.TRIANGLES.tolist() for i in range(3)]
    assert len(set(directed)) == len(directed), "neighbours turn the same way"
    assert set(topology.TRIANGLES.ravel().tolist()) == set(range(topology.SKIN_POINTS))
    rim = {point for a, b in set(directed) if (b, a) not in set(directed) for point in (a, b)}
    assert rim == {*topology.OVAL, *topology.RIGHT_EYE, *topology.LEFT_EYE, *topology.INNER_LIPS}


def test_rings_are_rings() -> None:
    edges = {frozenset(pair) for t in topology.TRIANGLES.tolist() for pair in ((t[0], t[1]), (t[1], t[2]), (t[2], t[0]))}
    for ring in (topology.OVAL, topology.RIGHT_EYE, topology.LEFT_EYE, topology.OUTER_LIPS, topology.INNER_LIPS):
        assert all(frozenset(pair) in edges for pair in zip(ring, ring[1:] + ring[:1], strict=True))
