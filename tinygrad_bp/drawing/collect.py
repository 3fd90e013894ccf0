"""From the recorded graph to what a picture shows: boxes, arrows, and frames around them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from ..graph import Node, topological_order
from ..origin import why_root
from ..recorded.modules import Group, Modules, common, constant_of
from ..recorded.values import Values
from ..tensor import Tensor
from .labels import array_text, formula, number_text, shape_text, source_text
from .scene import Arrow, Box, Options, Scene

__all__ = ["collect"]

_MANY = 100  # boxes; beyond, only single numbers are shown unless asked for
_NUMBERS = 12


def collect(root: Any, options: Options) -> Scene:
    """Read a graph; see `draw` for the parameters and errors."""
    roots = [root] if isinstance(root, Tensor) else list(root)
    nodes = []
    for tensor in roots:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"draw takes a Tensor or several, not {type(tensor).__name__}")
        if tensor.node is None:
            raise RuntimeError(f"there is nothing to draw: {why_root(tensor)}")
        nodes.append(tensor.node)
    if not nodes:
        raise ValueError("draw needs at least one tensor")
    if options.direction not in ("forward", "backward", "both"):
        raise ValueError(f"direction is 'forward', 'backward' or 'both', not {options.direction!r}")
    if options.depth is not None and (options.model is None or options.depth < 0):
        raise ValueError(
            "depth= says how many levels of modules are opened: 0, 1, …, and needs model=…"
        )
    return _Collector(list(dict.fromkeys(nodes)), options).scene


class _Collector:
    def __init__(self, roots: list[Node], options: Options) -> None:
        self.roots, self.options, self.scene = roots, options, Scene()
        self.order = topological_order(roots)
        self.modules = Modules(options.model, self.order)
        self.given = {id(t): name for name, t in (options.names or {}).items()}
        self.backward = options.direction != "forward"
        self.keys: dict[Node, Hashable] = {}
        self.constants: dict[Hashable, tuple[Node, int]] = {}
        self.uses: dict[Hashable, list[Node]] = {}  # leaf or constant -> its consumers
        self._survey()
        self._count()
        self.values = Values(self.order, roots)
        if self.backward or self.values.collected():
            self.values.differentiate()
        self._boxes()
        self._arrows()

    # ------------------------------------------------------------------------------ what there is

    def _survey(self) -> None:
        """Give each operation the key of its box, and find who uses leaves and constants."""
        depth = self.options.depth
        for node in self.order:
            group = self.modules.groups.get(node)
            folded = self.modules.folded(group, depth) if node.op is not None else None
            self.keys[node] = folded or node
            for position, source in enumerate(node.inputs):
                if source is not None:
                    if source.op is None:
                        self.uses.setdefault(source, []).append(node)
                elif (key := self._constant_key(node, position)) is not None:
                    self.constants.setdefault(key, (node, position))
                    self.uses.setdefault(key, []).append(node)
        for key in [k for k in self.uses if self._hidden(k)]:
            del self.uses[key]

    def _constant_key(self, node: Node, position: int) -> Hashable:
        """Return what a constant operand is known by; None for a number, which needs no box."""
        operand = constant_of(node, position)
        if operand is None and position < len(node.constants):
            # One object has one weak reference: still the same for all who used it.
            gone = id(node.constants[position])
            return None if self._is_number(node, position) else ("constant", gone)
        if not isinstance(operand, (Tensor, np.ndarray)):
            return None
        if operand.ndim == 0 and not self._constant_name(operand):
            return None
        return ("constant", id(operand))

    def _is_number(self, node: Node, position: int) -> bool:
        return node.shapes is not None and node.shapes[position] == ()

    def _constant_name(self, operand: Any) -> str:
        """Return the name of a constant operand: given, its own, or that of a frozen parameter."""
        if id(operand) in self.given:
            return self.given[id(operand)]
        own = operand.name if isinstance(operand, Tensor) else None
        return own or " = ".join(self.modules.names_of(operand))

    def _hidden(self, key: Hashable) -> bool:
        """Whether a leaf or constant lies inside of one collapsed module."""
        inside = {self.keys[user] for user in self.uses[key]}
        if len(inside) > 1 or not isinstance(next(iter(inside)), tuple):
            return False
        tensor = self._tensor(key)
        # The model's own, or nobody's (a dropout mask); but an input is shown.
        return tensor is None or bool(self.modules.names_of(tensor))

    def _tensor(self, key: Any) -> Any:
        if isinstance(key, Node):
            return key.made() if key.made is not None else None
        node, position = self.constants[key]
        return constant_of(node, position)

    def _count(self) -> None:
        """Refuse a picture that nobody can read; in a large one, leave numbers out."""
        drawn: set[Hashable] = {self.keys[node] for node in self.order if node.op is not None}
        count = len(drawn) + len(self.uses)
        wanted = self.options.max_elements
        self.most = (_NUMBERS if count <= _MANY else 1) if wanted is None else wanted
        if count > self.options.max_nodes:
            remedy = (
                f"a smaller depth= than {self.options.depth}"
                if self.options.depth is not None
                else "draw(…, model=net, depth=1), which makes each module one box"
            )
            raise ValueError(
                f"a picture of this graph would have {count:,} boxes, more than "
                f"max_nodes={self.options.max_nodes:,}: nobody can read it. Collapse modules with "
                f"{remedy}, draw an earlier tensor, or raise max_nodes."
            )

    # -------------------------------------------------------------------------------------- boxes

    def _boxes(self) -> None:
        roots = set(self.roots)
        for node in reversed(self.order):
            key = self.keys[node]
            if node.op is None:
                if node in roots:
                    self._leaf(node, True)
                continue
            # What an operation reads stands before it, in the order in which it reads.
            for position, source in enumerate(node.inputs):
                if source is not None:
                    if source in self.uses and source not in self.scene.boxes:
                        self._leaf(source, source in roots)
                elif self.options.direction != "backward":
                    constant = self._constant_key(node, position)
                    if constant in self.uses and constant not in self.scene.boxes:
                        self._constant(constant)
            if isinstance(key, tuple):
                box = self._box(key, "module", key[:-1])
                box.name, box.text = self.modules.title(key)
                box.ops += 1
                box.size = self.modules.size(key) if box.ops == 1 else box.size
                box.root |= node in roots
                self._count_call(key)
            else:
                self._op(node, node in roots)

    def _box(self, key: Hashable, kind: str, group: Group | None) -> Box:
        box = self.scene.boxes.get(key)
        if box is None:
            box = Box(f"n{len(self.scene.boxes)}", kind, group=group or None)
            self.scene.boxes[key] = box
            for level in range(1, len(group or ()) + 1):
                frame = (group or ())[:level]
                self.scene.frames[frame] = self.modules.title(frame)
                self._count_call(frame)
        return box

    def _count_call(self, group: Group) -> None:
        path = ".".join(name for name, _ in group[1:])
        self.scene.called[path] = max(self.scene.called.get(path, 0), group[-1][1])

    def _group(self, node: Node) -> Group | None:
        return self.modules.groups.get(node)

    def _op(self, node: Node, root: bool) -> None:
        box = self._box(node, "op", self._group(node))
        box.name, box.root = self._name(node), root
        box.text = formula(node, [self._operand(node, i) for i in range(len(node.inputs))])
        box.shape, box.tip = shape_text(node.shape, node.dtype), source_text(node.line)
        self._numbers(box, node)
        plan = node.plan
        if self.backward and plan is not None and plan.kept:
            kept = dict.fromkeys(self._kept_name(node, source) for _, source in plan.kept)
            freed = " (freed)" if node.saved is None else ""
            box.keeps = f"keeps {', '.join(kept)}{freed}"

    def _kept_name(self, node: Node, source: int) -> str:
        if source < 0:
            return self._name(node) or "its output"
        op = node.op
        names = op.inputs if op is not None else ()
        own = names[source] if source < len(names) else f"operand {source + 1}"
        return self._operand(node, source) or own

    def _numbers(self, box: Box, node: Node) -> None:
        most = self.most
        value, gradient = self.values.value(node), self.values.gradient(node)
        box.value = None if value is None else array_text(value, most)
        box.gradient = None if gradient is None else array_text(gradient, most)

    def _leaf(self, node: Node, root: bool) -> None:
        owned = self._place(node)
        box = self._box(node, "parameter", owned)
        box.name = self._name(node, owned)
        box.shape, box.root = shape_text(node.shape, node.dtype), root
        self._numbers(box, node)

    def _constant(self, key: Any) -> None:
        node, position = self.constants[key]
        operand = self._tensor(key)
        owned = self._place(key)
        mine = bool(self.modules.names_of(operand))
        box = self._box(key, "constant" if operand is None or mine else "input", owned)
        box.name = self._constant_name(operand) if operand is not None else ""
        if mine:
            box.name = self._local(box.name, owned)
        value = self.values.constant(node, position)
        if isinstance(value, np.ndarray):
            box.shape = shape_text(value.shape, value.dtype)
            box.value = array_text(value, self.most)
        elif node.shapes is not None:
            box.shape = shape_text(node.shapes[position])
        if not box.name:
            box.text = "input" if box.kind == "input" else "constant"

    def _place(self, key: Any) -> Group | None:
        """Return the innermost module around all who use a parameter; None outside of the model."""
        tensor = self._tensor(key)
        paths = [name.split(".")[:-1] for name in self.modules.names_of(tensor)]
        if tensor is not None and not paths:
            return None  # the user's own: outside, also if only one module reads it
        groups = [self._group(user) for user in self.uses.get(key, [])]
        if paths:
            inside = [
                g for g in groups if g and any([n for n, _ in g[1:]][: len(p)] == p for p in paths)
            ]
            groups = list(inside) or groups
        place: Group | None = None
        for n, group in enumerate(groups):
            place = group if n == 0 else common(place or (), group or ())
        folded = self.modules.folded(place, self.options.depth)
        if folded is not None:
            place = folded[:-1]
        if place and len(paths) == 1:
            place = place[: len(paths[0]) + 1]
        return place or None

    # -------------------------------------------------------------------------------------- names

    def _name(self, node: Node, place: Group | None = None) -> str:
        tensor = node.made() if node.made is not None else None
        if tensor is not None and tensor.node is not node:
            tensor = None
        if tensor is not None and id(tensor) in self.given:
            return self.given[id(tensor)]
        if node.extra is not None and node.extra.name is not None:
            return node.extra.name
        if tensor is not None and tensor.name:
            return str(tensor.name)
        names = self.modules.names_of(tensor)
        return self._local(" = ".join(names), place) if names else ""

    @staticmethod
    def _local(name: str, place: Group | None) -> str:
        """Shorten the name of a parameter inside the frame of its module."""
        prefix = ".".join(part for part, _ in (place or ())[1:]) + "."
        if " = " not in name and prefix != "." and name.startswith(prefix):
            return name.removeprefix(prefix)
        return name

    def _operand(self, node: Node, position: int) -> str:
        """Return what an operand is called in a formula: its name, a number, or nothing."""
        source = node.inputs[position]
        if source is not None:
            name = self._name(source, self._group(node))
        else:
            operand = constant_of(node, position)
            name = self._constant_name(operand) if operand is not None else ""
            if not name and self._constant_key(node, position) is None:
                value = self.values.constant(node, position)
                if isinstance(value, (np.ndarray, np.generic)) and value.ndim == 0:
                    value = value.item()
                name = number_text(value) if isinstance(value, (int, float, complex)) else ""
        return name if len(name) <= 16 and " = " not in name else ""

    # ------------------------------------------------------------------------------------- arrows

    def _arrows(self) -> None:
        forks: dict[Node, int] = {}
        for node in self.order:
            for source in node.inputs:
                if source is not None:
                    forks[source] = forks.get(source, 0) + 1
        drawn = set()
        boxes = self.scene.boxes
        for node in reversed(self.order):
            pulls = node.plan.positions if node.plan else range(len(node.inputs))
            for position, source in enumerate(node.inputs):
                key = self._constant_key(node, position) if source is None else self.keys[source]
                head = boxes.get(self.keys[node])
                tail = boxes.get(key)
                if tail is None or head is None or tail is head:
                    continue
                folded = isinstance(self.keys[node], tuple) or tail.kind == "module"
                if folded:
                    if (tail.id, head.id, source or key) in drawn:
                        continue
                    drawn.add((tail.id, head.id, source or key))
                if self.options.direction != "backward":
                    label = ""
                    if tail.kind == "module" and source is not None:
                        label = shape_text(source.shape, source.dtype)
                    self.scene.arrows.append(Arrow(tail.id, head.id, label))
                if self.backward and position in pulls and source is not None:
                    label = "" if folded else self._flow(node, position, source, forks[source] > 1)
                    if folded:
                        label = shape_text(source.shape)
                    self.scene.arrows.append(Arrow(head.id, tail.id, label, backward=True))

    def _flow(self, node: Node, position: int, source: Node, fork: bool) -> str:
        """Describe the gradient that flows from an operation to one of its operands."""
        name, shape = self._name(source, self._group(node)), shape_text(source.shape)
        if node.shapes is not None and tuple(node.shapes[position]) != tuple(node.shape):
            shape = f"Σ {shape_text(node.shape)} → {shape or 'scalar'}"
        parts = [f"d{name}" if name and " " not in name else "", shape]
        part = self.values.pulled.get((node, position))
        if fork and part is not None:
            # Several gradients arrive there and are added: show this one.
            lines = array_text(part, self.most)
            if lines is not None and len(lines) == 1 and len(lines[0]) <= 24:
                sign = "−" if lines[0].startswith("-") else "+"
                parts = [parts[0], f"{sign} {lines[0].removeprefix('-')}"]
        return " ".join(part for part in parts if part)
