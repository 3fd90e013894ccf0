"""Making tensors of random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .creation import finish, kind_of, size_of
from .devices import place
from .draws import drawn, stream
from .dtype import as_numpy, common_dtype, int64
from .messages import knowable
from .random import Generator
from .rules.drawn import drawn as record_drawn
from .tensor import Tensor

__all__ = [
    "bernoulli", "binomial", "multinomial", "normal", "poisson", "rand", "rand_like", "randint",
    "randint_like", "randn", "randn_like", "randperm",
]  # fmt: skip


def rand(*lengths: Any, size: Any = None, generator: Generator | None = None,
         out: Tensor | None = None, dtype: Any = None, layout: Any = None, device: Any = None,
         requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Draw from the uniform distribution on [0, 1).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.rand(2, 3).shape
    tinygrad_bp.Size([2, 3])
    """
    if device is not None or layout is not None:
        place(device, layout)
    draws = drawn("random", size_of(lengths, size), kind_of(dtype), generator)
    return finish(draws, requires_grad, out)


def randn(*lengths: Any, size: Any = None, generator: Generator | None = None,
          out: Tensor | None = None, dtype: Any = None, layout: Any = None, device: Any = None,
          requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Draw from the normal distribution of mean 0 and variance 1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.randn(2, 3).shape
    tinygrad_bp.Size([2, 3])
    """
    if device is not None or layout is not None:
        place(device, layout)
    draws = drawn("standard_normal", size_of(lengths, size), kind_of(dtype), generator)
    return finish(draws, requires_grad, out)


def rand_like(input: Tensor, *, generator: Generator | None = None, dtype: Any = None,
              layout: Any = None, device: Any = None, pin_memory: bool = False,
              requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """Draw uniform numbers with the shape and dtype of another tensor."""
    return rand(size=input._array.shape, generator=generator, layout=layout, device=device,
                dtype=input.dtype if dtype is None else dtype,
                requires_grad=requires_grad)  # fmt: skip


def randn_like(input: Tensor, *, generator: Generator | None = None, dtype: Any = None,
               layout: Any = None, device: Any = None, pin_memory: bool = False,
               requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """Draw normal numbers with the shape and dtype of another tensor.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.randn_like(tgb.zeros(2)).shape
    tinygrad_bp.Size([2])
    """
    return randn(size=input._array.shape, generator=generator, layout=layout, device=device,
                 dtype=input.dtype if dtype is None else dtype,
                 requires_grad=requires_grad)  # fmt: skip


def randint(low: Any = 0, high: Any = None, size: Any = None, *,
            generator: Generator | None = None, out: Tensor | None = None, dtype: Any = None,
            layout: Any = None, device: Any = None, requires_grad: bool = False,
            pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Draw integers from `low` (0 if left out) up to, and without, `high`.

    Raises
    ------
    TypeError
        If there is no size.
    RuntimeError
        If `low` does not lie below `high`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> bool((tgb.randint(0, 10, (100,)) < 10).all())
    True
    """
    if device is not None or layout is not None:
        place(device, layout)
    if isinstance(high, (tuple, list)):  # randint(high, size)
        high, size = None, high
    if high is None:
        low, high = 0, low
    if size is None:
        raise TypeError("randint: the size is missing, as in randint(0, 10, (2, 3))")
    low, high = int(low), int(high)
    if low >= high:
        raise RuntimeError(f"randint: low={low} has to lie below high={high}")
    array = stream(generator).integers(low, high, size_of((), size), np.int64)
    kind = int64.dtype if dtype is None else as_numpy(dtype)
    return finish(array.astype(kind, copy=False), requires_grad, out)


def randint_like(input: Tensor, low: Any = 0, high: Any = None, *,
                 generator: Generator | None = None, dtype: Any = None, layout: Any = None,
                 device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
                 memory_format: Any = None) -> Tensor:  # fmt: skip
    """Draw integers with the shape and dtype of another tensor."""
    return randint(low, high, size=input._array.shape, generator=generator, device=device,
                   dtype=input.dtype if dtype is None else dtype, layout=layout,
                   requires_grad=requires_grad)  # fmt: skip


def randperm(n: int, *, generator: Generator | None = None, out: Tensor | None = None,
             dtype: Any = None, layout: Any = None, device: Any = None,
             requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Draw an order of the numbers from 0 to n - 1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> sorted(tgb.randperm(4).tolist())
    [0, 1, 2, 3]
    """
    if device is not None or layout is not None:
        place(device, layout)
    kind = int64.dtype if dtype is None else as_numpy(dtype)
    return finish(stream(generator).permutation(int(n)).astype(kind), requires_grad, out)


def _noted(draws: Tensor, *parameters: Any) -> Tensor:
    """Let numbers remember what they were drawn with, which gets a gradient of zeros."""
    wanted = [x for x in parameters if isinstance(x, Tensor) and x.requires_grad]
    return record_drawn(draws, *wanted) if wanted else draws


def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *,
           generator: Generator | None = None, out: Tensor | None = None, dtype: Any = None,
           layout: Any = None, device: Any = None, requires_grad: bool = False,
           pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Draw from normal distributions with these means and deviations.

    Parameters
    ----------
    mean, std : float or Tensor
        Of each element; two tensors are broadcast.
    size : tuple of int, optional
        Needed where neither is a tensor.

    Raises
    ------
    RuntimeError
        For a negative deviation.
    """
    if device is not None or layout is not None:
        place(device, layout)
    values = [getattr(x, "_array", x) for x in (mean, std)]
    if np.any(np.asarray(values[1]) < 0):
        raise RuntimeError("normal: a deviation can't be negative")
    arrays = [x for x in values if isinstance(x, np.ndarray)]
    if size is None:
        if not arrays:
            raise TypeError("normal: the size is missing, as in normal(0.0, 1.0, (2, 3))")
        size = np.broadcast_shapes(*[x.shape for x in arrays])
    if dtype is not None:
        kind = kind_of(dtype)
    else:
        kind = common_dtype(arrays, True) if arrays else kind_of(None)
    draws = drawn("standard_normal", size_of((), size), kind, generator)
    draws = (draws * values[1] + values[0]).astype(kind, copy=False)
    return _noted(finish(draws, requires_grad, out), mean, std)


def bernoulli(input: Tensor, p: Any = None, *, generator: Generator | None = None,
              out: Tensor | None = None) -> Tensor:  # fmt: skip
    """Draw 1 with the probability that each element names (or `p` for all of them), else 0.

    Raises
    ------
    RuntimeError
        For what is no probability.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.bernoulli(tgb.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    chances = input._array if p is None else np.full(input._array.shape, float(p))
    if chances.dtype.kind != "f":
        raise RuntimeError(f"bernoulli: probabilities have a fraction, these are {input.dtype}")
    if knowable(chances) and not ((chances >= 0) & (chances <= 1)).all():
        raise RuntimeError("bernoulli: probabilities have to lie in [0, 1]")
    draws = stream(generator).random(chances.shape) < chances
    return _noted(finish(draws.astype(input._array.dtype), False, out), input)


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Draw from Poisson distributions with these means, in the input's dtype.

    Raises
    ------
    RuntimeError
        For a negative mean.
    """
    if (input._array < 0).any():
        raise RuntimeError("poisson: a mean can't be negative")
    return finish(stream(generator).poisson(input._array).astype(input._array.dtype))


def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """Draw how many of `count` trials of chance `prob` succeed, in the dtype of `count`.

    Raises
    ------
    RuntimeError
        For a negative count, or what is no probability.
    """
    trials, chances = count._array, prob._array
    if (trials < 0).any() or not ((chances >= 0) & (chances <= 1)).all():
        raise RuntimeError("binomial: counts can't be negative, and probabilities lie in [0, 1]")
    return finish(stream(generator).binomial(trials.astype(np.int64), chances).astype(trials.dtype))


def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *,
                generator: Generator | None = None,
                out: Tensor | None = None) -> Tensor:  # fmt: skip
    """Draw indices with probabilities in proportion to the (non-negative) elements of each row.

    Parameters
    ----------
    input : Tensor, shape (n,) or (m, n)
    num_samples : int
        Draws from each row.
    replacement : bool
        Whether an index may be drawn again.

    Raises
    ------
    RuntimeError
        For weights that are negative, not finite, or too few.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.multinomial(tgb.tensor([0.0, 1.0]), 3, replacement=True)
    tensor([1, 1, 1])
    """
    if input._array.ndim not in (1, 2) or input._array.dtype.kind != "f":
        raise RuntimeError(
            "multinomial: expected a floating-point tensor of 1 or 2 dimensions, not one of "
            f"{input.dtype} and shape {tuple(input.shape)}"
        )
    weights = np.atleast_2d(input._array).astype(np.float64)
    if not np.isfinite(weights).all() or (weights < 0).any() or not (weights.sum(1) > 0).all():
        raise RuntimeError("multinomial: weights have to be finite, non-negative, and not all zero")
    if not replacement and (np.count_nonzero(weights, axis=1) < num_samples).any():
        raise RuntimeError(
            f"multinomial: {num_samples} draws without replacement from fewer nonzero weights"
        )
    if num_samples < 1:
        raise RuntimeError(f"multinomial: num_samples has to be 1 or more, not {num_samples}")
    rng = stream(generator)
    if replacement:
        # Each row's distribution function, raised by the number of the row: one rising sequence.
        row = np.arange(len(weights))[:, None]
        edges = np.cumsum(weights, 1)
        edges = edges / edges[:, -1:] + row
        draws = np.minimum(rng.random((len(weights), num_samples)) + row, np.nextafter(row + 1, 0))
        rows = np.searchsorted(edges.ravel(), draws.ravel(), "right").reshape(draws.shape)
        rows = rows - row * weights.shape[1]
    else:
        # Efraimidis and Spirakis (2006): the largest log(u) / w are a draw without replacement.
        with np.errstate(divide="ignore"):
            keys = np.log(rng.random(weights.shape)) / weights
        rows = np.argsort(-keys, axis=1)[:, :num_samples]
    rows = rows.astype(np.int64)
    return finish(rows[0] if input.ndim == 1 else rows, False, out)
