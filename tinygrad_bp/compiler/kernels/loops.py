"""The code of a fused loop.

A kernel is a function of pointers. Around the rows run the outer loops; within a row there is one
inner loop for each stage: what a stage sums up, the next one may read. Equal kernels have equal
text, and are compiled once.
"""

from __future__ import annotations

import math
from typing import Any

from ...rules import elementwise as ew
from ...rules import loss, reduce, shape
from ..passes.fuse import REDUCTIONS, Loop, last_axes, reduced_axes, walk
from ..passes.places import Place, contiguous
from ..program import Call, Value
from .elements import ELEMENTS, KINDS, literal, operand_kinds
from .shares import element_cost, parts_for

__all__ = ["LoopCode"]

#: Operations that a number next to zero goes through as zero does.
_SMOOTH = frozenset((ew.add, ew.subtract, ew.multiply, ew.divide, ew.negative, ew.square, ew.sqrt,
                     ew.absolute, ew.maximum, ew.minimum, ew.gate, shape.cast))  # fmt: skip

_COMBINE = {reduce.sum: "plus", reduce.amax: "larger", reduce.amin: "smaller"}
_START = {reduce.sum: 0.0, reduce.amax: -math.inf, reduce.amin: math.inf}
_RANKS = {reduce.amax: "rank_up", reduce.amin: "rank_down"}


