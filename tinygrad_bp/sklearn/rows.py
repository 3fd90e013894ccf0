"""Arrays and sparse matrices as batches, in the order that scikit-learn's networks see them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..tensor import wrap
from ..train import Batch

__all__ = ["Rows", "dense"]


class Rows:
    """Batches of the rows of a matrix.

    Parameters
    ----------
    X : array or sparse matrix
        (n, features)
    target : array
        (n, ...)
    weight : array or None
        (n,)
    batch_size : int
    order : RandomState or None
        Shuffles the rows anew in each pass; what was shuffled before is shuffled further, so that
        the same RandomState gives the batches of MLPClassifier. None keeps them.
    """

    generators: tuple[Any, ...] = ()  # a RandomState is the estimator's affair

    def __init__(self, X: Any, target: Any, weight: Any, batch_size: int, order: Any) -> None:
        self.X, self.target, self._weight = X, target, weight
        self._size, self._rng = batch_size, order
        self._order = np.arange(X.shape[0])

    def __len__(self) -> int:
        return math.ceil(len(self._order) / self._size)

    def epoch(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """Begin pass `number`, without its first `skip` batches."""
        if self._rng is not None:
            drawn = np.arange(len(self._order))
            self._rng.shuffle(drawn)
            self._order = self._order[drawn]
        # With one batch, the order of its rows changes nothing but the last bits.
        for i in range(skip, len(self)):
            part: Any = slice(i * self._size, (i + 1) * self._size)
            if self._rng is not None and len(self) > 1:
                part = self._order[part]
            weight = None if self._weight is None else wrap(self._weight[part])
            yield Batch((wrap(dense(self.X[part])),), wrap(self.target[part]), weight)

    def fingerprint(self) -> dict[str, Any]:
        """Return what tells these data from others: their shape."""
        return {"shape": list(self.X.shape), "batch_size": self._size}


def dense(X: Any) -> Any:
    """Return rows of a sparse matrix as an array."""
    return X.toarray() if hasattr(X, "toarray") else X
