"""Sequences: tokens (n, steps), and measurements (n, steps, columns)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .base import Array, Transform, floating, precision, probability, real, whole

__all__ = ["Jitter", "PadSequence", "RandomWindow", "TimeShift", "TokenDropout", "TokenMask"]


class SequenceTransform(Transform):
    """Base of the transforms of sequences.

    Whole numbers with one axis are one sequence of tokens, with two a batch. Measurements (steps,)
    are one series, (n, steps, columns) are a batch. With two axes they may be either: targets
    tell, or ``batched``.
    """

    def looks_many(self, array: Array) -> bool:
        """Tell a batch by its axes."""
        if array.dtype.kind == "f" and array.ndim == 2:
            raise ValueError(
                f"{self._name}: {array.shape} may be (examples, steps) or (steps, columns): say "
                "batched=True or batched=False"
            )
        return array.ndim > (2 if array.dtype.kind == "f" else 1)

    def run(self, array: Array, targets: Any, rng: np.random.Generator,
            many: bool) -> tuple[Array, Any]:  # fmt: skip
        """Transform inputs and targets."""
        if array.ndim <= many:
            raise ValueError(f"{self._name}: {array.shape} has no axis of steps")
        return super().run(array, targets, rng, many)


class RandomWindow(SequenceTransform):
    """Cut out so many steps that follow each other, somewhere.

    Parameters
    ----------
    length : int

    Examples
    --------
    >>> import numpy as np
    >>> window = RandomWindow(3)(np.arange(10))
    >>> np.diff(window).tolist()
    [1, 1]
    """

    def __init__(self, length: int) -> None:
        self.length = whole("length", length, 1)

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform sequences."""
        n, steps = batch.shape[:2]
        if self.length > steps:
            raise ValueError(f"RandomWindow: {self.length} of {steps} steps can't be cut out")
        first = rng.integers(0, steps - self.length + 1, n)
        window: Array = batch[np.arange(n)[:, None], first[:, None] + np.arange(self.length)]
        return window


class TimeShift(SequenceTransform):
    """Move sequences by up to `most` steps, to and fro.

    Parameters
    ----------
    most : int
    fill : float
        What comes in at the end.
    wrap : bool
        Let what goes out at one end come in at the other.

    Examples
    --------
    >>> import numpy as np
    >>> sorted(TimeShift(2, wrap=True)(np.arange(5)).tolist())
    [0, 1, 2, 3, 4]
    """

    def __init__(self, most: int, fill: float = 0, wrap: bool = False) -> None:
        self.most, self.fill, self.wrap = whole("most", most), real("fill", fill), wrap

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform sequences."""
        n, steps = batch.shape[:2]
        source = np.arange(steps) - rng.integers(-self.most, self.most + 1, n)[:, None]
        out: Array = batch[np.arange(n)[:, None], source % steps]
        if not self.wrap:
            out[(source < 0) | (source >= steps)] = _of_kind("fill", self.fill, batch)
        return out


class TokenMask(SequenceTransform):
    """Replace steps at random by a token, or a number, that stands for "hidden".

    Parameters
    ----------
    p : float
        Of each step.
    value : float
        What is put there: the number of a mask's token; 0 for measurements.
    keep : sequence of int
        Tokens that are never hidden, such as that of the padding.

    Examples
    --------
    >>> import numpy as np
    >>> TokenMask(1, value=9, keep=[0])(np.array([5, 6, 0, 0]))
    array([9, 9, 0, 0])
    """

    def __init__(self, p: float = 0.15, value: float = 0, keep: Any = ()) -> None:
        self.p, self.value, self.keep = probability("p", p), real("value", value), list(keep)

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform sequences."""
        hidden = rng.random(batch.shape[:2]) < self.p
        hidden &= ~_is_any(batch, self.keep)
        out = batch.copy()
        out[hidden] = _of_kind("value", self.value, batch)
        return out


