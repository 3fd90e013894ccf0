"""Dropout."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """In training, set each element to 0 with probability p, and divide the others by 1 − p.

    The expected value of every element stays what it was, so that evaluation changes nothing.

    Parameters
    ----------
    p : float
        Probability of being dropped.
    inplace : bool
        Change the input itself.

    Raises
    ------
    ValueError
        If `p` is no probability.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Dropout(0.5).eval()(tgb.ones(3))
    tensor([1., 1., 1.])

    Notes
    -----
    Srivastava and others, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
    2014; in the inverted form, which scales in training.
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        F._check_probability(p)
        self.p, self.inplace = p, inplace

    def forward(self, input: Any) -> Any:
        """Drop, in training."""
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """Show the probability."""
        return f"p={self.p}, inplace={self.inplace}"
