"""The recorded graph, and backpropagation through it.

A :class:`Node` is one operation that was run. Its `inputs` are the nodes that its operands came
from, so that nodes point backward, from a result to what it was computed from, and nothing points
forward: a graph has no cycle, and is freed as soon as the last tensor that ends it is dropped.

:func:`backprop` is the chain rule. It walks the nodes so that each comes after all its consumers,
and asks every node for the gradients of its inputs. It knows neither tensors nor layers: what flows
may be arrays, or anything else that speaks NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from .memory import Aligned
from .mode import modes
from .op import Op, Plan
from .pieces import Pieces
from .rules.elementwise import add
from .rules.index import slice_
from .rules.shape import sum_to
from .source import Line, describe
from .storage import changed, latest, tick

__all__ = ["Extra", "Node", "Packed", "Parts", "backprop", "topological_order"]

Lift = Callable[[Any, "Node"], Any]


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


class Packed(dict[int, Callable[[], Any]]):
    """Kept values that a user's hook has packed, in place of what they looked like.

    Their place among what was kept -> a function that unpacks it.
    """


def _kept(source: int) -> property:
    """Make a property that shows what was kept, for debugging: of an input, or (-1) the output.

    A tensor while somebody has it, else its values as an array. (A ``__getattr__`` would slow down
    every other attribute of a node.)
    """

    def shown(self: Node) -> Any:
        if self.plan is not None and self.saved is not None:
            for slot, kept in self.plan.kept:
                if kept == source:
                    maker = self if source < 0 else self.inputs[source]
                    tensor = None if maker is None or maker.made is None else maker.made()
                    return self.unpack(None)[slot] if tensor is None else tensor
        raise AttributeError(f"{self.name()} did not keep this value, or has freed it")

    return property(shown)


class _Usual:
    """What few nodes have, with what the others have instead."""

    __slots__ = ()
    shapes: Sequence[Any] | None = None
    snapshots: Mapping[int, Any] = {}
    constants: Sequence[Any] = ()
    extra: Extra | None = None


class Node(_Usual):
    """One recorded operation; or, without an `op`, a leaf that collects its gradient.

    Attributes
    ----------
    number : int
        The time of recording. An operand was always recorded before what is computed from it, so
        that going down in numbers is a topological order.
    op : Op or None
        The line of the table that was run. None for a leaf.
    plan : Plan or None
        How the inputs that want a gradient get it.
    inputs : tuple of (Node or None)
        Where each operand came from; None for a constant.
    saved : tuple or None
        What the rules asked to keep. None once backward has used it.
    attrs : dict
        The static arguments.
    shape, dtype
        Of the output.
    line : Line or None
        The line of the user's code that ran the operation.
    made : weakref or None
        To the tensor that this node made: to show its value while somebody still has it.
    shapes : sequence or None
        For an operation that broadcast: the shape to which the gradient of each input is summed.
    snapshots : mapping
        What kept values looked like that NumPy code can reach, by their place in `saved`.
    constants : sequence
        For each constant operand, itself if it is small, else a weak reference: to show it.
    extra : Extra or None
        What only a few nodes carry.
    """

    __slots__ = (
        "__dict__", "__weakref__", "attrs", "dtype", "inputs", "line", "made", "number", "op",
        "plan", "saved", "shape",
    )  # fmt: skip

    def __init__(
        self,
        op: Op | None,
        plan: Plan | None,
        inputs: tuple[Node | None, ...],
        attrs: dict[str, Any],
        shape: Any,
        dtype: Any,
        line: Line | None,
    ) -> None:
        self.number = tick()
        self.op = op
        self.plan = plan
        self.inputs = inputs
        self.attrs = attrs
        self.shape = shape
        self.dtype = dtype
        self.line = line
        self.saved: tuple[Any, ...] | None = ()
        self.made: Any = None

    def __repr__(self) -> str:
        return f"<{self.name()} at {id(self):#x}>"

    def name(self) -> str:
        """Return the kind of node in PyTorch's spelling, such as ``MultiplyBackward``."""
        if self.op is None:
            return "AccumulateGrad"
        return "".join(part.capitalize() for part in self.op.name.split("_")) + "Backward"

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes behind this one, as PyTorch lists them: (node, number of its output).

        A constant has no node. A number before the tensor, as in ``2 * x``, is listed after it.
        """
        listed = tuple((parent, 0) for parent in self.inputs)
        if self.shapes is None or listed[0][0] is not None or self.shapes[0] != ():
            return listed
        return (*listed[1:], listed[0])

    @property
    def variable(self) -> Any:
        """The tensor that a leaf's node collects the gradient of, as long as somebody has it."""
        if self.op is not None or self.plan is not None:
            raise AttributeError("only AccumulateGrad has a variable")
        return None if self.made is None else self.made()

    @property
    def more(self) -> Extra:
        """The `extra` of this node, made when first asked for."""
        if self.extra is None:
            self.extra = Extra()
        return self.extra

    # PyTorch's names.
    _saved_self, _saved_other, _saved_result = _kept(0), _kept(1), _kept(-1)

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
        saved = self.saved
        if saved is None or lift is not None or latest.at > self.number or self.snapshots:
            saved = self.unpack(lift)
        if useful is None:
            positions: Sequence[int] = plan.positions
            gradients = plan.pull_all(g, saved, attrs)
        else:
            chosen = [i for i, at in enumerate(plan.positions) if self.inputs[at] in useful]
            positions = [plan.positions[i] for i in chosen]
            gradients = [plan.pulls[i](g, saved, attrs) for i in chosen]
        shapes = self.shapes
        if shapes is not None:
            gradients = [
                gradient if gradient.shape == shapes[at] else sum_to(gradient, shape=shapes[at])
                for at, gradient in zip(positions, gradients, strict=True)
            ]
        return positions, gradients

    def unpack(self, lift: Lift | None) -> tuple[Any, ...]:
        """Return the kept values, after making sure that they are what the forward pass saw."""
        saved, plan = self.saved, self.plan
        if saved is None:
            raise RuntimeError(
                f"backward through {self.describe()} for a second time: the values it needs were "
                "freed by the first. Call the first backward with retain_graph=True, or run the "
                "forward pass again."
            )
        if plan is None or not plan.kept:
            return saved
        packed = self.snapshots
        if isinstance(packed, Packed):
            saved = tuple(packed[at]() if at in packed else v for at, v in enumerate(saved))
        elif latest.at > self.number or self.snapshots:
            for slot, source in plan.kept:
                how = changed(saved[slot], self.number, self.snapshots.get(slot))
                if how is not None:
                    raise RuntimeError(self._changed_message(saved[slot], source, how))
        if lift is None:
            return saved
        # A gradient that is to be differentiated again: the kept values, with where they came from.
        lifted = list(saved)
        for slot, source in plan.kept:
            node = self if source < 0 else self.inputs[source]
            if node is not None or modes.trace is not None:  # which is to see constants too
                lifted[slot] = lift(saved[slot], node)  # type: ignore[arg-type]
        return tuple(lifted)

    def _changed_message(self, value: Any, source: int, how: str) -> str:
        what = "its output" if source < 0 else f"its operand number {source + 1}"
        return (
            f"backward needs a value that was changed in place: {self.describe()} kept {what}, "
            f"of shape {tuple(value.shape)}; {how}. Change a copy instead (x = x + …, or x.clone() "
            "first), or call backward before the change."
        )

    def release(self) -> None:
        """Free what a node without a plan keeps in a way of its own."""


