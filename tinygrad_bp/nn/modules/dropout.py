"""Dropout."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from ..dropouts import _check_probability
from .module import Module

__all__ = [
    "AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout",
]  # fmt: skip


class _DropoutNd(Module):
    """Something that drops with a probability, in training."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        _check_probability(p)
        self.p, self.inplace = p, inplace

    def extra_repr(self) -> str:
        """Show the probability."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
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

    def forward(self, input: Any) -> Any:
        """Drop, in training."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """In training, set each channel of (N, C, L) or (C, L) to 0 with probability p.

    The others are divided by 1 − p. Neighbours in a feature map are alike, so that dropping single
    elements of it would change little.

    Parameters
    ----------
    p : float
        Probability of being dropped.
    inplace : bool
        Change the input itself.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> y = tgb.nn.Dropout1d(0.75)(tgb.ones(1, 1, 9))
    >>> y.unique().tolist() in ([0.0], [4.0])
    True

    Notes
    -----
    Tompson and others, "Efficient Object Localization Using Convolutional Networks", 2015.
    """

    def forward(self, input: Any) -> Any:
        """Drop channels, in training."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """In training, set each channel of (N, C, H, W) to 0 with probability p.

    The others are divided by 1 − p. Neighbours in a feature map are alike, so that dropping single
    elements of it would change little.

    Parameters
    ----------
    p : float
        Probability of being dropped.
    inplace : bool
        Change the input itself.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> y = tgb.nn.Dropout2d(0.75)(tgb.ones(1, 1, 3, 3))
    >>> y.unique().tolist() in ([0.0], [4.0])
    True

    Notes
    -----
    Tompson and others, "Efficient Object Localization Using Convolutional Networks", 2015.
    """

    def forward(self, input: Any) -> Any:
        """Drop channels, in training."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_DropoutNd):
    """In training, set each channel of (N, C, D, H, W) or (C, D, H, W) to 0 with probability p.

    The others are divided by 1 − p. Neighbours in a feature map are alike, so that dropping single
    elements of it would change little.

    Parameters
    ----------
    p : float
        Probability of being dropped.
    inplace : bool
        Change the input itself.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> y = tgb.nn.Dropout3d(0.75)(tgb.ones(1, 1, 3, 3, 3))
    >>> y.unique().tolist() in ([0.0], [4.0])
    True

    Notes
    -----
    Tompson and others, "Efficient Object Localization Using Convolutional Networks", 2015.
    """

    def forward(self, input: Any) -> Any:
        """Drop channels, in training."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """In training, set each element to the lower limit of SELU with probability p.

    All are then shifted and scaled, so that mean 0 and variance 1 stay what they were.

    Parameters
    ----------
    p : float
        Probability of being dropped.
    inplace : bool
        Without effect, as in PyTorch.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.AlphaDropout(0.5)(tgb.zeros(100)).unique().numel()
    2

    Notes
    -----
    Klambauer and others, "Self-Normalizing Neural Networks", 2017.
    """

    def forward(self, input: Any) -> Any:
        """Drop, in training."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """As :class:`AlphaDropout`, of whole channels (axis 1).

    Parameters
    ----------
    p : float
        Probability of being dropped.
    inplace : bool
        Without effect, as in PyTorch.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.FeatureAlphaDropout(0.5)(tgb.zeros(1, 1, 3, 3)).unique().numel()
    1

    Notes
    -----
    Klambauer and others, "Self-Normalizing Neural Networks", 2017.
    """

    def forward(self, input: Any) -> Any:
        """Drop channels, in training."""
        return F.feature_alpha_dropout(input, self.p, self.training)
