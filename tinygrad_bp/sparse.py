"""Sparse tensors: the coordinates of the elements that are not zero, and their values.

:class:`SparseTensor` is kept so. Products with a matrix, transposing and scaling work on what is
there, as graph networks need it; every other operation works on the strided tensor that it stands
for, which is made when first needed. For large sparse matrices beyond that, use scipy.sparse.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .arrays import Size
from .creation import as_tensor, tensor, zeros
from .devices import layout, sparse_coo
from .dtype import dtype as _Kind
from .dtype import float16, float32, float64, int32, int64, uint8
from .functions.linalg import matmul
from .functions.reduce import log_softmax, softmax
from .functions.reduce import sum as _sum
from .tensor import Tensor

__all__ = [
    "ByteTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor", "LongTensor",
    "SparseTensor", "addmm", "log_softmax", "mm", "softmax", "sparse_coo_tensor", "spmm", "sum",
    "to_sparse",
]  # fmt: skip


class SparseTensor(Tensor):
    """A tensor kept as coordinates and values (COO): made by :func:`sparse_coo_tensor`.

    Gradients reach its values and what it is multiplied with. It can't be changed in place.
    """

    __slots__ = ("_coalesced", "_made", "_places", "_size", "_what")

    _places: Tensor
    _what: Tensor
    _size: Size
    _coalesced: bool
    _made: Any  # the strided tensor, once it was asked for

    is_sparse: Any = True

    def __new__(cls, places: Tensor, values: Tensor, size: Any, coalesced: bool = False) -> Self:
        """Keep the coordinates, (sparse axes, n), and the values, (n, *dense axes)."""
        made = object.__new__(cls)
        made._places, made._what, made._size = places, values, Size(size)
        made._coalesced, made._made = coalesced, None
        return made

    # ------------------------------------------------------------ what the strided tensor knows

    def to_dense(self, dtype: Any = None, *, masked_grad: Any = None) -> Any:
        """Return the strided tensor, with its zeros."""
        dense: Any = zeros(*self._size, dtype=self._what.dtype)
        dense = dense.index_put(tuple(self._places.unbind(0)), self._what, accumulate=True)
        return dense.to(dtype=dtype)

    @property
    def _strided(self) -> Any:
        if self._made is None:
            self._made = self.to_dense()
            self._made._array.flags.writeable = False
        return self._made

    @property
    def _array(self) -> Any:  # type: ignore[override]
        return self._strided._array

    @property
    def _node(self) -> Any:  # type: ignore[override]
        return self._strided._node if self._what.requires_grad else None

    @property
    def shape(self) -> Size:
        """The lengths of the axes."""
        return self._size

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._size)

    @property
    def dtype(self) -> _Kind:
        """The type of the elements."""
        return self._what.dtype

    @property
    def layout(self) -> layout:
        """How the elements are stored: as coordinates."""
        return sparse_coo

    @property  # type: ignore[misc]
    def requires_grad(self) -> bool:
        """Whether the values want a gradient."""
        return self._what.requires_grad

    @property
    def is_leaf(self) -> bool:
        """Whether the values were made by the user."""
        return self._what.is_leaf

    @property  # type: ignore[misc]
    def grad(self) -> Any:
        """The gradient of the values, at the same coordinates."""
        grad = self._what.grad
        return None if grad is None else SparseTensor(self._places, grad, self._size)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Start (or stop) collecting a gradient of the values."""
        self._what.requires_grad_(requires_grad)
        self._made = None
        return self

    # ------------------------------------------------------------------------ what only it knows

    def _indices(self) -> Tensor:
        """Return the coordinates as they were given, (sparse axes, n)."""
        return self._places

    def _values(self) -> Tensor:
        """Return the values as they were given, (n, *dense axes)."""
        return self._what

    def _nnz(self) -> int:
        """Return the number of values that are kept."""
        return len(self._what)

    def is_coalesced(self) -> bool:
        """Whether no place is named twice, and the places are in order."""
        return self._coalesced

    def indices(self) -> Tensor:
        """Return the coordinates of a coalesced tensor, (sparse axes, n)."""
        return self._once("indices")._places

    def values(self) -> Tensor:
        """Return the values of a coalesced tensor, (n, *dense axes)."""
        return self._once("values")._what

    def _once(self, what: str) -> Self:
        if not self._coalesced:
            raise RuntimeError(
                f"Cannot get {what} on an uncoalesced tensor, please call .coalesce() first"
            )
        return self

    def sparse_dim(self) -> int:
        """Return the number of axes that have coordinates."""
        return len(self._places)

    def dense_dim(self) -> int:
        """Return the number of axes of a single value."""
        return self._what.ndim - 1

    def coalesce(self) -> SparseTensor:
        """Add up the values of places that are named twice, and put the places in order."""
        if self._coalesced:
            return self
        extent = self._size[: len(self._places)]
        flat = np.ravel_multi_index(tuple(self._places._array), extent)
        found, which = np.unique(flat, return_inverse=True)
        total: Any = zeros(len(found), *self._what.shape[1:], dtype=self._what.dtype)
        total = total.index_add(0, tensor(which), self._what)
        places = tensor(np.stack(np.unravel_index(found, extent)))
        return SparseTensor(places, total, self._size, True)

    # -------------------------------------------------------------------- what stays on the values

    def _over_values(self, values: Any) -> SparseTensor:
        return SparseTensor(self._places, values, self._size, self._coalesced)

    def _turned(self, dim0: int = 0, dim1: int = 1) -> Any:
        if len(self._places) != 2 or self._what.ndim != 1 or {dim0 % 2, dim1 % 2} != {0, 1}:
            return self._strided.transpose(dim0, dim1)
        return SparseTensor(self._places.flip(0), self._what, self._size[::-1])

    t = transpose = _turned
    T = mT = property(_turned)

    def __neg__(self) -> Any:
        return self._over_values(-self._what)

    def __mul__(self, other: Any) -> Any:
        number = isinstance(other, (int, float)) or (isinstance(other, Tensor) and not other.ndim)
        return self._over_values(self._what * other) if number else self._strided * other

    __rmul__ = mul = multiply = __mul__

    def __truediv__(self, other: Any) -> Any:
        return self * (1 / other) if isinstance(other, (int, float)) else self._strided / other

    div = divide = __truediv__

    def __matmul__(self, other: Any) -> Any:
        return mm(self, other)

    mm = matmul = spmm = __matmul__

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, SparseTensor) or other.shape != self.shape:
            return self._strided + getattr(other, "_strided", other)
        places = self._places, other._places
        values = self._what, other._what
        return SparseTensor(_joined(places, 1), _joined(values, 0), self._size)

    __radd__ = add = __add__

    def to_sparse(self, *args: Any, **kwargs: Any) -> Self:
        """Return this tensor."""
        return self

    to_sparse_coo = to_sparse

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Convert the values: see :meth:`Tensor.to`."""
        values = self._what.to(*args, **kwargs)
        return self if values is self._what else self._over_values(values)

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """Name the type, or convert the values to one."""
        return self._what.type() if dtype is None else self._over_values(self._what.type(dtype))

    def float(self, memory_format: Any = None) -> Any:
        """Convert the values to float32."""
        return self.to(float32)

    def double(self, memory_format: Any = None) -> Any:
        """Convert the values to float64."""
        return self.to(float64)

    def detach(self) -> SparseTensor:
        """Return it with values that are cut off from the graph."""
        return self._over_values(self._what.detach())

    def clone(self, *, memory_format: Any = None) -> SparseTensor:
        """Return a copy."""
        return self._over_values(self._what.clone())

    def __deepcopy__(self, memo: Any) -> Any:
        from copy import deepcopy

        twin = memo[id(self)] = self._over_values(deepcopy(self._what, memo))
        return twin

    def __reduce_ex__(self, protocol: Any) -> Any:
        return SparseTensor, (self._places, self._what, tuple(self._size), self._coalesced)

    def __repr__(self) -> str:
        return (
            f"tensor(indices={self._places},\n       values={self._what.detach()},\n       "
            f"size={tuple(self._size)}, nnz={self._nnz()}, layout=tinygrad_bp.sparse_coo)"
        )


def _joined(tensors: Any, dim: int) -> Any:
    from .functions.shape import cat

    return cat(tensors, dim)


def mm(mat1: Any, mat2: Any) -> Any:
    """Multiply two matrices, of which the first may be sparse; or one by a vector.

    The product is strided. A sparse one takes as many steps as there are values.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> a = tgb.sparse_coo_tensor([[0, 1], [2, 0]], [3.0, 4.0], (2, 3))
    >>> tgb.sparse.mm(a, tgb.ones(3, 1))
    tensor([[3.],
            [4.]])
    """
    if not isinstance(mat1, SparseTensor) or isinstance(mat2, SparseTensor):
        return matmul(getattr(mat1, "_strided", mat1), getattr(mat2, "_strided", mat2))
    if len(mat1._places) != 2 or mat1.ndim != 2 or not 1 <= mat2.ndim <= 2:
        return matmul(mat1._strided, mat2)
    if mat1.shape[1] != mat2.shape[0] or mat1.dtype != mat2.dtype:
        return matmul(mat1._strided, mat2)  # which says what does not fit
    rows, columns = mat1._places.unbind(0)
    values = mat1._what if mat2.ndim == 1 else mat1._what.unsqueeze(1)
    out: Any = zeros(mat1.shape[0], *mat2.shape[1:], dtype=mat2.dtype)
    return out.index_add(0, rows, values * mat2.index_select(0, columns))


spmm = mm


def addmm(mat: Any, mat1: Any, mat2: Any, *, beta: float = 1.0, alpha: float = 1.0) -> Tensor:
    """Give β·mat + α·(mat1 @ mat2)."""
    return beta * mat + alpha * mm(mat1, mat2)  # type: ignore[no-any-return]


def sum(input: Any, dim: Any = None, dtype: Any = None) -> Any:
    """Add up; what is left of a sparse tensor with some axes summed is sparse."""
    if not isinstance(input, SparseTensor):
        return _sum(input, dim, dtype=dtype)
    if dim is None:
        return _sum(input._values(), dtype=dtype)
    return to_sparse(_sum(input.to_dense(), dim, dtype=dtype))


def to_sparse(self: Any, sparse_dim: int | None = None, **kwargs: Any) -> Any:
    """Keep the elements of a tensor that are not zero.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.eye(2).to_sparse()
    tensor(indices=tensor([[0, 1],
            [0, 1]]),
           values=tensor([1., 1.]),
           size=(2, 2), nnz=2, layout=tinygrad_bp.sparse_coo)
    """
    count = self.ndim if sparse_dim is None else sparse_dim
    there = self._array != 0
    if count < self.ndim:
        there = there.any(axis=tuple(range(count, self.ndim)))
    places = np.nonzero(there)
    values = self[tuple(tensor(i) for i in places)]
    return SparseTensor(tensor(np.stack(places)), values, self.shape, True)


def sparse_coo_tensor(indices: Any, values: Any = None, size: Any = None, *, dtype: Any = None,
                      device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
                      check_invariants: bool | None = None,
                      is_coalesced: bool | None = None) -> SparseTensor:  # fmt: skip
    """Make a sparse tensor from the indices of its elements that are not zero, and these.

    Parameters
    ----------
    indices : array_like of int, shape (sparse dimensions, n)
    values : array_like, shape (n, *dense dimensions)
        What has an index several times is summed. A gradient reaches them.
    size : sequence of int, optional
        As small as the indices allow if left out.
    dtype, device, requires_grad
        See :func:`tinygrad_bp.tensor`.

    Raises
    ------
    RuntimeError
        For indices outside of the size.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.sparse_coo_tensor([[0, 1], [2, 0]], [3.0, 4.0], (2, 3)).to_dense()
    tensor([[0., 0., 3.],
            [4., 0., 0.]])
    """
    where = as_tensor(indices, dtype=int64)
    given = as_tensor(values, dtype=dtype, device=device)
    if size is None:
        size = [int(n) + 1 for n in where.amax(1).tolist()] + list(given.shape[1:])
    out_of = (where < 0) | (where >= as_tensor(list(size)[: len(where)]).unsqueeze(1))
    if where.numel() and out_of.any():
        raise RuntimeError(f"sparse_coo_tensor: an index lies outside of the size {tuple(size)}")
    if requires_grad:
        given = given.detach().requires_grad_()
    return SparseTensor(where, given, size, bool(is_coalesced))


def _legacy(kind: Any) -> Any:
    def make(indices: Any, values: Any, size: Any = None) -> SparseTensor:
        return sparse_coo_tensor(indices, values, size, dtype=kind)

    make.__doc__ = f"Make a sparse tensor of {kind.name}: an older :func:`sparse_coo_tensor`."
    return make


FloatTensor, DoubleTensor, HalfTensor = map(_legacy, (float32, float64, float16))
LongTensor, IntTensor, ByteTensor = map(_legacy, (int64, int32, uint8))
