"""What every frame is shaken by, from how differently pairs of them are, and from what was thought before.

The sum of squares that is least is that of a graph of places (Lu and Milios 1997): every pair is an edge, as sure as the
network is; every frame is tied to what it was thought to be shaken by. Edges that do not agree with the others lose weight, as
under Student's distribution (Lange, Little and Taylor 1989).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array
from scipy.sparse.linalg import spsolve

Exact = NDArray[np.float64]

_EDGES = 0.5
"""What a pair's precision counts: pairs that share a frame are wrong together."""
_FREEDOM = 4.0
_ROUNDS = 4
_NUMBERS = 4


def solved(pairs: Sequence[tuple[int, int]], told: tuple[Exact, Exact], thought: Exact, off: Exact) -> Exact:
    """(T, 4) what each of T frames is shaken by.

    pairs: N indices of frames. told: (N, 4) the first's shake less the second's, and (N, 4, 4) its precision. thought: (T, 4)
    what is known without them. off: (T, 4) its standard deviations.
    """
    found = thought
    if not len(pairs):
        return found
    first, second = np.array(pairs).T
    apart, precision = told
    prior = 1 / np.square(off)
    for _ in range(_ROUNDS):
        wrong = apart - (found[first] - found[second])
        doubt = np.einsum("nk,nkl,nl->n", wrong, precision, wrong)
        sure = (_EDGES * (_FREEDOM + _NUMBERS) / (_FREEDOM + doubt))[:, None, None] * precision
        pull = prior * thought
        np.add.at(pull, first, np.einsum("nkl,nl->nk", sure, apart))
        np.add.at(pull, second, -np.einsum("nkl,nl->nk", sure, apart))
        found = np.asarray(spsolve(_normal(first, second, sure, prior), pull.ravel())).reshape(thought.shape)
    return found


def _normal(first: NDArray[np.int_], second: NDArray[np.int_], sure: Exact, prior: Exact) -> csc_array:
    """The matrix of the normal equations, (4 T, 4 T)."""
    each, own = np.arange(len(prior)), np.arange(_NUMBERS)
    blocks = [(first, first, sure), (second, second, sure), (first, second, -sure), (second, first, -sure)]
    blocks.append((each, each, prior[:, :, None] * np.eye(_NUMBERS)))
    rows, columns, values = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    down, right = np.broadcast_arrays(*((_NUMBERS * at)[:, None, None] + o for at, o in ((rows, own[:, None]), (columns, own))))
    return csc_array(coo_array((values.ravel(), (down.ravel(), right.ravel())), (prior.size, prior.size)))
