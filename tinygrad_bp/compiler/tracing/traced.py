"""Arrays that are watched: what code outside the table does with a tensor's memory is noted too.

Some layers compute on `tensor._array` with NumPy (running statistics, masks, index arrays). While
a step is traced they get the memory as a `Traced` array: NumPy's functions and methods on it are
noted as operations, and to turn it into a Python number is refused, since the number would be the
same in every later step.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ...memory import on_line
from ...numpy_protocol import NUMPY_UFUNCS
from ...op import Op
from ...rules import shape

__all__ = ["Traced", "bare"]

_HOUSE = __file__.rpartition("compiler")[0]

#: NumPy functions that look at shapes and dtypes alone.
_ABOUT = frozenset((
    np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.may_share_memory,
    np.shares_memory, np.iscomplexobj, np.isrealobj, np.min_scalar_type, np.common_type,
))  # fmt: skip


#: Arithmetic, in which the operands may be brought to the result's type before.
_TYPED = frozenset((np.add, np.subtract, np.multiply))

#: NumPy functions whose result is the same for all arrays of a shape and dtype.
_LIKE = frozenset((np.zeros_like, np.ones_like, np.empty_like, np.full_like))


class Traced(np.ndarray[Any, Any]):
    """A view of an array, whose use the trace notes."""

    plain: Any = None
    trace: Any = None

    @property
    def knowable(self) -> bool:
        """Whether the elements depend on constants and arguments alone."""
        trace = self.trace
        return trace.is_constant(self.plain) or trace.question(self.plain) is not None

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Run a ufunc, and note it."""
        trace = _trace_of(inputs, kwargs.get("out", ()))
        if trace.failed is not None:
            return getattr(ufunc, method)(*bare(inputs), **bare(kwargs))
        out = kwargs.pop("out", None)
        if ufunc in _TYPED and method == "__call__" and out is None and kwargs.keys() == {"dtype"}:
            # The same in two steps that the table knows, so that they are compiled.
            kind = np.dtype(kwargs["dtype"])
            return ufunc(*[_cast(trace, x, kind) for x in inputs])
        if method == "at":
            _add_at(trace, ufunc, *inputs)
            return None
        if out is None:
            op = NUMPY_UFUNCS.get(ufunc) if method == "__call__" and not kwargs else None
            if isinstance(op, Op) and not _all_constant(trace, inputs):
                return trace.table_call(op, inputs)
            name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}_{method}"
            return trace.numpy_call(name, getattr(ufunc, method), inputs, kwargs)
        target = out[0]
        result = getattr(ufunc, method)(*inputs, **kwargs)
        _write(trace, target, Ellipsis, result)
        return target

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Run a NumPy function, and note it."""
        trace = _trace_of(_flat(args), _flat(kwargs.values()))
        if trace.failed is not None:
            return func(*bare(args), **bare(kwargs))
        if func in _ABOUT:
            return func(*[trace.plain(a) for a in args], **kwargs)
        if func in _LIKE:
            made = on_line(func(*[trace.plain(a) for a in args], **kwargs))
            return trace.watched(trace.constant(made))
        if func is np.copyto:
            _write(trace, args[0], Ellipsis, args[1])
            return None
        if kwargs.get("out") is not None:
            target = kwargs.pop("out")
            _write(trace, target, Ellipsis, func(*args, **kwargs))
            return target
        return trace.numpy_call(func.__name__, func, args, kwargs)

    def __getitem__(self, key: Any) -> Any:
        return self.trace.numpy_call("getitem", np.ndarray.__getitem__, (self, key), {})

    def __setitem__(self, key: Any, value: Any) -> None:
        _write(self.trace, self, key, value)

    def __bool__(self) -> bool:
        return bool(self._answer(sys._getframe(1), "a branch depends on it"))

    def item(self, *args: Any) -> Any:
        """Refuse; but for the truth of a tensor."""
        frame = sys._getframe(1)
        if frame.f_code.co_name == "__bool__" and frame.f_back is not None:
            return self._answer(frame.f_back, "a branch depends on it").item(*args)
        return self._number(".item()").item(*args)

    def _answer(self, asking: Any, what: str) -> Any:
        """Return the array where a branch of our own code asks for what the arguments tell alone.

        The program is for arguments with this answer then.
        """
        if asking.f_code.co_filename.startswith(_HOUSE) and self.trace.asked(self.plain):
            return self.plain
        return self._number(what)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __reduce__(self) -> Any:
        return self._number("a copy of its memory is asked for").__reduce__()

    def _number(self, what: str) -> Any:
        """Return the array where its elements are the same in every step; else refuse."""
        if self.trace is None or self.trace.is_constant(self.plain):
            return np.asarray(self) if self.plain is None else self.plain
        self.trace.refuse(
            f"{what}: in later steps this tensor, of shape {self.shape}, has other elements",
            "A compiled step can't look at values. Return the tensor and look at it outside of the "
            "step; in place of a branch use tgb.where; or use fallback=True.",
        )
        return self.plain


def bare(x: Any) -> Any:
    """Return arguments with the arrays themselves in place of watched ones."""
    if type(x) is Traced:
        return x.plain
    if type(x) in (tuple, list):
        return type(x)(map(bare, x))
    if type(x) is dict:
        return {k: bare(v) for k, v in x.items()}
    return x


def _flat(xs: Any) -> Any:
    for x in xs:
        if type(x) in (list, tuple):
            yield from _flat(x)
        else:
            yield x


def _trace_of(*groups: Any) -> Any:
    return next(x.trace for group in groups for x in group if type(x) is Traced)


def _cast(trace: Any, x: Any, kind: np.dtype[Any]) -> Any:
    if not isinstance(x, np.ndarray):
        return kind.type(x)
    return x if x.dtype == kind else trace.table_call(shape.cast, (x,), dtype=kind)


def _all_constant(trace: Any, inputs: Any) -> bool:
    return all(trace.is_constant(x.plain) for x in inputs if type(x) is Traced)


def _write(trace: Any, target: Any, key: Any, value: Any) -> None:
    """Do ``target[key] = value``, and note that the memory has another value now."""
    array = trace.plain(target)
    if trace.failed is not None:
        array[key] = bare(value)
        return
    whole = key is Ellipsis

    def forward(x: Any, v: Any) -> Any:
        new = np.empty_like(x) if whole else x.copy()
        new[key] = v
        return new

    operands = [array, trace.plain(value)]
    arrays = [x for x in operands if isinstance(x, np.ndarray)]
    constant = all(trace.is_constant(x) for x in arrays)
    if not constant:
        new = trace.note(Op(forward, {}, name="numpy_assign"), operands, {}, forward(*operands))
    array[key] = operands[1]
    if not constant:
        trace.changed(array, new)


def _add_at(trace: Any, ufunc: Any, target: Any, *operands: Any) -> None:
    """Do ``ufunc.at(target, index, values)``, and note it."""

    def added(x: Any, *others: Any) -> Any:
        new = x.copy()
        ufunc.at(new, *others)
        return new

    if type(target) is not Traced:
        trace.refuse("elements are added to an array of NumPy's", "Use tensors: index_add.")
    if trace.failed is not None:
        ufunc.at(bare(target), *bare(operands))
        return
    new = trace.numpy_call(f"{ufunc.__name__}_at", added, (target, *operands), {})
    target.plain[...] = new.plain
    if not trace.is_constant(new.plain):
        trace.changed(target.plain, trace.value(new.plain))


def _method(name: str) -> Callable[..., Any]:
    function = getattr(np.ndarray, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            target = kwargs.pop("out")
            _write(self.trace, target, Ellipsis, method(self, *args, **kwargs))
            return target
        return self.trace.numpy_call(name, function, (self, *args), kwargs)

    return method


def _attribute(name: str) -> property:
    def attribute(self: Any) -> Any:
        return self.trace.numpy_call(name, lambda x: getattr(x, name), (self,), {})

    return property(attribute)


def _refused(name: str, what: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(self._number(what), name)(*args, **kwargs)

    return method


for _name in (
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "astype", "choose", "clip",
    "compress", "conj", "conjugate", "copy", "cumprod", "cumsum", "diagonal", "dot", "flatten",
    "max", "mean", "min", "prod", "ravel", "repeat", "reshape", "round", "searchsorted", "squeeze",
    "std", "sum", "swapaxes", "take", "trace_", "transpose", "var", "view", "byteswap", "nonzero",
):  # fmt: skip
    if hasattr(np.ndarray, _name):
        setattr(Traced, _name, _method(_name))
for _name in ("T", "mT", "real", "imag"):
    setattr(Traced, _name, _attribute(_name))
for _name, _what in {
    "tolist": ".tolist()", "tobytes": "its bytes are read",
    "__float__": "it is turned into a number", "__int__": "it is turned into a number",
    "__complex__": "it is turned into a number", "__index__": "it is used as a number",
    "__contains__": "a branch depends on it",
    "__format__": "it is printed", "__repr__": "it is printed", "__str__": "it is printed",
    "sort": "it is sorted in place", "partition": "it is partitioned in place",
    "fill": "it is filled in place", "put": "it is changed in place",
    "resize": "it is resized in place", "setflags": "its flags are set",
    "__dlpack__": "its memory is handed on", "dump": "it is saved", "dumps": "it is saved",
    "tofile": "it is saved", "setfield": "it is changed in place",
}.items():  # fmt: skip
    setattr(Traced, _name, _refused(_name, _what))
