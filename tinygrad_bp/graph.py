"""The recorded graph, and backpropagation through it.

A :class:`Node` is one operation that was run. Its `inputs` are the nodes that its operands came
from, so that nodes point backward, from a result to what it was computed from, and nothing points
forward: a graph has no cycle, and is freed as soon as the last tensor that ends it is dropped.

:func:`backprop` is the chain rule. It walks the nodes so that each comes after all its consumers,
and asks every node for the gradients of its inputs. It knows neither tensors nor layers: what flows
may be arrays, or anything else that speaks NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .op import Op, Plan
from .rules.shape import sum_to
from .source import Line, describe
from .storage import Guard, changed

__all__ = ["Extra", "Node", "Parts", "backprop", "topological_order"]

Lift = Callable[[Any, "Node", Any], Any]


class Extra:
    """What only a few nodes carry: hooks, a retained gradient, a name, breaks behind an operand."""

    __slots__ = ("grad", "hooks", "name", "origins", "post_hooks", "retain")

    def __init__(self) -> None:
        self.grad: Any = None
        self.hooks: dict[int, Callable[[Any], Any]] = {}
        self.post_hooks: dict[int, Callable[[], Any]] = {}
        self.retain = False
        self.name: str | None = None
        self.origins: tuple[Any, ...] = ()


class Parts(dict[int, Any]):
    """The gradient of an operation with several outputs: that of each output that has one."""

    def __add__(self, other: Parts) -> Parts:
        total = Parts(self)
        for number, gradient in other.items():
            total[number] = total[number] + gradient if number in total else gradient
        return total


class Node:
    """One recorded operation; or, without an `op`, a leaf that collects its gradient.

    Attributes
    ----------
    op : Op or None
        The line of the table that was run. None for a leaf.
    plan : Plan or None
        How the inputs that want a gradient get it.
    inputs : tuple of (Node or None)
        Where each operand came from; None for a constant.
    saved : tuple or None
        What the rules asked to keep. Emptied once backward has used it.
    guards : tuple
        How a change of a kept value is noticed, see `storage`.
    attrs : dict
        The static arguments.
    shapes : tuple or None
        For an operation that broadcast: the shape to which the gradient of each input is summed.
    shape, dtype
        Of the output.
    line : Line or None
        The line of the user's code that ran the operation.
    made : weakref or None
        To the tensor that this node made: to show its value while somebody still has it.
    constants : tuple
        For each constant operand, a weak reference to it (or the number itself): to show it.
    extra : Extra or None
        What only a few nodes carry.
    """

    __slots__ = (
        "__weakref__", "attrs", "constants", "dtype", "extra", "guards", "inputs", "line", "made",
        "op", "plan", "saved", "shape", "shapes",
    )  # fmt: skip

    def __init__(self, op: Op | None, plan: Plan | None, inputs: tuple[Node | None, ...],
                 attrs: dict[str, Any], shape: Any, dtype: Any, line: Line | None) -> None:  # fmt: skip
        self.op, self.plan, self.inputs, self.attrs = op, plan, inputs, attrs
        self.shape, self.dtype, self.line = shape, dtype, line
        self.saved: tuple[Any, ...] | None = ()
        self.guards: Sequence[Guard] = ()
        self.shapes: Sequence[Any] | None = None
        self.made: Any = None
        self.constants: Sequence[Any] = ()
        self.extra: Extra | None = None

    def __repr__(self) -> str:
        return f"<{self.name()} at {id(self):#x}>"

    def name(self) -> str:
        """Return the kind of node in PyTorch's spelling, ``MultiplyBackward`` or ``AccumulateGrad``."""
        if self.op is None:
            return "AccumulateGrad"
        return "".join(part.capitalize() for part in self.op.name.split("_")) + "Backward"

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes behind this one, as PyTorch lists them: (node, number of its output)."""
        return tuple((parent, 0) for parent in self.inputs)

    @property
    def more(self) -> Extra:
        """The `extra` of this node, made when first asked for."""
        if self.extra is None:
            self.extra = Extra()
        return self.extra

    def describe(self) -> str:
        """Name the operation, its output's shape and the line that recorded it, for a message."""
        name = "a leaf" if self.op is None else f"'{self.op.name}'"
        return f"{name} (output of shape {tuple(self.shape)}), recorded at {describe(self.line)}"

    # -------------------------------------------------------------------------- the chain rule

    def pull(self, g: Any, lift: Lift | None, useful: set[Node] | None) -> Any:
        """Return the positions of inputs and their gradients, given the gradient of the output."""
        plan, attrs = self.plan, self.attrs
        if plan is None:
            return (), ()
        saved = self.saved if not self.guards and lift is None else None
        if saved is None:
            saved = self.unpack(lift)
        positions, pulls = plan.positions, plan.pulls
        if useful is not None:
            chosen = [i for i, position in enumerate(positions) if self.inputs[position] in useful]
            positions, pulls = [positions[i] for i in chosen], [pulls[i] for i in chosen]
        gradients = [pull(g, saved, attrs) for pull in pulls]
        shapes = self.shapes
        if shapes is not None:
            for i, position in enumerate(positions):
                if gradients[i].shape != shapes[position]:
                    gradients[i] = sum_to(gradients[i], shape=shapes[position])
        return positions, gradients

    def unpack(self, lift: Lift | None) -> tuple[Any, ...]:
        """Return the kept values, after making sure that they are what the forward pass saw."""
        saved = self.saved
        if saved is None:
            raise RuntimeError(
                f"backward through {self.describe()} for a second time: the values it needs were "
                "freed by the first. Call the first backward with retain_graph=True, or run the "
                "forward pass again."
            )
        for guard in self.guards:
            slot, storage, version, snapshot = guard
            if (
                storage is not None
                and storage.version == version
                and snapshot is None
                and not storage.exposures
            ):
                continue  # untouched: by far the most
            how = changed(guard, saved[slot])
            if how is not None:
                raise RuntimeError(self._changed_message(guard, how))
        if lift is None or self.plan is None or not saved:
            return saved
        # A gradient that is to be differentiated again: the kept values, with where they came from.
        lifted = list(saved)
        storages = {guard[0]: guard[1] for guard in self.guards}
        for slot, source in self.plan.kept:
            node = self if source < 0 else self.inputs[source]
            if node is not None:
                lifted[slot] = lift(saved[slot], node, storages.get(slot))
        return tuple(lifted)

    def _changed_message(self, guard: Guard, how: str) -> str:
        slot = guard[0]
        source = next((of for place, of in self.plan.kept if place == slot), -1) if self.plan else -1
        what = "its output" if source < 0 else f"its operand number {source + 1}"
        shape = tuple(self.saved[slot].shape) if self.saved else ()
        return (
            f"backward needs a value that was changed in place: {self.describe()} kept {what}, "
            f"of shape {shape}; {how}. Change a copy instead (x = x + …, or x.clone() first), "
            "or call backward before the change."
        )

    def release(self) -> None:
        """Free what backward has used. A node that kept no array can be used again, as in PyTorch."""
        if self.plan is not None and self.plan.kept:
            self.saved = None
            self.guards = ()


