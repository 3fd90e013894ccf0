"""The numbers that an optimizer brings along: asked for anew in every step.

An optimizer computes them from its options and its count of steps (a learning rate that a scheduler
has changed, a bias correction). A compiled step lets it keep these books as ever, but for the
update itself, which is part of the program. Parameters of a group that go in lockstep get the same
numbers: one is asked, and the others' counts are raised along.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...optim import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, RAdam, RMSprop
from ..program import Program, Value
from .recording import Update

__all__ = ["ask_for"]

#: Optimizers that remember nothing of a parameter, beyond its state arrays, but the count of steps.
_COUNTING = frozenset((SGD, Adam, AdamW, RMSprop, Adagrad, Adadelta, Adamax, RAdam))

#: Those that tell their numbers without an update.
_DIRECT = frozenset((SGD, Adam, AdamW))

Ask = Callable[[], "list[float] | None"]


def ask_for(updates: list[Update], program: Program) -> Ask | None:
    """Make a function that gives the numbers of all updates; None if there are none.

    Of updates in lockstep the program keeps the scalars of one. The function returns None, and has
    changed nothing, if an optimizer wants an update of another kind by now (weight decay was
    switched on, say): then the step has to be traced again.
    """
    values = iter(program.scalars)
    theirs = {id(u): [next(values) for _ in u.names] for u in updates}
    asked, kept = [], []
    instead: dict[Value, Value] = {}
    for leader, members in _lockstep(updates):
        asked.append(_Asked(leader, members))
        kept += theirs[id(leader)]
        for member in members:
            instead.update(zip(theirs[id(member)], theirs[id(leader)], strict=True))
    program.scalars[:] = kept
    for call in program.calls:
        if any(isinstance(a, Value) and a in instead for a in call.args):
            call.args = tuple([instead.get(a, a) if isinstance(a, Value) else a for a in call.args])
    functions = [one.direct() for one in asked]
    if len(asked) < 2:
        return functions[0] if asked else None

    def ask() -> list[float] | None:
        numbers: list[float] = []
        for i, one in enumerate(functions):
            found = one()
            if found is None:
                for earlier in reversed(asked[:i]):
                    earlier.undo()
                return None
            numbers += found
        return numbers

    return ask


def _lockstep(updates: list[Update]) -> list[tuple[Update, list[Update]]]:
    """Put updates together that get the same numbers: the one that is asked, and all of them."""
    groups: list[tuple[Update, list[Update]]] = []
    for update in updates:
        for leader, members in groups:
            if (
                type(update.optimizer) in _COUNTING
                and update.optimizer is leader.optimizer
                and update.group == leader.group
                and update.turn == leader.turn
                and update.signature == leader.signature
                and update.numbers == leader.numbers
                and _count(update) == _count(leader)
            ):
                members.append(update)
                break
        else:
            groups.append((update, [update]))
    return groups


def _count(update: Update) -> float | None:
    step = update.optimizer.state.get(update.parameter, {}).get("step")
    return None if step is None else float(step._array)


class _Asked:
    """Updates in lockstep, of which the first is asked."""

    def __init__(self, leader: Update, members: list[Update]) -> None:
        self.optimizer, self.group = leader.optimizer, leader.group
        self.parameter = leader.parameter
        self.formula, self.names, self.flags = leader.signature
        state = self.optimizer.state.get(self.parameter, {})
        self.books = [t._array for t in state.values() if _is_number(t, self.parameter)]
        if self.parameter._array.ndim == 0:  # which its state arrays can't be told from
            self.books = [state["step"]._array] if "step" in state else []
        self.counts: Any = None
        steps = [u.optimizer.state.get(u.parameter, {}).get("step") for u in members]
        if type(self.optimizer) in _COUNTING and steps[0] is not None:
            self.counts = _together(steps)
            self.books = []
        self.before: list[Any] = []
        self.answer: Any = None

    def __call__(self) -> list[float] | None:
        optimizer, counts = self.optimizer, self.counts
        self.before = [x.item() for x in self.books]
        own = optimizer.__dict__
        own["_run"] = self._take
        try:
            # The update itself is left out, so that any tensor does for the gradient.
            optimizer._update(optimizer.param_groups[self.group], self.parameter, self.parameter)
        finally:
            del own["_run"]
        formula, scalars, flags = self.answer
        if counts is not None:
            counts[1:] += 1
        if (formula, tuple(scalars), flags) != (self.formula, self.names, self.flags):
            self.undo()
            return None
        return [*scalars.values()]

    def direct(self) -> Ask:
        """Make a function that asks without an update, where the optimizer can be asked so."""
        if type(self.optimizer) not in _DIRECT:
            return self
        scalars_of, groups = self.optimizer._scalars, self.optimizer.param_groups
        number = self.group
        names, wanted, counts = self.names, self.flags, self.counts
        # NumPy takes a third of a microsecond to add arrays, and another half to make one of a 1.
        side_by_side = isinstance(counts, np.ndarray)
        ones: Any = np.ones_like(counts) if side_by_side else None

        def ask() -> list[float] | None:
            nonlocal counts
            # A later step than the first, of those that count none.
            t = 2.0 if counts is None else counts.item(0) + 1
            scalars, flags = scalars_of(groups[number], t)
            if tuple(scalars) != names or flags != wanted:
                return None
            if side_by_side:
                np.add(counts, ones, counts)
            elif counts is not None:
                counts += 1
            return [*scalars.values()]

        return ask

    def _take(self, formula: Any, parameter: Any, gradient: Any, state: Any, scalars: Any,
              flags: Any) -> None:  # fmt: skip
        self.answer = formula, scalars, flags

    def undo(self) -> None:
        """Take a step back."""
        for x, value in zip(self.books, self.before, strict=True):
            x[...] = value
        if self.counts is not None:
            self.counts -= 1


class _Apart:
    """Counts that lie apart."""

    def __init__(self, arrays: list[Any]) -> None:
        self.arrays = arrays

    def item(self, i: int) -> float:
        return float(self.arrays[i])

    def __getitem__(self, part: slice) -> _Apart:
        return _Apart(self.arrays[part])

    def __setitem__(self, part: slice, value: _Apart) -> None:
        """Take part in ``counts[1:] += 1``, which has changed the arrays already."""

    def __iadd__(self, n: int) -> _Apart:
        for array in self.arrays:
            array += n
        return self

    def __isub__(self, n: int) -> _Apart:
        return self.__iadd__(-n)


def _is_number(member: Any, parameter: Any) -> bool:
    return hasattr(member, "_array") and member._array.ndim == 0 and parameter._array.ndim > 0


def _together(steps: list[Any]) -> Any:
    """Lay counts of steps side by side, so that one addition raises all of them."""
    base = steps[0]._array.base
    if base is not None and len(base) == len(steps) and all(s._array.base is base for s in steps):
        return base  # another program has done so
    if any(s._array.base is not None for s in steps):
        return _Apart([s._array for s in steps])  # that of others, which differ
    counts = np.array([s._array for s in steps])
    for i, step in enumerate(steps):
        step._array = counts[i : i + 1].reshape(())
    return counts
