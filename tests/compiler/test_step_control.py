"""What scripts say to `torch.compiler` and `torch._dynamo`."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_bp as tgb
from tinygrad_bp import _dynamo
from tinygrad_bp.compiler import CompileWarning, TraceError, compile


def test_code_can_ask_whether_it_is_traced() -> None:
    seen = []

    def step(x: Any) -> Any:
        seen.append(tgb.compiler.is_compiling())
        return x * 2

    fast = compile(step, backend="numpy", fallback=True)
    with pytest.warns(CompileWarning):  # it changes a list
        fast(tgb.ones(2))
    assert seen == [True] and not tgb.compiler.is_compiling()


def test_a_function_that_is_not_to_be_compiled() -> None:
    @tgb.compiler.disable(reason="it prints")
    def report(x: Any) -> Any:
        return x + 1

    assert report(tgb.ones(2)).tolist() == [2, 2]
    with pytest.raises(TraceError, match=r"'report' .* \(it prints\)"):
        compile(lambda x: report(x) * 2)(tgb.ones(2))
    fast = compile(lambda x: report(x) * 2, fallback=True)
    with pytest.warns(CompileWarning, match="'report'"):
        assert fast(tgb.ones(2)).tolist() == [4, 4]


def test_a_module_that_is_not_to_be_compiled() -> None:
    model = tgb.compiler.disable(tgb.nn.Linear(2, 2))
    assert model(tgb.ones(1, 2)).shape == (1, 2)
    with pytest.raises(TraceError, match="'forward'"):
        compile(lambda x: model(x))(tgb.ones(1, 2))


def test_programs_are_forgotten() -> None:
    step = compile(lambda x: x * 2, backend="numpy")
    step(tgb.ones(2))
    step(tgb.ones(2))
    assert step.traces == 1
    _dynamo.reset()
    assert not step.specialised and step(tgb.ones(2)).tolist() == [2, 2]
    assert step.traces == 2


def test_errors_can_be_suppressed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dynamo.config, "suppress_errors", True)
    step = compile(lambda x: x * x.sum().item())
    with pytest.warns(CompileWarning, match=r"\.item\(\)"):
        assert step(tgb.ones(2)).tolist() == [2, 2]


def test_back_ends_are_listed() -> None:
    assert tgb.compiler.list_backends() == ["native", "numpy", "reference"]
    assert tgb.compiler.cudagraph_mark_step_begin() is None
