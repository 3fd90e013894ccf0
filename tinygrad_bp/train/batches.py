"""What is trained on: arrays, datasets and loaders, as batches in an order that can be resumed."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, Protocol

import numpy as np

from ..creation import as_tensor
from ..dtype import as_numpy, get_default_dtype
from ..random import Generator
from ..tensor import Tensor, wrap
from ..utils.data import DataLoader

__all__ = [
    "ArrayBatches",
    "Batch",
    "Batches",
    "LoaderBatches",
    "Transform",
    "batches_of",
    "put_aside",
]

Array = np.ndarray[Any, Any]

#: Changes a batch: ``(inputs, targets, rng) -> (inputs, targets)``, on arrays.
Transform = Callable[[Any, Any, np.random.Generator], tuple[Any, Any]]


@dataclass(frozen=True)
class Batch:
    """Some examples.

    Attributes
    ----------
    inputs : tuple of Tensor
        What the model is called with.
    target : Tensor
    weight : Tensor or None
        How much each example counts, (m,).
    """

    inputs: tuple[Tensor, ...]
    target: Tensor
    weight: Tensor | None = None

    def __len__(self) -> int:
        return len(self.target)


class Batches(Protocol):
    """Passes over examples."""

    def __len__(self) -> int:
        """Return the number of batches of a pass."""

    def epoch(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """Begin pass `number`, without its first `skip` batches."""

    def fingerprint(self) -> dict[str, Any]:
        """Return what tells these data from others."""

    @property
    def generators(self) -> list[Generator]:
        """Where the order comes from, if not from the default generator."""


class ArrayBatches:
    """Batches of arrays.

    Parameters
    ----------
    inputs : tuple of array or Tensor
        Each (n, ...).
    target : array or Tensor
        (n, ...).
    weight : array, optional
        (n,), not negative.
    batch_size : int or None
        None takes all examples at once: batch gradient descent. 1 is stochastic.
    shuffle : bool
        Another order in each pass.
    generator : Generator
        Where the order comes from.
    seed : int
        Of what `transform` draws: each batch has a stream of its own, so that it does not matter
        where a run was interrupted.
    transform : callable, optional
        See `Transform`.
    """

    def __init__(self, inputs: tuple[Any, ...], target: Any, weight: Any = None,
                 batch_size: int | None = 32, shuffle: bool = True,
                 generator: Generator | None = None, seed: int = 0,
                 transform: Transform | None = None) -> None:  # fmt: skip
        self._inputs = tuple(array_of(x, "the inputs") for x in inputs)
        self._target = array_of(target, "the targets")
        self._weight = None if weight is None else _weights(weight, len(self._target))
        sizes = {len(x) for x in (*self._inputs, self._target)}
        if len(sizes) != 1:
            shapes = ", ".join(str(x.shape) for x in (*self._inputs, self._target))
            raise ValueError(
                f"inputs and targets have different numbers of examples: {shapes}. The first axis "
                "goes over the examples"
            )
        (self.examples,) = sizes
        if not self.examples:
            raise ValueError("there are no examples")
        if batch_size is not None and (not isinstance(batch_size, int) or batch_size < 1):
            raise ValueError(f"batch_size is a positive int, or None for all; not {batch_size!r}")
        self.batch_size = min(batch_size or self.examples, self.examples)
        self.shuffle, self.seed, self.transform = shuffle, seed, transform
        self._generator = generator if generator is not None else Generator()

    @property
    def generators(self) -> list[Generator]:
        """Where the order comes from."""
        return [self._generator]

    @property
    def target(self) -> Array:
        """The targets of all examples."""
        return self._target

    def __len__(self) -> int:
        return math.ceil(self.examples / self.batch_size)

    def epoch(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """Begin pass `number`, without its first `skip` batches.

        The order is drawn now, not with the first batch: what is drawn after this call comes after
        it in the stream.
        """
        n = self.examples
        shuffled = self.shuffle and self.batch_size < n
        order = self._generator.numpy.permutation(n) if shuffled else None
        return self._from(number, skip, order)

    def _from(self, number: int, skip: int, order: Array | None) -> Iterator[Batch]:
        size = self.batch_size
        for i in range(skip, len(self)):
            part: Any = slice(i * size, (i + 1) * size)
            if order is not None:
                part = order[part]
            inputs: Any = tuple(x[part] for x in self._inputs)
            target = self._target[part]
            if self.transform is not None:
                rng = np.random.default_rng([self.seed, number, i])
                inputs, target = _transformed(self.transform, inputs, target, rng)
            weight = None if self._weight is None else wrap(self._weight[part])
            yield Batch(tuple(as_tensor(x) for x in inputs), as_tensor(target), weight)

    def fingerprint(self) -> dict[str, Any]:
        """Return what tells these data from others: shapes and a checksum."""
        check = 0
        for array in (*self._inputs, self._target):
            check = zlib.crc32(np.ascontiguousarray(array).data, check)
        return {
            "shapes": [list(x.shape) for x in (*self._inputs, self._target)],
            "crc32": check, "batch_size": self.batch_size, "shuffle": self.shuffle,
            "transform": _described(self.transform),
        }  # fmt: skip


class LoaderBatches:
    """The batches of a :class:`~tinygrad_bp.utils.data.DataLoader`, or of an iterable like it.

    A batch is ``(inputs, targets)`` or ``(inputs, targets, weights)``; inputs may be a tuple.
    `seed` and `transform` are those of `ArrayBatches`.
    """

    def __init__(self, loader: Any, seed: int = 0, transform: Transform | None = None) -> None:
        self._loader, self.seed, self.transform = loader, seed, transform

    @property
    def generators(self) -> list[Generator]:
        """Where the order comes from, if not from the default generator: samplers have streams."""
        batches = getattr(self._loader, "batch_sampler", None)
        places = (self._loader, getattr(self._loader, "sampler", None), batches,
                  getattr(batches, "sampler", None))  # fmt: skip
        found: list[Generator] = []
        for place in places:
            one = getattr(place, "generator", None)
            if isinstance(one, Generator) and not any(one is other for other in found):
                found.append(one)
        return found

    def __len__(self) -> int:
        try:
            return len(self._loader)
        except TypeError:
            raise TypeError(
                "the loader does not tell how many batches it has: give its dataset a __len__"
            ) from None

    def epoch(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """Begin pass `number`, without its first `skip` batches."""
        sampler: Any = getattr(self._loader, "sampler", None)
        if hasattr(sampler, "set_epoch"):
            sampler.set_epoch(number)
        batches = iter(self._loader)
        for _ in range(skip):
            next(batches)
        found = map(_batch_of, batches)
        if self.transform is None:
            return found
        return map(partial(self._changed, number), count(skip), found)

    @property
    def plain(self) -> LoaderBatches:
        """The batches as they are before the transform."""
        return LoaderBatches(self._loader)

    def _changed(self, number: int, i: int, batch: Batch) -> Batch:
        assert self.transform is not None
        arrays = tuple(x.detach().numpy() for x in batch.inputs)
        rng = np.random.default_rng([self.seed, number, i])
        inputs, target = _transformed(self.transform, arrays, batch.target.numpy(), rng)
        return Batch(tuple(map(as_tensor, inputs)), as_tensor(target), batch.weight)

    def fingerprint(self) -> dict[str, Any]:
        """Return what tells these data from others, as far as that is known."""
        return {"batches": len(self), "transform": _described(self.transform)}


def batches_of(data: Any, target: Any = None, weight: Any = None, **options: Any) -> Batches:
    """Return batches of what a user gave: arrays, ``(X, y)``, a dataset or a loader.

    `options` are those of `ArrayBatches`.

    Raises
    ------
    TypeError, ValueError
        For anything else, naming what is expected.
    """
    if hasattr(data, "epoch") and hasattr(data, "fingerprint"):  # Batches already
        batches: Batches = data
        return batches
    if target is None and isinstance(data, (tuple, list)) and len(data) in (2, 3):
        data, target, *rest = data
        weight = rest[0] if rest else weight
    if target is not None:
        inputs = data if isinstance(data, tuple) else (data,)
        return ArrayBatches(inputs, target, weight, **options)
    if weight is not None:
        raise ValueError(
            "sample_weight goes with arrays; a loader gives (inputs, targets, weights) itself"
        )
    changed = {k: options[k] for k in ("seed", "transform") if k in options}
    if hasattr(data, "__getitem__") and hasattr(data, "__len__") and not hasattr(data, "sampler"):
        size = options.get("batch_size", 32) or len(data)
        order = {"shuffle": options.get("shuffle", True), "generator": options.get("generator")}
        return LoaderBatches(DataLoader(data, batch_size=size, **order), **changed)
    if hasattr(data, "__iter__") and not isinstance(data, (str, Tensor, np.ndarray)):
        return LoaderBatches(data, **changed)
    raise TypeError(
        f"train on (inputs, targets), a Dataset or a DataLoader; not on a {type(data).__name__} "
        "without targets"
    )


def put_aside(data: Any, targets: Any, weight: Any, share: float, seed: int) -> Any:
    """Divide arrays into what is trained on and what is put aside for the validation.

    Returns
    -------
    inputs, targets, weights, (inputs, targets)
        The last is put aside. Both keep their order.
    """
    if targets is None and isinstance(data, (tuple, list)):
        data, targets = data[:2]
    if targets is None or not 0 < share < 1:
        raise ValueError(
            "validation as a share (between 0 and 1) goes with arrays: fit(X, y, validation=0.1)"
        )
    n = len(targets)
    order = np.random.default_rng(seed).permutation(n)
    cut = min(max(1, round(n * share)), n - 1)
    aside, left = np.sort(order[:cut]), np.sort(order[cut:])
    parts = [np.asarray(x) for x in (data if isinstance(data, tuple) else (data,))]
    y = np.asarray(targets)
    inner, outer = (tuple(x[i] for x in parts) for i in (left, aside))
    weights = None if weight is None else np.asarray(weight)[left]
    return inner, y[left], weights, (outer, y[aside])


def array_of(data: Any, what: str) -> Array:
    """Return data as an array that a model takes: float64 becomes the default dtype.

    Raises
    ------
    TypeError
        For texts and objects.
    """
    array = data.detach().numpy() if isinstance(data, Tensor) else np.asarray(data)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{what} are of dtype {array.dtype}: numbers are needed; encode them first")
    if array.ndim == 0:
        raise ValueError(f"{what} are a single number; the first axis goes over the examples")
    if not isinstance(data, Tensor) and array.dtype == np.float64:
        array = array.astype(as_numpy(get_default_dtype()))
    return array


def _transformed(transform: Transform, inputs: tuple[Any, ...], target: Array,
                 rng: np.random.Generator) -> tuple[tuple[Any, ...], Any]:  # fmt: skip
    one = len(inputs) == 1
    changed, target = transform(inputs[0] if one else inputs, target, rng)
    return (changed,) if one else changed, target


def _described(transform: Transform | None) -> str | None:
    """Name a transform so that a run goes on with the same: what it is, and its parameters."""
    if transform is None:
        return None
    text = repr(transform)
    # What is shown with its place in memory is another one in each process.
    return type(transform).__name__ if " at 0x" in text else text


def _weights(weight: Any, n: int) -> Array:
    array = array_of(weight, "the weights").astype(as_numpy(get_default_dtype()))
    if array.shape != (n,) or not (array >= 0).all() or not array.any():
        raise ValueError(
            f"sample_weight needs a number for each of the {n} examples, none negative and not all "
            f"zero; it has the shape {array.shape}"
        )
    return array


def _batch_of(batch: Any) -> Batch:
    if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
        raise TypeError(
            "a batch of the loader is (inputs, targets) or (inputs, targets, weights); this one is "
            f"a {type(batch).__name__}"
        )
    inputs, target, *rest = batch
    inputs = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    return Batch(tuple(map(as_tensor, inputs)), as_tensor(target),
                 as_tensor(rest[0]) if rest else None)  # fmt: skip
