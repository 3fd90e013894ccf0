"""Changing tensors in place, and views that see the change.

To autograd a change in place is no change: the tensor moves to a new node, and the old values live
on in the history. What remains to do is the bookkeeping of memory:

- a *view* shares memory with its base. Its history is the base's history followed by the chain of
  views. When the base's history is rewritten, a view replays its chain the next time it is used;
- a change through a view changes the base: the base's new node is "the old base with this part
  replaced" (`assign_view`), whose rule cuts the part out of the gradient;
- a new layout in place (``x.unsqueeze_(0)``) makes the tensor a view of its old self, which stays
  the base of the views made before;
- a kept value that was overwritten is noticed, see `storage`.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from . import dtype as dtypes
from .arrays import number_as
from .messages import shown
from .mode import modes
from .op import Op
from .origin import cut_off, merge
from .rules.index import ARRAY, Path, assign, assign_view
from .source import describe
from .storage import rewrites_of

__all__ = [
    "View", "adopt", "change", "note_view", "rearrange", "receive", "refresh", "resize",
    "write_at",
]  # fmt: skip


class View:
    """That a tensor shows a part of another: of `base`, through `parent` and then `op`."""

    __slots__ = ("_base", "attrs", "op", "parent", "recorded", "rewrites", "shown")

    def __init__(self, base: Any, parent: View | None, op: Op, attrs: dict[str, Any]) -> None:
        self._base, self.parent, self.op, self.attrs = base, parent, op, attrs
        self.shown = base._array  # as it was laid out then: the chain is for this
        self.rewrites = rewrites_of(self.shown)
        self.recorded = modes.grad

    @property
    def base(self) -> Any:
        """The tensor whose memory this is, in the shape that it had then: see `rearrange`."""
        base = self._base
        while base._view is not None:
            base = base._view._base
        return base

    def path(self) -> Path:
        """Return the chain of views from the base to here."""
        steps = []
        view: View | None = self
        while view is not None:
            steps.append((view.op, view.attrs))
            view = view.parent
        return tuple(reversed(steps))


def note_view(out: Any, source: Any, op: Op, attrs: dict[str, Any]) -> None:
    """Remember that `out` shares memory with `source`, if it does."""
    base = out._array.base
    if base is not source._array and base is not source._array.base:
        return  # a reshape that had to copy, say
    view = source._view
    if view is not None:
        refresh(source)
    out._view = View(source if view is None else view.base, view, op, attrs)


def refresh(tensor: Any) -> None:
    """Give a view the history that its base has by now."""
    view = tensor._view
    rewrites = rewrites_of(view.base._array)
    if view.rewrites == rewrites:
        return
    if not view.recorded:
        if modes.grad:
            raise RuntimeError(
                f"a view of shape {tuple(tensor.shape)} was made under no_grad (or in a custom "
                "Function), and the tensor that it shows was changed in place since, recorded: "
                "what is its history? Make the view again, or make it outside of no_grad"
            )
        return
    if view.shown is not view.base._array:
        raise RuntimeError(
            f"a view of shape {tuple(tensor.shape)} shows a tensor that was given another shape in "
            "place since, and then other values: make the view again"
        )
    view.rewrites = rewrites
    shown = view.base
    before = modes.grad
    modes.grad = True
    try:
        for op, attrs in view.path():
            shown = op(shown, **attrs)
    finally:
        modes.grad = before
    tensor._node = shown._node
    if tensor._node is not None:
        tensor._node.made = weakref.ref(tensor)


def _check_writable(tensor: Any, what: str) -> None:
    view = tensor._view
    base = tensor if view is None else view.base
    node = base.node
    if view is not None and not view.recorded and modes.grad and node is not None:
        raise RuntimeError(
            f"{what} of a view of shape {tuple(tensor.shape)} that was made under no_grad (or in a "
            "custom Function), of a tensor that requires a gradient: should the change be "
            "recorded? Make the view and change it both under no_grad, or both outside"
        )
    if modes.grad and node is not None and node.op is None:
        whose = "a leaf that requires" if base is tensor else "a view of a leaf that requires"
        raise RuntimeError(
            f"{what} of {whose} a gradient, of shape {tuple(base.shape)}, made at "
            f"{describe(node.line)}: its history would be lost. Do it under tgb.no_grad(), or on a "
            "copy (x.clone())."
        )
    if not tensor._array.flags.writeable:
        raise RuntimeError(
            f"{what} of a tensor of shape {tuple(tensor.shape)} whose elements share memory with "
            "one another or with a read-only array: use x.clone() first"
        )


def change(target: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Replace the values of `target` by those of ``function(target, *args)``, in place."""
    name = getattr(function, "name", getattr(function, "__name__", "operation"))
    _check_writable(target, f"in-place '{name}'")
    array = target._array
    old = target
    if modes.grad and (target.requires_grad or any(getattr(a, "requires_grad", 0) for a in args)):
        # The rule may keep the old values, which are about to be overwritten: it keeps a copy.
        old = target._twin(_copied(array))
        args = tuple([_before(a, target, old) for a in args])
        kwargs = {name: _before(a, target, old) for name, a in kwargs.items()}
    new = function(old, *args, **kwargs)
    if new._array.shape != array.shape:
        raise RuntimeError(
            f"in-place '{name}': the result of shape {tuple(new.shape)} does not fit the tensor's "
            f"shape {tuple(target.shape)}; a change in place can't broadcast its target"
        )
    if not dtypes.can_cast(new.dtype, target.dtype):
        raise RuntimeError(
            f"in-place '{name}': the result type {new.dtype.name} can't be stored in a tensor of "
            f"{target.dtype.name}; convert the tensor first: x.to(tgb.{new.dtype.name})"
        )
    if new.dtype != target.dtype:
        new = new.to(target.dtype)
    np.copyto(array, new._array)
    target.storage.touch()
    if modes.trace is not None:
        modes.trace.changed(array, modes.trace.value(new._array))
    if old is not target or new._node is not None:
        adopt(target, new._node)
    if new._origin is not target._origin:
        _remember(target, new._origin)
    return target