class TokenDropout(SequenceTransform):
    """Leave out steps at random: those after them move up, and padding follows.

    At least one step stays.

    Parameters
    ----------
    p : float
        Of each step.
    padding : float
        What stands at the end, and is never left out.

    Examples
    --------
    >>> import numpy as np
    >>> TokenDropout(0)(np.array([3, 1, 2]))
    array([3, 1, 2])
    """

    def __init__(self, p: float = 0.1, padding: float = 0) -> None:
        self.p, self.padding = probability("p", p), real("padding", padding)

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform sequences."""
        n, steps = batch.shape[:2]
        padding = _is_any(batch, [self.padding])
        there = ~padding
        draws = rng.random((n, steps))
        stays = (draws >= self.p) & there
        # Where all would go, the one with the largest draw stays.
        last = np.where(there, draws, -1.0).argmax(1)
        stays[np.arange(n), last] |= there.any(1) & ~stays.any(1)
        order = np.argsort(~stays, 1, kind="stable")
        out = batch[np.arange(n)[:, None], order]
        out[np.arange(steps) >= stays.sum(1)[:, None]] = _of_kind("padding", self.padding, batch)
        return out


class Jitter(Transform):
    """Add normal noise to measurements: of tables, sequences, or anything of fractions.

    Parameters
    ----------
    sigma : float or list of float
        Its deviation; one number, or one for each column (of the last axis).
    columns : list of int, optional
        Which columns get it: those of numbers, and not those of 0 and 1 of a one-hot encoding.

    Examples
    --------
    >>> import numpy as np
    >>> row = Jitter(0.1, columns=[0])(np.array([5.0, 1.0]))
    >>> bool(row[0] != 5), float(row[1])
    (True, 1.0)
    """

    def __init__(self, sigma: Any = 0.05, columns: Any = None) -> None:
        values = np.asarray(sigma)
        if values.dtype.kind not in "iuf" or values.ndim > 1:
            raise TypeError(f"sigma is a number, or one for each column; not {sigma!r}")
        if not (np.isfinite(values) & (values >= 0)).all():
            raise ValueError(f"sigma is finite and not negative, not {sigma!r}")
        self.sigma = sigma
        self.columns = None if columns is None else [whole("columns", c) for c in columns]

    def looks_many(self, array: Array) -> bool:
        """Each number has its own noise: it does not matter which axis goes over examples."""
        return False

    def run(self, array: Array, targets: Any, rng: np.random.Generator,
            many: bool) -> tuple[Array, Any]:  # fmt: skip
        """Transform inputs and targets."""
        if array.dtype.kind != "f":
            raise TypeError(f"Jitter adds fractions, and this array is of {array.dtype}: tokens "
                            "are hidden by TokenMask")  # fmt: skip
        sigma: Array = np.asarray(self.sigma, np.float64)
        width = array.shape[-1] if array.ndim else 1
        if sigma.ndim and len(sigma) != width:
            raise ValueError(f"Jitter: {len(sigma)} deviations for {width} columns")
        if self.columns is not None:
            if max(self.columns, default=0) >= width:
                raise ValueError(f"Jitter: there is no column {max(self.columns)} of {width}")
            chosen = np.zeros(width)
            chosen[self.columns] = 1
            sigma = sigma * chosen
        kind = precision(array)
        noise = np.asarray(rng.standard_normal(array.shape, kind)) * sigma.astype(kind)
        return (array + noise).astype(floating(array), copy=False), targets


class PadSequence(Transform):
    """Bring sequences to one length.

    Takes one sequence, a batch, or a list of sequences of different lengths, which becomes a batch.

    Parameters
    ----------
    length : int, optional
        By default that of the longest of the list.
    value : float
        What is put where a sequence is shorter.
    side : {"right", "left"}
        Where.
    truncate : bool
        Cut off what is longer, at the same side; otherwise it is refused.

    Examples
    --------
    >>> PadSequence()([[1, 2, 3], [4]])
    array([[1, 2, 3],
           [4, 0, 0]])
    >>> import numpy as np
    >>> PadSequence(4, side="left")(np.array([5, 6]))
    array([0, 0, 5, 6])
    """

    def __init__(self, length: int | None = None, value: float = 0, side: str = "right",
                 truncate: bool = False) -> None:  # fmt: skip
        self.length = None if length is None else whole("length", length, 1)
        if side not in ("right", "left"):
            raise ValueError(f"side is 'right' or 'left', not {side!r}")
        self.value, self.side, self.truncate = real("value", value), side, truncate

    def __call__(self, inputs: Any, targets: Any = None, generator: Any = None, *,
                 batched: bool | None = None) -> Any:  # fmt: skip
        """Transform; return the inputs, or the inputs and the targets."""
        tensors = isinstance(inputs, Tensor)
        if isinstance(inputs, (list, tuple)) and inputs and np.ndim(_array(inputs[0])):
            tensors = isinstance(inputs[0], Tensor)
            parts = [_array(one) for one in inputs]
            if len({part.shape[1:] for part in parts}) > 1:
                shapes = ", ".join(str(part.shape) for part in parts[:4])
                raise ValueError(f"PadSequence: sequences have the same columns, not {shapes}")
            length = self.length or max(map(len, parts))
            out = np.stack([self._fitted(part, length, 0) for part in parts])
        else:
            array = self.plain(inputs)
            many = self.many(array, targets, batched)
            out = self._fitted(array, self.length or array.shape[int(many)], int(many))
        given = wrap(out) if tensors else out
        return given if targets is None else (given, targets)

    looks_many = SequenceTransform.looks_many

    def _fitted(self, array: Array, length: int, axis: int) -> Array:
        steps = array.shape[axis]
        if steps > length:
            if not self.truncate:
                raise ValueError(f"PadSequence({length}): a sequence has {steps} steps. Take "
                                 "truncate=True, or more")  # fmt: skip
            part = slice(0, length) if self.side == "right" else slice(steps - length, steps)
            return array[(slice(None),) * axis + (part,)].copy()
        frame = [(0, 0)] * array.ndim
        lacking = length - steps
        frame[axis] = (0, lacking) if self.side == "right" else (lacking, 0)
        return np.pad(array, frame, constant_values=_of_kind("value", self.value, array))


def _array(one: Any) -> Array:
    return one.numpy() if isinstance(one, Tensor) else np.asarray(one)


def _of_kind(name: str, value: float, array: Array) -> Any:
    """Return a number in the dtype of an array, refusing one that it does not hold."""
    if array.dtype.kind != "f":
        limits = np.iinfo(array.dtype) if array.dtype.kind in "iu" else None
        if limits and value == int(value) and limits.min <= value <= limits.max:
            return array.dtype.type(int(value))
        raise ValueError(f"{name} is {value:g}, which an array of {array.dtype} can't hold")
    return array.dtype.type(value)


def _is_any(batch: Array, values: list[Any]) -> Array:
    """Return which steps, (n, steps), are one of some tokens."""
    found = np.isin(batch, values)
    return np.asarray(found.all(tuple(range(2, batch.ndim))))
