"""To which module an operation belongs: noted while the model runs, or told from its parameters."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..graph import Node
from ..tensor import Tensor

__all__ = ["Group", "Modules", "common", "constant_of", "trace"]

#: The modules around an operation, outermost first: (name, number of the call, 0 if unknown). The
#: first is the model itself, of the name "".
Group = tuple[tuple[str, int], ...]
Path = tuple[str, ...]

#: Node -> the model that was traced, and the modules around the node (None: outside of the model).
#: Weak on both sides: a trace keeps no graph and no model alive.
_traced: weakref.WeakKeyDictionary[Node, tuple[weakref.ref[Any], Group | None]]
_traced = weakref.WeakKeyDictionary()


def common(a: Any, b: Any) -> Any:
    """Return what two paths (or groups) have in common from their beginning."""
    n = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        n += 1
    return a[:n]


def constant_of(node: Node, position: int) -> Any:
    """Return a constant operand while it is alive, or the number that it is; else None."""
    # A node of a kind of its own (a custom Function) does not note its constants.
    operand = node.constants[position] if position < len(node.constants) else None
    return operand() if isinstance(operand, weakref.ref) else operand


def _tensors(value: Any) -> Iterator[Tensor]:
    """Yield the tensors in arguments or results, however nested, without recursion."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, Tensor):
            yield item
        elif isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, (list, tuple)):
            stack.extend(item)


class _Recorder:
    """Follows the calls of modules: what is new when a call ends was computed inside of it."""

    def __init__(self, model: Any) -> None:
        self.model = weakref.ref(model)
        self.names: dict[int, str] = {id(m): name for name, m in model.named_modules()}
        self.calls: dict[str, int] = {}
        self.stack: list[tuple[Any, Group]] = []

    def note(self, tensors: Any, group: Group | None) -> None:
        """Assign to `group` what lies behind these tensors and was not assigned before."""
        stack = [t.node for t in _tensors(tensors)]
        while stack:
            node = stack.pop()
            if node is None or node.op is None or node in _traced:
                continue
            _traced[node] = (self.model, group)
            stack.extend(node.inputs)

    def enter(self, module: Any, args: Any, kwargs: Any = None) -> None:
        """Note that a call begins: what its arguments were computed by lies in the caller."""
        around = self.stack[-1][1] if self.stack else None
        self.note((args, kwargs or {}), around)
        name = self.names[id(module)]
        self.calls[name] = number = self.calls.get(name, 0) + 1
        parts = ("", *name.split(".")) if name else ("",)
        group = [(part, 0) for part in parts]
        if around is not None:
            inside = common([part for part, _ in around], list(parts[:-1]))
            group[: len(inside)] = around[: len(inside)]
        group[-1] = (parts[-1], number)
        self.stack.append((module, tuple(group)))

    def leave(self, module: Any, args: Any, result: Any) -> None:
        """Note that a call is over: what is new behind its result is the module's."""
        while self.stack:
            called, group = self.stack.pop()
            if called is module:
                self.note(result, group)
                return


@contextmanager
def trace(model: Any) -> Iterator[None]:
    """Note which module each operation belongs to, for a picture with exact clusters.

    Without a trace, :func:`draw` tells membership from the parameters: it can't know to which of
    two layers the activation between them belongs, nor tell the calls of a shared layer apart. The
    trace uses forward hooks, inside the block only. The rest of the program pays nothing for it.

    Parameters
    ----------
    model : nn.Module
        The module that will be passed to ``draw(…, model=model)``.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.drawing import dot_text, trace
    >>> net = tgb.nn.Sequential(tgb.nn.Linear(2, 3), tgb.nn.ReLU())
    >>> with trace(net):
    ...     loss = net(tgb.ones(1, 2)).sum()
    >>> "ReLU" in dot_text(loss, model=net, depth=1)
    True
    """
    recorder = _Recorder(model)
    handles = []
    try:
        for module in model.modules():
            handles.append(module.register_forward_pre_hook(recorder.enter))
            handles.append(module.register_forward_hook(recorder.leave))
        yield
    finally:
        for handle in handles:
            handle.remove()