class LoopCode:
    """Writes one kernel.

    Attributes
    ----------
    parameters : list of Value
        Whose memory the kernel's pointers point to, in order.
    shifts : list of int
        How many elements further each points: so that loops over other parts of the same memory,
        the time steps of a sequence, are one kernel.
    scratch : list of Value
        Those of them that only this kernel needs.
    parts : int
        Into how many parts it is divided; 1 if it is not.
    extent : int
        Of its outermost loop, which then runs from ``lo`` to ``hi``.
    partial : list of (str, Value, Value, int)
        What is summed up part by part: how, where, what of it comes in the end, and its size.
    body : str
        Its lines.
    """

    def __init__(self, loop: Loop, places: dict[Value, Place], stored: set[Value],
                 homes: dict[Value, Value]) -> None:  # fmt: skip
        self.loop, self.places, self.stored, self.homes = loop, places, stored, homes
        self.parameters: list[Value] = []
        self.written = {homes.get(c.out, c.out) for c in loop.calls}
        self.shifts: list[int] = []
        self._numbers: dict[tuple[Value, int], int] = {}
        self.scratch: list[Value] = []
        self.levels = dict(loop.levels)
        self.space = loop.space or (1,)
        self.inner = self._settle_inner()
        self.stages = self._stages()
        self.axes = self._collapse()
        self.border = self._border()
        self.extent = self._extent(0)
        self.partial: list[tuple[str, Value, Value, int]] = []
        self.parts = self._divide()
        self._spill()
        self.body = self._write()

    # ---------------------------------------------------------------- what is computed when

    def _settle_inner(self) -> int:
        """Decide how many of the last axes are a row; sums over others are added up at the end."""
        inner = self.loop.inner
        rows = [c for c in self.loop.calls if self.levels[c.out] == "row"]
        if inner is None:
            inner = min((last_axes(c) or 0 for c in rows), default=0)
        for c in rows:
            if c.op in REDUCTIONS and last_axes(c) != inner:
                self.levels[c.out] = "after"
        return inner

    def _stages(self) -> dict[Value, int]:
        """Number the inner loops: each value is ready in one of them, or after it."""
        ready: dict[Value, int] = {}
        for call in self.loop.calls:
            own = [self.places[v].base for v in call.operands]
            stage = max((ready.get(b, 0) for b in own), default=0)
            if call.op in REDUCTIONS and self.levels[call.out] == "row":
                stage += 1
            ready[call.out] = stage
        return ready

    def _spill(self) -> None:
        """Find what one stage computes and a later one reads: it is kept for a row."""
        self.kept: dict[Value, Value] = {}
        row = self.space[len(self.space) - self.inner :]
        for call in self.loop.calls:
            now = self._stage_of(call)
            for v in call.operands:
                base = self.places[v].base
                if (
                    self.levels.get(base) == "element" and base not in self.stored
                    and self.stages[base] < now and base not in self.kept
                ):  # fmt: skip
                    shape = (self.parts, *row) if self.parts > 1 else row
                    self.kept[base] = Value("scratch", shape, base.dtype)
        self.scratch = list(self.kept.values())

    def _stage_of(self, call: Call) -> int:
        """The inner loop in which a call runs (a sum is ready one later than it runs)."""
        summed = call.op in REDUCTIONS and self.levels[call.out] == "row"
        return self.stages[call.out] - summed

    # ---------------------------------------------------------------- how memory is walked

    def _walk(self, v: Value, call: Call) -> tuple[int, ...]:
        """Strides of an operand over the whole space."""
        place = self.places[v]
        if call.op is loss.one_hot:
            shape = call.out.shape
            column = Value(v.kind, (*v.shape, 1), v.dtype)
            steps = walk(column, Place(v, 0, (*place.strides, 0)), shape)
        else:
            steps = walk(v, place, call.args[0].shape if call.op in REDUCTIONS else call.out.shape)
        return steps + (0,) * (len(self.space) - len(steps))

    def _own_walk(self, call: Call) -> tuple[int, ...]:
        """Strides of a result over the whole space."""
        if call.op in REDUCTIONS and self.levels[call.out] == "after":
            axes, rank = reduced_axes(call)
            left = [i for i in range(rank) if i not in axes]
            kept = contiguous(tuple(self.space[i] for i in left))
            found = dict(zip(left, kept, strict=True))
            return tuple(found.get(i, 0) for i in range(len(self.space)))
        level = self.levels[call.out]
        rank = len(self.space) - (self.inner if level == "row" else 0)
        steps = contiguous(self.space[:rank]) if self.loop.space else ()
        return steps + (0,) * (len(self.space) - len(steps))

    def _collapse(self) -> list[list[int]]:
        """Group neighbouring axes that every pointer walks through as if they were one."""
        walks = [self._own_walk(c) for c in self.loop.calls]
        for call in self.loop.calls:
            walks += [self._walk(v, call) for v in call.operands]
        border = len(self.space) - self.inner if self.inner else 0
        groups: list[list[int]] = [[0]]
        for i in range(1, len(self.space)):
            merges = all(w[i - 1] == w[i] * self.space[i] for w in walks)
            if merges and i != border:
                groups[-1].append(i)
            else:
                groups.append([i])
        return groups

    def _border(self) -> int:
        """Return how many loops run around the rows; without sums the innermost is the row."""
        if not self.inner:
            return max(len(self.axes) - 1, 0)
        return len([g for g in self.axes if g[0] < len(self.space) - self.inner])

    def _divide(self) -> int:
        """Decide whether threads share the outermost loop."""
        if self.inner and not self.border:  # a sum over everything
            return 1
        moved = sum(self.places[v].base.dtype.itemsize for v in self._in_memory())
        cost = element_cost([c.op for c in self.loop.calls], moved)
        parts = parts_for(cost * math.prod(self.space), self.extent)
        for call in self.loop.calls:
            if self.levels[call.out] == "after" and not self._own_walk(call)[0]:
                # Adding up the parts must not take longer than they do.
                most = math.prod(self.space) // (8 * math.prod(call.out.shape))
                parts = max(min(parts, most, 8), 1)
        return parts

    def _in_memory(self) -> set[Value]:
        """Find what the loop reads and writes."""
        made = {c.out for c in self.loop.calls}
        read = {v for c in self.loop.calls for v in c.operands if self.places[v].base not in made}
        return {v for v in read | (made & self.stored) if math.prod(v.shape) > 1}

    def _part(self, size: int) -> str:
        """Write where the memory of a part begins, in which each has so much for itself."""
        return f"part * {size} + " if self.parts > 1 else ""

    def _index(self, offset: int, steps: tuple[int, ...]) -> str:
        terms = [str(offset)] if offset else []
        for k, group in enumerate(self.axes):
            step = steps[group[-1]]
            if step:
                terms.append(f"i{k}" if step == 1 else f"i{k} * {step}")
        return " + ".join(terms) or "0"

    def _pointer(self, base: Value, shift: int = 0) -> str:
        base = self.homes.get(base, base)
        number = self._numbers.setdefault((base, shift), len(self.parameters))
        if number == len(self.parameters):
            self.parameters.append(base)
            self.shifts.append(shift)
        return f"p{number}"

    # ---------------------------------------------------------------- the text

    def _load(self, base: Value, offset: int, steps: tuple[int, ...], dtype: Any,
              part: str = "") -> str:  # fmt: skip
        # What the loop writes has one pointer: LLVM takes it that no two meet.
        shift = 0 if self.homes.get(base, base) in self.written else offset
        text = f"{self._pointer(base, shift)}[{part}{self._index(offset - shift, steps)}]"
        if dtype.char == "?":
            return f"{text} != 0"
        return f"{KINDS[dtype.char]}({text})" if base.kind == "scalar" else text

    def _write(self) -> str:
        border = self.border
        # What is kept from step to step may fade to numbers that are slow, and stay there: an
        # average of gradients which are zero by now halves itself every few steps.
        fading = any(v.kind == "state" for v in self.written) and all(
            c.op in _SMOOTH or c.op in REDUCTIONS for c in self.loop.calls
        )
        self.names: dict[Value, str] = {}
        self.count = 0  # of loads, for their names
        self.top: list[str] = []
        self.bottom: list[str] = []
        for k, call in enumerate(self.loop.calls):
            self.names[call.out] = f"t{k}"
        last = max((self._stage_of(c) for c in self.loop.calls), default=0)
        rows: list[str] = []
        hoisted: dict[Any, str] = {}
        for stage in range(last + 1):
            rows += self._row_lines(stage, hoisted)
            rows += self._inner_lines(stage, hoisted)
        rows += self._row_lines(last + 1, hoisted)
        lines = self.top
        for k in range(border):
            lines.append("    " * k + f"for i{k} in range({self._range(k)}):")
        lines += ["    " * border + line for line in rows]
        lines = [*lines, *self.bottom]
        if fading:
            lines = ["flush()", *lines, "unflush()"]
        return "\n".join("    " + line for line in lines)

    def _extent(self, k: int) -> int:
        return math.prod(self.space[i] for i in self.axes[k])

    def _range(self, k: int) -> str:
        return "lo, hi" if self.parts > 1 and not k else str(self._extent(k))

    def _row_lines(self, stage: int, hoisted: dict[Any, str]) -> list[str]:
        """Write what happens once a row, before the inner loop of a stage."""
        lines: list[str] = []
        if stage:
            for call in self.loop.calls:
                summed = call.op in REDUCTIONS and self.levels[call.out] == "row"
                if summed and self.stages[call.out] == stage and call.out in self.stored:
                    lines.append(self._store(call))
        for call in self.loop.calls:
            if self._at_row(call) and self.stages[call.out] == stage:
                lines += self._statement(call, hoisted, {})
        return lines

    def _at_row(self, call: Call) -> bool:
        """Whether a call runs once a row, and not once an element."""
        return call.out in self.loop.by_row

    def _inner_lines(self, stage: int, hoisted: dict[Any, str]) -> list[str]:
        calls = [c for c in self.loop.calls if not self._at_row(c) and self._stage_of(c) == stage]
        if not calls:
            return []
        starts: list[str] = []
        lines: list[str] = []
        loaded: dict[Any, str] = {}
        for call in calls:
            if call.op in REDUCTIONS and self.levels[call.out] == "row":
                kind = KINDS[call.out.dtype.char]
                starts.append(self._begin(call, kind))
        ends: list[str] = []
        for call in calls:
            lines += self._statement(call, hoisted, loaded)
            if call.op in _RANKS and self.levels[call.out] == "row":
                name = self.names[call.out]
                ends.append(f"{name} = ranked({name}_)")
        depth = 0
        for k in range(self.border, len(self.axes)):
            starts.append("    " * depth + f"for i{k} in range({self._range(k)}):")
            depth += 1
        return starts + ["    " * depth + line for line in lines] + ends

    def _operand(self, v: Any, call: Call, kind: str, lines: list[str],
                 hoisted: dict[Any, str], loaded: dict[Any, str]) -> str:  # fmt: skip
        if not isinstance(v, Value):
            return literal(v, kind)
        if v.kind == "constant" and v.array is not None and v.array.size == 1:
            return literal(v.array.item(), kind)
        place = self.places[v]
        base, steps = place.base, self._walk(v, call)
        name = self.names.get(base)
        if name is not None and self.levels[base] == "element":
            stage = self._stage_of(call)
            if self.stages[base] < stage:  # computed in an earlier loop over the row
                name = loaded.get(base)
                if name is None:
                    name = loaded[base] = f"{self.names[base]}_{stage}"
                    lines.append(f"{name} = {self._reload(base)}")
        elif name is None:
            key = (base, place.offset, steps)
            fixed = not any(steps) and base not in self.written
            known = hoisted if fixed else loaded
            name = known.get(key)
            if name is None:
                self.count += 1
                name = known[key] = f"x{self.count}"
                (self.top if fixed else lines).append(
                    f"{name} = {self._load(base, place.offset, steps, v.dtype)}"
                )
        have = KINDS[v.dtype.char]
        if have == kind:
            return name
        return f"({name} != 0)" if kind == "boolean" else f"{kind}({name})"

    def _reload(self, base: Value) -> str:
        if base in self.kept:
            scratch = self.kept[base]
            first = len(self.space) - self.inner
            row = self.space[first:]
            steps = (0,) * first + contiguous(row)
            return self._load(scratch, 0, steps, base.dtype, self._part(math.prod(row)))
        call = next(c for c in self.loop.calls if c.out is base)
        return self._load(base, 0, self._own_walk(call), base.dtype)

    def _statement(self, call: Call, hoisted: dict[Any, str], loaded: dict[Any, str]) -> list[str]:
        lines: list[str] = []
        out, name = call.out, self.names[call.out]
        dtypes = [a.dtype if isinstance(a, Value) else None for a in call.args]
        kinds = (
            [KINDS[call.args[0].dtype.char]] if call.op is loss.one_hot
            else operand_kinds(call.op, dtypes, out.dtype)
        )  # fmt: skip
        args = [
            self._operand(a, call, kind, lines, hoisted, loaded)
            for a, kind in zip(call.args, kinds, strict=True)
        ]
        kind = KINDS[out.dtype.char]
        if call.op in REDUCTIONS:
            return lines + self._reduction(call, args[0], kind)
        if call.op is loss.one_hot:
            column = f"i{len(self.axes) - 1}" if out.shape[-1] != 1 else "0"
            text = f"{args[0]} == {column}"
            text = text if kind == "boolean" else f"{kind}(1) if {text} else {kind}(0)"
        else:
            attrs = {k: v for k, v in call.attrs.items() if call.op.name != "gelu"}
            text = ELEMENTS[call.op](kind, *args, **attrs)
            if call.op.name == "cast":
                text = f"{args[0]} != 0" if kind == "boolean" else f"{kind}({args[0]})"
        lines.append(f"{name} = {text}")
        if out in self.stored:
            lines.append(self._store(call))
        elif out in self.kept and self.levels[out] == "element":
            lines.append(f"{self._reload(out).split(' != ')[0]} = {self._as_stored(out, name)}")
        return lines

    def _as_stored(self, out: Value, name: str) -> str:
        return f"uint8({name})" if out.dtype.char == "?" else name

    def _store(self, call: Call) -> str:
        index = self._index(0, self._own_walk(call))
        value = self._as_stored(call.out, self.names[call.out])
        return f"{self._pointer(call.out)}[{index}] = {value}"

    def _begin(self, call: Call, kind: str) -> str:
        """Write what a sum or an extreme begins with."""
        name, start = self.names[call.out], literal(_START[call.op], kind)
        rank = _RANKS.get(call.op)
        return f"{name}_ = {rank}({start})" if rank else f"{name} = {start}"

    def _step(self, call: Call, x: str) -> str:
        """Write how one more element comes to it. Extremes are found among ranks."""
        name, combine = self.names[call.out], _COMBINE[call.op]
        rank = _RANKS.get(call.op)
        if rank:
            return f"{name}_ = {combine}({name}_, {rank}({x}))"
        return f"{name} = {combine}({name}, {x})"

    def _reduction(self, call: Call, x: str, kind: str) -> list[str]:
        out, name, combine = call.out, self.names[call.out], _COMBINE[call.op]
        if self.levels[out] == "row":
            return [self._step(call, x)]
        start, steps = literal(_START[call.op], kind), self._own_walk(call)
        size = math.prod(out.shape)
        part, whole, target = "", str(size), out
        if self.parts > 1 and steps[0]:  # each part has rows of the result for itself
            step = steps[self.axes[0][-1]]
            whole = f"lo * {step}, hi * {step}"
        elif self.parts > 1:
            target = Value("scratch", (self.parts, size), out.dtype)
            self.scratch.append(target)
            self.partial.append((combine, target, out, size))
            part = self._part(size)
        pointer = self._pointer(target)
        if not any(steps):
            self.top.append(self._begin(call, kind))
            result = f"ranked({name}_)" if call.op in _RANKS else name
            self.bottom.append(f"{pointer}[{part}0] = {result}")
            return [self._step(call, x)]
        self.top += [f"for i in range({whole}):", f"    {pointer}[{part}i] = {start}"]
        place = f"{pointer}[{part}{self._index(0, steps)}]"
        return [f"{place} = {combine}({place}, {x})"]
