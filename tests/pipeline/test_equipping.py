"""What holds inside `equipped`."""

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from facefix.pipeline.equipping import equipped
from facefix.settings import Settings


def _blas_threads() -> list[int]:
    np.linalg.inv(np.eye(3))
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_small_matrices_are_not_handed_out_to_threads_that_the_networks_need_and_it_is_undone_afterwards() -> None:
    with threadpool_limits(2, "blas"):
        before = _blas_threads()
        with equipped(Settings(device="cpu")):
            assert set(_blas_threads()) == {1}
        assert _blas_threads() == before
