"""Comparing results in tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from .creation import as_tensor, finish
from .devices import place
from .draws import stream
from .dtype import as_numpy, float16, float32, float64
from .tensor import Tensor

__all__ = ["assert_close", "assert_gradients", "make_tensor"]

# Relative and absolute tolerances, as PyTorch has them for each dtype.
_TOLERANCES = {float16: (1e-3, 1e-5), float32: (1.3e-6, 1e-5), float64: (1e-7, 1e-7)}


def assert_close(actual: Any, expected: Any, *, allow_subclasses: bool = True,
                 rtol: float | None = None, atol: float | None = None, equal_nan: bool = False,
                 check_device: bool = True, check_dtype: bool = True, check_layout: bool = True,
                 check_stride: bool = False, msg: Any = None) -> None:  # fmt: skip
    """Assert that tensors, numbers, or containers of them are equal up to rounding.

    |actual − expected| ≤ atol + rtol |expected|, for each element.

    Parameters
    ----------
    actual, expected : Tensor, array, number, or sequences or mappings of these
    allow_subclasses : bool
        Whether the types may differ.
    rtol, atol : float, optional
        Both or none; by default what fits the dtype (0 for integers).
    equal_nan : bool
        Whether NaN equals NaN.
    check_device, check_layout, check_dtype, check_stride : bool
        What else has to agree.
    msg : str or callable, optional
        Another message, or what makes one of the usual message.

    Raises
    ------
    AssertionError
        If something differs; the message says where most.
    ValueError
        If only one of the tolerances is given.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.testing.assert_close(tgb.tensor(1 / 3), tgb.tensor(0.33333334))
    """
    if (rtol is None) != (atol is None):
        raise ValueError("assert_close: give both of rtol and atol, or none")
    options = (rtol, atol, equal_nan, check_dtype, check_stride)
    found = _difference(actual, expected, options, "")
    if found is None:
        return
    if callable(msg):
        found = msg(found)
    raise AssertionError(found if msg is None or callable(msg) else msg)


def _difference(actual: Any, expected: Any, options: Any, where: str) -> str | None:
    """Describe the first difference; None if there is none."""
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if actual.keys() != expected.keys():
            return f"The keys of the mappings do not match: {[*actual]} != {[*expected]}{where}"
        pairs: Any = [(f"[{key!r}]", actual[key], expected[key]) for key in actual]
        return _first(pairs, options, where)
    if _listed(actual) and _listed(expected):
        if len(actual) != len(expected):
            return (
                "The length of the sequences mismatch: "
                f"{len(actual)} != {len(expected)}{_place(where)}"
            )
        pairs = [(f"[{i}]", a, e) for i, (a, e) in enumerate(zip(actual, expected, strict=True))]
        return _first(pairs, options, where)
    if actual is None or expected is None:
        return None if actual is expected else f"None mismatch: {actual} is not {expected}"
    numbers = not isinstance(actual, (Tensor, np.ndarray))
    if isinstance(actual, Tensor) != isinstance(expected, Tensor):
        raise TypeError(
            f"No comparison pair was able to handle inputs of type {type(actual)} and "
            f"{type(expected)}."
        )
    a, e = _read(actual), _read(expected)
    rtol, atol, equal_nan, check_dtype, check_stride = options
    checked: list[Any] = [("shape", tuple(a.shape), tuple(e.shape))]
    if check_dtype and not numbers:
        checked.append(("dtype", a.dtype, e.dtype))
    if check_stride:
        checked.append(("stride", a.stride(), e.stride()))
    for name, mine, theirs in checked:
        if mine != theirs:
            return (
                f"The values for attribute '{name}' do not match: {mine} != {theirs}."
                f"{_place(where)}"
            )
    if rtol is None:
        chosen = [_TOLERANCES.get(x.dtype.to_real(), (0.0, 0.0)) for x in (a, e)]
        rtol, atol = max(r for r, _ in chosen), max(t for _, t in chosen)
    return _numbers(a._array, e._array, rtol, atol, equal_nan, where)


def _numbers(a: Any, e: Any, rtol: float, atol: float, equal_nan: bool, where: str) -> str | None:
    close = np.isclose(a, e, rtol=rtol, atol=atol, equal_nan=equal_nan)
    if close.all():
        return None
    exact = [x.astype(np.result_type(x, np.float64)) for x in (a, e)]
    with np.errstate(all="ignore"):
        absolute = np.where(close, 0, np.abs(exact[0] - exact[1]))
        relative = np.where(close, 0, absolute / np.abs(exact[1]))
    lines = ["Tensor-likes are not close!", ""]
    wrong = close.size - np.count_nonzero(close)
    lines.append(f"Mismatched elements: {wrong} / {close.size} ({wrong / close.size:.1%})")
    for name, values, allowed in (("absolute", absolute, atol), ("relative", relative, rtol)):
        worst = np.unravel_index(int(np.argmax(values)), values.shape)
        at = tuple(int(i) for i in worst)
        lines.append(
            f"Greatest {name} difference: {values[worst]} at index {at} (up to {allowed} allowed)"
        )
    return "\n".join(lines) + _place(where)


def _first(pairs: Any, options: Any, where: str) -> str | None:
    for key, actual, expected in pairs:
        found = _difference(actual, expected, options, where + key)
        if found is not None:
            return found
    return None


def _listed(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _place(where: str) -> str:
    return f"\n\nThe failure occurred for item {where}" if where else ""


def _read(value: Any) -> Tensor:
    found = as_tensor(value)
    return found.detach()


def make_tensor(*shape: Any, dtype: Any, device: Any = "cpu", low: float | None = None,
                high: float | None = None, requires_grad: bool = False,
                noncontiguous: bool = False, exclude_zero: bool = False,
                memory_format: Any = None) -> Tensor:  # fmt: skip
    """Draw a tensor of any dtype between `low` and `high` (by default −9 and 9, or 0 and 10)."""
    place(device, None)
    size = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
    kind = as_numpy(dtype)
    rng = stream(None)
    array: Any
    if kind.kind in "fc":
        array = rng.uniform(-9 if low is None else low, 9 if high is None else high, size)
        if kind.kind == "c":
            array = array + 1j * rng.uniform(-9 if low is None else low,
                                             9 if high is None else high, size)  # fmt: skip
    else:
        ends = {"b": (0, 2), "u": (0, 10), "i": (-9, 10)}[kind.kind]
        array = rng.integers(ends[0] if low is None else int(low),
                             ends[1] if high is None else int(high), size)  # fmt: skip
    array = np.asarray(array).astype(kind)
    if exclude_zero:
        array[array == 0] = 1
    if noncontiguous and array.size > 1:
        array = np.repeat(array, 2, axis=-1)[..., ::2]
    return finish(array, requires_grad)


def assert_gradients(*args: Any, **kwargs: Any) -> None:
    """Assert that gradients derived by hand are right; else fail with the diagnosis.

    See :func:`tinygrad_bp.diagnosis.assert_gradients`.
    """
    __tracebackhide__ = True
    # The room lies above this one, and is reached when it is asked for.
    import_module("tinygrad_bp.diagnosis").assert_gradients(*args, **kwargs)