def topological_order(roots: Iterable[Node]) -> list[Node]:
    """Return all nodes that the roots were computed from, each after all its consumers; leaves last.

    Kahn's algorithm, without recursion: linear in nodes and edges, at any depth.
    """
    waiting = dict.fromkeys(roots, 0)  # how many consumers of a node have not been listed yet
    leaves: dict[Node, None] = {}  # a set that keeps its order
    stack = list(waiting)
    while stack:
        for parent in stack.pop().inputs:
            if parent is None:
                continue
            if parent.op is None:
                leaves[parent] = None
            elif parent in waiting:
                waiting[parent] += 1
            else:
                waiting[parent] = 1
                stack.append(parent)
    ready = [node for node, count in waiting.items() if count == 0]
    order = []
    while ready:
        node = ready.pop()
        if node.op is None:
            leaves[node] = None  # a root that is a leaf
            continue
        order.append(node)
        for parent in node.inputs:
            if parent in waiting:
                waiting[parent] -= 1
                if not waiting[parent]:
                    ready.append(parent)
    order.extend(leaves)
    return order


def backprop(
    seeds: dict[Node, Any],
    *,
    keep: bool = False,
    lift: Lift | None = None,
    wanted: set[Node] | None = None,
    watch: Callable[[Node, int, Any, Any], None] | None = None,
) -> dict[Node, tuple[Any, bool]]:
    """Carry the gradients of the roots back to the leaves.

    Parameters
    ----------
    seeds : dict
        Root node -> the gradient of the objective with respect to it.
    keep : bool
        Leave the kept values in place for another backward.
    lift : callable, optional
        ``lift(array, node, storage)`` gives a kept value back with its history, for a gradient that
        can be differentiated again.
    wanted : set of Node, optional
        Compute only what these need. By default the leaves and the nodes that retain their gradient.
    watch : callable, optional
        Called as ``watch(node, position, g, gradient)`` for every gradient that a rule returns.

    Returns
    -------
    dict
        Node -> (gradient, whether the array is nobody else's).
    """
    order = topological_order(seeds)
    useful = None if wanted is None else _leading_to(wanted, order)
    gradients = dict(seeds)
    own: set[Node] = set()  # nodes whose gradient is an array that nobody else holds
    found: dict[Node, tuple[Any, bool]] = {}
    for node in order:
        g = gradients.pop(node, None)
        if g is None or (useful is not None and node not in useful):
            continue
        extra = node.extra
        if extra is not None and extra.hooks:
            for hook in list(extra.hooks.values()):
                g = hook(g)
            own.discard(node)
        if wanted is not None:
            if node in wanted:
                found[node] = (g, False)
        elif node.op is None:
            found[node] = (g, node in own)
        elif extra is not None and extra.retain:
            found[node] = (g, False)
        if node.op is None:
            continue
        try:
            positions, pulled = node.pull(g, lift, useful)
        except Exception as error:
            error.add_note(f"in the backward of {node.describe()}")
            raise
        inputs = node.inputs
        for position, gradient in zip(positions, pulled, strict=True):
            if watch is not None:
                watch(node, position, g, gradient)
            parent = inputs[position]
            assert parent is not None  # a plan pulls only for inputs that have a node
            before = gradients.get(parent)
            if before is None:
                gradients[parent] = gradient
                # Without a plan it is a user's rule: who else holds its results is unknown.
                if parent.op is None and node.plan is not None and _fresh(gradient, g, node.saved):
                    own.add(parent)
            elif parent in own and type(before) is np.ndarray:
                before += gradient
            else:
                # The first sum makes a new array, which later ones may add to in place.
                gradients[parent] = before + gradient
                if lift is None:
                    own.add(parent)
        if not keep:
            node.release()
    return found


def _leading_to(wanted: set[Node], order: list[Node]) -> set[Node]:
    """Return the nodes through which a wanted one is reached."""
    useful = set(wanted)
    for node in reversed(order):
        if node not in useful and not useful.isdisjoint(node.inputs):
            useful.add(node)
    return useful


def _fresh(gradient: Any, g: Any, saved: tuple[Any, ...] | None) -> bool:
    """Whether a rule made this array itself: not the incoming gradient, no view, no kept value."""
    if gradient is g or type(gradient) is not np.ndarray or gradient.base is not None:
        return False
    if saved:
        for value in saved:
            if gradient is value:
                return False
    return True
