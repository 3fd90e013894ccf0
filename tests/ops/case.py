"""What is known about one operation of the table, apart from its own code."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import tinygrad_bp.rules
from tinygrad_bp.op import Op

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Case:
    """One call of an operation: its operands, its attributes, and what has to come out.

    `reference(*arrays, **attrs)` gives the output, by loops over Python numbers. `smooth` says that
    a difference quotient has a meaning here; at a kink it has none, and `slopes` holds the
    convention: the gradient of each floating operand under an output gradient of ones (None: not
    compared). `twice` says the same of the second derivative. `into` brings any numbers into the
    operation's domain (symmetric matrices, say): the difference quotients go through it.
    """

    op: Op
    arrays: tuple[Any, ...]
    reference: Callable[..., Any]
    attrs: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    smooth: bool = True
    slopes: tuple[Any, ...] | None = None
    twice: bool = True
    into: Callable[..., tuple[Any, ...]] | None = None

    def run(self, *operands: Any) -> Any:
        """Call the operation inside its domain."""
        inside = self.into(*operands) if self.into else operands
        return self.op(*inside, **self.attrs)

    def __post_init__(self) -> None:
        # NumPy turns zero-dimensional arrays into scalars at every occasion.
        arrays = tuple(np.asarray(a) if isinstance(a, np.generic) else a for a in self.arrays)
        object.__setattr__(self, "arrays", arrays)

    @property
    def floating(self) -> list[int]:
        """Positions of the floating operands that have a rule."""
        return [
            i
            for i, a in enumerate(self.arrays)
            if isinstance(a, np.ndarray) and a.dtype.kind == "f" and self.op.rule_for(i) is not None
        ]

    def __str__(self) -> str:
        shapes = " ".join(
            "x".join(map(str, a.shape)) or "0d" if isinstance(a, np.ndarray) else repr(a)
            for a in self.arrays
        )
        static = ",".join(f"{k}={v}" for k, v in self.attrs.items() if k != "path")
        return f"{self.op.name}-{shapes}-{static}-{self.note}".strip("-")


def table() -> list[Op]:
    """Find every operation in the modules of `tinygrad_bp.rules`."""
    found: dict[int, Op] = {}
    for info in pkgutil.iter_modules(tinygrad_bp.rules.__path__):
        module = importlib.import_module(f"tinygrad_bp.rules.{info.name}")
        for value in vars(module).values():
            if isinstance(value, Op):
                found[id(value)] = value
    return list(found.values())


class Numbers:
    """A stream of random operands, the same in every run."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.Generator(np.random.PCG64(seed))

    def __call__(self, *shape: int, low: float = -2.0, high: float = 2.27) -> Array:
        """Give numbers of an interval, no two of them equally large, none at a multiple of 1/2.

        A numeric derivative never straddles a kink or the jump of a step function.
        """
        count = math.prod(shape)
        steps = np.linspace(low, high, count + 2)[1:-1]
        x = self.rng.permutation(steps)
        near = np.abs(x * 2 - np.round(x * 2)) < 0.02
        return np.asarray(np.where(near, x + 0.017, x).reshape(shape))

    def positive(self, *shape: int) -> Array:
        return self(*shape, low=0.3, high=2.5)

    def unit(self, *shape: int) -> Array:
        return self(*shape, low=-0.9, high=0.9)

    def away(self, *shape: int) -> Array:
        """Give numbers of both signs at some distance from 0."""
        x = self(*shape)
        return x + np.where(x < 0, -0.5, 0.5)

    def integers(self, *shape: int, low: int = 0, high: int = 5) -> Array:
        return self.rng.integers(low, high, shape)

    def mask(self, *shape: int) -> Array:
        return self.rng.random(shape) < 0.5


def each(f: Callable[..., Any], dtype: Any = None) -> Callable[..., Array]:
    """Make a reference of a function of Python numbers: broadcast by hand, then a loop."""

    def reference(*arrays: Any, **attrs: Any) -> Array:
        arrays = tuple(np.asarray(a) for a in arrays)
        shape = broadcast_shape([a.shape for a in arrays])
        kind = dtype or np.result_type(*(a.dtype for a in arrays))
        out = np.empty(shape, kind)
        for place in np.ndindex(shape):
            out[place] = f(*(element(a, place) for a in arrays), **attrs)
        return out

    return reference


def broadcast_shape(shapes: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    shapes = list(shapes)
    rank = max((len(s) for s in shapes), default=0)
    padded = [(1,) * (rank - len(s)) + tuple(s) for s in shapes]
    return tuple(next((n for n in lengths if n != 1), 1) for lengths in zip(*padded, strict=True))


def element(a: Array, place: tuple[int, ...]) -> Any:
    """Give the element that broadcasting shows at a place, as a Python number."""
    here = place[len(place) - a.ndim :]
    return a[tuple(0 if n == 1 else i for i, n in zip(here, a.shape, strict=True))].item()


def build(shape: tuple[int, ...], f: Callable[..., Any], dtype: Any = np.float64) -> Array:
    """Fill an array, element by element."""
    out = np.empty(shape, dtype)
    for place in np.ndindex(*shape):
        out[place] = f(*place)
    return out


def reduced(f: Callable[[list[Any]], Any], dtype: Any = None) -> Callable[..., Array]:
    """Make a reference of a function of the list of numbers that a reduction puts together."""

    def reference(x: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
        axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
        axes = {a % x.ndim for a in axes}
        groups: dict[tuple[int, ...], list[Any]] = {
            place: []
            for place in np.ndindex(*(1 if i in axes else n for i, n in enumerate(x.shape)))
        }
        for place in np.ndindex(*x.shape):
            groups[tuple(0 if i in axes else k for i, k in enumerate(place))].append(
                x[place].item()
            )
        kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
        out = np.empty(kept, dtype or x.dtype)
        for place, numbers in groups.items():
            out[place] = f(numbers)
        return (
            out
            if keepdims
            else out.reshape(tuple(n for i, n in enumerate(x.shape) if i not in axes))
        )

    return reference


def along(f: Callable[[list[Any]], list[Any]], dtype: Any = None) -> Callable[..., Array]:
    """Make a reference of a function from the numbers along an axis to as many numbers."""

    def reference(x: Array, *, axis: int, **attrs: Any) -> Array:
        out = np.empty(x.shape, dtype or x.dtype)
        axis %= x.ndim
        others = tuple(n for i, n in enumerate(x.shape) if i != axis)
        for place in np.ndindex(*others):
            line = (*place[:axis], slice(None), *place[axis:])
            out[line] = f([v.item() for v in x[line]], **attrs)
        return out

    return reference