def rearrange(target: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Give `target` the layout of ``function(target, *args)``, a view of the same memory.

    A tensor with memory of its own becomes a view of a twin in the old layout, which takes its
    place as the base of the views that were made before.
    """
    _check_writable(target, f"in-place {getattr(function, '__name__', 'view')!r}")
    source = target
    if modes.grad and target._view is None:
        source = target._twin(target._array)
        if source._node is not None:
            source._node.made = weakref.ref(source)
    shown = function(source, *args, **kwargs)
    if shown is source:
        return target
    target._array = shown._array
    if modes.grad:
        target._view, target._node = shown._view, shown._node
        if target._node is not None:
            target._node.made = weakref.ref(target)
    elif target._node is not None:  # not recorded: a leaf goes on to collect, in this shape
        target._node.shape = shown._array.shape
    return target


def resize(target: Any, shape: tuple[int, ...]) -> Any:
    """Give `target` another number of elements: the first of its memory, and zeros behind them."""
    if target.requires_grad:
        raise RuntimeError(
            "resize_: a tensor that requires a gradient can't be resized: use reshape, or detach it"
        )
    old = target._array
    count = math.prod(shape)
    if count > old.size or not old.flags.c_contiguous:
        flat = np.zeros(count, old.dtype)
        flat[: old.size] = old.reshape(-1)[:count]
        target._view = None  # other memory from now on
    else:
        flat = old.reshape(-1)[:count]
    target._array = flat.reshape(shape)
    return target


def receive(out: Any, result: Any) -> Any:
    """Write a result into the tensor `out` that a caller brought along; return that.

    As in PyTorch, `out` takes the result's shape, keeps its own dtype, and nothing is recorded.
    """
    if modes.grad and (out.requires_grad or result.requires_grad):
        raise RuntimeError(
            "out=... does not support automatic differentiation, but one of the arguments requires "
            "a gradient: leave `out` away, or do it under tgb.no_grad()"
        )
    if not dtypes.can_cast(result.dtype, out.dtype):
        raise RuntimeError(
            f"out=...: the result type {result.dtype.name} can't be stored in a tensor of "
            f"{out.dtype.name}"
        )
    values = result._array
    if values.shape == out._array.shape:
        _check_writable(out, "out=...")
        np.copyto(out._array, values, casting="unsafe")
        out.storage.touch()
        if modes.trace is not None:
            modes.trace.assigned(out._array, (Ellipsis,), [], values)
    else:
        out._array, out._view = np.array(values, out._array.dtype), None
    return out


def _remember(target: Any, origin: Any) -> None:
    """Note on a tensor, and on what it is a view of, that values cut off elsewhere came in."""
    target._origin = merge(target._origin, origin)
    if target._view is not None:
        target._view.base._origin = merge(target._view.base._origin, origin)


def _before(operand: Any, target: Any, old: Any) -> Any:
    """Return an operand as it is before the change: a copy, if the change is going to reach it."""
    if operand is target:
        return old
    if not hasattr(operand, "_array") or operand.storage is not target.storage:
        return operand
    return operand._twin(_copied(operand._array))


def _copied(array: Any) -> Any:
    copy = array.copy()
    if modes.trace is not None:
        modes.trace.know(copy, modes.trace.value(array))
    return copy


def write_at(target: Any, template: tuple[Any, ...], indices: tuple[Any, ...], value: Any) -> None:
    """Do ``target[index] = value``: the index is split as in `rules.index`."""
    _check_writable(target, "assignment to elements")
    array = target._array
    raw = [shown(getattr(i, "_array", i)) for i in indices]
    wanted = modes.grad and (target.requires_grad or getattr(value, "requires_grad", False))
    old = target._twin(array) if wanted else None
    if wanted and hasattr(value, "_array") and value.dtype != target.dtype:
        value = value.to(target.dtype)
    left = iter(raw)
    key = tuple(next(left) if part is ARRAY else part for part in template)
    number = getattr(value, "_array", value)
    kind = array.dtype.kind
    if np.iscomplexobj(number) and np.ndim(number) == 0 and number is value and kind != "c":
        number = complex(number)
    if isinstance(number, complex) or (isinstance(number, (int, float)) and kind in "iu"):
        number = number_as(number, array.dtype, "assignment to elements")
    try:
        array[key] = number
    except ValueError as error:
        raise RuntimeError(
            f"assignment of a value of shape {np.shape(number)} to elements of shape "
            f"{array[key].shape} of a tensor of shape {array.shape}: {error}"
        ) from None
    target.storage.touch()
    if modes.trace is not None:
        modes.trace.assigned(array, template, raw, number)
    if old is not None:
        new = target._twin(array)
        new._node = None
        operands = (old, value, *raw)
        old._record(assign, operands, [array, number, *raw], {"template": template}, new)
        adopt(target, new._node)
    elif hasattr(value, "_array"):
        cut = cut_off("no_grad", "assignment", [value.node])
        if cut or value._origin:
            _remember(target, merge(value._origin, cut))


def adopt(target: Any, node: Any) -> None:
    """Let `target`, and what shares its memory, continue from `node`."""
    if node is not None:
        node.made = weakref.ref(target)
    view = target._view
    if view is None:
        target._node = node
    else:
        base = view.base
        part = target._twin(target._array)
        part._node = node
        old, new = base._twin(base._array), base._twin(base._array)
        new._node = None
        base._record(
            assign_view, (old, part), [base._array, target._array], {"path": view.path()}, new
        )
        base._node = new._node
        if new._node is not None:
            new._node.made = weakref.ref(base)
    target.storage.rewrite()
    if view is None:
        return
    refresh(target)
