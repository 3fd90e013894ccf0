"""Operations of one's own as a class with `forward` and `backward`: PyTorch's `autograd.Function`.

For an operation that can be written in NumPy, a line of the rule table is shorter and gives higher
derivatives, explanations and compilation too: see :func:`tinygrad_bp.op.primitive`.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import anomaly
from ..graph import Lift, Node, Packed, Parts
from ..inplace import adopt
from ..mode import modes, no_grad
from ..op import Op, primitive
from ..origin import cut_off
from ..rules.shape import sum_to
from ..source import user_line
from ..storage import changed, fingerprint, is_shared, tick
from ..tensor import Tensor, lift, wrap

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class FunctionCtx:
    """What `forward` leaves for `backward`: saved tensors, and any attributes."""

    needs_input_grad: tuple[bool, ...] = ()

    def __init__(self) -> None:
        self._to_save: tuple[Tensor | None, ...] = ()
        self._saved: tuple[Any, ...] | None = None
        self._node: Node | None = None  # set while backward runs: a lasting link were a cycle
        self._dirty: tuple[Tensor, ...] = ()
        self._constant: tuple[Tensor, ...] = ()
        self._materialize = True

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `backward`: inputs, outputs or others; a change in place is noticed."""
        self._to_save = tensors

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What :meth:`save_for_backward` kept."""
        if self._saved is None:
            raise RuntimeError(
                f"backward through {self._what()} for a second time: its saved tensors were freed "
                "by the first; call the first backward with retain_graph=True"
            )
        found: list[Tensor | None] = []
        for array, node, since, snapshot in self._saved:
            if array is None or isinstance(array, Tensor):
                found.append(array)
                continue
            if isinstance(array, Packed):
                array = array[0]()
            how = changed(array, since, snapshot)
            if how is not None:
                raise RuntimeError(
                    f"a tensor of shape {array.shape} that {self._what()} saved for backward was "
                    f"changed in place; {how}. Save a copy (x.clone())."
                )
            if isinstance(node, int):  # an output, by its number; linked only now, see `_keep`
                node = self._node and _output(self._node, array, node)
            found.append(wrap(array) if node is None else lift(array, node))
        return tuple(found)

    def _what(self) -> str:
        return "a custom function" if self._node is None else self._node.describe()

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Declare inputs that `forward` changed in place and returns."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Declare outputs that have no gradient."""
        self._constant = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Choose whether `backward` gets zeros (True) or None for outputs that have no gradient."""
        self._materialize = value


_pick = primitive(
    lambda x, *, number: x[number], name="pick", x=lambda g, *, number: Parts({number: g})
)


class FunctionNode(Node):
    """The node of a custom function: its rule is the user's `backward`."""

    __slots__ = ("ctx", "function", "numbers", "operands", "outputs")

    ctx: FunctionCtx
    function: type[Function]
    operands: tuple[Any, ...]  # (shape, dtype) of each tensor operand, else None
    outputs: tuple[Any, ...]  # (shape, dtype) of each output that is a tensor, else None
    numbers: tuple[int, ...]  # which outputs have a gradient

    def pull(self, g: Any, lift: Lift | None, useful: set[Node] | None) -> Any:
        """Run the user's backward."""
        ctx = self.ctx
        arrived = {self.numbers[0]: g} if len(self.numbers) == 1 else g
        gradients: list[Any] = []
        for number, kind in enumerate(self.outputs):
            gradient = arrived.get(number)
            if gradient is None and ctx._materialize and kind is not None:
                gradient = np.zeros(*kind)
            if gradient is not None and not isinstance(gradient, Tensor):
                gradient = wrap(np.asarray(gradient))
            gradients.append(gradient)
        ctx._node = self
        recording = modes.grad
        modes.grad = lift is not None
        try:
            returned = self.function.backward(ctx, *gradients)
        finally:
            ctx._node = None
            modes.grad = recording
        if not isinstance(returned, tuple):
            returned = (returned,)
        name, n = self.function.__name__, len(self.operands)
        if len(returned) < n or any(r is not None for r in returned[n:]):
            raise RuntimeError(
                f"{name}.backward returned {len(returned)} gradients for {n} operands of forward: "
                "return one for each, None for those without"
            )
        positions, pulled = [], []
        for position, (gradient, operand) in enumerate(zip(returned, self.operands, strict=False)):
            node = self.inputs[position]
            if gradient is None or node is None or (useful is not None and node not in useful):
                continue
            positions.append(position)
            pulled.append(self._fit(gradient, operand, position, lift is not None))
        return positions, pulled

    def _fit(self, gradient: Any, operand: Any, position: int, as_tensor: bool) -> Any:
        shape, dtype = operand
        if not isinstance(gradient, Tensor):
            raise TypeError(
                f"{self.function.__name__}.backward returned a {type(gradient).__name__} for "
                f"operand {position + 1}: return a Tensor or None"
            )
        if gradient._array.shape != shape:
            try:
                fits = np.broadcast_shapes(shape, gradient._array.shape) == gradient._array.shape
            except ValueError:
                fits = False
            if not fits:
                raise RuntimeError(
                    f"{self.function.__name__}.backward returned a gradient of shape "
                    f"{gradient._array.shape} for operand {position + 1} of shape {shape}"
                )
            gradient = sum_to(gradient, shape=shape)
        if gradient._array.dtype != dtype:
            gradient = gradient.to(dtype)
        return gradient if as_tensor else gradient._array

    def release(self) -> None:
        """Free the saved tensors."""
        if self.ctx._saved:
            self.ctx._saved = None


