"""From a compiled step to what a picture shows: a box a kernel, an arrow a buffer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from ..compiler import CompiledModule, CompiledStep
from ..compiler.explaining.listing import Names, line_of, way_of
from ..compiler.passes.fuse import Loop
from ..compiler.program import Call, Program, Value
from ..recorded.modules import Group
from .labels import shape_text
from .repeats import Fold, fold
from .scene import Arrow, Box, Scene

__all__ = ["collect_step"]

_OPERATIONS = 7  # that a box names
_STATES = 4
_MANY, _FAR = 30, 8  # in a picture of more boxes, arrows over more than so many are written instead


@dataclass
class _Part:
    """What becomes a box: a kernel, or several alike that nothing else reads."""

    number: int  # as in the listing
    way: str
    title: str
    calls: list[Call]
    reads: list[Value] = field(default_factory=list)  # bases, of other parts and what is given
    states: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    others: list[Call] = field(default_factory=list)  # of the ones that are not shown
    times: int = 1

    @property
    def looks(self) -> Hashable:
        """What parts that are alike have in common."""
        return self.title, tuple((c.op, c.out.shape, c.out.dtype.char) for c in self.calls)


def collect_step(step: CompiledStep | CompiledModule, most: int) -> Scene:
    """Read the program of the latest call."""
    if isinstance(step, CompiledModule):
        step = step.step
    if not step.specialised:
        raise RuntimeError("there is nothing to draw: the step is not compiled yet. Call it first")
    one = step.specialised[0]
    low = getattr(one.execute, "lowered", None)
    program = low.program if low is not None else getattr(one.execute, "program", one.program)
    scene = _Collector(program, low).scene
    if len(scene.boxes) > most:
        raise ValueError(
            f"the picture would have {len(scene.boxes):,} boxes, more than max_nodes={most:,}"
        )
    return scene


class _Collector:
    def __init__(self, program: Program, low: Any) -> None:
        self.program, self.low = program, low
        self.name, self.scene = Names(), Scene(one_column=True)
        self.viewed = {c.out: c.args[0] for c in program.calls if c.op.view}
        self.home = {new: state for state, new in program.stores}
        self.parts = self._gathered(self._parts())
        self.made = {
            c.out: i for i, part in enumerate(self.parts) for c in (*part.calls, *part.others)
        }
        self.folds = fold([part.looks for part in self.parts])
        self._boxes()
        self._arrows()

    def _base(self, value: Value) -> Value:
        if self.low is not None:
            base: Value = self.low.places[value].base
            return base
        while value in self.viewed and isinstance(self.viewed[value], Value):
            value = self.viewed[value]
        return value

    # ------------------------------------------------------------------------------------- parts

    def _parts(self) -> list[_Part]:
        if self.low is None:
            calls = enumerate(self.program.calls)
            steps = [(i, "NumPy", c.op.name, [c]) for i, c in calls if not c.op.view]
        else:
            steps = [
                (i, way_of(self.low, s), self._title(s), list(s.calls))
                for i, s in enumerate(self.low.steps)
            ]
        parts = []
        for number, way, title, done in steps:
            part = _Part(number, way, title, done)
            own = {c.out for c in done}
            bases = dict.fromkeys(self._base(v) for c in done for v in c.operands)
            written = [self.home[c.out] for c in done if c.out in self.home]
            part.writes = [self.name(v) for v in written]
            for base in bases:
                if base.kind == "state":
                    if base not in written:
                        part.states.append(self.name(base))
                elif base not in own:
                    part.reads.append(base)
            parts.append(part)
        return parts

    def _title(self, step: Any) -> str:
        way = way_of(self.low, step)
        if isinstance(step, Loop):
            return "loop " + " × ".join(map(str, step.space)) if step.space else "numbers"
        return f"{way}: {step.call.op.name}"

    def _gathered(self, parts: list[_Part]) -> list[_Part]:
        """Put parts together that are the same on other states, as an optimizer's updates."""
        read = {v for part in parts for v in part.reads} | set(
            map(self._base, self.program.outputs)
        )
        kept: dict[Hashable, _Part] = {}
        for number, part in enumerate(parts):
            ends = part.writes and not any(c.out in read for c in part.calls)
            operations = frozenset(c.op for c in part.calls)
            key: Hashable = (part.way, operations) if ends else number
            first = kept.pop(key, part)
            kept[key] = first  # at its last place: all that it reads comes before
            if first is not part:
                first.times += 1
                first.others += part.calls
                first.reads = list(dict.fromkeys([*first.reads, *part.reads]))
                first.states += part.states
                first.writes += part.writes
        return list(kept.values())

    # ------------------------------------------------------------------------------------- boxes

    def _boxes(self) -> None:
        program = self.program
        returned = set(map(self._base, program.outputs))
        used = {v for part in self.parts for v in part.reads}
        for value in (*program.inputs, *program.draws):
            if value in used:
                text = "random numbers" if value.kind == "drawn" else ""
                name = "" if text else self.name(value)
                self._add(value, Box("", "input", name, text, shape_text(value.shape)))
        for number, part in enumerate(self.parts):
            at = self.folds.place(number)
            if at is None:
                continue
            title = f"{part.number}  {part.title}"
            title += f", and {part.times - 1} like it" if part.times > 1 else ""
            self._add(
                ("part", number),
                Box("", part.way, "", title, "", self._operations(part), group=self._group(at),
                    keeps=line_of(part.calls), reads=_some(part.states), writes=_some(part.writes),
                    root=not returned.isdisjoint(c.out for c in part.calls)),
            )  # fmt: skip
        for run in self.folds.runs:
            self.scene.frames[self._group(run)] = (f"× {run.count}", "in a row")

    def _group(self, run: Fold) -> Any:
        group: Group = ((f"run {run.start}", 0),)
        return group if run.count > 1 else None

    def _add(self, key: Hashable, box: Box) -> None:
        box.id = f"n{len(self.scene.boxes)}"
        self.scene.boxes[key] = box

    def _operations(self, part: _Part) -> list[str] | None:
        if part.way != "loop":
            return None
        names = [f"{c.op.name} {n} ×" if (n := many[c.op.name]) > 1 else c.op.name
                 for many in [Counter(c.op.name for c in part.calls)]
                 for c in {c.op.name: c for c in part.calls}.values()]  # fmt: skip
        if len(names) > _OPERATIONS:
            names = [*names[: _OPERATIONS - 1], f"and {len(names) - _OPERATIONS + 1} more"]
        return names

    # ------------------------------------------------------------------------------------ arrows

    def _arrows(self) -> None:
        labels: dict[tuple[str, str, bool], list[str]] = {}
        boxes = self.scene.boxes
        order = [key[1] for key in boxes if isinstance(key, tuple)]
        at = {number: i for i, number in enumerate(order)}
        given: set[Value] = set()  # that an arrow comes from already
        for number, part in enumerate(self.parts):
            shown = self.folds.shown(number)
            head = boxes["part", shown]
            for base in part.reads:
                made = self.made.get(base)
                source = None if made is None else self.folds.shown(made)
                tail = boxes.get(base) if source is None else boxes["part", source]
                if tail is None or tail is head:
                    continue
                far = base in given if source is None else at[shown] - at[source] > _FAR
                if far and len(order) > _MANY:
                    origin = "" if source is None else str(self.parts[source].number)
                    name = origin or tail.name or "random numbers"
                    text = f"{name} {shape_text(base.shape)}".strip()
                    if text not in head.far:
                        head.far.append(text)
                    continue
                given.add(base)
                # From one turn of what repeats into the next one.
                again = source is not None and source >= shown
                texts = labels.setdefault((tail.id, head.id, again), [])
                if (text := shape_text(base.shape)) not in texts:
                    texts.append(text)
        for (tail_id, head_id, again), texts in labels.items():
            label = ", ".join(texts[:2]) + (", …" if len(texts) > 2 else "")
            self.scene.arrows.append(Arrow(tail_id, head_id, label, again=again))
        for box in boxes.values():
            box.far = _some(box.far)


def _some(names: list[str]) -> list[str]:
    names = list(dict.fromkeys(names))
    if len(names) <= _STATES:
        return names
    return [*names[: _STATES - 1], f"and {len(names) - _STATES + 1} more"]
