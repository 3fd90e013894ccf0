"""What a step returns: taken apart when it is traced, put together again after each run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...tensor import Tensor, wrap
from ..errors import refuse
from ..forward import Backward
from .recording import Recording

__all__ = ["Returned", "leaves_of"]


def leaves_of(x: Any) -> list[Any]:
    """List the tensors in what a step returns."""
    if isinstance(x, Tensor):
        return [x]
    if isinstance(x, (tuple, list)):
        return [t for y in x for t in leaves_of(y)]
    if isinstance(x, dict):
        return [t for y in x.values() for t in leaves_of(y)]
    return []


class Returned:
    """Puts what a step returns together again, of the program's outputs."""

    def __init__(self, out: Any, recording: Recording, leaves: list[Any], named: Any) -> None:
        self.recording, self.leaves = recording, leaves
        self.shown: list[Any] = []
        self.inputs = [id(t) for _, t in named]
        self.pattern = self._pattern(out)
        self.simple = type(self.pattern) is _Output
        self.backward: Backward | None = None
        self.count = len(leaves)
        self.open: list[int] = []
        del self.recording, self.leaves

    def _pattern(self, x: Any) -> Any:
        if isinstance(x, Tensor):
            if not self.recording.was_made(x) and id(x) not in self.inputs:
                return x  # one that was there before: itself
            if self.recording.lives_on(x._array):
                self.shown.append(x)
                return _Shown(x._array)
            if not any(t is x for t in self.leaves):
                self.leaves.append(x)
            return _Output(next(i for i, t in enumerate(self.leaves) if t is x))
        if isinstance(x, tuple) and hasattr(x, "_fields"):
            return type(x)(*map(self._pattern, x))
        if type(x) in (tuple, list):
            return type(x)(map(self._pattern, x))
        if type(x) is dict:
            return {k: self._pattern(v) for k, v in x.items()}
        if x is None or isinstance(x, (int, float, str, bool)):
            return x
        raise refuse(
            f"the step returns a {type(x).__name__}",
            "Return tensors, numbers, and tuples, lists and dicts of them.",
        )

    def record(self, backward: Backward, open_ends: list[int]) -> None:
        """Let some outputs come from an operation with this backward."""
        self.backward, self.open, self.simple = backward, open_ends, False

    def __call__(self, outputs: Any, given: Any) -> Any:
        """Return it, of the outputs and of the tensors that `Backward` asks for."""
        results = [wrap(x) for x in outputs[: self.count]]
        if self.backward is not None:
            ends = [results[i] for i in self.open]
            ends = self.backward.recorded(ends, outputs[self.count :], given)
            for i, end in zip(self.open, ends, strict=True):
                results[i] = end
        return _put(self.pattern, results)


class _Output(int):
    """The number of an output, in the pattern of what is returned."""


@dataclass
class _Shown:
    """Memory that lives on, which the step returns a view of."""

    array: Any


def _put(x: Any, outputs: Any) -> Any:
    if type(x) is _Shown:
        return wrap(x.array)
    if type(x) is _Output:
        return outputs[x]
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return type(x)(*[_put(y, outputs) for y in x])
    if type(x) in (tuple, list):
        return type(x)(_put(y, outputs) for y in x)
    if type(x) is dict:
        return {k: _put(y, outputs) for k, y in x.items()}
    return x
