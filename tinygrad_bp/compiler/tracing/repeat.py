"""Whether a step does the same again: its second run is traced too, and compared with the first.

What a step takes from Python (a counter, the clock, an iterator over batches, a generator of
NumPy's) is a constant of its program. Much of that can't be watched; but hardly anything of it is
the same twice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import refuse
from ..program import Call, Value
from .recording import Recording

__all__ = ["Digest", "digest_of"]


@dataclass
class Digest:
    """What tells two runs of a step apart, without their arrays.

    Attributes
    ----------
    calls : list of (bytes, line)
        A checksum of each operation, and where it is.
    states : list of int
        Which memory was read that outlives the step, by the ids of arrays; 0 where it was new.
    draws : list of str
        How random numbers are drawn; and which schedulers are stepped.
    updates : list
        What the optimizers did: they may do something else in the first step than in the second.
    """

    calls: list[tuple[bytes, Any]]
    states: list[int]
    draws: list[str]
    updates: list[Any]

    def compare(self, again: Digest) -> bool:
        """Return whether the second run is that of another program, as its optimizers go.

        Raises
        ------
        TraceError
            If it differs for another reason.
        """
        if self.updates != again.updates:
            return True
        line = None
        for (mine, _), (theirs, at) in zip(self.calls, again.calls, strict=False):
            if mine != theirs:
                line = at
                break
        else:
            moved = any(a and a != b for a, b in zip(self.states, again.states, strict=False))
            if len(self.calls) == len(again.calls) and self.draws == again.draws and not moved:
                return False
        raise refuse(
            "the step computes something else in its second call than in its first, from the same "
            "kind of arguments",
            "What changes in Python from call to call (a counter, the clock, an iterator over "
            "batches, NumPy's random numbers) has to be an argument of the step: a tensor, or a "
            "number; or use fallback=True.",
            line,
        )


def digest_of(recording: Recording) -> Digest:
    """Make the digest of a run that has ended."""
    numbers: dict[Value, int] = {}
    calls = []
    for call in recording.program.calls:
        text = hashlib.blake2b(digest_size=16)
        text.update(_spelled(call, numbers).encode())
        for value in call.operands:
            if value.kind == "constant" and value.array is not None:
                text.update(value.array.tobytes())
        calls.append((text.digest(), call.line))
    draws = [f"{d.method} {_plain(d.args)} {_plain(d.kwargs)}" for d in recording.draws]
    draws += [type(effect.args[0]).__name__ for effect in recording.effects]
    states = [
        id(v.array) if v.array is not None and recording.was_there(v.array) else 0
        for v in numbers if v.kind == "state"
    ]  # fmt: skip
    return Digest(calls, states, draws, [u.signature for u in recording.updates])


def _spelled(call: Call, numbers: dict[Value, int]) -> str:
    function = call.op.forward
    cells = [c.cell_contents for c in getattr(function, "__closure__", None) or ()]
    part = getattr(function, "__self__", None)
    operands = [
        a if not isinstance(a, Value)
        else (a.kind, a.shape, numbers.setdefault(a, len(numbers)) if a.kind != "constant" else 0)
        for a in call.args
    ]  # fmt: skip
    return (
        f"{call.op.name} {call.out.shape} {call.out.dtype} {_plain(operands)} {_plain(call.attrs)} "
        f"{_plain(cells)} {_plain(part) if call.op.name.endswith('_part') else ''}"
    )


def _plain(x: Any) -> str:
    """Write what something is, without the places of objects in memory."""
    if isinstance(x, np.ndarray):
        return hashlib.blake2b(np.ascontiguousarray(x).tobytes(), digest_size=8).hexdigest()
    if isinstance(x, dict):
        return f"{{{', '.join(f'{k}: {_plain(v)}' for k, v in x.items())}}}"
    if isinstance(x, (list, tuple)):
        return f"({', '.join(map(_plain, x))})"
    if isinstance(x, slice):
        return f"{_plain(x.start)}:{_plain(x.stop)}:{_plain(x.step)}"
    if isinstance(x, (int, float, complex, str, bytes, np.generic, np.dtype, type(None))):
        return repr(x)
    return type(x).__name__
