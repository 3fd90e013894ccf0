"""Making tensors by counting: numbers at equal distances, and indices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .creation import finish, kind_of
from .devices import place
from .dtype import as_numpy, get_default_dtype, int64, of_numpy, of_scalar
from .tensor import Tensor

__all__ = ["arange", "linspace", "logspace", "range", "tril_indices", "triu_indices"]


def _number(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def arange(start: Any = 0, end: Any = None, step: Any = 1, *, out: Tensor | None = None,
           dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
           requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Count from `start` up to, and without, `end`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.arange(3), tgb.arange(1, 2, 0.5)
    (tensor([0, 1, 2]), tensor([1.0000, 1.5000]))
    """
    if device is not None or layout is not None:
        place(device, layout)
    if end is None:
        start, end = 0, start
    numbers = start, end, step = _number(start), _number(end), _number(step)
    if step == 0:
        raise RuntimeError("arange: the step can't be zero")
    if (end - start) / step < 0:
        raise RuntimeError(f"arange: from {start} by {step} never reaches {end}")
    if dtype is None and out is not None:
        dtype = out.dtype
    if dtype is None:
        whole = all(isinstance(x, int) for x in numbers)
        dtype = int64 if whole else get_default_dtype()
    kind = as_numpy(dtype)
    if all(isinstance(x, int) for x in numbers):
        return finish(np.arange(start, end, step).astype(kind, copy=False), requires_grad, out)
    # Not np.arange, whose step is what remains of it after start + step was rounded.
    if not math.isfinite(end - start):
        raise RuntimeError(f"arange: the range from {start} to {end} has no end")
    steps = np.arange(math.ceil((end - start) / step))
    return finish((start + steps * step).astype(kind), requires_grad, out)


def range(start: Any = 0, end: Any = None, step: Any = 1, *, out: Tensor | None = None,
          dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
          requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Count from `start` up to, and with, `end`; :func:`arange` is what Python means."""
    if device is not None or layout is not None:
        place(device, layout)
    if end is None:
        start, end = 0, start
    start, end, step = _number(start), _number(end), _number(step)
    if step == 0 or (end - start) / step < 0:
        raise RuntimeError(f"range: from {start} by {step} never reaches {end}")
    steps = np.arange(math.floor((end - start) / step) + 1)
    return finish((start + steps * step).astype(kind_of(dtype)), requires_grad, out)


def _spaced(what: str, start: Any, end: Any, steps: Any, dtype: Any) -> tuple[Any, Any]:
    """Return equally spaced numbers, and the dtype that they are to get."""
    if steps is None or steps < 0:
        raise RuntimeError(f"{what}: the number of steps has to be 0 or more, not {steps}")
    start, end = _number(start), _number(end)
    if dtype is None and (isinstance(start, complex) or isinstance(end, complex)):
        dtype = of_numpy(of_scalar(1j))
    return np.linspace(start, end, steps), kind_of(dtype)


def linspace(start: Any, end: Any, steps: int, *, out: Tensor | None = None, dtype: Any = None,
             layout: Any = None, device: Any = None, pin_memory: bool = False,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make `steps` numbers at equal distances from `start` to `end`, both included.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    place(device, layout)
    array, kind = _spaced("linspace", start, end, steps, dtype)
    return finish(array.astype(kind), requires_grad, out)


def logspace(start: Any, end: Any, steps: int, base: float = 10.0, *, out: Tensor | None = None,
             dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make `steps` numbers at equal ratios from ``base**start`` to ``base**end``.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    place(device, layout)
    exponents, kind = _spaced("logspace", start, end, steps, dtype)
    with np.errstate(all="ignore"):
        return finish(np.power(base, exponents).astype(kind), requires_grad, out)


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = int64,
                 device: Any = None, layout: Any = None) -> Tensor:  # fmt: skip
    """Give the indices of what lies on and below a diagonal, two rows.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    place(device, layout)
    return finish(np.stack(np.tril_indices(row, offset, col)).astype(kind_of(dtype)))


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = int64,
                 device: Any = None, layout: Any = None) -> Tensor:  # fmt: skip
    """Give the indices of what lies on and above a diagonal, two rows.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    place(device, layout)
    return finish(np.stack(np.triu_indices(row, offset, col)).astype(kind_of(dtype)))
