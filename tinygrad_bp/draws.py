"""Random numbers: how they are drawn, and the methods that draw them into a tensor."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .random import Generator, default_generator

__all__ = ["Draws", "drawn", "stream"]

Array = np.ndarray[Any, Any]


def stream(generator: Generator | None) -> np.random.Generator:
    """Return the NumPy generator behind ours."""
    return (default_generator if generator is None else generator).numpy


def drawn(draw: str, shape: Any, kind: np.dtype[Any], generator: Generator | None) -> Array:
    """Draw "random" (uniform on [0, 1)), "standard_normal" or "standard_exponential" numbers."""
    rng = stream(generator)
    if kind.kind == "c":
        # Independent parts of half the variance each, as in PyTorch; uniform ones as they are.
        scale = np.sqrt(0.5) if draw == "standard_normal" else 1.0
        pair = getattr(rng, draw)((*shape, 2)) * scale
        return np.asarray((pair[..., 0] + 1j * pair[..., 1]).astype(kind))
    if kind.kind != "f":
        raise RuntimeError(f"{draw} numbers are no {kind}: ask for a floating-point dtype")
    if kind.itemsize >= 4:
        return np.asarray(getattr(rng, draw)(shape, kind))
    return np.asarray(getattr(rng, draw)(shape, np.float32)).astype(kind)


class Draws:
    """Methods that fill a tensor with random numbers; the gradient of what was there is 0."""

    __slots__ = ()
    _array: Array

    def _fill(self: Any, values: Any) -> Any:
        self[...] = type(self.detach())._over(np.asarray(values).astype(self._array.dtype))
        return self

    def _uniform(self, generator: Generator | None) -> Array:
        """Draw uniform numbers of at least this tensor's precision, on (0, 1]."""
        wide = np.dtype(np.float32 if self._array.dtype == np.float32 else np.float64)
        return 1 - drawn("random", self._array.shape, wide, generator)

    def normal_(self, mean: float = 0, std: float = 1, *,
                generator: Generator | None = None) -> Self:  # fmt: skip
        """Draw from a normal distribution.

        Raises
        ------
        RuntimeError
            For a negative deviation.
        """
        if std < 0:
            raise RuntimeError(f"normal_: a deviation can't be negative, as std={std} is")
        kind = self._array.dtype
        draws = drawn("standard_normal", self._array.shape, kind, generator)
        return self._fill(draws * kind.type(std) + kind.type(mean))  # type: ignore[no-any-return]

    def uniform_(self, low: float = 0, to: float = 1, *, generator: Generator | None = None,
                 **named: float) -> Self:  # fmt: skip
        """Draw from the uniform distribution on [low, to); `low` may be named ``from=``.

        Raises
        ------
        RuntimeError
            If `low` exceeds `to`.
        """
        low = named.pop("from", low)
        if named:
            raise TypeError(f"uniform_ takes from, to and generator, not {', '.join(named)}")
        if low > to:
            raise RuntimeError(f"uniform_: from={low} exceeds to={to}")
        kind = self._array.dtype
        draws = drawn("random", self._array.shape, kind, generator)
        return self._fill(draws * kind.type(to - low) + kind.type(low))  # type: ignore[no-any-return]

    def bernoulli_(self, p: Any = 0.5, *, generator: Generator | None = None) -> Self:
        """Draw 1 with probability `p` (a number, or a tensor of them), else 0."""
        chances = getattr(p, "_array", p)
        draws = stream(generator).random(self._array.shape) < chances
        return self._fill(draws)  # type: ignore[no-any-return]

    def exponential_(self, lambd: float = 1, *, generator: Generator | None = None) -> Self:
        """Draw from the exponential distribution of density λ exp(−λx)."""
        if lambd <= 0:
            raise RuntimeError(f"exponential_: the rate has to be positive, not lambd={lambd}")
        return self._fill(-np.log(self._uniform(generator)) / lambd)  # type: ignore[no-any-return]

    def geometric_(self, p: float, *, generator: Generator | None = None) -> Self:
        """Draw how many trials of chance `p` it takes to the first success: 1, 2, …."""
        if not 0 < p < 1:
            raise RuntimeError(f"geometric_: the chance has to lie between 0 and 1, not p={p}")
        draws = np.ceil(np.log(self._uniform(generator)) / np.log1p(-p))
        return self._fill(np.maximum(draws, 1))  # type: ignore[no-any-return]

    def log_normal_(self, mean: float = 1, std: float = 2, *,
                    generator: Generator | None = None) -> Self:  # fmt: skip
        """Draw numbers whose logarithm is normal, of this mean and deviation."""
        if std <= 0:
            raise RuntimeError(f"log_normal_: the deviation has to be positive, not std={std}")
        draws = stream(generator).standard_normal(self._array.shape)
        return self._fill(np.exp(draws * std + mean))  # type: ignore[no-any-return]

    def cauchy_(self, median: float = 0, sigma: float = 1, *,
                generator: Generator | None = None) -> Self:  # fmt: skip
        """Draw from the Cauchy distribution."""
        if sigma <= 0:
            raise RuntimeError(f"cauchy_: the scale has to be positive, not sigma={sigma}")
        angle = np.pi * (self._uniform(generator) - 0.5)
        return self._fill(median + sigma * np.tan(angle))  # type: ignore[no-any-return]

    def random_(self, low: int | None = None, to: int | None = None, *,
                generator: Generator | None = None, **named: int) -> Self:  # fmt: skip
        """Draw integers from `low` up to, and without, `to`; ``random_(to)`` starts at 0.

        Without bounds: of all that the dtype can hold exactly. `low` may be named ``from=``.
        """
        low = named.pop("from", low)
        if named:
            raise TypeError(f"random_ takes from, to and generator, not {', '.join(named)}")
        if to is None and low is not None:
            low, to = 0, low
        kind = self._array.dtype
        if to is None:
            digits = np.finfo(kind).nmant + 1 if kind.kind == "f" else 0
            to = 2**digits + 1 if digits else 2 if kind.kind == "b" else int(np.iinfo(kind).max)
        low = 0 if low is None else low
        if low >= to:
            raise RuntimeError(f"random_: from={low} has to lie below to={to}")
        return self._fill(stream(generator).integers(low, to, self._array.shape))  # type: ignore[no-any-return]