class Function:
    """Base of custom operations: subclass it with static methods `forward` and `backward`.

    ``forward(ctx, *args)`` computes the result on tensors, unrecorded; ``backward(ctx,
    *gradients)`` returns a gradient for each argument of `forward`. Call
    ``MyFunction.apply(*args)``. As in PyTorch, `forward` may instead take the arguments alone,
    beside a ``setup_context(ctx, inputs, output)``.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> class Square(tgb.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return 2 * x * g
    >>> x = tgb.tensor([1.0, 3.0], requires_grad=True)
    >>> Square.apply(x).sum().backward()
    >>> x.grad
    tensor([2., 6.])
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Any, ...], output: Any) -> None:
        """Save what `backward` needs; for a `forward` that takes no ctx."""
        raise RuntimeError("setup_context is to be defined by the subclass")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` and record `backward`."""
        if kwargs:
            raise TypeError(
                f"{cls.__name__}.apply takes no keyword arguments ({', '.join(kwargs)}): backward "
                "returns one gradient for each positional argument"
            )
        for method in ("forward", "backward"):
            if not hasattr(cls, method):
                raise RuntimeError(f"{cls.__name__} has no static method {method!r}")
        ctx = FunctionCtx()
        nodes = [a.node if isinstance(a, Tensor) else None for a in args]
        ctx.needs_input_grad = tuple(node is not None for node in nodes)
        apart = cls.setup_context is not Function.setup_context
        with no_grad():
            result = cls.forward(*args) if apart else cls.forward(ctx, *args)
            if apart:
                cls.setup_context(ctx, args, result)
        outputs = list(result) if isinstance(result, (tuple, list)) else [result]
        cut = cut_off("constant" if modes.grad else "no_grad", cls.__name__, nodes)
        for output in outputs:
            if isinstance(output, Tensor) and not _among(output, args):
                output._origin = cut
        strangers = [d for d in ctx._dirty if not _among(d, outputs)]
        if strangers:
            raise RuntimeError(
                f"{cls.__name__}.forward marked a tensor of shape {tuple(strangers[0].shape)} "
                "dirty that it does not return: what it changed in place it has to return"
            )
        if modes.anomaly:
            op = Op(lambda *xs: xs, {}, name=cls.__name__)
            for output in outputs:
                if isinstance(output, Tensor):
                    anomaly.check_forward(op, [_value(a) for a in args], {}, output._array)
        if modes.grad and any(ctx.needs_input_grad):
            outputs = _record(cls, ctx, args, nodes, outputs)
        if not isinstance(result, (tuple, list)):
            return outputs[0]
        # A named tuple takes its fields one by one.
        return type(result)(*outputs) if hasattr(result, "_fields") else type(result)(outputs)


