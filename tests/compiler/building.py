"""Programs written by hand, and the comparison of the back ends on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_bp.compiler.program import Call, Program, Value
from tinygrad_bp.compiler.reference import reference
from tinygrad_bp.compiler.replay import ReplayStep


class Building:
    """A program that grows call by call."""

    def __init__(self, seed: int = 0) -> None:
        self.program = Program()
        self.rng = np.random.default_rng(seed)
        self.arrays: dict[Value, Any] = {}

    def _given(self, kind: str, array: Any, where: list[Value] | None) -> Value:
        array = np.asarray(array)
        fixed = array if kind in ("state", "constant") else None
        value = Value(kind, array.shape, array.dtype, fixed)
        self.arrays[value] = array
        if where is not None:
            where.append(value)
        return value

    def normal(self, *shape: int, dtype: Any = np.float32) -> Any:
        return self.rng.normal(size=shape).astype(dtype)

    def input(self, array: Any) -> Value:
        return self._given("input", array, self.program.inputs)

    def state(self, array: Any) -> Value:
        return self._given("state", array, None)

    def constant(self, array: Any) -> Value:
        return self._given("constant", array, None)

    def scalar(self, number: float) -> Value:
        return self._given("scalar", np.asarray(number, np.float32), self.program.scalars)

    def __call__(self, op: Any, *args: Any, **attrs: Any) -> Value:
        with np.errstate(all="ignore"):
            array = np.asarray(
                op.forward(*[self.arrays[a] if isinstance(a, Value) else a for a in args], **attrs)
            )
        out = Value("computed", array.shape, array.dtype)
        self.arrays[out] = array
        self.program.calls.append(Call(op, args, attrs, out))
        return out

    def output(self, *values: Value) -> None:
        self.program.outputs += values

    def store(self, state: Value, new: Value) -> None:
        self.program.stores.append((state, new))

    def states(self) -> list[Any]:
        found = [v for c in self.program.calls for v in c.operands if v.kind == "state"]
        found += [s for s, _ in self.program.stores]
        return [v.array for v in dict.fromkeys(found)]


def run(built: Building, make: Any, steps: int) -> tuple[list[Any], list[Any]]:
    """Run a back end from the beginning; return all outputs, and the states afterwards."""
    states = built.states()
    before = [s.copy() for s in states]
    program = built.program
    execute = make(program)
    inputs = [built.arrays[v] for v in program.inputs]
    scalars = [float(built.arrays[v]) for v in program.scalars]
    seen = [[x.copy() for x in execute(inputs, scalars, [])] for _ in range(steps)]
    after = [s.copy() for s in states]
    for state, old in zip(states, before, strict=True):
        state[...] = old
    return [x for step in seen for x in step], after


def native(program: Program) -> Any:
    pytest.importorskip("llvmlite")
    from tinygrad_bp.compiler.machine.native import NativeStep

    return NativeStep(program)


def agree(built: Building, backend: str = "both", steps: int = 2, tolerance: float = 1e-5) -> None:
    """Assert that the back ends compute what the operations' own forwards do."""
    expected, states = run(built, reference, steps)
    makes = {"replay": ReplayStep, "native": native}
    for name in makes if backend == "both" else [backend]:
        found, theirs = run(built, makes[name], steps)
        for want, got in zip([*expected, *states], [*found, *theirs], strict=True):
            assert got.shape == want.shape, name
            assert got.dtype == want.dtype, name
            scale = np.max(np.abs(want[np.isfinite(want)]), initial=1.0)
            np.testing.assert_allclose(
                got, want, rtol=tolerance, atol=tolerance * scale, err_msg=name
            )


def vectors_of(bits: int, monkeypatch: pytest.MonkeyPatch, *modules: Any) -> None:
    """Let kernels be written for vectors of so many bits: of 512 there are twice as many, too."""

    def lanes(kind: str) -> int:
        return bits // int(kind[-2:])

    made = {
        "lanes": lanes,
        "registers": lambda kind: 24 * bits // 512,
        "whole_vectors": lambda length, kind: -(-length // lanes(kind)) * lanes(kind),
    }
    for module in modules:
        for name in made.keys() & vars(module).keys():
            monkeypatch.setattr(module, name, made[name])
