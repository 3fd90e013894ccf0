"""Making tensors: from data, and filled."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtype as dtypes
from . import memory
from .arrays import filled, fitting, numbers, shape_of
from .devices import place
from .origin import cut_off, merge
from .storage import SHARED, owner_of
from .tensor import Tensor, wrap

__all__ = [
    "as_tensor", "asarray", "empty", "empty_like", "empty_permuted", "empty_strided", "eye",
    "from_dlpack", "from_numpy", "frombuffer", "full", "full_like", "is_tensor", "ones",
    "ones_like", "scalar_tensor", "tensor", "zeros", "zeros_like",
]  # fmt: skip


def finish(array: Any, requires_grad: bool = False, out: Tensor | None = None) -> Tensor:
    """Make a tensor over a new array, or put its values into `out`."""
    if out is not None:
        return _into(out, np.asarray(array))
    made = wrap(array if type(array) is np.ndarray else np.asarray(array))
    return made.requires_grad_() if requires_grad else made


def _into(out: Tensor, array: np.ndarray[Any, Any]) -> Tensor:
    if not dtypes.can_cast(dtypes.of_numpy(array.dtype), out.dtype):
        raise RuntimeError(
            f"out= is of {out.dtype.name}, which can't hold a result of {array.dtype}: make it so"
        )
    if out._array.shape == array.shape:
        out.copy_(wrap(array))
    else:  # as in PyTorch, it takes the size of the result
        out.data = wrap(array.astype(out._array.dtype))
    return out


def kind_of(dtype: Any) -> Any:
    """Return the NumPy dtype that was asked for, or the default one."""
    return dtypes.as_numpy(dtypes.get_default_dtype() if dtype is None else dtype)


def size_of(lengths: Any, size: Any) -> tuple[int, ...]:
    """Read the size of a tensor: several lengths, one sequence, or by name."""
    return shape_of(lengths if size is None else (tuple(size),))


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
           pin_memory: bool = False) -> Tensor:  # fmt: skip
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
    pin_memory : bool
        Accepted; there is no other device to copy to.

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
    if device is not None:
        place(device, None)
    if isinstance(data, Tensor):
        made = wrap(
            data._array.astype(data._array.dtype if dtype is None else dtypes.as_numpy(dtype))
        )
        made._origin = merge(data._origin, cut_off("data", "tensor(…)", [data.node]))
        return made.requires_grad_() if requires_grad else made
    array = numbers(data, dtype)
    if dtype is not None:
        kind = dtypes.as_numpy(dtype)
        typed = isinstance(data, (np.ndarray, np.generic))
        array = array.astype(kind, copy=False) if typed else fitting(array, kind)
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
    """Make a tensor from data, sharing its memory where that is possible.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.as_tensor([1.0, 2.0])
    tensor([1., 2.])
    """
    if device is not None:
        place(device, None)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype=dtype)
    if isinstance(data, np.ndarray) and (dtype is None or dtypes.as_numpy(dtype) == data.dtype):
        return from_numpy(data)
    return tensor(data, dtype=dtype)


def asarray(obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None,
            requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make a tensor from data, sharing its memory unless `copy`.

    Raises
    ------
    ValueError
        If ``copy=False`` and the memory can't be shared.
    """
    if hasattr(obj, "__dlpack__") and not isinstance(obj, (Tensor, np.ndarray)):
        obj = np.from_dlpack(obj)
    made = tensor(obj, dtype=dtype, device=device) if copy else as_tensor(obj, dtype, device)
    if copy is False and not np.may_share_memory(np.asarray(obj), made._array):
        raise ValueError("asarray: copy=False, but these data have to be copied")
    return made.requires_grad_() if requires_grad else made


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """Make a tensor that shares the memory of a NumPy array.

    A change of the array is seen in the tensor, and the other way round. If backward needs a value
    that was changed meanwhile, it raises.

    Raises
    ------
    TypeError
        For what is no array, or of a dtype that tensors don't have.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> import numpy as np
    >>> a = np.zeros(2)
    >>> x = tgb.from_numpy(a)
    >>> a[0] = 1
    >>> x
    tensor([1., 0.], dtype=tinygrad_bp.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy expects a NumPy array, not {type(ndarray).__name__}")
    dtypes.of_numpy(ndarray.dtype)
    made = wrap(ndarray.view(np.ndarray) if type(ndarray) is not np.ndarray else ndarray)
    made._origin = _came_from(ndarray)
    made.storage.share()
    return made


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """Make a tensor that shares the memory of any object with ``__dlpack__``.

    PyTorch's, JAX's and NumPy's arrays have it; ours too, so the others' ``from_dlpack`` reads
    a tensor. The source is https://data-apis.org/array-api/latest/design_topics/data_interchange.html
    """
    if device is not None:
        place(device, None)
    if isinstance(ext_tensor, Tensor):
        return ext_tensor.clone() if copy else ext_tensor.detach()
    shared = from_numpy(np.from_dlpack(ext_tensor))
    return shared.clone() if copy else shared


def frombuffer(buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0,
               requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make a one-dimensional tensor over the bytes of a buffer, shared.

    Parameters
    ----------
    buffer : bytes-like
    dtype : dtype
    count : int
        Elements to take; all that there are by default.
    offset : int
        Bytes to skip first.
    """
    made = from_numpy(np.frombuffer(buffer, dtypes.as_numpy(dtype), count, offset))
    return made.requires_grad_() if requires_grad else made


