"""Tensor: an array that remembers how it was computed.

`apply` runs an operation of the table on tensors and, where an operand wants a gradient, records a
node that points back to where the operands came from. `Tensor.backward` carries gradients back over
these nodes. What tensors can do with arithmetic, indexing and NumPy lies in `dispatch`; how they
may be changed in place, in `inplace`.
"""

from __future__ import annotations

import operator
import weakref
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from . import anomaly, engine, inplace
from . import dtype as dtypes
from .arrays import Size
from .conversion import Conversions, legacy_array
from .dispatch import ArrayMethods
from .draws import Draws
from .exchange import Exchange
from .graph import Node
from .hooks import register_post_accumulate_hook, register_tensor_hook
from .lane import build_lane
from .messages import explain_failure
from .mode import modes
from .op import SPEAKERS, Op
from .origin import Origin, cut_off, merge
from .printing import tensor_text
from .promotion import alike, promote
from .random import Generator
from .rules.shape import cast
from .siblings import Siblings
from .source import user_line
from .storage import REWRITTEN, SHARED, Storage, fingerprint, is_shared, storage_of

__all__ = ["Size", "Tensor", "apply", "wrap"]

_new, _new_tuple = object.__new__, tuple.__new__
_dtype_of = operator.attrgetter("dtype")
_NOTHING: dict[str, Any] = {}


