"""A compiled function whose result is differentiated outside of it: a model's forward pass.

The backward of its results is traced too, from gradients that are not known yet, and becomes a
program of its own. To autograd the function is one operation: its forward hands out what the
backward needs of it, and its backward runs the second program.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.function import Function, once_differentiable
from ..graph import Node
from ..storage import storage_of
from ..tensor import wrap
from .program import Call, Program, Value
from .reference import Build
from .tracing.recording import Recording
from .turns import Turns

__all__ = ["Backward"]


class Backward(Turns):
    """The backward of what a function returned.

    Parameters
    ----------
    recording : Recording
        Of the function, which is still going on.
    results : list of Tensor
        Those that require a gradient.
    named : list of (str, Tensor)
        The arguments, with the expressions that give them.

    Attributes
    ----------
    carried : list of Value
        What the forward program is to hand out for it.
    """

    def __init__(self, recording: Recording, results: list[Any], named: Any) -> None:
        super().__init__()
        program = recording.program
        before = len(program.calls)
        arguments = {t.node: text for text, t in named if t.requires_grad}
        self.leaves = _leaves_behind([t.node for t in results], arguments)
        seeds = {}
        given = []
        for result in results:
            seeds[result.node] = wrap(np.ones_like(result._array))
            given.append(recording.foreign(seeds[result.node]._array))
        found = recording.backprop(seeds, True, set(self.leaves), collect=False)
        self.leaves = [node for node in self.leaves if node in found]
        self.texts = [arguments.get(node) for node in self.leaves]
        gradients = [recording.value(found[node][0].clone()._array) for node in self.leaves]
        calls = program.calls[before:]
        del program.calls[before:]
        made = {call.out for call in calls}
        instead: dict[Value, Value] = {}
        for call in calls:
            for value in call.operands:
                lasting = value.kind in ("state", "constant")
                if not lasting and value not in made and value not in given:
                    instead.setdefault(value, Value("input", value.shape, value.dtype))
        self.carried = list(instead)
        for call in calls:
            call.args = tuple([instead.get(a, a) if isinstance(a, Value) else a for a in call.args])
        self.program = Program(inputs=[*given, *instead.values()], calls=calls, outputs=gradients)
        read = {v.array.__array_interface__["data"][0]: v.array for c in calls
                for v in _states(c)}  # fmt: skip
        self.read = [storage_of(array) for array in read.values()]
        self.execute: Any = None

    def build(self, build: Build) -> None:
        """Make the program run."""
        self.execute = build(self.program)

    def operands(self) -> str:
        """Write what the operation takes: the tensors that get a gradient."""
        return "".join("None, " if text is None else f"{text}, " for text in self.texts)

    def recorded(self, results: list[Any], carried: list[Any], given: Any) -> Any:
        """Let results come from the operation."""
        leaves = [
            node.made() if tensor is None else tensor
            for node, tensor in zip(self.leaves, given, strict=True)
        ]
        return _Compiled.apply(self, results, carried, *leaves)


class _Compiled(Function):
    """The operation."""

    @staticmethod
    def forward(ctx: Any, backward: Backward, results: list[Any], carried: list[Any],
                *leaves: Any) -> Any:  # fmt: skip
        ctx.compiled = backward, carried, [s.version for s in backward.read]
        ctx.like = [r._array for r in results]
        return tuple(results)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Any) -> Any:
        backward, carried, versions = ctx.compiled
        if [s.version for s in backward.read] != versions:
            raise RuntimeError(
                "backward needs a value that was changed in place since the compiled function was "
                "called (a parameter that an optimizer has updated?): call backward before that"
            )
        seeds = [
            np.zeros_like(like) if g is None else np.ascontiguousarray(g._array)
            for g, like in zip(gradients, ctx.like, strict=True)
        ]
        with backward.turn:
            found = backward.execute([*seeds, *carried], (), ())
        return (None, None, None, *map(wrap, found))


def _leaves_behind(nodes: list[Node], ends: Any) -> list[Node]:
    """List leaves, and the arguments' nodes, from which tensors were computed."""
    stack, seen, leaves = list(nodes), set(nodes), []
    while stack:
        node = stack.pop()
        if node.op is None or node in ends:
            leaves.append(node)
            continue
        for parent in node.inputs:
            if parent is not None and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return leaves


def _states(call: Call) -> list[Any]:
    return [v for v in call.operands if v.kind == "state"]
