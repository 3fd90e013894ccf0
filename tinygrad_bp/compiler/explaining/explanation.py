"""What `step.explain()` prints: the program, its fusions, its memory, and where time goes."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

from ..kernels.emit import Lowered
from ..passes.fuse import Step
from ..program import Call, Program, Value
from ..reference import Execute
from .listing import WIDTH, Names, line_of, plain_text, program_text, way_of
from .times import Given, Times, flops, measure

__all__ = ["explanation"]

_ROWS = 12  # of the table; the others are added up in one line


@dataclass
class _Row:
    taken: float  # nanoseconds
    number: str
    what: str
    line: str = ""
    flops: float = 0.0
    traffic: float = 0.0  # bytes
    times: int = 1
    looks: Hashable = None  # equal for kernels that do the same to other memory


def explanation(program: Program, execute: Execute, given: Given, times: bool) -> str:
    """Write down what a program does, and what its parts take if `times` are asked for."""
    name = Names()
    low: Lowered | None = getattr(execute, "lowered", None)
    # What runs call by call drops some calls first.
    run = program if low is not None else getattr(execute, "program", program)
    if low is not None:
        text = program_text(program, low, name)
    else:
        text = plain_text(run, name, getattr(execute, "memory", None))
    return f"{text}\n\n{_times(run, low, execute, given)}" if times else text


def _times(program: Program, low: Lowered | None, execute: Execute, given: Given) -> str:
    try:
        found = measure(program, execute, given)
    except (ArithmeticError, ValueError, IndexError, RuntimeError) as error:
        # The made-up inputs may be none that the operations take: a matrix without an inverse.
        return textwrap.fill(f"where time goes: not measured ({error})", WIDTH)
    head = (
        f"where time goes: {_time(found.total)} in one step, on copies and made-up inputs\n"
        f"(median of {found.rounds} rounds, part by part; what Python checks before and after is\n"
        "not in it)\n"
    )
    rows = _together(_loop_rows(low, found) if low is not None else _call_rows(program, found))
    if found.draws:
        rows.append(_Row(found.draws, "", "random numbers, drawn before"))
    rows.sort(key=lambda row: -row.taken)
    shown = rows[:_ROWS] if len(rows) > _ROWS + 1 else rows
    lines = [_row(row, found.total) for row in shown]
    if others := rows[len(shown) :]:
        rest = _Row(sum(r.taken for r in others), "", f"the other {len(others)} kinds")
        lines.append(_row(rest, found.total))
    title = f"{'time':>9}  share  step  {'what':<28} {'rate':>12}  line"
    return "\n".join([head, title, *lines])


def _row(row: _Row, total: float) -> str:
    share = 100 * row.taken / total if total else 0.0
    what = f"{row.times} × {row.what}" if row.times > 1 else row.what
    what = what if len(what) <= 28 else what[:27] + "…"
    text = f"{_time(row.taken):>9} {share:4.1f} %  {row.number:>4}  {what:<28} {_rate(row):>12}  "
    room = WIDTH - len(text)
    return (text + (row.line if len(row.line) <= room else f"…{row.line[1 - room :]}")).rstrip()


def _time(nanoseconds: float) -> str:
    for unit, size in (("s", 1e9), ("ms", 1e6)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.2f} {unit}"
    microseconds = nanoseconds / 1e3
    return f"{microseconds:.{0 if microseconds >= 100 else 1 if microseconds >= 10 else 2}f} µs"


def _loop_rows(low: Lowered, times: Times) -> Iterator[_Row]:
    for number, taken in times.parts.items():
        if number == len(low.steps):
            yield _Row(taken, "", "states take their new values")
            continue
        step = low.steps[number]
        names = list(dict.fromkeys(call.op.name for call in step.calls))
        if names in (["matmul"], ["affine"]):
            operands = [*step.calls[0].operands]
            names = [" @ ".join("×".join(map(str, v.shape)) for v in operands[:2])]
            names[0] += " + b" * (len(operands) > 2)
        what = f"{way_of(low, step)}: {', '.join(names)}"
        values = [v for c in step.calls for v in (*c.operands, c.out)]
        looks = what, tuple((v.shape, v.dtype.char) for v in values)
        yield _Row(taken, str(number), what, line_of(step.calls), _flops(step.calls),
                   _traffic(low, step), looks=looks)  # fmt: skip


def _call_rows(program: Program, times: Times) -> Iterator[_Row]:
    for number, taken in times.parts.items():
        if number < 0 or number >= len(program.calls):
            yield _Row(taken, "", "states, outputs")
            continue
        call = program.calls[number]
        shape = "×".join(map(str, call.out.shape))
        traffic = sum(map(_bytes, {*call.operands, call.out})) if not call.op.view else 0
        what = f"{call.op.name} {shape}"
        looks = what, tuple((v.shape, v.dtype.char) for v in call.operands)
        yield _Row(taken, str(number), what, line_of([call]), _flops([call]), traffic,
                   looks=looks)  # fmt: skip


def _bytes(value: Value) -> int:
    return math.prod(value.shape) * value.dtype.itemsize


def _traffic(low: Lowered, step: Step) -> int:
    """Return the bytes that a step has to read and to write at least."""
    made = {call.out for call in step.calls}
    read = {v for call in step.calls for v in call.operands if low.places[v].base not in made}
    memory = low.memory
    kept = {v for v in made if v in memory.offsets or v in memory.homes or v in memory.returned}
    return sum(map(_bytes, read | kept))


def _flops(calls: list[Call]) -> float:
    return sum(n for n in map(flops, calls) if n is not None)


def _together(rows: Iterable[_Row]) -> list[_Row]:
    """Add up what kernels take that do the same, as those of layers that repeat."""
    found: dict[Hashable, _Row] = {}
    for i, row in enumerate(rows):
        first = found.setdefault(row.looks or i, row)
        if first is not row:
            first.taken += row.taken
            first.flops += row.flops
            first.traffic += row.traffic
            first.times += 1
            first.line = first.line if first.line == row.line else ""
    return list(found.values())


def _rate(row: _Row) -> str:
    if row.taken < 100:  # too short for the clock
        return ""
    if row.flops:
        return f"{row.flops / row.taken:.3g} GFLOP/s"
    return f"{row.traffic / row.taken:.3g} GB/s" if row.traffic else ""
