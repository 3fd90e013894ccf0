"""What tensors and formulas can do: operators, methods and NumPy's protocols, over the same table.

`ArrayMethods` is inherited by everything that runs operations of the table. A method is the
function of the same name in `functions`, so that each is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np

from . import inplace
from .functions import elementwise as fe
from .functions import index as fi
from .functions import linalg as fl
from .functions import reduce as fr
from .functions import shape as fs
from .numpy_protocol import NUMPY_FUNCTIONS, NUMPY_UFUNCS
from .op import SPEAKERS
from .rules import elementwise as ew
from .rules import linalg as la
from .rules import shape as sh

__all__ = ["ArrayMethods"]

_OPERANDS = (int, float, np.ndarray, np.generic, complex)


def _binary(op: Callable[..., Any], swapped: bool = False) -> Any:
    """Make an operator method; an operand of a foreign type gets its turn."""

    def operator(self: Any, other: Any) -> Any:
        if type(other) not in SPEAKERS and not isinstance(other, _OPERANDS):
            return NotImplemented
        return op(other, self) if swapped else op(self, other)

    return operator


def _in_place(function: Callable[..., Any]) -> Any:
    """Make the twin of a function that changes its tensor."""

    def twin(self: Any, *args: Any, **kwargs: Any) -> Any:
        return inplace.change(self, function, *args, **kwargs)

    twin.__doc__ = f"Do {getattr(function, '__name__', getattr(function, 'name', ''))} in place."
    return twin


class ArrayMethods:
    """Operators, methods and NumPy protocols over the rule table."""

    __slots__ = ()
    __array_priority__ = 100

    # -------------------------------------------------------------------------------- operators

    __add__, __radd__ = _binary(ew.add), _binary(ew.add, True)
    __sub__, __rsub__ = _binary(ew.subtract), _binary(ew.subtract, True)
    __mul__, __rmul__ = _binary(ew.multiply), _binary(ew.multiply, True)
    __truediv__, __rtruediv__ = _binary(ew.divide), _binary(ew.divide, True)
    __floordiv__, __rfloordiv__ = _binary(ew.floor_divide), _binary(ew.floor_divide, True)
    __mod__, __rmod__ = _binary(ew.remainder), _binary(ew.remainder, True)
    __pow__, __rpow__ = _binary(fe.pow), _binary(fe.pow, True)
    __matmul__, __rmatmul__ = _binary(la.matmul), _binary(la.matmul, True)
    __and__, __rand__ = _binary(ew.bitwise_and), _binary(ew.bitwise_and, True)
    __or__, __ror__ = _binary(ew.bitwise_or), _binary(ew.bitwise_or, True)
    __xor__, __rxor__ = _binary(ew.bitwise_xor), _binary(ew.bitwise_xor, True)
    __lshift__, __rshift__ = _binary(ew.left_shift), _binary(ew.right_shift)
    __lt__, __le__ = _binary(ew.less), _binary(ew.less_equal)
    __gt__, __ge__ = _binary(ew.greater), _binary(ew.greater_equal)
    __eq__, __ne__ = _binary(ew.equal), _binary(ew.not_equal)
    __neg__, __pos__, __abs__, __invert__ = ew.negative, ew.positive, ew.absolute, ew.invert
    __iadd__, __isub__ = _in_place(ew.add), _in_place(ew.subtract)
    __imul__, __itruediv__ = _in_place(ew.multiply), _in_place(ew.divide)
    __ifloordiv__, __imod__ = _in_place(ew.floor_divide), _in_place(ew.remainder)
    __ipow__ = _in_place(fe.pow)
    __iand__, __ior__ = _in_place(ew.bitwise_and), _in_place(ew.bitwise_or)
    __ixor__ = _in_place(ew.bitwise_xor)
    __getitem__, __setitem__ = fi.getitem, fi.setitem
    __hash__ = object.__hash__  # a tensor is a key by identity, although == compares elements

    # ------------------------------------------------------------------------------ elementwise

    add, sub, subtract = fe.add, fe.sub, fe.sub
    mul = multiply = ew.multiply
    div = divide = true_divide = fe.div
    pow, clamp, clip, masked_fill = fe.pow, fe.clamp, fe.clamp, fe.masked_fill
    neg, negative, positive = ew.negative, ew.negative, ew.positive
    square, reciprocal, sqrt, rsqrt = ew.square, ew.reciprocal, ew.sqrt, ew.rsqrt
    exp, exp2, expm1, log, log2, log10, log1p = (
        ew.exp, ew.exp2, ew.expm1, ew.log, ew.log2, ew.log10, ew.log1p,
    )  # fmt: skip
    sin, cos, tan, sinh, cosh, tanh = ew.sin, ew.cos, ew.tan, ew.sinh, ew.cosh, ew.tanh
    asin, acos, atan, atan2 = ew.arcsin, ew.arccos, ew.arctan, ew.arctan2
    arcsin, arccos, arctan, arctan2 = ew.arcsin, ew.arccos, ew.arctan, ew.arctan2
    asinh, acosh, atanh = ew.arcsinh, ew.arccosh, ew.arctanh
    arcsinh, arccosh, arctanh = ew.arcsinh, ew.arccosh, ew.arctanh
    abs, absolute, sign, floor, ceil, trunc = (
        ew.absolute, ew.absolute, ew.sign, ew.floor, ew.ceil, ew.trunc,
    )  # fmt: skip
    round, lerp, addcmul, addcdiv = fe.round, fe.lerp, fe.addcmul, fe.addcdiv
    remainder, fmod, floor_divide = ew.remainder, ew.fmod, ew.floor_divide
    maximum, minimum, hypot, logaddexp, erf = (
        ew.maximum, ew.minimum, ew.hypot, ew.logaddexp, ew.erf,
    )  # fmt: skip
    relu, sigmoid = ew.relu, ew.sigmoid
    eq, ne, lt, le, gt, ge = (
        ew.equal, ew.not_equal, ew.less, ew.less_equal, ew.greater, ew.greater_equal,
    )  # fmt: skip
    logical_and, logical_or = ew.logical_and, ew.logical_or
    logical_xor, logical_not = ew.logical_xor, ew.logical_not
    bitwise_and, bitwise_or, bitwise_xor = ew.bitwise_and, ew.bitwise_or, ew.bitwise_xor
    bitwise_not = ew.invert
    isnan, isinf, isfinite, signbit = ew.isnan, ew.isinf, ew.isfinite, ew.signbit
    isclose, allclose, equal = fe.isclose, fe.allclose, fe.equal

    # ---------------------------------------------------------------------- reductions, sorting

    sum, mean, prod, var, std, norm = fr.sum, fr.mean, fr.prod, fr.var, fr.std, fr.norm
    amax, amin, max, min = fr.amax, fr.amin, fr.max, fr.min
    argmax, argmin, any, all = fr.argmax, fr.argmin, fr.any, fr.all
    count_nonzero, logsumexp = fr.count_nonzero, fr.logsumexp
    cumsum, cumprod, cummax, cummin = fr.cumsum, fr.cumprod, fr.cummax, fr.cummin
    argsort, sort, topk, median = fr.argsort, fr.sort, fr.topk, fr.median
    unique, bincount = fr.unique, fr.bincount
    softmax, log_softmax = fr.softmax, fr.log_softmax

    # ------------------------------------------------------------------------ shape and indexing

    reshape, view, flatten, unflatten = fs.reshape, fs.view, fs.flatten, fs.unflatten
    squeeze, unsqueeze, permute, t = fs.squeeze, fs.unsqueeze, fs.permute, fs.t
    transpose = swapaxes = swapdims = fs.transpose
    movedim = moveaxis = fs.movedim
    expand, expand_as, broadcast_to = fs.expand, fs.expand_as, fs.broadcast_to
    split, chunk, unbind, narrow, select = fs.split, fs.chunk, fs.unbind, fs.narrow, fs.select
    repeat, tile, repeat_interleave = fs.repeat, fs.tile, fs.repeat_interleave
    flip, roll, diagonal, diag, trace = fs.flip, fs.roll, fs.diagonal, fs.diag, fs.trace
    tril, triu = fs.tril, fs.triu
    gather, take_along_dim, index_select, take = (
        fi.gather, fi.take_along_dim, fi.index_select, fi.take,
    )  # fmt: skip
    masked_select, nonzero, scatter, scatter_add = (
        fi.masked_select, fi.nonzero, fi.scatter, fi.scatter_add,
    )  # fmt: skip
    matmul, mm, bmm, mv, dot, outer, addmm = (
        fl.matmul, fl.mm, fl.bmm, fl.mv, fl.dot, fl.outer, fl.addmm,
    )  # fmt: skip
    clone = sh.copy
    T, mT = property(fs.turned), property(fl.matrix_transpose)

    def ravel(self) -> Self:
        """Make one axis of all."""
        return fs.flatten(self)  # type: ignore[no-any-return]

    def view_as(self, other: Any) -> Self:
        """Give the elements the shape of another tensor."""
        return fs.reshape(self, *other.shape)  # type: ignore[no-any-return]

    reshape_as = view_as

    def where(self, condition: Any, other: Any) -> Any:
        """Choose from this tensor where the condition holds, else from `other`."""
        return fe.where(condition, self, other)

    # -------------------------------------------------------------------------------- in place

    add_, sub_ = _in_place(fe.add), _in_place(fe.sub)
    mul_, div_ = _in_place(ew.multiply), _in_place(fe.div)
    pow_, neg_ = _in_place(fe.pow), _in_place(ew.negative)
    exp_, sqrt_ = _in_place(ew.exp), _in_place(ew.sqrt)
    clamp_, relu_ = _in_place(fe.clamp), _in_place(ew.relu)
    sigmoid_, tanh_ = _in_place(ew.sigmoid), _in_place(ew.tanh)
    addcmul_, addcdiv_, lerp_ = _in_place(fe.addcmul), _in_place(fe.addcdiv), _in_place(fe.lerp)
    masked_fill_ = _in_place(fe.masked_fill)
    scatter_, scatter_add_ = _in_place(fi.scatter), _in_place(fi.scatter_add)

    def zero_(self) -> Self:
        """Set all elements to 0."""
        return self.fill_(0)

    def fill_(self, value: Any) -> Self:
        """Set all elements to one value."""
        self[...] = value
        return self

    def copy_(self, source: Any) -> Self:
        """Take the (broadcast, converted) values of another tensor."""
        dtype = self.dtype  # type: ignore[attr-defined]
        self[...] = source if source.dtype == dtype else source.to(dtype)
        return self

    # -------------------------------------------------------------------------- counts and types

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or the length of one axis."""
        shape = self.shape  # type: ignore[attr-defined]
        return shape if dim is None else shape[dim]

    def dim(self) -> int:
        """Return the number of axes."""
        return len(self.shape)  # type: ignore[attr-defined]

    ndimension = dim

    def numel(self) -> int:
        """Return the number of elements."""
        return self.shape.numel()  # type: ignore[attr-defined, no-any-return]

    nelement = numel

    def is_floating_point(self) -> bool:
        """Whether the elements are of a floating-point type."""
        return self.dtype.is_floating_point  # type: ignore[attr-defined, no-any-return]

    def is_complex(self) -> bool:
        """Whether the elements are of a complex type."""
        return self.dtype.is_complex  # type: ignore[attr-defined, no-any-return]

    def __len__(self) -> int:
        if not self.shape:  # type: ignore[attr-defined]
            raise TypeError("len() of a zero-dimensional tensor")
        return self.shape[0]  # type: ignore[attr-defined, no-any-return]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:  # type: ignore[attr-defined]
            raise TypeError("iteration over a zero-dimensional tensor")
        return iter(fs.unbind(self))

    # -------------------------------------------------------------------------- NumPy's protocols

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        function = NUMPY_UFUNCS.get(ufunc)
        if function is None or (method != "__call__" and (ufunc, method) not in NUMPY_UFUNCS):
            return NotImplemented
        out = kwargs.pop("out", None)
        if kwargs.get("where", True) is True:
            kwargs.pop("where", None)
        if method != "__call__":
            function = NUMPY_UFUNCS[ufunc, method]
        elif kwargs:
            raise TypeError(
                f"np.{ufunc.__name__} of a Tensor does not take {', '.join(sorted(kwargs))}"
            )
        result = function(*inputs, **kwargs)
        if out is None:
            return result
        (target,) = out
        if isinstance(target, ArrayMethods):
            return inplace.change(target, lambda _: result)
        raise TypeError(
            f"np.{ufunc.__name__}(…, out=array) of a Tensor would lose its history: leave `out` "
            "away, or detach the tensor first"
        )

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        function = NUMPY_FUNCTIONS.get(func)
        if function is None:
            raise TypeError(
                f"np.{func.__name__} has no counterpart for Tensors that keeps the gradient; "
                "use np.asarray(t.detach()) for its values"
            )
        return function(*args, **kwargs)