def _record(cls: Any, ctx: FunctionCtx, args: Any, nodes: Any, outputs: list[Any]) -> list[Any]:
    """Let the outputs come from a node that runs the user's backward."""
    made = [o for o in outputs if isinstance(o, Tensor) and not _among(o, ctx._constant)]
    made = [o for o in made if o._array.dtype.kind in "fc"]
    if not made:
        return outputs
    first = made[0]._array
    op = Op(lambda *xs: cls.forward(FunctionCtx(), *xs), {}, name=cls.__name__)
    node = FunctionNode(op, None, tuple(nodes), {}, first.shape, first.dtype, user_line())
    node.ctx, node.function = ctx, cls
    node.operands = tuple(
        (a._array.shape, a._array.dtype) if isinstance(a, Tensor) else None for a in args
    )
    node.outputs = tuple(
        (o._array.shape, o._array.dtype) if isinstance(o, Tensor) else None for o in outputs
    )
    node.numbers = tuple(i for i, o in enumerate(outputs) if _among(o, made))
    fresh: dict[int, Tensor] = {}
    for number, output in enumerate(outputs):
        if not _among(output, made) or id(output) in fresh:
            continue
        came = _output(node, output._array, number)
        if _among(output, ctx._dirty):
            if output.is_leaf and output.requires_grad:
                raise RuntimeError(
                    f"{cls.__name__} changed a leaf that requires a gradient in place: change "
                    "a copy"
                )
            output.storage.touch()
            twin = output
            adopt(twin, came)  # what shares its memory sees the change
        else:
            # An operand that is returned as it is: a view, which refuses to be changed in place.
            twin = output
            if _among(output, args):
                with no_grad():
                    twin = output.view_as(output)
            twin._node = came
        came.made = weakref.ref(twin)
        twin._origin = ()
        fresh[id(output)] = twin
    ctx._saved = tuple(_keep(t, outputs, made) for t in ctx._to_save)
    ctx._to_save = ()
    ctx._dirty = ctx._constant = ()
    return [fresh.get(id(o), o) for o in outputs]


def _among(tensor: Any, tensors: Any) -> bool:
    return any(tensor is other for other in tensors)


def _value(arg: Any) -> Any:
    return arg._array if isinstance(arg, Tensor) else arg


def _keep(tensor: Tensor | None, outputs: Any, made: Any) -> tuple[Any, Any, int, Any]:
    if tensor is None:
        return None, None, 0, None
    if tensor.is_sparse:  # never changed in place: kept as it is
        return tensor, None, 0, None
    array = tensor._array
    snapshot = fingerprint(array) if is_shared(array) else None
    node: Any = tensor.node
    if _among(tensor, made):
        # An output comes from the node that keeps it: a link would be a cycle. Its number will do.
        node = next(i for i, o in enumerate(outputs) if o is tensor)
    if modes.packing is not None:
        _, array = modes.packing((array,), ((0, 0),))
        snapshot = None
    return array, node, tick(), snapshot


def _output(node: Any, array: Any, number: int) -> Node:
    """Return the node from which output `number` of a custom function comes."""
    if len(node.numbers) == 1:
        return node  # type: ignore[no-any-return]
    plan = _pick.plan(0b11)
    return Node(_pick, plan, (node,), {"number": number}, array.shape, array.dtype, node.line)


class _DeadEnd(Node):
    """In place of the history of a gradient that can't be differentiated again."""

    __slots__ = ("function",)
    function: str

    def pull(self, g: Any, lift: Lift | None, useful: set[Node] | None) -> Any:
        raise RuntimeError(
            f"{self.function} is marked once_differentiable: its gradient can't be differentiated"
        )


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a `backward` that leaves the graph: differentiating its result raises."""

    @functools.wraps(backward)
    def guarded(ctx: Any, *gradients: Any) -> Any:
        again = modes.grad and (
            any(isinstance(g, Tensor) and g.requires_grad for g in gradients)
            or any(ctx.needs_input_grad)
        )
        with no_grad():
            returned = backward(ctx, *gradients)
        if not again:
            return returned
        results = returned if isinstance(returned, tuple) else (returned,)
        ended = tuple(_end(r, backward.__qualname__, ctx) for r in results)
        return ended if isinstance(returned, tuple) else ended[0]

    return guarded


def _end(result: Any, name: str, ctx: FunctionCtx) -> Any:
    if not isinstance(result, Tensor):
        return result
    array = result._array
    inputs = () if ctx._node is None else ctx._node.inputs
    node = _DeadEnd(Op(lambda x: x, {}, name="once_differentiable"), None, inputs, {},
                    array.shape, array.dtype, user_line())  # fmt: skip
    node.function = name
    return wrap(array, node)
