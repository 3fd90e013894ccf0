"""What a step reads in Python is what it is in each call: nothing stays as it was when traced."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import enum
import functools
import itertools
import os
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.compiler import CompileWarning, TraceError
from tinygrad_bp.compiler.tracing import watch

nn = tgb.nn
factor = 3.0


class Plain:
    def times(self, x: Any) -> Any:
        return x * factor


class Base:
    shift = 2.0


class Derived(Base):
    pass


class Computed:
    value = 1.0

    @property
    def rate(self) -> float:
        return self.value * factor

    @staticmethod
    def scaled(x: Any) -> Any:
        return x * factor

    @classmethod
    def shifted(cls, x: Any) -> Any:
        return x + cls.value


class Slots:
    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 2.0


@dataclasses.dataclass
class Options:
    value: float = 2.0
    entries: list[float] = dataclasses.field(default_factory=lambda: [1.0])


class Helped(nn.Module):
    rate = 2.0

    def helper(self, x: Any) -> Any:
        return x * factor * self.rate

    def forward(self, x: Any) -> Any:
        return self.helper(x)


class Meta(type):
    value = 2.0


class Described(metaclass=Meta):
    pass


class Mode(enum.Enum):
    TRAIN = 1
    TEST = 2


class Own:
    """An object with everything that is looked at in the cases below."""

    def __init__(self) -> None:
        self.plain, self.derived, self.computed, self.slots = (
            Plain(), Derived(), Computed(), Slots(),
        )  # fmt: skip
        self.options, self.helped, self.mode = Options(), Helped(), Mode.TRAIN
        self.space = types.SimpleNamespace(value=2.0)
        self.parsed = argparse.Namespace(value=2.0)
        self.ordered = collections.OrderedDict(value=2.0)
        self.queue = collections.deque([2.0])
        self.set = {1, 2}
        self.many = [1.0] * 200
        self.deep = {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": 2.0}}}}}}}}
        self.partial = functools.partial(lambda x, k: x * k, k=2.0)
        self.array = np.ones(3, np.float32)
        self.tensors = [tgb.ones(3), tgb.ones(3) * 2]


def keyword(x: Any, *, k: float = 2.0) -> Any:
    return x * k


def innermost(o: Own) -> dict[str, Any]:
    inside: dict[str, Any] = o.deep
    for name in "abcdefg":
        inside = inside[name]
    return inside


def global_factor(o: Own) -> None:
    globals()["factor"] = 7.0


#: What a step does, and what happens between two calls of it.
CHANGES: dict[str, tuple[Callable[[Own, Any], Any], Callable[[Own], Any]]] = {
    "a method's global": (lambda o, x: o.plain.times(x), global_factor),
    "a static method's global": (lambda o, x: Computed.scaled(x), global_factor),
    "a property's global": (lambda o, x: x * o.computed.rate, global_factor),
    "a property's attribute": (
        lambda o, x: x * o.computed.rate, lambda o: setattr(o.computed, "value", 5.0)
    ),
    "a class method's class": (
        lambda o, x: Computed.shifted(x), lambda o: setattr(Computed, "value", 5.0)
    ),
    "an inherited attribute": (
        lambda o, x: x * o.derived.shift, lambda o: setattr(Base, "shift", 5.0)
    ),
    "an attribute that shadows another": (
        lambda o, x: x * o.derived.shift, lambda o: setattr(Derived, "shift", 6.0)
    ),
    "an attribute of the object alone": (
        lambda o, x: x * o.derived.shift, lambda o: setattr(o.derived, "shift", 7.0)
    ),
    "a slot": (lambda o, x: x * o.slots.value, lambda o: setattr(o.slots, "value", 5.0)),
    "a dataclass": (lambda o, x: x * o.options.value, lambda o: setattr(o.options, "value", 5.0)),
    "its list": (
        lambda o, x: x * o.options.entries[0], lambda o: o.options.entries.__setitem__(0, 5.0)
    ),
    "a module's helper": (lambda o, x: o.helped(x), global_factor),
    "a module's class": (lambda o, x: o.helped(x), lambda o: setattr(Helped, "rate", 5.0)),
    "a module's forward": (
        lambda o, x: o.helped(x), lambda o: setattr(o.helped, "forward", lambda x: x * 7)
    ),
    "a metaclass": (lambda o, x: x * Described.value, lambda o: setattr(Meta, "value", 5.0)),
    "an enum": (
        lambda o, x: x * (2 if o.mode is Mode.TRAIN else 3),
        lambda o: setattr(o, "mode", Mode.TEST),
    ),
    "a namespace": (lambda o, x: x * o.space.value, lambda o: setattr(o.space, "value", 5.0)),
    "a name in a string": (
        lambda o, x: x * getattr(o.space, "value"),  # noqa: B009
        lambda o: setattr(o.space, "value", 5.0),
    ),
    "arguments of the script": (
        lambda o, x: x * o.parsed.value, lambda o: setattr(o.parsed, "value", 5.0)
    ),
    "an ordered dict": (
        lambda o, x: x * o.ordered["value"], lambda o: o.ordered.__setitem__("value", 5.0)
    ),
    "a deque": (lambda o, x: x * o.queue[0], lambda o: o.queue.__setitem__(0, 5.0)),
    "a set": (lambda o, x: x * len(o.set), lambda o: o.set.add(9)),
    "a long list": (lambda o, x: x * o.many[150], lambda o: o.many.__setitem__(150, 5.0)),
    "deep down": (lambda o, x: x * innermost(o)["h"], lambda o: innermost(o).update(h=5.0)),
    "a partial function": (
        lambda o, x: o.partial(x), lambda o: o.partial.keywords.__setitem__("k", 5.0)
    ),
    "an array's elements": (lambda o, x: x * tgb.tensor(o.array), lambda o: o.array.fill(5.0)),
    "a sum over an array": (lambda o, x: x * float(o.array.sum()), lambda o: o.array.fill(6.0)),
    "a list of tensors": (
        lambda o, x: x * o.tensors[1], lambda o: o.tensors.__setitem__(1, tgb.ones(3) * 7)
    ),
    "a default of a keyword": (
        lambda o, x: keyword(x), lambda o: setattr(keyword, "__kwdefaults__", {"k": 5.0})
    ),
    "the environment": (
        lambda o, x: x * float(os.environ.get("TGB_TEST_FACTOR", "1")),
        lambda o: os.environ.__setitem__("TGB_TEST_FACTOR", "5"),
    ),
    "a function of a module": (
        lambda o, x: nn.functional.relu(x),
        lambda o: setattr(nn.functional, "relu", lambda x: x * 9),
    ),
    "a tensor's memory": (
        lambda o, x: x * o.tensors[0], lambda o: setattr(o.tensors[0], "data", tgb.ones(3) * 5)
    ),
    "a tensor's elements": (lambda o, x: x * o.tensors[0], lambda o: o.tensors[0].mul_(3)),
    "elements through NumPy": (
        lambda o, x: x * o.tensors[0], lambda o: o.tensors[0].numpy().__setitem__(0, 9)
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back what the changes change."""
    monkeypatch.setitem(globals(), "factor", 3.0)
    monkeypatch.setattr(Base, "shift", 2.0)
    monkeypatch.setattr(Derived, "shift", 2.0, raising=False)
    monkeypatch.delattr(Derived, "shift")
    monkeypatch.setattr(Computed, "value", 1.0)
    monkeypatch.setattr(Helped, "rate", 2.0)
    monkeypatch.setattr(Meta, "value", 2.0)
    monkeypatch.setattr(keyword, "__kwdefaults__", {"k": 2.0})
    monkeypatch.setattr(nn.functional, "relu", nn.functional.relu)
    monkeypatch.setenv("TGB_TEST_FACTOR", "1")


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_followed(name: str) -> None:
    function, change = CHANGES[name]
    o, x = Own(), tgb.ones(3)
    step = tgb.compile(lambda x: function(o, x), backend="reference")
    seen = []
    for i in range(6):
        if i == 3:
            change(o)
        found = step(x)
        assert found.tolist() == function(o, x).tolist(), i
        seen.append(found.tolist())
    assert seen[2] != seen[3] and step.traces <= 2


