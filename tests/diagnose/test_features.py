from __future__ import annotations

import numpy as np
import pytest

from facefix.diagnose.beside.reading import SIGNALS as BESIDE
from facefix.diagnose.features import FEATURES, calm, feature, nobody, obstructed, slow
from facefix.diagnose.geometry.reading import SIGNALS as SHAPE
from facefix.diagnose.skin.reading import SIGNALS as SKIN
from facefix.faces.mesh.foresight import SIGNALS as FORESIGHT
from facefix.pipeline.departing import SIGNALS as DEPARTURE

FPS = 24.0


def signals(frames: int = 96, **changed: np.ndarray) -> dict[str, np.ndarray]:
    """A sound face, signal by signal."""
    rng = np.random.default_rng(0)
    plain = {"yaw": 0.0, "pitch": 0.0, "roll": 0.0, "boil": 2.0, "shading": 1.0, "detail": 2.0}
    plain |= {"crispness": 4.0, "crispness_out": 4.0, "face_px": 200.0, "score": 1.0, "identity_distance": 0.2}
    plain |= dict.fromkeys([*SHAPE, *SKIN, *BESIDE, *FORESIGHT, *DEPARTURE], 0.05) | {"tone_a": 4.0, "tone_b": 6.0}
    made = {k: (v * (1 + 0.02 * rng.standard_normal(frames))).astype(np.float32) for k, v in plain.items()}
    made["mesh"] = (0.93 * (1 + 0.003 * rng.standard_normal(frames))).astype(np.float32)
    return made | {k: np.asarray(v, np.float32) for k, v in changed.items()}


def test_every_feature_is_finite_and_quiet_on_a_sound_face() -> None:
    for name in FEATURES:
        values = feature(name, signals(), FPS)
        assert values.shape == (96,)
        assert np.isfinite(values).all(), name
        assert np.ptp(values) < 1, name


def test_every_feature_survives_what_was_never_measured() -> None:
    nothing = {k: np.full(96, np.nan) for k in signals()}
    for name in FEATURES:
        assert feature(name, signals(**nothing), FPS).shape == (96,), name
    for name in FEATURES:
        assert feature(name, signals(1), FPS).shape == (1,), name


@pytest.mark.parametrize(
    ("name", "signal", "value"),
    [
        ("shape_warp", "shape_warp", 0.8),
        ("shape_drift_lasting", "shape_drift", 0.8),
        ("moved_away_lasting", "identity_distance", 0.6),
        ("departure_lasting", "departure", 0.6),
        ("unforeseen", "unforeseen", 80.0),
        ("smear", "smear", 0.8),
        ("smear_risen", "smear", 0.8),
        ("smear_unusual", "smear", 0.8),
        ("wax", "wax", 0.8),
        ("wax_risen", "wax", 0.8),
        ("shape_warp_risen", "shape_warp", 0.8),
        ("boil_calm", "boil", 20.0),
        ("shading", "shading", 9.0),
        ("detail_lost", "detail", 0.8),
        ("turning", "yaw", 40.0),
        ("mesh_lost", "mesh", 0.8),
    ],
)
def test_a_feature_rises_where_its_signal_tells_of_a_fault(name: str, signal: str, value: float) -> None:
    values = signals()[signal].copy()
    values[40 : 96 if name.endswith("lasting") else 64] = value
    told = feature(name, signals(**{signal: values}), FPS)
    inside = told[38:66].max() if name == "turning" else np.median(told[44:60])
    assert inside > told[:20].max() + 0.15


def test_a_look_is_no_odder_for_a_face_that_is_perfect_elsewhere() -> None:
    values = np.full(96, 1e-3)
    values[40:64] = 0.1
    assert feature("smear_unusual", signals(smear=values), FPS).max() < 1e-3
    values[40:64] = 0.5
    perfect = np.where(values < 0.1, 0.1, values)
    told = [feature("smear_unusual", signals(smear=one), FPS)[50:54] for one in (values, perfect)]
    np.testing.assert_allclose(told[0], told[1], atol=0.2)


def test_detail_lost_with_all_else_is_no_loss() -> None:
    sharp, soft = np.full(96, 2.0), np.full(96, 4.0)
    sharp[40:64], soft[40:64] = 0.8, 1.6
    blurred = feature("detail_lost", signals(detail=sharp, crispness=soft, crispness_out=soft), FPS)
    assert np.abs(blurred[44:60]).max() < 0.1


def test_what_passes_does_not_last() -> None:
    passing, staying = (signals()["identity_distance"].copy() for _ in range(2))
    passing[40:60] = staying[40:] = 0.6
    there, here = (feature("moved_away_lasting", signals(identity_distance=v), FPS) for v in (passing, staying))
    assert there.max() < 0.15 < 0.3 < np.median(here[50:])
    assert here[:24].max() < 0.05


def test_only_skin_and_shape_together_are_molten() -> None:
    spoilt = np.full(96, 0.02, np.float32)
    spoilt[40:64] = 0.7
    both, skin, shape = (
        np.median(feature("molten", signals(**dict.fromkeys(names, spoilt)), FPS)[46:58])
        for names in (("wax", "shape_warp"), ("wax",), ("shape_warp",))
    )
    assert both > max(skin, shape) + 1


def test_calm_takes_single_frames_out_and_bridges_gaps() -> None:
    values = np.zeros(40, np.float32)
    values[20], values[30:33] = 9, np.nan
    assert calm(values, 3).max() == 0
    assert np.isfinite(calm(values, 3)).all()
    assert np.isnan(calm(np.full(5, np.nan, np.float32), 3)).all()


def test_slow_is_a_mean_of_what_is_known() -> None:
    values = np.full(200, np.nan, np.float32)
    values[::6] = 1.0
    assert slow(values, 10) == pytest.approx(np.ones(200), abs=1e-5)
    step = np.concatenate([np.zeros(100), np.ones(100)]).astype(np.float32)
    assert slow(step, 10)[100] == pytest.approx(0.5, abs=0.05)


def test_something_of_the_skins_colour_is_before_a_face_where_tint_and_mesh_both_say_a_little() -> None:
    tint, mesh = np.full(100, 0.5, np.float32), np.full(100, 0.93, np.float32)
    signals = {"tint": tint, "mesh": mesh}
    assert not obstructed(signals, 25.0).any()
    tint[40:60] = 2.5
    assert not obstructed(signals, 25.0).any(), "another light, or a flush"
    mesh[40:60] = 0.88
    mesh[48:52] = 0.93
    assert np.flatnonzero(obstructed(signals, 25.0))[[0, -1]].tolist() == [34, 65] and obstructed(signals, 25.0)[34:66].all()
    tint[60:] = 2.5
    assert not obstructed(signals, 25.0).any(), "it does not go: so the skin looks now"
    tint[:] = 2.5
    assert not obstructed(signals, 25.0).any(), "what is usual in this track"


def test_what_passes_before_a_face_makes_it_look_like_nobody_and_skin_that_drifts_does_not() -> None:
    signals = {name: np.full(100, value, np.float32) for name, value in (("mesh", 0.93), ("crispness_out", 3.0), ("tint", 0.5))}
    assert not nobody(signals, 25.0).any()
    signals["tint"][40:50] = 6
    assert np.flatnonzero(nobody(signals, 25.0))[[0, -1]].tolist() == [34, 55]
    signals["tint"][50:] = 6
    assert not nobody(signals, 25.0).any()
    signals["tint"][58:62] = 3.5
    assert not nobody(signals, 25.0).any(), "but for a moment it stays so to the end"
    signals["tint"][50:] = 30
    assert nobody(signals, 25.0)[50:].all()
