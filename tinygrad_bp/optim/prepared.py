"""A group's step once more, on the same arrays as in the step before.

To gather what is to be updated takes longer than to update a small network. From one step to the
next nothing of it changes but the gradients and the count: so the list of arrays is kept, and a
step only makes sure that it still holds.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from ..storage import storage_of
from .batch import Batch
from .calls import Calls

__all__ = ["Prepared"]


class Prepared:
    """The next update of a group's parameters, if it is to be as the last one was.

    Parameters
    ----------
    optimizer : Optimizer
        One whose numbers follow from its options and the count of steps alone.
    group : dict
    batch : Batch
        What was run for this group just now, in one.
    """

    __slots__ = ("before", "by_numpy", "entries", "flags", "kind", "names", "options", "update")

    def __init__(self, optimizer: Any, group: dict[str, Any], batch: Batch) -> None:
        _, scalars, flags, kind, members = batch.runs[0]
        self.kind, self.names, self.flags = kind, [*scalars], flags
        # The learning rate is one of the numbers, which are asked for in every step.
        self.options = itemgetter(*[name for name in group if name not in ("params", "lr")])
        self.before = self.options(group)
        self.update = batch.repeated
        self.by_numpy = self.update if isinstance(self.update, Calls) else None
        self.entries: list[tuple[Any, ...]] = []
        for parameter, arrays in zip(group["params"], members, strict=True):
            state = optimizer.state.get(parameter, {})
            named = [
                (name, tensor, tensor._array)
                for name, tensor in state.items()
                if any(tensor._array is a for a in arrays[2:])
            ]
            step = state.get("step")
            count = None if step is None else step._array
            memory = storage_of(arrays[0])
            w = arrays[0]
            self.entries.append((parameter, w, w.shape, state, named, step, count, memory))

    @classmethod
    def after(cls, optimizer: Any, group: dict[str, Any], batch: Batch) -> Prepared | None:
        """Prepare the next step; None for a group that has to be looked through each time."""
        if batch.repeated is None or len(batch.runs[0][-1]) != len(group["params"]):
            return None  # not in one, or some have no gradient
        return cls(optimizer, group, batch)

    def run(self, optimizer: Any, group: dict[str, Any]) -> bool:
        """Make the step; or, if something is not as before, change nothing and return False."""
        entries, kind = self.entries, self.kind
        parameters, states = group["params"], optimizer.state
        if self.options(group) != self.before or len(parameters) != len(entries):
            return False
        gradients = []
        so_far = None
        for parameter, entry in zip(parameters, entries):  # noqa: B905  as many, see above
            known, w, shape, state, named, step, count, _ = entry
            gradient = parameter.grad
            if gradient is None or parameter is not known or parameter._array is not w:
                return False
            g = gradient._array
            if g.dtype is not kind or g.shape != shape or w.shape != shape:
                return False
            if not (g.flags.carray and w.flags.carray):
                return False
            if state and states.get(parameter) is not state:
                return False
            for name, tensor, array in named:
                if state.get(name) is not tensor or tensor._array is not array:
                    return False
            if count is not None:
                if state.get("step") is not step or step._array is not count:
                    return False
                if so_far is not None and count.item() != so_far:
                    return False
                so_far = count.item()
            gradients.append(g)
        # A later step than the first, of those that count none.
        t = 2.0 if so_far is None else so_far + 1
        scalars, flags = optimizer._scalars(group, t)
        if [*scalars] != self.names or flags != self.flags:
            return False
        if self.by_numpy is not None and self.by_numpy.outdated():
            return False
        self.update(gradients, scalars.values())
        for *_, count, memory in entries:
            if count is not None:
                count.fill(t)
            memory.touch()  # a recorded graph that kept the old values is to notice
        return True