class Tensor(Exchange, Conversions, Siblings, Draws, ArrayMethods):
    """A multi-dimensional array that records operations for automatic differentiation.

    Make one with :func:`tinygrad_bp.tensor`, :func:`tinygrad_bp.zeros` and the like.

    Parameters
    ----------
    *data : array_like or int
        Numbers for a tensor of the default dtype; or lengths, of one that is yet to be set.
        :func:`tinygrad_bp.tensor` and :func:`tinygrad_bp.empty` say which of the two is meant.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """

    __slots__ = ("__dict__", "__weakref__", "_array", "_node")

    _array: np.ndarray[Any, Any]
    _node: Node | None  # where it came from; None: no gradient wanted
    # What few tensors have, with what the others have instead:
    _grad: Any = None  # the gradient of a tensor that has no node to hold it
    _view: inplace.View | None = None  # of which tensor it shows a part, if of any
    _origin: tuple[Origin, ...] = ()  # where its graph was cut off, for why_no_grad
    _name: str | None = None
    _record: Any  # `record` below, for `inplace`
    _over: Any  # `_make` below, for `conversion`
    _inference = False  # made under inference_mode

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        SPEAKERS[cls] = apply

    def __new__(cls, *data: Any, device: Any = None) -> Self:
        """Make a tensor of the default dtype: of these numbers, or of this size."""
        made: Self = _make(cls, legacy_array(data, dtypes.get_default_dtype().dtype, device))
        return made

    # ------------------------------------------------------------------------------- what it is

    @property
    def shape(self) -> Size:
        """The lengths of the axes."""
        return _new_tuple(Size, self._array.shape)

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
        return dtypes.of_numpy(self._array.dtype)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded. Settable on leaves."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user, not by a recorded operation: here gradients collect."""
        node = self.node
        return node is None or node.op is None

    @property
    def node(self) -> Node | None:
        """The node of the graph that made this tensor (a leaf's own, or None)."""
        if self._view is not None:
            inplace.refresh(self)
        return self._node

    @property
    def grad_fn(self) -> Node | None:
        """The node that made this tensor, or None for a leaf."""
        node = self.node
        return None if node is None or node.op is None else node

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` collected: on leaves, and after :meth:`retain_grad`."""
        node = self._node if self._view is None else self.node
        if node is None:
            node = self._grad
            if not isinstance(node, Node):
                return node  # type: ignore[no-any-return]
        return None if node.extra is None else node.extra.grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is None:
            node = self._node
            if node is not None and node.op is None:  # a leaf forgets: at every step, for each
                if node.extra is not None:
                    node.extra.grad = None
                return
        else:
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"the gradient of a tensor is a Tensor or None, not {type(value).__name__}"
                )
            if value._array.shape != self._array.shape:
                raise RuntimeError(
                    f"a gradient of shape {tuple(value.shape)} can't be assigned to a tensor of "
                    f"shape {tuple(self.shape)}"
                )
        node = self._node if self._view is None else self.node
        if node is None:
            node = self._grad
        if isinstance(node, Node):
            if node.extra is not None:
                node.extra.grad = value
            elif value is not None:
                node.more.grad = value
        else:
            self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    @property
    def data(self) -> Tensor:
        """The same values and memory without the graph: changes through it are not recorded.

        They are noticed, though: where PyTorch would use the new value silently, a backward that
        needs the old one raises. Updates between backward and the next forward are fine.
        """
        cut = wrap(self._array)
        cut._origin = merge(self._origin, cut_off("data", ".data", [self.node]))
        return cut

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f".data is set to a Tensor, not to a {type(value).__name__}")
        self._array = value._array
        self._view = None
        node = self._node or self._grad
        if isinstance(node, Node):  # the leaf goes on to collect gradients, of this kind now
            node.shape, node.dtype = value._array.shape, value._array.dtype

    # ------------------------------------------------------------------------ autograd, tensor-wise

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add the gradient of this tensor with respect to every leaf to the leaf's ``grad``.

        Parameters
        ----------
        gradient : Tensor, optional
            The gradient of some objective with respect to this tensor, of the same shape. May be
            left out for a tensor with one element, where it is 1.
        retain_graph : bool, optional
            Keep what the rules need for another backward. By default as `create_graph`.
        create_graph : bool
            Record the computation of the gradients too, so that they can be differentiated again.
        inputs : Tensor or sequence of Tensor, optional
            Collect gradients in these only.

        Raises
        ------
        RuntimeError
            For a tensor that does not require a gradient, one with several elements and no
            `gradient`, a second backward through a freed graph, a kept value changed in place.

        Examples
        --------
        >>> import tinygrad_bp as tgb
        >>> w = tgb.tensor(3.0, requires_grad=True)
        >>> (w**2).backward()
        >>> w.grad
        tensor(6.)
        """
        engine.backward([self], [gradient], retain_graph, create_graph, inputs, wrap, lift)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Start (or stop) collecting a gradient here; the tensor has to be a leaf to stop."""
        node = self.node
        if requires_grad and node is None:
            if self._array.dtype.kind not in "fc":
                raise RuntimeError(
                    "only tensors of floating-point dtype can require a gradient; this one, of "
                    f"shape {tuple(self.shape)}, is {self.dtype.name}. Convert it first: "
                    "x.to(tgb.float32)."
                )
            slept = self._grad
            self._node = slept if isinstance(slept, Node) else leaf(self)
        elif not requires_grad and node is not None:
            if node.op is not None:
                raise RuntimeError(
                    "requires_grad can be switched off on leaves only; this tensor is the output "
                    f"of {node.describe()}. Use x.detach() for one without history."
                )
            # The leaf sleeps: graphs that were recorded with it find it when it is woken up.
            self._grad, self._node = node, None
        return self

    def detach(self) -> Tensor:
        """Return a tensor of the same values and memory, cut off from the graph."""
        cut = wrap(self._array)
        cut._origin = merge(self._origin, cut_off("detach", "detach()", [self.node]))
        return cut

    def detach_(self) -> Self:
        """Cut this tensor off from its graph: it becomes a leaf that wants no gradient."""
        if self._view is not None:
            raise RuntimeError("can't detach a view in place: use x.detach()")
        self._origin = cut_off("detach", "detach_()", [self.node])
        self._node = None
        return self

    def retain_grad(self) -> None:
        """Keep the gradient of this tensor too when `backward` passes through it."""
        node = self.node
        if node is None:
            raise RuntimeError(
                "retain_grad() on a tensor that does not require a gradient: nothing was recorded"
            )
        node.more.retain = True

    @property
    def retains_grad(self) -> bool:
        """Whether this is no leaf and yet keeps its gradient."""
        node = self.grad_fn
        return node is not None and node.extra is not None and node.extra.retain

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Any:
        """Call ``hook(grad)`` when the gradient of this tensor is known.

        What it returns, if not None, takes the gradient's place.

        Returns
        -------
        RemovableHandle
            With a method ``remove()``.
        """
        return register_tensor_hook(self, hook, wrap)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> Any:
        """Call ``hook(tensor)`` after a gradient was added to this leaf's ``grad``."""
        return register_post_accumulate_hook(self, hook)

    def named(self, name: str) -> Self:
        """Give this tensor the name it has in pictures and derivations; return it.

        Examples
        --------
        >>> import tinygrad_bp as tgb
        >>> X = tgb.ones(2, 3).named("X")
        >>> X.name
        'X'
        """
        self._name = name
        if self.node is not None:
            self.node.more.name = name
        return self

    @property
    def name(self) -> str | None:
        """The name given with :meth:`named`."""
        return self._name

    @property
    def storage(self) -> Storage:
        """What this tensor shares with its views: how often the memory was changed."""
        return storage_of(self._array)

    @property
    def _version(self) -> int:
        return self.storage.version

    def _twin(self, array: np.ndarray[Any, Any]) -> Tensor:
        """Make a tensor with the history that this one has now, over its own or another array."""
        twin = wrap(array, self.node)
        twin._origin = self._origin
        return twin

    def __repr__(self) -> str:
        return tensor_text(self)


def _make(cls: Any, array: np.ndarray[Any, Any], node: Node | None = None) -> Any:
    tensor = _new(cls)
    tensor._array = array
    tensor._node = node
    return tensor


def wrap(array: np.ndarray[Any, Any], node: Node | None = None) -> Tensor:
    """Make a Tensor over this very array."""
    tensor = _new(Tensor)
    tensor._array = array
    tensor._node = node
    return tensor


def leaf(tensor: Tensor) -> Node:
    """Make the node in which a leaf collects its gradient."""
    node = Node(None, None, (), _NOTHING, tensor._array.shape, tensor._array.dtype, user_line())
    node.made = weakref.ref(tensor)
    if tensor._name is not None or tensor._grad is not None:
        node.more.name, node.more.grad = tensor._name, tensor._grad
    if tensor._origin:
        node.more.origins = tensor._origin
    return node


# -------------------------------------------------------------------- running and recording one op


def apply(op: Op, args: tuple[Any, ...], attrs: dict[str, Any] = _NOTHING) -> Any:
    """Run an operation of the table on operands of which at least one is a Tensor; record it."""
    if op.lane is False:
        op.lane = build_lane(op, Tensor, _take_snapshots, remembered)
        op.laned = apply if op.lane else None
    values = [a._array if isinstance(a, Tensor) else a for a in args]
    if op.promotion:
        try:
            mixed = len(set(map(_dtype_of, values))) > 1 or values[0].dtype.kind != "f"
        except AttributeError:  # a number among them
            mixed = True
        if mixed and not alike(op, values):
            args = promote(op, args, values)
    try:
        array = op.run(*values, **attrs)
    except (ValueError, IndexError, TypeError) as error:
        raise explain_failure(op, values, attrs, error) from None
    if type(array) is not np.ndarray:
        # NumPy hands a single element out as a number; sliced from a tensor it stays a view of it.
        array = values[0][(*attrs["key"], ...)] if op.view else np.asarray(array)
    out = _new(Tensor)
    out._array = array
    out._node = None
    if op.view and array.base is not None:
        inplace.note_view(out, args[0], op, attrs)
    record(op, args, values, attrs, out)
    return out


def record(op: Op, args: Any, values: Any, attrs: dict[str, Any], out: Tensor) -> None:
    """Let `out` remember that `op` made it, if an operand wants a gradient."""
    inputs = tuple([a._node if isinstance(a, Tensor) else None for a in args])
    if REWRITTEN:  # a view's history may have changed with its base's
        inputs = tuple([a.node if isinstance(a, Tensor) else None for a in args])
    # A leading 1, then a bit for each input: whether it wants a gradient.
    mask = (2 << len(inputs)) - 1
    origin: tuple[Origin, ...] = ()
    foreign = False  # whether an operand may be written to without our notice, or not be kept
    if None in inputs:
        mask = 1
        for a, n in zip(args, inputs, strict=True):
            mask += mask
            if n is not None:
                mask += 1
            elif isinstance(a, Tensor):
                if a._origin:
                    # A constant now, but not always: remember where the graph was cut off.
                    origin = merge(origin, a._origin)
                if a._inference:
                    foreign = True
            elif isinstance(a, np.ndarray):
                foreign = True
    array = out._array
    if modes.watched:
        _watch(op, values, attrs, out)
    plan = None
    kind = array.dtype.kind
    if modes.grad and mask & (mask - 1) and kind in "fc":
        key = -mask if kind == "c" and op.holomorphic else mask
        plan = op.plans[key] if key in op.plans else op.plan(key)
    if plan is None:
        if mask & (mask - 1):
            why = "no_grad" if not modes.grad else "cast" if op is cast else "constant"
            origin = merge(origin, cut_off(why, op.name, inputs))
        if origin:
            out._origin = origin
        return
    shape = array.shape
    node = Node(op, plan, inputs, attrs, shape, array.dtype, user_line())
    if plan.keep is not None:
        node.saved = plan.keep(values, array)
        if SHARED or foreign:
            _take_snapshots(node, plan.kept, args)
        if modes.packing is not None:
            node.saved, node.snapshots = modes.packing(node.saved, plan.kept)
    if op.broadcasts and len(values) > 1:
        for value in values:
            if isinstance(value, np.ndarray) and value.shape != shape:
                node.shapes = [getattr(v, "shape", ()) for v in values]
                break
    if None in inputs:
        node.constants = [
            None if n is not None else remembered(a) for a, n in zip(args, inputs, strict=True)
        ]
    if origin:
        node.more.origins = origin
    node.made = weakref.ref(out)
    out._node = node


def _take_snapshots(node: Node, kept: Any, args: Any) -> None:
    """Remember what kept values look like that NumPy code can reach, see `storage`."""
    snapshots = {}
    for slot, source in kept:
        operand = args[source] if source >= 0 else None
        value = node.saved[slot]  # type: ignore[index]
        if isinstance(operand, Tensor) and operand._inference:
            raise RuntimeError(
                f"{node.describe()} would keep a tensor of shape {value.shape} that was made under "
                "inference_mode, for backward: use x.clone() outside of it, or no_grad"
            )
        if isinstance(value, np.ndarray) and (
            is_shared(value)
            # A read-only array may show memory that is written to through another one.
            or (
                isinstance(operand, np.ndarray)
                and (operand.flags.writeable or operand.base is not None)
            )
        ):
            snapshots[slot] = fingerprint(value)
    if snapshots:
        node.snapshots = snapshots


def _watch(op: Op, values: Any, attrs: dict[str, Any], out: Tensor) -> None:
    """Do what only anomaly detection and inference mode ask for."""
    if modes.anomaly:
        anomaly.check_forward(op, values, attrs, out._array)
    if modes.inference:
        out._inference = True


#: Bytes up to which a constant operand is kept for who explains or diagnoses the graph later.
_SMALL = 1 << 16


def remembered(operand: Any) -> Any:
    """Return a constant operand itself if it is small or a number, else a weak reference to it.

    A label's one-hot row that a loss made is gone otherwise before anybody can ask; but a graph is
    not to keep a batch, or a mask of dropout, alive that backward has done with, and a step that
    is compiled is to leave nothing behind in its first call that is not there after the others.
    """
    if isinstance(operand, Tensor):
        small = operand._array.nbytes <= _SMALL and modes.trace is None
        return operand if small else weakref.ref(operand)
    if isinstance(operand, np.ndarray) and operand.nbytes > _SMALL:
        return weakref.ref(operand)
    return operand


def lift(array: Any, node: Node) -> Tensor:
    """Give a kept value back with its history."""
    return wrap(np.asarray(array), node)


SPEAKERS[Tensor] = apply
Tensor._record = staticmethod(record)
Tensor._over = classmethod(_make)
Generator._wrap = staticmethod(wrap)