class Modules:
    """What a model knows about the nodes of a graph: the names of parameters, the groups of ops.

    Parameters
    ----------
    model : nn.Module or None
        Without one there are no names and no groups.
    order : sequence of Node
        The graph, each node after its consumers.
    """

    def __init__(self, model: Any, order: Sequence[Node]) -> None:
        self.model = model
        self.names: dict[int, list[str]] = {}  # id of a parameter or buffer -> all its names
        self.modules: dict[str, Any] = {}
        self.groups: dict[Node, Group] = {}
        if model is None:
            return
        for name, module in model.named_modules(remove_duplicate=False):
            self.modules[name] = module
            prefix = name + "." if name else ""
            for held in (module._parameters, module._buffers):
                for key, tensor in held.items():
                    if tensor is not None:
                        self.names.setdefault(id(tensor), []).append(prefix + key)
        if not self._recall(order):
            self._infer(order)

    def names_of(self, tensor: Any) -> list[str]:
        """Return all names of a parameter or buffer in the model; none for another tensor."""
        return self.names.get(id(tensor), []) if isinstance(tensor, Tensor) else []

    def title(self, group: Group) -> tuple[str, str]:
        """Return (path, class) of the module of a group."""
        path = ".".join(name for name, _ in group[1:])
        module = self.modules.get(path)
        return path, type(module).__name__ if module is not None else ""

    def folded(self, group: Group | None, depth: int | None) -> Group | None:
        """Return the module around `group` that is one box at this depth, or None if all are open.

        A module without submodules is one box at any depth.
        """
        if group is None or depth is None:
            return None
        for level in range(1, len(group) + 1):
            module = self.modules.get(self.title(group[:level])[0])
            if level > depth or (module is not None and not module._modules):
                return group[:level]
        return None

    def size(self, group: Group) -> int:
        """Return the number of parameters of the module of a group, shared ones counted once."""
        module = self.modules.get(self.title(group)[0])
        return sum(p.numel() for p in module.parameters()) if module is not None else 0

    def _recall(self, order: Sequence[Node]) -> bool:
        """Take the groups from a trace of this very model, if there is one."""
        found = False
        for node in order:
            noted = _traced.get(node)
            if noted is not None and noted[0]() is self.model:
                found = True
                if noted[1] is not None:
                    self.groups[node] = noted[1]
        return found

    def _owners(self, tensor: Any) -> set[Path]:
        return {tuple(name.split(".")[:-1]) for name in self.names_of(tensor)}

    def _infer(self, order: Sequence[Node]) -> None:
        """Tell the groups from the parameters, in two linear passes.

        An operation on a parameter belongs to the parameter's module. Another one belongs to the
        innermost module that holds both the nearest such operations before it and those after it;
        with nothing of the model before it, or after it, it lies outside (a loss, say).
        """
        owner: dict[Node, Path] = {}
        made_of: dict[Node, set[Path]] = {}  # computed from parameters alone, such as W.T
        before: dict[Node, Path] = {}
        for node in reversed(order):
            if node.op is None:
                tensor = node.made() if node.made is not None else None
                if paths := self._owners(tensor):
                    made_of[node] = paths
                continue
            candidates, other = [], False
            for position, source in enumerate(node.inputs):
                if source is None:
                    constant = constant_of(node, position)
                    paths = self._owners(constant)
                    # Data, and not a number that scales a weight. What is gone was data.
                    other |= not paths and (constant is None or getattr(constant, "ndim", 0) > 0)
                else:
                    paths = made_of.get(source, set())
                    other |= not paths
                if paths:
                    candidates.append(paths)
            if candidates:
                shared = set.intersection(*candidates) or set.union(*candidates)
                owner[node] = _innermost(shared)
                if not other:
                    made_of[node] = shared
            behind = [before[s] for s in node.inputs if s is not None and s in before]
            if node in owner:
                before[node] = owner[node]
            elif behind:
                before[node] = _innermost(behind)
        after: dict[Node, Path] = {}
        for node in order:
            path = owner.get(node, after.get(node))
            if path is None:
                continue
            for source in node.inputs:
                if source is not None and source.op is not None:
                    after[source] = common(after[source], path) if source in after else path
        for node in order:
            path = owner.get(node)
            if path is None and node in before and node in after:
                path = common(before[node], after[node])
            if path is not None:
                self.groups[node] = tuple((name, 0) for name in ("", *path))


def _innermost(paths: Any) -> Path:
    """Return the innermost module that holds all these paths."""
    first, *rest = paths
    for path in rest:
        first = common(first, path)
    return tuple(first)
