from __future__ import annotations

import numpy as np
import pytest
from tests.dome import SIDE, dome, picture

from facefix.repair import placing


def test_an_anchor_in_the_same_pose_stays_as_it_is() -> None:
    mesh, triangles = dome()
    placed = placing.place(picture(), mesh, mesh, triangles)
    assert np.abs(placed.pixels - picture())[2:-2, 2:-2].max() < 0.02
    middle, corner = placed.coverage[40:56, 40:56], placed.coverage[:4, :4]
    assert middle.min() > 0.95
    assert corner.max() < 0.1


def test_what_is_seen_of_a_mesh_may_be_drawn_once_for_all_that_is_laid_on_it() -> None:
    mesh, triangles = dome()
    moved = mesh + np.array([6, 2, 0], np.float32)
    seen = placing.drawn(moved, triangles, SIDE)
    first, second = (placing.place(picture(), mesh, moved, triangles, seen=one) for one in (None, seen))
    np.testing.assert_array_equal(first.pixels, second.pixels)
    np.testing.assert_array_equal(first.coverage, second.coverage)


def test_an_anchor_moves_with_the_mesh_and_shrinks_with_trust() -> None:
    mesh, triangles = dome()
    moved = mesh + np.array([6, 0, 0], np.float32)
    placed = placing.place(picture(), mesh, moved, triangles, trust=0.5)
    inside = slice(30, 66)
    assert np.abs(placed.pixels[inside, 36:72] - picture()[inside, 30:66]).max() < 0.03
    assert placed.coverage.max() <= 0.5


def test_skin_that_turned_away_in_the_anchor_is_not_trusted() -> None:
    mesh, triangles = dome()
    turned = mesh.copy()
    angle = np.radians(80)
    offset = mesh - mesh.mean(0)
    turned[:, 0] = mesh[:, 0].mean() + np.cos(angle) * offset[:, 0] + np.sin(angle) * offset[:, 2]
    turned[:, 2] = mesh[:, 2].mean() - np.sin(angle) * offset[:, 0] + np.cos(angle) * offset[:, 2]
    coverage = placing.place(picture(), turned, mesh, triangles).coverage
    left, right = coverage[30:66, 24:36].mean(), coverage[30:66, 60:72].mean()
    assert min(left, right) < 0.3 < 0.8 < max(left, right)


def test_the_guide_finds_a_feature_out_of_place_under_any_pose() -> None:
    mesh, triangles = dome()
    centre = mesh.mean(0)
    angle = np.radians(10)
    spin = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]], np.float32)
    anchors = [((mesh - centre) @ spin.T * s + centre + 3).astype(np.float32) for s in (0.9, 1.0, 1.1)]
    assert np.abs(placing.guide(anchors, mesh, triangles, SIDE)).max() < 0.2
    warped = mesh.copy()
    warped[24, 0] += 4
    shift = placing.guide(anchors, warped, triangles, SIDE)
    assert shift[48, 48, 0] == pytest.approx(4, abs=1)
    assert np.abs(shift[48, 48, 1]) < 0.5
    assert np.abs(shift[30, 30]).max() < 0.5


def test_without_anchors_there_is_no_guide() -> None:
    mesh, triangles = dome()
    assert not placing.guide([], mesh, triangles, SIDE).any()


def test_a_triangle_seen_edge_on_moves_nothing_further_than_its_corners() -> None:
    mesh = np.array([[30, 40.4, 0], [66, 40.4, 0], [48, 40.5, 0]], np.float32)
    bent = mesh.copy()
    bent[2, 1] += 1
    where, known = placing.source_map(mesh, bent, np.array([[0, 1, 2]], np.int32), SIDE)
    assert known.max() > 0.5
    assert np.abs(where - placing.places(SIDE)).max() <= 1
