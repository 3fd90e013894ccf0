"""What all transforms share: how they are called, and where their random numbers come from."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np

from ..dtype import as_numpy, get_default_dtype
from ..random import Generator, default_generator
from ..tensor import Tensor, wrap

__all__ = [
    "Array",
    "Transform",
    "floating",
    "interval",
    "precision",
    "probability",
    "real",
    "stream",
    "whole",
]

Array = np.ndarray[Any, Any]


class Transform:
    """Base of the transforms: arrays in, arrays out; Tensors in, Tensors out.

    ============================  ============================================================
    ``t(x)``                      one example or a batch, told by its axes
    ``t(x, y)``                   the same with targets: returns both; a `y` with an axis goes
                                  with a batch
    ``t(x, y, rng)``              as ``Trainer.fit(transform=t)`` calls it: a batch
    ============================  ============================================================

    Each example of a batch gets numbers of its own. A subclass writes :meth:`change`.
    """

    def __call__(self, inputs: Any, targets: Any = None, generator: Any = None, *,
                 batched: bool | None = None) -> Any:  # fmt: skip
        """Transform; return the inputs, or the inputs and the targets.

        Parameters
        ----------
        inputs : array or Tensor
            It is never changed in place.
        targets : array, Tensor or number, optional
            Only `MixUp` and `CutMix` change them.
        generator : Generator or numpy.random.Generator, optional
            Where random numbers come from; by default the default generator, which
            ``tgb.manual_seed`` starts.
        batched : bool, optional
            Whether the first axis goes over examples, where that is not seen otherwise.
        """
        array, labels = self.plain(inputs), targets
        many = self.many(array, targets, batched)
        if isinstance(targets, Tensor):
            labels = targets.numpy()
        elif targets is not None:
            labels = np.asarray(targets)
        out, mixed = self.run(array, labels, stream(generator), many)
        given = wrap(out) if isinstance(inputs, Tensor) else out
        if targets is None:
            return given
        if mixed is labels:
            return given, targets
        return given, wrap(mixed) if isinstance(targets, Tensor) else mixed

    def plain(self, inputs: Any) -> Array:
        """Return the inputs as an array, refusing what is no array of numbers."""
        if isinstance(inputs, (tuple, dict)):
            raise TypeError(
                f"{self._name}: a {type(inputs).__name__} of inputs: transform the one that is "
                "meant, in a function (inputs, targets, rng) of yours"
            )
        array = inputs.numpy() if isinstance(inputs, Tensor) else np.asarray(inputs)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{self._name} takes arrays of numbers, not of dtype {array.dtype}")
        if not array.size:
            raise ValueError(f"{self._name}: there is nothing in an array of shape {array.shape}")
        return array

    def many(self, array: Array, targets: Any, batched: bool | None) -> bool:
        """Tell whether the first axis goes over examples."""
        given = None if targets is None else np.shape(targets)
        if given is None:
            return self.looks_many(array) if batched is None else batched
        if batched is None:
            batched = bool(given)
        if batched and (not given or not array.ndim or given[0] != len(array)):
            raise ValueError(
                f"{self._name}: inputs {array.shape} and targets {given} don't go together: the "
                "first axes go over the same examples"
            )
        return batched

    def looks_many(self, array: Array) -> bool:
        """Tell a batch by its axes."""
        raise NotImplementedError(f"{self._name} has to define looks_many()")

    def run(self, array: Array, targets: Any, rng: np.random.Generator,
            many: bool) -> tuple[Array, Any]:  # fmt: skip
        """Transform inputs and targets."""
        batch = array if many else array[None]
        out = self.change(batch, rng)
        return (out if many else out[0]), targets

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform a batch, (n, ...)."""
        raise NotImplementedError(f"{self._name} has to define change()")

    @property
    def _name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        given = inspect.signature(type(self).__init__).parameters
        parts = [f"{k}={getattr(self, k)!r}" for k in given if k != "self" and hasattr(self, k)]
        return f"{self._name}({', '.join(parts)})"


def stream(generator: Any) -> np.random.Generator:
    """Return where random numbers come from.

    Raises
    ------
    TypeError
        For what is no generator.
    """
    if generator is None:
        return default_generator.numpy
    if isinstance(generator, Generator):
        return generator.numpy
    if isinstance(generator, np.random.Generator):
        return generator
    raise TypeError(
        f"generator is a tgb.Generator or a numpy.random.Generator, not {generator!r}; "
        "tgb.manual_seed(0) starts the default one"
    )


def floating(array: Array) -> np.dtype[Any]:
    """Return the dtype in which numbers of an array are kept when they become fractions."""
    return array.dtype if array.dtype.kind == "f" else as_numpy(get_default_dtype())


def precision(array: Array) -> type[np.float32] | type[np.float64]:
    """Return in which numbers an array is computed with: single ones, if it has no others."""
    wide = array.dtype.kind == "f" and array.dtype.itemsize > 4
    return np.float64 if wide else np.float32


def real(name: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """Return a parameter as a finite number in a range.

    Raises
    ------
    TypeError, ValueError
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} is a number, not {value!r}")
    number = float(value)
    if not (math.isfinite(number) and low <= number <= high):
        limits = f"from {low:g} on" if high == math.inf else f"between {low:g} and {high:g}"
        words = "finite" if low == -math.inf else limits
        raise ValueError(f"{name} is {words}, not {value!r}")
    return number


def probability(name: str, value: Any) -> float:
    """Return a parameter as a number from 0 to 1."""
    return real(name, value, 0, 1)


def whole(name: str, value: Any, low: int = 0) -> int:
    """Return a parameter as a whole number from `low` on."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} is a whole number, not {value!r}")
    if value < low:
        raise ValueError(f"{name} is a whole number from {low} on, not {value}")
    return int(value)


def interval(name: str, value: Any, low: float = -math.inf, high: float = math.inf,
             both: bool = True) -> tuple[float, float]:  # fmt: skip
    """Return a parameter as ``(least, most)``; one number s stands for (−s, s), if `both`."""
    if np.ndim(value) == 0:
        if not both:
            raise TypeError(f"{name} is a pair (least, most), not {value!r}")
        size = real(name, value, 0, high)
        return 0.0 - size, size
    if len(value) != 2:
        raise ValueError(f"{name} is a pair (least, most), not {value!r}")
    least, most = (real(name, v, low, high) for v in value)
    if least > most:
        raise ValueError(f"{name} is (least, most), and {least:g} is more than {most:g}")
    return least, most
