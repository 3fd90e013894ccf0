"""`detect_anomaly`: stop at the operation in which the first NaN or Inf was born."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..mode import modes

__all__ = ["detect_anomaly", "is_anomaly_enabled", "set_anomaly_enabled", "set_detect_anomaly"]


def is_anomaly_enabled() -> bool:
    """Whether operations are checked for the first NaN or Inf."""
    return modes.anomaly


def set_anomaly_enabled(mode: bool, check_nan: bool = True) -> None:
    """Switch the checks on or off."""
    modes.anomaly = bool(mode and check_nan)


class set_detect_anomaly:  # noqa: N801  PyTorch's name
    """Switch the checks on or off: at once, and until the end of a ``with`` block."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = modes.anomaly
        modes.anomaly = bool(mode and check_nan)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        modes.anomaly = self._before


class detect_anomaly:  # noqa: N801
    """Check every operation, forward and backward, for the first NaN or Inf.

    A value that was not finite before does not count: the error names the operation in which the
    first one appeared, its shapes, and the line of code that ran it.

    Raises
    ------
    RuntimeError
        From the operation, or the rule of the backward pass, where the first one was born.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([1.0, 0.0], requires_grad=True)
    >>> with tgb.autograd.detect_anomaly():
    ...     tgb.log(x)
    Traceback (most recent call last):
        ...
    RuntimeError: the first Inf of the forward pass was born in 'log'((2,) float32) -> (2,), at ...
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._check = check_nan
        self._before: list[Any] = []

    def __enter__(self) -> Self:
        # A stack: one object may be entered twice. NumPy's warnings would only come before the
        # error.
        self._before.append((modes.anomaly, np.seterr(all="ignore")))
        modes.anomaly = self._check
        return self

    def __exit__(self, *error: object) -> None:
        modes.anomaly, warnings = self._before.pop()
        np.seterr(**warnings)
