"""What the user reads of errors that are nobody's own."""

from __future__ import annotations

import pytest
import torch

from facefix.cli.sentences import sentence


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 23.99 GiB"),
        RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some other API call"),
    ],
)
def test_a_card_that_is_full_is_told_with_what_to_do(error: Exception) -> None:
    assert sentence(error, "a.mp4") == (
        "a.mp4: the device has too little free memory for it; end what else uses it, or choose --device cpu."
    )
