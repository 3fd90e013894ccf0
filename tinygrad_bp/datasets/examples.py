"""What `read` returns: examples, what they mean, and how they were encoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .encoding import Encoding

__all__ = ["PARTS", "PART_NAMES", "Examples", "divide"]

Array = np.ndarray[Any, Any]

#: The parts that examples are divided into.
PARTS = ("train", "validation", "test")

#: What the parts are called in files.
PART_NAMES = {"train": 0, "val": 1, "valid": 1, "validation": 1, "test": 2}


@dataclass(frozen=True, eq=False, repr=False)
class Examples:
    """Inputs and targets, ready for a :class:`~tinygrad_bp.train.Trainer`.

    Attributes
    ----------
    source : str
        Where they come from.
    X : ndarray of float32, shape (n, ...)
        (n, features) of a table; (n, channels, height, width) of images.
    y : ndarray or None
        (n,): int64 indices of `classes`, or float32 numbers; None where none were given.
    encoding : Encoding
    why_task : str
        Why it is a classification, or a regression.
    part : ndarray of int8, shape (n,)
        0, 1 or 2: which of `PARTS` each example belongs to.
    weight : ndarray of float32, shape (n,), or None
        How much each example counts in training.
    """

    source: str
    X: Array
    y: Array | None
    encoding: Encoding
    why_task: str
    part: Array
    weight: Array | None = None

    @property
    def task(self) -> str:
        """Either "classification" or "regression"."""
        return self.encoding.task

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels."""
        return self.encoding.classes

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the numbers of an example; empty for images."""
        return self.encoding.names

    @property
    def outputs(self) -> int:
        """How many numbers a model of them has to give."""
        return len(self.classes) if self.task == "classification" else 1

    @property
    def train(self) -> Examples:
        """The examples to train on."""
        return self._only(0)

    @property
    def validation(self) -> Examples:
        """The examples to watch meanwhile."""
        return self._only(1)

    @property
    def test(self) -> Examples:
        """The examples to measure with in the end."""
        return self._only(2)

    def _only(self, part: int) -> Examples:
        chosen = self.part == part
        if chosen.all():
            return self
        y = None if self.y is None else self.y[chosen]
        weight = None if self.weight is None else self.weight[chosen]
        return Examples(self.source, self.X[chosen], y, self.encoding, self.why_task,
                        self.part[chosen], weight)  # fmt: skip

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{n}={(self.part == i).sum()}" for i, n in enumerate(PARTS))
        kind = f", classes={len(self.classes)}" if self.task == "classification" else ""
        return f"Examples({self.source!r}, {self.task}, {sizes}, shape={self.X.shape[1:]}{kind})"

    def describe(self) -> str:
        """Say in a few lines what they are."""
        shape = " x ".join(map(str, self.X.shape[1:]))
        counts = ", ".join(f"{(self.part == i).sum()} {n}" for i, n in enumerate(PARTS))
        lines = [f"{self.source}: {len(self)} examples of {shape} ({counts})"]
        lines.append(f"task: {self.task}, as {self.why_task}")
        return "\n".join([*lines, *(f"  {c.describe()}" for c in self.encoding.columns)])


def divide(labels: Array | None, n: int, validation: float, test: float, seed: int) -> Array:
    """Choose a part for each example.

    With `labels`, each part has every label in the same share. A seed gives the same parts with
    every version of NumPy.
    """
    for name, share in (("validation", validation), ("test", test)):
        if not 0 <= share < 1:
            raise ValueError(f"{name} is a share between 0 and 1, not {share}")
    if validation + test >= 1:
        raise ValueError(f"validation={validation} and test={test} leave nothing to train on")
    # NumPy promises PCG64's raw numbers for ever, but not Generator.permutation's (NEP 19).
    order = np.argsort(np.random.PCG64(seed).random_raw(n), kind="stable")
    if labels is not None:
        order = order[np.argsort(labels[order], kind="stable")]
    part = np.zeros(n, np.int8)
    # Along the sorted labels, every stretch gives its share: each label does, up to rounding.
    position = np.arange(n) + 0.5
    part[order] = np.where(np.floor(position * test) != np.floor((position + 1) * test), 2, 0)
    left = order[part[order] == 0]
    share = validation / (1 - test)
    position = np.arange(len(left)) + 0.5
    part[left] = np.floor(position * share) != np.floor((position + 1) * share)
    return part
