"""How a tensor prints itself: PyTorch's layout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import dtype as dtypes

__all__ = ["get_printoptions", "set_printoptions", "tensor_text"]

_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}
_options: dict[str, Any] = {**_PROFILES["default"], "sci_mode": None}


def set_printoptions(precision: int | None = None, threshold: float | None = None,
                     edgeitems: int | None = None, linewidth: int | None = None,
                     profile: str | None = None, sci_mode: bool | None = None) -> None:  # fmt: skip
    """Choose how tensors are printed; what is left out stays as it is.

    Parameters
    ----------
    precision : int
        Digits after the point.
    threshold : int
        Tensors with more elements are shortened.
    edgeitems : int
        How many elements a shortened print shows at either end of an axis.
    linewidth : int
        Characters per line.
    profile : {"default", "short", "full"}
        A choice of all of these, made first.
    sci_mode : bool or None
        Scientific notation always or never; as the numbers need it by default.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.set_printoptions(precision=2)
    >>> tgb.tensor([0.12345])
    tensor([0.12])
    >>> tgb.set_printoptions(profile="default")
    """
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(f"{profile!r} is no profile; there are {', '.join(_PROFILES)}")
        _options.update(_PROFILES[profile])
    chosen = {
        "precision": precision, "threshold": threshold, "edgeitems": edgeitems,
        "linewidth": linewidth,
    }  # fmt: skip
    _options.update({name: value for name, value in chosen.items() if value is not None})
    _options["sci_mode"] = sci_mode  # as in PyTorch, any call forgets an earlier choice


def get_printoptions() -> dict[str, Any]:
    """Return what :func:`set_printoptions` has set."""
    return dict(_options)


def tensor_text(tensor: Any) -> str:
    """Spell a tensor out: its numbers, and what is not its default."""
    array = tensor._array
    head = "tensor("
    name = type(tensor).__name__
    if name != "Tensor" and name != "Parameter":
        head = f"{name}("
    suffixes = []
    if array.size == 0:
        body = "[]"
        if array.shape != (0,):
            suffixes.append(f"size={tuple(array.shape)}")
    else:
        body = _body(array, len(head))
    usual = dtypes.get_default_dtype().dtype
    default = array.dtype in (usual, dtypes.of_scalar(1j)) or array.dtype in (np.bool_, np.int64)
    if not default or (array.size == 0 and array.dtype != usual):
        suffixes.append(f"dtype={tensor.dtype!r}")
    node = tensor.node
    if node is not None:
        suffixes.append("requires_grad=True" if node.op is None else f"grad_fn=<{node.name()}>")
    text = head + body
    last = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if last + len(suffix) + 2 > _options["linewidth"]:
            text += ",\n" + " " * len(head) + suffix
            last = len(head) + len(suffix)
        else:
            text += f", {suffix}"
            last += len(suffix) + 2
    text += ")"
    return f"Parameter containing:\n{text}" if name == "Parameter" else text


class _Formatter:
    """Chooses one format for all numbers: integers, fixed, or scientific."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.floating = array.dtype.kind == "f"
        self.whole, self.scientific = True, False
        self.width = 1
        measured = array.reshape(-1)
        if self.floating:
            # Zeros and what is not finite have no say, not even in the width.
            measured = measured[np.isfinite(measured) & (measured != 0)]
            if measured.size:
                size = np.abs(measured).astype(np.float64)
                low, high = float(size.min()), float(size.max())
                self.whole = bool((measured == np.ceil(measured)).all())
                self.scientific = high / low > 1000.0 or high > 1.0e8 or low < 1.0e-4
        if self.floating and _options["sci_mode"] is not None:
            self.scientific = _options["sci_mode"]
        self.width = max((len(self.text(value)) for value in measured.tolist()), default=1)

    def text(self, value: Any) -> str:
        if not self.floating:
            return str(value)
        if self.scientific:
            return f"{value:.{_options['precision']}e}"
        if self.whole:
            return f"{value:.0f}" + ("." if math.isfinite(value) else "")
        return f"{value:.{_options['precision']}f}"

    def padded(self, value: Any) -> str:
        return self.text(value).rjust(self.width)


class _Complex:
    """Formats the real and the imaginary parts, each in its own way."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.real, self.imaginary = _Formatter(array.real), _Formatter(array.imag)
        self.width = self.real.width + self.imaginary.width + 1

    def padded(self, value: Any) -> str:
        imaginary = self.imaginary.padded(value.imag).lstrip() + "j"
        return self.real.padded(value.real) + "+" * (imaginary[0] not in "+-") + imaginary


def _body(array: np.ndarray[Any, Any], indent: int) -> str:
    shorten = array.size > _options["threshold"]
    shown = _edges(array) if shorten else array
    formatter = _Complex(shown) if array.dtype.kind == "c" else _Formatter(shown)
    return _nested(array, formatter, indent, shorten)


def _edges(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Take what a shortened print shows: the first and last few of each axis."""
    edge = _options["edgeitems"]
    for axis, n in enumerate(array.shape):
        if n > 2 * edge:
            array = np.take(array, [*range(edge), *range(n - edge, n)], axis)
    return array


def _nested(
    array: np.ndarray[Any, Any], formatter: _Formatter | _Complex, indent: int, shorten: bool
) -> str:
    if array.ndim == 0:
        return formatter.padded(array.item())
    n = len(array)
    edge = _options["edgeitems"]
    cut = shorten and n > 2 * edge
    chosen = [*range(edge), None, *range(n - edge, n)] if cut else list(range(n))
    if array.ndim == 1:
        parts = [" ..." if i is None else formatter.padded(array[i].item()) for i in chosen]
        a_line = max(1, (_options["linewidth"] - indent) // (formatter.width + 2))
        rows = [", ".join(parts[i : i + a_line]) for i in range(0, len(parts), a_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(rows) + "]"
    inner = [
        "..." if i is None else _nested(array[i], formatter, indent + 1, shorten) for i in chosen
    ]
    separator = "," + "\n" * (array.ndim - 1) + " " * (indent + 1)
    return "[" + separator.join(inner) + "]"