def topological_order(roots: Iterable[Node]) -> list[Node]:
    """Return all nodes that the roots were computed from, each after all its consumers.

    Nodes are numbered when they are recorded, operands before results: it is enough to sort.
    """
    seen = set(roots)
    stack = list(seen)
    while stack:
        for parent in stack.pop().inputs:
            if parent is not None and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=lambda node: -node.number)


def backprop(
    seeds: dict[Node, Any],
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
        ``lift(array, node)`` gives a kept value back with its history, for a gradient that can be
        differentiated again.
    wanted : set of Node, optional
        Compute only what these need. By default the leaves and the nodes that retain their
        gradient.
    watch : callable, optional
        Called as ``watch(node, position, g, gradient)`` for every gradient that a rule returns.

    Returns
    -------
    dict
        Node -> (gradient, whether the array is nobody else's).
    """
    useful = None if wanted is None else _leading_to(wanted, topological_order(seeds))
    gradients: dict[Node, Any] = {}  # what has arrived at each node so far
    own: set[Node] = set()  # whose gradient is an array that nobody else holds
    found: dict[Node, tuple[Any, bool]] = {}
    # The nodes to visit, the youngest first: when one is due, all its consumers have been.
    due: list[tuple[int, Node]] = []
    leaves: list[Node] = []
    for node, g in seeds.items():
        gradients[node] = g
        if node.op is None:
            leaves.append(node)
        else:
            heappush(due, (-node.number, node))
    while due:
        node = heappop(due)[1] if len(due) > 1 else due.pop()[1]
        g = gradients.pop(node)
        if type(g) is Pieces:
            g = g.whole()
        if useful is not None and node not in useful:
            continue
        if node.extra is not None:
            g = _visit(node, node.extra, g, wanted, found)
        elif wanted is not None and node in wanted:
            found[node] = (g, False)
        if useful is not None and useful.isdisjoint(node.inputs):
            continue  # wanted itself, and nothing behind it: what it kept serves another backward
        plan = node.plan
        try:
            if (
                plan is not None
                and useful is None
                and lift is None
                and node.saved is not None
                and latest.at < node.number
                and node.shapes is None
                and not node.snapshots
            ):
                # The ordinary case, without a further call.
                if node.op is slice_ and watch is None and type(g) is np.ndarray:
                    whole: Any = node.inputs[0]
                    total = gradients.get(whole)
                    if total is None:
                        total = gradients[whole] = Pieces(node.saved[0], g.dtype)
                        own.add(whole)
                        if whole.op is None:
                            leaves.append(whole)
                        else:
                            heappush(due, (-whole.number, whole))
                    elif type(total) is np.ndarray:
                        if whole not in own:
                            gradients[whole] = total = total.copy()
                            own.add(whole)
                        total[node.attrs["key"]] += g
                        continue
                    if type(total) is Pieces:
                        if total.add(node.attrs["key"], g):
                            gradients[whole] = total.whole()
                        continue
                positions: Any = plan.positions
                pulled = plan.pull_all(g, node.saved, node.attrs)
            else:
                positions, pulled = node.pull(g, lift, useful)
        except Exception as error:
            error.add_note(f"in the backward of {node.describe()}")
            raise
        inputs = node.inputs
        for position, gradient in zip(positions, pulled):  # noqa: B905  as many, by construction
            parent: Any = inputs[position]
            if watch is not None:
                watch(node, position, g, gradient)
            if parent not in gradients:
                gradients[parent] = gradient
                if parent.op is not None:
                    if due:
                        heappush(due, (-parent.number, parent))
                    else:
                        due.append((-parent.number, parent))
                    continue
                leaves.append(parent)
                # A rule is linear in `g`: what it returns is `g`, a view, or an array of its own
                # making, which is nobody else's. (A custom function may keep what it returns.)
                if lift is None and gradient is not g and plan:
                    base = gradient.base
                    if base is None or type(base) is Aligned:
                        own.add(parent)
            elif parent in own:  # (pieces are put together for it)
                gradients[parent] += gradient
            else:
                # The first sum makes a new array, which later ones may add to in place.
                before = gradients[parent]
                plain = type(before) is type(gradient) is np.ndarray
                total = add.run(before, gradient) if plain else before + gradient
                gradients[parent] = total
                if type(total) is np.ndarray:
                    own.add(parent)
        if not keep:
            if plan is None:
                node.release()
            elif plan.kept:  # a node that kept no array can be used again, as in PyTorch
                node.saved = None
    for node in leaves:
        g = gradients[node]
        if type(g) is Pieces:
            g = g.whole()
        extra = node.extra
        if extra is not None and extra.hooks:
            own.discard(node)
            g = _visit(node, extra, g, wanted, found)
        if wanted is None or node in wanted:
            found[node] = (g, node in own)
    return found


def _visit(node: Node, extra: Extra, g: Any, wanted: set[Node] | None, found: Any) -> Any:
    """Run the hooks of a node, and note its gradient where it is asked for."""
    for hook in list(extra.hooks.values()):
        g = hook(g)
    if extra.retain if wanted is None else node in wanted:
        found[node] = (g, False)
    return g


def _leading_to(wanted: set[Node], order: list[Node]) -> set[Node]:
    """Return the nodes through which a wanted one is reached."""
    useful = set(wanted)
    for node in reversed(order):
        if node not in useful and not useful.isdisjoint(node.inputs):
            useful.add(node)
    return useful
