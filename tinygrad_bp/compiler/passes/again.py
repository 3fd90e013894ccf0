"""Which values are computed again, when the backward pass wants them, instead of being kept.

What a layer norm gives is read by the next product, and once more by the gradient of that
product's weights, long after. It is its normalised input, which is kept anyway, times the weight,
plus the bias: two operations on each element, which take less time than memory for it would be
worth. The second computation joins the loop of the layer's own backward pass.
"""

from __future__ import annotations

import math
from itertools import pairwise

from ...rules import elementwise as ew
from ..program import Call, Program, Value

__all__ = ["compute_again"]

#: Operations that cost next to nothing.
CHEAP = frozenset((ew.add, ew.subtract, ew.multiply, ew.negative, ew.relu))

#: Bytes of a value below which it is not worth it, and the longest way back to what is kept.
LEAST = 1 << 16
LONGEST = 4


class _Again:
    def __init__(self, program: Program) -> None:
        self.program, self.calls = program, program.calls
        self.made = {call.out: i for i, call in enumerate(self.calls)}
        self.source = {call.out: call.args[0] for call in self.calls if call.op.view}
        self.used: dict[Value, list[int]] = {}
        for i, call in enumerate(self.calls):
            if not call.op.view:
                for v in call.operands:
                    self.used.setdefault(self.base(v), []).append(i)
        for v in (*program.outputs, *(new for _, new in program.stores)):
            self.used.setdefault(self.base(v), []).append(len(self.calls))
        self.needed: set[Value] = set()  # kept, since others are computed of them
        self.gone: set[Value] = set()  # no longer kept
        self.before: dict[int, list[Call]] = {}  # call's number -> what is computed before it
        self.after: dict[Value, Value] = {}

    def base(self, value: Value) -> Value:
        """Return the value that another one is a view of."""
        while value in self.source:
            value = self.source[value]
        return value

    def run(self) -> dict[Value, Value]:
        # A value of a later layer waits for less long: those that gain most come first.
        for call in list(self.calls):
            gap = self._gap(call)
            if gap is not None:
                self._move(call, gap)
        self.program.calls = [
            c for i, call in enumerate(self.calls) for c in (*self.before.get(i, ()), call)
        ]
        return self.after

    def _gap(self, call: Call) -> int | None:
        """Return the call that reads a value again after a long time; None if none does."""
        out = call.out
        small = math.prod(out.shape) * out.dtype.itemsize < LEAST
        if call.op not in CHEAP or small or out in self.needed:
            return None
        used = self.used.get(out, [])
        gaps = [(later - earlier, later) for earlier, later in pairwise(used)]
        length, later = max(gaps, default=(0, 0))
        if length * 10 < len(self.calls) or used[-1] == len(self.calls):
            return None
        return later

    def _way(self, value: Value, until: int, depth: int) -> list[Call] | None:
        """Return the calls that give a value of what is still kept at some call."""
        base = self.base(value)
        if base.kind != "computed":
            return []
        if depth and base not in self.gone and self.used[base][-1] >= until:
            self._kept.append(base)
            return []
        call = self.calls[self.made[value]]
        if depth == LONGEST or call.op not in CHEAP:
            return None
        found: list[Call] = []
        for v in call.operands:
            way = self._way(v, until, depth + 1)
            if way is None:
                return None
            found += [c for c in way if c not in found]
        return [*found, call]

    def _move(self, call: Call, later: int) -> None:
        self._kept: list[Value] = []
        way = self._way(call.out, later, 0)
        # It must not join a loop of the forward pass: it waits for what else the reader waits for.
        signs = [self.base(v) for v in self.calls[later].operands]
        signs = [v for v in signs if v in self.made and v is not call.out]
        sign = max(signs, key=self.made.__getitem__, default=None)
        earlier = max(i for i in self.used[call.out] if i < later)
        if way is None or sign is None or self.made[sign] <= earlier:
            return
        self.needed.update(self._kept)
        self.gone.add(call.out)
        twins: dict[Value, Value] = {}
        ahead = self.before.setdefault(later, [])
        for old in way:
            ahead.append(self._twin(old, twins))
            self.after[ahead[-1].out] = sign
        for i in range(later, len(self.calls)):
            reader = self.calls[i]
            for v in reader.operands:
                if not reader.op.view and self.base(v) is call.out:
                    ahead += self._views(v, twins)
            if not reader.op.view:
                reader.args = self._instead(reader, twins)

    def _views(self, value: Value, twins: dict[Value, Value]) -> list[Call]:
        """Show the new value as the old one was shown."""
        if value in twins:
            return []
        call = self.calls[self.made[value]]
        before = self._views(call.args[0], twins)
        return [*before, self._twin(call, twins)]

    def _twin(self, call: Call, twins: dict[Value, Value]) -> Call:
        out = Value("computed", call.out.shape, call.out.dtype, name=call.out.name)
        new = Call(call.op, self._instead(call, twins), call.attrs, out, call.line)
        twins[call.out] = out
        return new

    def _instead(self, call: Call, twins: dict[Value, Value]) -> tuple[object, ...]:
        return tuple([twins.get(a, a) if isinstance(a, Value) else a for a in call.args])


def compute_again(program: Program) -> dict[Value, Value]:
    """Let the program compute values again; return what each of the new calls has to wait for."""
    return _Again(program).run()