counter = itertools.count()
given = iter([tgb.ones(3) * i for i in range(9)])
batches = iter(tgb.utils.data.DataLoader(tgb.arange(9.0), batch_size=1))
generator = np.random.default_rng(0)

DIFFERENT: dict[str, Callable[[Any], Any]] = {
    "a counter": lambda x: x * next(counter),
    "an iterator over tensors": lambda x: x * next(given),
    "an iterator over batches": lambda x: x * next(batches),
    "a generator of NumPy's": lambda x: x * float(generator.random()),
    "the clock": lambda x: x * time.perf_counter(),
    "the clock, in a tensor": lambda x: x * tgb.tensor(time.perf_counter(), dtype=tgb.float64),
    "the clock, in an array": lambda x: x * tgb.from_numpy(np.full(3, time.perf_counter())),
    "a shape": lambda x: x.repeat(1 + next(counter)),
    "how much is drawn": lambda x: x * tgb.empty(3).uniform_(0, 1 + next(counter)),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_is_another_in_the_second_call_is_refused(name: str) -> None:
    step = tgb.compile(DIFFERENT[name], backend="reference")
    step(tgb.ones(3))
    with pytest.raises(TraceError, match=r"second call.*test_trace_surroundings.*argument"):
        step(tgb.ones(3))


def test_what_is_another_in_the_second_call_falls_back() -> None:
    numbers = itertools.count(1)
    step = tgb.compile(lambda x: x * next(numbers), backend="reference", fallback=True)
    found = [step(tgb.ones(1)).item()]
    with pytest.warns(CompileWarning, match="second call"):
        found.append(step(tgb.ones(1)).item())
    found += [step(tgb.ones(1)).item() for _ in range(3)]
    assert found == [1, 2, 3, 4, 5]


def test_attributes_that_the_step_does_not_name_may_change() -> None:
    class Trainer:
        def __init__(self) -> None:
            self.model = nn.Linear(2, 1)
            self.calls, self.history, self.scale = 0, [0.0], 1.0

        @tgb.compile(backend="reference")
        def step(self, x: Any) -> Any:
            return self.model(x).square().mean() * self.scale

        def train(self, x: Any) -> Any:
            self.calls += 1
            self.history.append(self.step(x).item())
            return self.history[-1]

    trainer = Trainer()
    for _ in range(5):
        trainer.train(tgb.ones(1, 2))
    assert trainer.step.traces == 1
    before = trainer.history[-1]
    trainer.scale = 3.0
    assert trainer.train(tgb.ones(1, 2)) == pytest.approx(3 * before)
    assert trainer.step.traces == 2


def test_the_machinery_is_where_it_is_looked_for() -> None:
    """It is named by its files: one that had moved would be taken for code of the step."""
    assert all(Path(file).is_file() for file in watch._MACHINERY)
