"""Which back end runs a program."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_bp as tgb
from tinygrad_bp.compiler import CompileWarning, backends, compile


def doubled(x: Any) -> Any:
    return x + x


def missing(name: str) -> None:
    assert name == "llvmlite"


def test_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match="native"):
        compile(doubled, backend="cuda")


def test_pytorchs_names_stand_for_the_default() -> None:
    step = compile(doubled, backend="inductor", mode="max-autotune", dynamic=False)
    assert step(tgb.ones(2)).tolist() == step(tgb.ones(2)).tolist() == [2, 2]


def test_without_llvmlite_numpy_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "find_spec", missing)
    with pytest.raises(ImportError, match=r"tinygrad_bp\[compile\]"):
        compile(doubled, backend="native")
    step = compile(doubled)
    assert step(tgb.ones(2)).tolist() == step(tgb.ones(2)).tolist() == [2, 2]
    assert "np.add" in step.source


def test_without_a_blas_to_call_numpy_runs_it_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    native = pytest.importorskip("tinygrad_bp.compiler.machine.native")
    monkeypatch.setattr(native, "find_blas", lambda: None)
    step = compile(doubled)
    step(tgb.ones(2))
    with pytest.warns(CompileWarning, match="BLAS"):
        step(tgb.ones(2))
    assert step(tgb.ones(2)).tolist() == [2, 2] and "np.add" in step.source
    step = compile(doubled, backend="native")
    step(tgb.ones(2))
    with pytest.raises(RuntimeError, match="backend='numpy'"):
        step(tgb.ones(2))
