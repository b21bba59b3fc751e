"""The arithmetic of related items (see `related`): arrays in, arrays out, the same bits in whatever parts they come.

Histories of shoppers stand one after the other in `places` (columns of the items, whole numbers from 0); the history of
shopper k is `places[starts[k]:starts[k + 1]]`.

Weights are 16-bit numbers, that is multiples of 2^-24, so sums of them in 64-bit numbers are exact below 2^29: no order
of adding up, and no way of cutting shoppers into parts, changes a score.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from affinity_search.weights.formula import related_weight

__all__ = ["add_pairs", "best", "item_weights", "log_lifts", "scores"]

REGULARISATION = 300.0

Floats = NDArray[np.float64]
Places = NDArray[np.int32]
Starts = NDArray[np.int64]


def add_pairs(pairs: NDArray[np.int32], places: Places, starts: Starts) -> None:
    """Adds 1 to `pairs[i, j]` for each shopper with both i and j: the Gram matrix X^T X, one shopper at a time."""
    for start, end in pairwise(starts):
        own = places[start:end]
        pairs[np.ix_(own, own)] += 1


def item_weights(pairs: NDArray[np.int32]) -> NDArray[np.float16]:
    """W of EASE: W_ij = -P_ij / P_jj for P = (pairs + 300 I)^-1, and 0 on the diagonal; no items give no weights.

    With 300 on its diagonal the matrix is positive definite, whatever the histories: it always has an inverse.
    """
    matrix = pairs.astype(np.float64)
    np.einsum("ii->i", matrix)[:] += REGULARISATION
    inverse = np.linalg.inv(matrix)
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights.astype(np.float16)


def scores(weights: NDArray[np.float32], places: Places, starts: Starts) -> Floats:
    """Shoppers x items: the sum of the rows of a shopper's items, where that is above 0."""
    found = np.zeros((len(starts) - 1, len(weights)))
    for row, (start, end) in zip(found, pairwise(starts), strict=True):
        weights[places[start:end]].sum(axis=0, dtype=np.float64, out=row)
    return np.maximum(found, 0, out=found)


def log_lifts(found: Floats, means: Floats) -> Floats:
    """`formula.related_weight` of each score in `found` (shoppers x items) against the mean of its item."""
    lifts = np.zeros_like(found)
    above = found > means
    lifts[above] = related_weight(found[above], np.broadcast_to(means, found.shape)[above])
    return lifts


def best(values: Floats, most: int) -> NDArray[np.bool_]:
    """Which values above 0 are among the `most` highest of their row; of equals the first ones."""
    if values.shape[1] <= most:
        return values > 0
    lowest = np.partition(values, -most, axis=1)[:, -most, None]
    higher = values > lowest
    equals = values == lowest
    room = most - higher.sum(axis=1, keepdims=True)
    chosen: NDArray[np.bool_] = higher | (equals & (np.cumsum(equals, axis=1) <= room))
    return chosen & (values > 0)
