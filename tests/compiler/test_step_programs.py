"""Random programs: twenty steps of training through them, compiled and eager."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygrad_bp as tgb
from tests.compiler.instructions import INSTRUCTIONS
from tests.compiler.pairs import BACKENDS
from tests.compiler.random_steps import OPTIMIZERS, Plan, difference, train

_small = st.integers(0, 7)
_instructions = st.tuples(st.sampled_from(sorted(INSTRUCTIONS)), _small, _small, _small)
plans = st.builds(
    Plan,
    program=st.lists(_instructions, min_size=1, max_size=8).map(tuple),
    shapes=st.tuples(_small, _small),
    optimizer=st.integers(0, len(OPTIMIZERS) - 1),
    single=st.sampled_from([False, False, False, True]),
    clipped=st.sampled_from([0, 0, 1, 2]),
    kept=st.booleans(),
)


def agree(plan: Plan, backends: tuple[str, ...]) -> None:
    """Assert that a compiled step gives what the eager one gives, and is traced once.

    Or twice: an optimizer may do something else in its first step.
    """
    tolerance = 1e-3 if plan.single else 1e-7
    expected = train(plan, lambda step: step)
    for backend in backends:
        compiled: list[Any] = []

        def wrapped(step: Any, backend: str = backend, compiled: Any = compiled) -> Any:
            compiled.append(tgb.compile(step, backend=backend))
            return compiled[0]

        differs = difference(expected, train(plan, wrapped), tolerance)
        if differs:
            # Where rounding decides (a sign, an order), no two ways of computing agree.
            shaken = train(plan, lambda step: step, shaken=1e-6 if plan.single else 1e-12)
            assert difference(expected, shaken, 10 * tolerance), f"{backend}: {differs}"
        assert compiled[0].traces <= 2


@settings(max_examples=200, deadline=None, derandomize=True, database=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(plan=plans)
def test_two_hundred_random_programs(plan: Plan) -> None:
    agree(plan, tuple(b for b in BACKENDS if b != "reference"))


@pytest.mark.parametrize("name", sorted(INSTRUCTIONS))
def test_every_instruction(name: str) -> None:
    """Each at least once, where its operands fit, in one program of a few."""
    fitting = [Plan(((name, i, j, 3),), shapes=(2, 6)) for i, j in ((1, 1), (0, 0), (1, 2), (3, 0))]
    agree(replace(fitting[0], program=sum((p.program for p in fitting), ())), ("reference",))


#: Programs that were once compiled to something else.
FOUND = {
    "an element of a vector alone": Plan((("sorted", 0, 5, 6), ("backwards", 0, 3, 2)), (5, 7)),
}


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize("backend", BACKENDS)
def test_found_before(name: str, backend: str) -> None:
    agree(FOUND[name], (backend,))
