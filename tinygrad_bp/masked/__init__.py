"""Reductions and normalisations that leave masked elements out, with the names of ``torch.masked``.

A mask is True where an element counts. What is left out is replaced by the identity of the
operation: 0 in a sum, −∞ in a maximum. Over no elements at all the mean is NaN.

>>> import tinygrad_bp as tgb
>>> x = tgb.tensor([[1.0, 2.0, 3.0]])
>>> tgb.masked.mean(x, 1, mask=tgb.tensor([[True, False, True]]))
tensor([2.])
"""

from __future__ import annotations

from .normalizations import cumprod, cumsum, log_softmax, logaddexp, normalize, softmax, softmin
from .reductions import (
    amax,
    amin,
    argmax,
    argmin,
    logsumexp,
    mean,
    median,
    norm,
    prod,
    std,
    sum,
    var,
)  # fmt: skip

__all__ = [
    "amax", "amin", "argmax", "argmin", "cumprod", "cumsum", "log_softmax", "logaddexp",
    "logsumexp", "mean", "median", "norm", "normalize", "prod", "softmax", "softmin", "std", "sum",
    "var",
]  # fmt: skip
