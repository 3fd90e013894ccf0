"""Making tensors: from data, filled, counted, random."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtype as dtypes
from .arrays import numbers, shape_of
from .origin import cut_off, merge
from .random import Generator, default_generator
from .storage import SHARED, owner_of
from .tensor import Tensor, wrap

__all__ = [
    "arange", "as_tensor", "asarray", "bernoulli", "empty", "empty_like", "eye", "from_numpy",
    "full", "full_like", "is_tensor", "linspace", "logspace", "multinomial", "normal", "ones",
    "ones_like", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm",
    "tensor", "tril_indices", "triu_indices", "zeros", "zeros_like",
]  # fmt: skip


def _finish(array: Any, requires_grad: bool) -> Tensor:
    made = wrap(array if type(array) is np.ndarray else np.asarray(array))
    return made.requires_grad_() if requires_grad else made


def _on_cpu(device: Any) -> None:
    if device is not None and str(device) != "cpu":
        raise RuntimeError(f"there is no device {str(device)!r}: tensors live on 'cpu'")


def _float(dtype: Any) -> Any:
    return dtypes.as_numpy(dtypes.get_default_dtype() if dtype is None else dtype)


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Make a tensor from numbers, by copying them.

    Parameters
    ----------
    data : number, nested sequence, array or Tensor
        Python floats get the default dtype (float32), Python ints int64, arrays keep theirs.
    dtype : dtype, optional
    device : optional
        Only "cpu" exists.
    requires_grad : bool
        Collect the gradient in ``.grad``.

    Raises
    ------
    ValueError
        For rows of different lengths.
    TypeError, RuntimeError
        For text, and for objects that are no numbers.
    RuntimeError
        For a gradient of integers.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.tensor([[1, 2], [3, 4]]), tgb.tensor(0.5).dtype
    (tensor([[1, 2],
            [3, 4]]), tinygrad_bp.float32)
    """
    _on_cpu(device)
    if isinstance(data, Tensor):
        made = wrap(
            data._array.astype(data._array.dtype if dtype is None else dtypes.as_numpy(dtype))
        )
        made._origin = merge(data._origin, cut_off("data", "tensor(…)", [data.node]))
        return made.requires_grad_() if requires_grad else made
    array = numbers(data, dtype)
    if dtype is not None:
        array = array.astype(dtypes.as_numpy(dtype), copy=False)
    made = wrap(array)
    made._origin = _came_from(data)
    return made.requires_grad_() if requires_grad else made


def _came_from(data: Any) -> tuple[Any, ...]:
    """Return where the history of the values ended, for `why_no_grad`."""
    if isinstance(data, np.ndarray):
        known = SHARED.get(id(owner_of(data))) if SHARED else None
        return () if known is None else known.origin
    if (
        not isinstance(data, (list, tuple))
        or not data
        or not isinstance(data[0], (Tensor, np.ndarray))
    ):
        return ()
    tensors = [x for x in data if isinstance(x, Tensor)]
    origin = cut_off("data", "tensor(…)", [x.node for x in tensors])
    for x in data:
        origin = merge(x._origin if isinstance(x, Tensor) else _came_from(x), origin)
    return origin


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """Make a tensor from data, sharing its memory where that is possible."""
    _on_cpu(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype=dtype)
    if isinstance(data, np.ndarray) and (dtype is None or dtypes.as_numpy(dtype) == data.dtype):
        return from_numpy(data)
    return tensor(data, dtype=dtype)