def scalar_tensor(s: Any, *, dtype: Any = None, device: Any = None, layout: Any = None,
                  requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make a tensor without dimensions; of the default dtype, even from an int."""
    place(device, layout)
    return finish(np.asarray(s, kind_of(dtype)), requires_grad)


def full(size: Any, fill_value: Any, *, out: Tensor | None = None, dtype: Any = None,
         layout: Any = None, device: Any = None, pin_memory: bool = False,
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make a tensor of one value.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.full((2,), 7.0)
    tensor([7., 7.])
    """
    if device is not None or layout is not None:
        place(device, layout)
    value = getattr(fill_value, "_array", fill_value)
    kind = dtypes.common_dtype([value]) if dtype is None else dtypes.as_numpy(dtype)
    shape = shape_of(size if isinstance(size, (tuple, list)) else (size,))
    return finish(filled(shape, value, kind), requires_grad, out)


def zeros(*lengths: Any, size: Any = None, out: Tensor | None = None, dtype: Any = None,
          layout: Any = None, device: Any = None, pin_memory: bool = False,
          requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make a tensor of zeros.

    Parameters
    ----------
    *lengths : int
        Of the axes; or one sequence of them, which may be given as ``size=`` too.
    out : Tensor, optional
        Put the result there.
    dtype : dtype, optional
        The default dtype if left out.
    layout, device, pin_memory : optional
        Strided, on the CPU.
    requires_grad : bool
        Collect the gradient in ``.grad``.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.zeros(2, 3)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    if device is not None or layout is not None:
        place(device, layout)
    return finish(np.zeros(size_of(lengths, size), kind_of(dtype)), requires_grad, out)


def ones(*lengths: Any, size: Any = None, out: Tensor | None = None, dtype: Any = None,
         layout: Any = None, device: Any = None, pin_memory: bool = False,
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make a tensor of ones; the arguments are those of :func:`zeros`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.ones(2)
    tensor([1., 1.])
    """
    if device is not None or layout is not None:
        place(device, layout)
    return finish(np.ones(size_of(lengths, size), kind_of(dtype)), requires_grad, out)


def empty(*lengths: Any, size: Any = None, out: Tensor | None = None, dtype: Any = None,
          layout: Any = None, device: Any = None, pin_memory: bool = False,
          requires_grad: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """Make a tensor whose elements are yet to be set; they are zeros, not what memory held.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.empty(2, 3).shape
    tinygrad_bp.Size([2, 3])
    """
    if device is not None or layout is not None:
        place(device, layout)
    made = memory.zeros(size_of(lengths, size), kind_of(dtype))
    return finish(made, requires_grad, out)


def empty_strided(size: Any, stride: Any, *, dtype: Any = None, layout: Any = None,
                  device: Any = None, requires_grad: bool = False,
                  pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Make a tensor whose neighbours along axis i lie ``stride[i]`` elements apart in memory."""
    place(device, layout)
    shape, steps = shape_of(size), shape_of(stride)
    if len(shape) != len(steps):
        raise RuntimeError(f"empty_strided: {len(steps)} strides for the size {shape}")
    last = sum((n - 1) * step for n, step in zip(shape, steps, strict=True)) if all(shape) else -1
    row = np.zeros(last + 1, kind_of(dtype))
    strides = tuple(step * row.itemsize for step in steps)
    return finish(np.ndarray(shape, row.dtype, row, 0, strides), requires_grad)


def empty_permuted(size: Any, physical_layout: Any, *, dtype: Any = None, layout: Any = None,
                   device: Any = None, requires_grad: bool = False,
                   pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Make a tensor whose axes lie in memory in the order `physical_layout`, outermost first."""
    place(device, layout)
    shape, order = shape_of(size), shape_of(physical_layout)
    if sorted(order) != [*range(len(shape))]:
        raise RuntimeError(f"empty_permuted: {order} is no order of the axes of the size {shape}")
    laid = np.zeros([shape[axis] for axis in order], kind_of(dtype))
    return finish(laid.transpose(np.argsort(order)), requires_grad)


def _like(input: Tensor, dtype: Any, layout: Any, device: Any) -> tuple[tuple[int, ...], Any]:
    if device is not None or layout is not None:
        place(device, layout)
    array = input._array
    return array.shape, array.dtype if dtype is None else dtypes.as_numpy(dtype)


def zeros_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None,
               pin_memory: bool = False, requires_grad: bool = False,
               memory_format: Any = None) -> Tensor:  # fmt: skip
    """Make a tensor of zeros with the shape and dtype of another.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.zeros_like(tgb.tensor([1, 2]))
    tensor([0, 0])
    """
    return finish(np.zeros(*_like(input, dtype, layout, device)), requires_grad)


def ones_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None,
              pin_memory: bool = False, requires_grad: bool = False,
              memory_format: Any = None) -> Tensor:  # fmt: skip
    """Make a tensor of ones with the shape and dtype of another.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.ones_like(tgb.tensor([1, 2]))
    tensor([1, 1])
    """
    return finish(np.ones(*_like(input, dtype, layout, device)), requires_grad)


def empty_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None,
               pin_memory: bool = False, requires_grad: bool = False,
               memory_format: Any = None) -> Tensor:  # fmt: skip
    """Make a tensor yet to be set, with the shape and dtype of another; see :func:`empty`."""
    return finish(np.zeros(*_like(input, dtype, layout, device)), requires_grad)


def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, layout: Any = None,
              device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
              memory_format: Any = None) -> Tensor:  # fmt: skip
    """Make a tensor of one value with the shape and dtype of another.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.full_like(tgb.tensor([1.0, 2.0]), 7)
    tensor([7., 7.])
    """
    shape, kind = _like(input, dtype, layout, device)
    value = getattr(fill_value, "_array", fill_value)
    return finish(filled(shape, value, kind), requires_grad)


def eye(n: int, m: int | None = None, *, out: Tensor | None = None, dtype: Any = None,
        layout: Any = None, device: Any = None, pin_memory: bool = False,
        requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Make a matrix with ones on the diagonal, zeros elsewhere.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    place(device, layout)
    if n < 0 or (m is not None and m < 0):
        raise RuntimeError(f"eye: a matrix can't have the negative length in ({n}, {m})")
    return finish(np.eye(n, m, dtype=kind_of(dtype)), requires_grad, out)


def is_tensor(obj: Any) -> bool:
    """Whether an object is a Tensor."""
    return isinstance(obj, Tensor)
