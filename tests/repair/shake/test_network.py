"""The network of votes."""

from __future__ import annotations

import numpy as np
import torch
from tests.repair.registration.test_evidence import FACE, MESH
from tests.repair.shake.test_evidence import look

from facefix.repair.registration.evidence import GRID, View
from facefix.repair.shake.evidence import PER_CELL
from facefix.repair.shake.network import ShakeNetwork, fitted, ways

HEAD = torch.tensor([[96.0, 90.0, 0.7, 40.0], [80.0, 100.0, 0.5, 35.0]])
SHAKEN = torch.tensor([[0.5, -1.0, 0.3, 0.2], [-0.2, 0.4, 0.0, -0.6]])


def test_votes_that_agree_are_explained() -> None:
    each = ways(HEAD, 24)
    votes = torch.einsum("nyxik,nk->niyx", each, SHAKEN)
    found, precision = fitted(votes, torch.full((2, 24, 24), 0.5), each)
    np.testing.assert_allclose(found, SHAKEN, atol=1e-3)
    # 0.5 for each of 576 cells, x and y: shifts are known as well as so many votes know them.
    np.testing.assert_allclose(precision[:, 0, 0], 288, rtol=1e-3)
    assert (torch.linalg.eigvalsh(precision) > 0).all()


def test_who_has_no_weight_has_no_say() -> None:
    each = ways(HEAD, 24)
    votes = torch.einsum("nyxik,nk->niyx", each, SHAKEN)
    votes[:, :, :12] += 9
    weights = torch.ones(2, 24, 24)
    weights[:, :12] = 0
    np.testing.assert_allclose(fitted(votes, weights, each)[0], SHAKEN, atol=1e-2)


def test_nobody_to_vote_is_no_shake_and_not_sure() -> None:
    found, precision = fitted(torch.ones(2, 2, 24, 24), torch.zeros(2, 24, 24), ways(HEAD, 24))
    assert not found.any() and float(precision.diagonal(dim1=1, dim2=2).max()) < 0.01


def test_untrained_all_cells_vote_alike() -> None:
    told = look(View(FACE.grey, MESH + np.float32([1.5, 0, 0])), FACE)
    given = [torch.from_numpy(x[None]) for x in (told.cells, told.head, told.moved)]
    with torch.inference_mode():
        found, _ = ShakeNetwork().eval()(*given)
    assert float(found[0, 0]) > 0.5 * float(told.moved[0]) > 0
    assert given[0].shape == (1, PER_CELL, GRID, GRID)
