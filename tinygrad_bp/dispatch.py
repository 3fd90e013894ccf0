"""What tensors and formulas can do: operators, methods and NumPy's protocols, over the same table.

`ArrayMethods` is inherited by everything that runs operations of the table. A method is the
function of the same name in `functions`, so that each is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Self

import numpy as np

from . import inplace
from .functions import elementwise as fe
from .functions import index as fi
from .functions import linalg as fl
from .functions import masks as fm
from .functions import reduce as fr
from .functions import shape as fs
from .functions import sorting as fso
from .numpy_protocol import NUMPY_FUNCTIONS, NUMPY_UFUNCS
from .op import SPEAKERS
from .rules import elementwise as ew
from .rules import linalg as la
from .twins import in_place, with_twins

__all__ = ["ArrayMethods"]

_OPERANDS = (int, float, np.ndarray, np.generic, complex)


def _binary(op: Callable[..., Any], swapped: bool = False) -> Any:
    """Make an operator method; an operand of a foreign type gets its turn."""

    def operator(self: Any, other: Any) -> Any:
        if type(other) not in SPEAKERS and not isinstance(other, _OPERANDS):
            return NotImplemented
        return op(other, self) if swapped else op(self, other)

    return operator


def _late(room: str, name: str) -> Any:
    """Make a method of a function in a module that is loaded when the method is first called."""

    def method(*args: Any, **kwargs: Any) -> Any:
        return getattr(import_module(f".{room}", __package__), name)(*args, **kwargs)

    method.__name__ = name
    method.__doc__ = f"See :func:`tinygrad_bp.{room}.{name}`."
    return method


#: Methods that few scripts call, by the module of their functions.
LATE = {
    "functions.special": """
        digamma erfc erfinv i0 igamma igammac lgamma logaddexp2 logit mvlgamma sinc xlogy
    """,
    "functions.floating": """
        copysign deg2rad float_power fmax fmin frac frexp gcd heaviside isneginf isposinf lcm ldexp
        nan_to_num nextafter rad2deg
    """,
    "functions.complex": "angle conj conj_physical isreal resolve_conj resolve_neg sgn",
    "functions.statistics": """
        aminmax corrcoef cov dist median nanmean nanmedian nanquantile nansum quantile renorm
        sum_to_size
    """,
    "functions.calculus": "diff",
    "functions.scatter": """
        index_add index_copy index_fill index_put index_reduce put scatter scatter_add
        scatter_reduce
    """,
    "functions.searching": "argwhere bincount histc histogram nonzero_static",
    "functions.strided": """
        as_strided as_strided_scatter diagonal_scatter is_same_size resize_ resize_as_
        select_scatter set_ slice_scatter unfold
    """,
    "functions.fill": "fill_diagonal_",
    "linalg.legacy": """
        cholesky det geqrf inverse logdet lu lu_solve matrix_exp matrix_power orgqr ormqr pinverse
        qr slogdet svd triangular_solve
    """,
    "linalg.solvers": "cholesky_inverse cholesky_solve",
    "fft.spectrogram": "istft stft",
    "sampling": "bernoulli multinomial",
    "nn.activations": "hardshrink",
    "nn.rectifiers": "prelu",
    "sparse": "to_sparse",
}


def _with_late_methods(cls: type[Any]) -> type[Any]:
    for room, names in LATE.items():
        for name in names.split():
            setattr(cls, name, _late(room, name))
    return cls


@with_twins
@_with_late_methods
class ArrayMethods:
    """Operators, methods and NumPy protocols over the rule table."""

    __slots__ = ()
    __array_priority__ = 100

    # -------------------------------------------------------------------------------- operators

    __add__, __radd__ = _binary(ew.add), _binary(ew.add, True)
    __sub__, __rsub__ = _binary(ew.subtract), _binary(ew.subtract, True)
    __mul__, __rmul__ = _binary(ew.multiply), _binary(ew.multiply, True)
    __truediv__, __rtruediv__ = _binary(ew.divide), _binary(ew.divide, True)
    __div__, __rdiv__ = __truediv__, __rtruediv__
    __floordiv__, __rfloordiv__ = _binary(ew.floor_divide), _binary(ew.floor_divide, True)
    __mod__, __rmod__ = _binary(ew.remainder), _binary(ew.remainder, True)
    __pow__, __rpow__ = _binary(fe.power), _binary(fe.power, True)
    __matmul__, __rmatmul__ = _binary(la.matmul), _binary(la.matmul, True)
    __and__, __rand__ = _binary(ew.bitwise_and), _binary(ew.bitwise_and, True)
    __or__, __ror__ = _binary(ew.bitwise_or), _binary(ew.bitwise_or, True)
    __xor__, __rxor__ = _binary(ew.bitwise_xor), _binary(ew.bitwise_xor, True)
    __lshift__, __rlshift__ = _binary(ew.left_shift), _binary(ew.left_shift, True)
    __rshift__, __rrshift__ = _binary(ew.right_shift), _binary(ew.right_shift, True)
    __lt__, __le__ = _binary(ew.less), _binary(ew.less_equal)
    __gt__, __ge__ = _binary(ew.greater), _binary(ew.greater_equal)
    __eq__, __ne__ = _binary(ew.equal), _binary(ew.not_equal)
    __neg__, __pos__, __abs__, __invert__ = ew.negative, ew.positive, ew.absolute, ew.invert
    __iadd__, __isub__ = in_place(ew.add), in_place(ew.subtract)
    __imul__, __itruediv__ = in_place(ew.multiply), in_place(ew.divide)
    __ifloordiv__, __imod__ = in_place(ew.floor_divide), in_place(ew.remainder)
    __ipow__ = in_place(fe.power)
    __iand__, __ior__ = in_place(ew.bitwise_and), in_place(ew.bitwise_or)
    __ixor__ = in_place(ew.bitwise_xor)
    __ilshift__, __irshift__ = in_place(ew.left_shift), in_place(ew.right_shift)
    __getitem__, __setitem__ = fi.getitem, fi.setitem
    __hash__ = object.__hash__  # a tensor is a key by identity, although == compares elements

    # ------------------------------------------------------------------------------ elementwise

    add, sub, subtract = fe.add, fe.sub, fe.sub
    mul = multiply = ew.multiply
    div = divide = true_divide = fe.div
    pow, clamp, clip = fe.pow, fe.clamp, fe.clamp
    clamp_min, clamp_max = fe.clamp_min, fe.clamp_max
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
    fix = ew.trunc
    remainder, fmod, floor_divide = ew.remainder, ew.fmod, ew.floor_divide
    maximum, minimum, hypot, logaddexp, erf = (
        ew.maximum, ew.minimum, ew.hypot, ew.logaddexp, ew.erf,
    )  # fmt: skip
    relu, sigmoid = ew.relu, ew.sigmoid
    eq, ne, lt, le, gt, ge = (
        ew.equal, ew.not_equal, ew.less, ew.less_equal, ew.greater, ew.greater_equal,
    )  # fmt: skip
    not_equal, less, less_equal = ew.not_equal, ew.less, ew.less_equal
    greater, greater_equal = ew.greater, ew.greater_equal
    logical_and, logical_or = ew.logical_and, ew.logical_or
    logical_xor, logical_not = ew.logical_xor, ew.logical_not
    bitwise_and, bitwise_or, bitwise_xor = ew.bitwise_and, ew.bitwise_or, ew.bitwise_xor
    bitwise_not = ew.invert
    bitwise_left_shift, bitwise_right_shift = ew.left_shift, ew.right_shift
    isnan, isinf, isfinite, signbit = ew.isnan, ew.isinf, ew.isfinite, ew.signbit
    isclose, allclose, equal = fe.isclose, fe.allclose, fe.equal

    # ---------------------------------------------------------------------- reductions, sorting

    sum, mean, prod, var, std, norm = fr.sum, fr.mean, fr.prod, fr.var, fr.std, fr.norm
    amax, amin, max, min = fr.amax, fr.amin, fr.max, fr.min
    argmax, argmin, any, all = fr.argmax, fr.argmin, fr.any, fr.all
    count_nonzero, logsumexp, logcumsumexp = fr.count_nonzero, fr.logsumexp, fr.logcumsumexp
    cumsum, cumprod, cummax, cummin = fr.cumsum, fr.cumprod, fso.cummax, fso.cummin
    argsort, sort, msort, topk = fso.argsort, fso.sort, fso.msort, fso.topk
    kthvalue, mode = fso.kthvalue, fso.mode
    unique, unique_consecutive = fso.unique, fso.unique_consecutive
    softmax, log_softmax = fr.softmax, fr.log_softmax

    # ------------------------------------------------------------------------ shape and indexing

    reshape, view, flatten, unflatten = fs.reshape, fs.view, fs.flatten, fs.unflatten
    reshape_as, view_as, ravel = fs.reshape_as, fs.view_as, fs.ravel
    squeeze, unsqueeze, permute, t = fs.squeeze, fs.unsqueeze, fs.permute, fs.t
    transpose, swapaxes, swapdims = fs.transpose, fs.swapaxes, fs.swapdims
    movedim = moveaxis = fs.movedim
    adjoint = fs.adjoint
    expand, expand_as, broadcast_to = fs.expand, fs.expand_as, fs.broadcast_to
    split, chunk, unbind, narrow, select = fs.split, fs.chunk, fs.unbind, fs.narrow, fs.select
    split_with_sizes, tensor_split, narrow_copy = (
        fs.split_with_sizes, fs.tensor_split, fs.narrow_copy,
    )  # fmt: skip
    hsplit, vsplit, dsplit = fs.hsplit, fs.vsplit, fs.dsplit
    unsafe_chunk, unsafe_split = fs.chunk, fs.unsafe_split
    unsafe_split_with_sizes = fs.split_with_sizes
    repeat, tile, repeat_interleave = fs.repeat, fs.tile, fs.repeat_interleave
    flip, fliplr, flipud, rot90, roll = fs.flip, fs.fliplr, fs.flipud, fs.rot90, fs.roll
    diagonal, diag, diag_embed, diagflat = fs.diagonal, fs.diag, fs.diag_embed, fs.diagflat
    trace, tril, triu = fs.trace, fs.tril, fs.triu
    gather, take_along_dim, index_select, take = (
        fi.gather, fi.take_along_dim, fi.index_select, fi.take,
    )  # fmt: skip
    masked_fill, masked_select, masked_scatter = (
        fm.masked_fill, fm.masked_select, fm.masked_scatter,
    )  # fmt: skip
    nonzero = fi.nonzero
    matmul, mm, bmm, mv, dot, vdot, inner = (
        fl.matmul, fl.mm, fl.bmm, fl.mv, fl.dot, fl.vdot, fl.inner,
    )  # fmt: skip
    outer, ger, kron, cross = fl.outer, fl.outer, fl.kron, fl.cross
    addmm, addmv, addr, addbmm, baddbmm = fl.addmm, fl.addmv, fl.addr, fl.addbmm, fl.baddbmm
    clone = fs.clone
    T, mT = property(fs.turned), property(fs.matrix_turned)
    H, mH = property(fs.hermitian), property(fs.adjoint)

    def where(self, condition: Any, other: Any) -> Any:
        """Choose from this tensor where the condition holds, else from `other`."""
        return fm.where(condition, self, other)

    # -------------------------------------------------------------------------------- in place

    _receive = inplace.receive

    def polygamma(self, n: int) -> Any:
        """Give the derivative of order `n` of the digamma function."""
        return _late("functions.special", "polygamma")(n, self)

    real: Any = property(_late("functions.complex", "real"))
    imag: Any = property(_late("functions.complex", "imag"))

    def is_conj(self) -> bool:
        """Whether the conjugate is still to be computed: it never is, here."""
        return False

    is_neg = is_conj

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

    def is_nonzero(self) -> bool:
        """Whether the only element is not zero."""
        return bool(self)

    def is_signed(self) -> bool:
        """Whether the elements' type has negative numbers."""
        return self.dtype.is_signed  # type: ignore[attr-defined, no-any-return]

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