def asarray(obj: Any, *, dtype: Any = None, copy: bool | None = None,
            requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make a tensor from data, sharing its memory unless `copy`."""
    made = tensor(obj, dtype=dtype) if copy else as_tensor(obj, dtype)
    return made.requires_grad_() if requires_grad else made


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """Make a tensor that shares the memory of a NumPy array.

    A change of the array is seen in the tensor, and the other way round. If backward needs a value
    that was changed meanwhile, it raises.

    Raises
    ------
    TypeError
        For what is no array, or of a dtype that tensors don't have.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy expects a NumPy array, not {type(ndarray).__name__}")
    dtypes.of_numpy(ndarray.dtype)
    made = wrap(ndarray.view(np.ndarray) if type(ndarray) is not np.ndarray else ndarray)
    made._origin = _came_from(ndarray)
    made.storage.share()
    return made


def full(size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make a tensor of one value."""
    _on_cpu(device)
    value = getattr(fill_value, "_array", fill_value)
    kind = dtypes.common_dtype([value]) if dtype is None else dtypes.as_numpy(dtype)
    shape = shape_of(size if isinstance(size, (tuple, list)) else (size,))
    return _finish(np.full(shape, value, kind), requires_grad)


def zeros(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Make a tensor of zeros.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.zeros(2, 3)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    _on_cpu(device)
    return _finish(np.zeros(shape_of(size), _float(dtype)), requires_grad)


def ones(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Make a tensor of ones."""
    _on_cpu(device)
    return _finish(np.ones(shape_of(size), _float(dtype)), requires_grad)


def empty(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Make a tensor whose elements are yet to be set; they are zeros, not what memory held."""
    return zeros(*size, dtype=dtype, device=device, requires_grad=requires_grad)


def _like(input: Tensor, dtype: Any) -> Any:
    return input._array.dtype if dtype is None else dtypes.as_numpy(dtype)


def zeros_like(input: Tensor, *, dtype: Any = None, device: Any = None,
               requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make a tensor of zeros with the shape and dtype of another."""
    _on_cpu(device)
    return _finish(np.zeros(input._array.shape, _like(input, dtype)), requires_grad)


def ones_like(input: Tensor, *, dtype: Any = None, device: Any = None,
              requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make a tensor of ones with the shape and dtype of another."""
    _on_cpu(device)
    return _finish(np.ones(input._array.shape, _like(input, dtype)), requires_grad)


empty_like = zeros_like


def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None,
              requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make a tensor of one value with the shape and dtype of another."""
    _on_cpu(device)
    return _finish(np.full(input._array.shape, fill_value, _like(input, dtype)), requires_grad)


def arange(start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None,
           requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Count from `start` up to, and without, `end`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.arange(3), tgb.arange(1, 2, 0.5)
    (tensor([0, 1, 2]), tensor([1.0000, 1.5000]))
    """
    _on_cpu(device)
    if end is None:
        start, end = 0, start
    numbers = [getattr(x, "item", lambda x=x: x)() for x in (start, end, step)]
    start, end, step = numbers
    if step == 0:
        raise RuntimeError("arange: the step can't be zero")
    if (end - start) / step < 0:
        raise RuntimeError(f"arange: from {start} by {step} never reaches {end}")
    if dtype is None:
        whole = all(isinstance(x, int) for x in numbers)
        dtype = dtypes.int64 if whole else dtypes.get_default_dtype()
    return _finish(np.arange(start, end, step).astype(dtypes.as_numpy(dtype)), requires_grad)


def linspace(start: float, end: float, steps: int, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make `steps` numbers at equal distances from `start` to `end`, both included."""
    _on_cpu(device)
    array = np.linspace(float(start), float(end), steps).astype(_float(dtype))
    return _finish(array, requires_grad)


def logspace(start: float, end: float, steps: int, base: float = 10.0, *, dtype: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make `steps` numbers at equal ratios from ``base**start`` to ``base**end``."""
    array = np.logspace(float(start), float(end), steps, base=base).astype(_float(dtype))
    return _finish(array, requires_grad)


def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None,
        requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make a matrix with ones on the diagonal, zeros elsewhere."""
    _on_cpu(device)
    return _finish(np.eye(n, m, dtype=_float(dtype)), requires_grad)


def tril_indices(row: int, col: int, offset: int = 0) -> Tensor:
    """Give the indices of what lies on and below a diagonal, two rows."""
    return _finish(np.stack(np.tril_indices(row, offset, col)).astype(np.int64), False)


def triu_indices(row: int, col: int, offset: int = 0) -> Tensor:
    """Give the indices of what lies on and above a diagonal, two rows."""
    return _finish(np.stack(np.triu_indices(row, offset, col)).astype(np.int64), False)


# ------------------------------------------------------------------------------------------- random


def _rng(generator: Generator | None) -> np.random.Generator:
    return (default_generator if generator is None else generator).numpy


def _drawn(draw: str, shape: Any, dtype: Any, generator: Any) -> np.ndarray[Any, Any]:
    kind = _float(dtype)
    rng = _rng(generator)
    if kind.itemsize >= 4:
        return np.asarray(getattr(rng, draw)(shape, kind))
    return np.asarray(getattr(rng, draw)(shape, np.float32)).astype(kind)


def rand(*size: Any, generator: Generator | None = None, dtype: Any = None, device: Any = None,
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Draw from the uniform distribution on [0, 1)."""
    _on_cpu(device)
    return _finish(_drawn("random", shape_of(size), dtype, generator), requires_grad)


def randn(*size: Any, generator: Generator | None = None, dtype: Any = None, device: Any = None,
          requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Draw from the normal distribution of mean 0 and variance 1."""
    _on_cpu(device)
    return _finish(_drawn("standard_normal", shape_of(size), dtype, generator), requires_grad)


def rand_like(input: Tensor, *, generator: Generator | None = None, dtype: Any = None,
              requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Draw uniform numbers with the shape and dtype of another tensor."""
    return rand(*input.shape, generator=generator, dtype=_like(input, dtype),
                requires_grad=requires_grad)  # fmt: skip


def randn_like(input: Tensor, *, generator: Generator | None = None, dtype: Any = None,
               requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Draw normal numbers with the shape and dtype of another tensor."""
    return randn(*input.shape, generator=generator, dtype=_like(input, dtype),
                 requires_grad=requires_grad)  # fmt: skip


def randint(low: int, high: Any = None, size: Any = None, *, generator: Generator | None = None,
            dtype: Any = None, device: Any = None,
            requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Draw integers from `low` (0 if left out) up to, and without, `high`."""
    _on_cpu(device)
    if size is None:  # randint(high, size)
        low, high, size = 0, low, high
    if size is None:
        raise TypeError("randint: the size is missing, as in randint(0, 10, (2, 3))")
    if low >= high:
        raise RuntimeError(f"randint: low={low} has to lie below high={high}")
    array = _rng(generator).integers(low, high, shape_of((tuple(size),)), np.int64)
    kind = dtypes.int64.dtype if dtype is None else dtypes.as_numpy(dtype)
    return _finish(array.astype(kind, copy=False), requires_grad)


def randint_like(input: Tensor, low: int, high: Any = None, *, dtype: Any = None) -> Tensor:
    """Draw integers with the shape and dtype of another tensor."""
    if high is None:
        low, high = 0, low
    return randint(low, high, tuple(input.shape), dtype=_like(input, dtype))


def randperm(n: int, *, generator: Generator | None = None, dtype: Any = None) -> Tensor:
    """Draw an order of the numbers from 0 to n - 1."""
    kind = dtypes.int64.dtype if dtype is None else dtypes.as_numpy(dtype)
    return _finish(_rng(generator).permutation(n).astype(kind), False)


def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *,
           generator: Generator | None = None) -> Tensor:  # fmt: skip
    """Draw from normal distributions with these means and deviations."""
    if size is None:
        size = np.broadcast_shapes(np.shape(getattr(mean, "_array", mean)),
                                   np.shape(getattr(std, "_array", std)))  # fmt: skip
    return randn(*size, generator=generator) * std + mean  # type: ignore[no-any-return]


def bernoulli(input: Tensor, *, generator: Generator | None = None) -> Tensor:
    """Draw 1 with the probability that each element names, else 0."""
    p = input._array
    if p.size and not ((p >= 0) & (p <= 1)).all():
        raise RuntimeError("bernoulli: probabilities have to lie in [0, 1]")
    return _finish((_rng(generator).random(p.shape) < p).astype(p.dtype), False)


def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *,
                generator: Generator | None = None) -> Tensor:  # fmt: skip
    """Draw indices with probabilities in proportion to the (non-negative) elements of each row."""
    weights = np.atleast_2d(input._array).astype(np.float64)
    if not np.isfinite(weights).all() or (weights < 0).any() or not (weights.sum(1) > 0).all():
        raise RuntimeError("multinomial: weights have to be finite, non-negative, and not all zero")
    if not replacement and (np.count_nonzero(weights, axis=1) < num_samples).any():
        raise RuntimeError(
            f"multinomial: {num_samples} draws without replacement from fewer nonzero weights"
        )
    rng = _rng(generator)
    if replacement:
        edges = np.cumsum(weights, 1)
        u = rng.random((len(weights), num_samples)) * edges[:, -1:]
        rows = np.stack([np.searchsorted(e, x, "right") for e, x in zip(edges, u, strict=True)])
    else:
        # Efraimidis and Spirakis (2006): the largest log(u) / w are a draw without replacement.
        with np.errstate(divide="ignore"):
            keys = np.log(rng.random(weights.shape)) / weights
        rows = np.argsort(-keys, axis=1)[:, :num_samples]
    rows = rows.astype(np.int64)
    return _finish(rows[0] if input.ndim == 1 else rows, False)


def is_tensor(obj: Any) -> bool:
    """Whether an object is a Tensor."""
    return isinstance(obj, Tensor)
