from __future__ import annotations

import numpy as np

from facefix.diagnose.modes import MODES
from facefix.report.signals import GROUPS, shown, telling


def test_every_mode_has_signals_that_tell_of_it() -> None:
    assert {mode for group in GROUPS for mode in group.modes} == set(MODES)
    known = {name for group in GROUPS for name in group.signals}
    assert all(telling(mode) in {None, *known} for mode in MODES)


def test_a_share_is_one_where_the_face_is_at_its_best_and_gaps_stay() -> None:
    (detail,) = [group for group in GROUPS if group.shares]
    values = np.array([2.0] * 8 + [1.0, np.nan], np.float32)
    (found,) = shown(detail, {"detail": values, "crispness": np.full(10, np.nan, np.float32)}).values()
    assert found[0] == 1 and found[8] == 0.5 and np.isnan(found[9])
