"""What can't be compiled is refused, with the line and the remedy; or runs as it is, if asked."""

from __future__ import annotations

import copy
import random
from collections import deque
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.compiler.pairs import equal_models, mlp, regression
from tinygrad_bp.compiler import CompileWarning, TraceError

compile = tgb.compile


queue: deque[Any] = deque(maxlen=1)


settings = {"scale": 2.0}
losses: list[Any] = []


def item(x: Any) -> Any:
    return x * x.sum().item()


def branch(x: Any) -> Any:
    if x.sum() > 0:
        return x
    return -x


def number(x: Any) -> Any:
    return x * float(x[0, 0])


def to_numpy(x: Any) -> Any:
    return tgb.tensor(x.numpy() + 1)


def listed(x: Any) -> Any:
    return tgb.tensor(x.tolist())


def printed(x: Any) -> Any:
    return str(x)


def counted(x: Any) -> Any:
    return x[x > 0]


def numpys_stream(x: Any) -> Any:
    return x + tgb.tensor(np.random.rand())


def pythons_stream(x: Any) -> Any:
    return x * random.random()


def left_behind(x: Any) -> Any:
    queue.append(x * 2)
    return x


def listed_elsewhere(x: Any) -> Any:
    losses.append(x.sum())
    return x


def changed_argument(x: Any) -> Any:
    x += 1
    return x


def seeded(x: Any) -> Any:
    tgb.manual_seed(0)
    return x + tgb.rand(1)


def changed_setting(x: Any) -> Any:
    settings["scale"] += 1
    return x * settings["scale"]


def poisson(x: Any) -> Any:
    return tgb.poisson(x.abs())


REFUSED = [
    (item, r"\.item\(\)", "outside"),
    (branch, "branch", "tgb.where"),
    (number, "number", "outside"),
    (to_numpy, r"\.numpy\(\)", "outside"),
    (listed, "tolist", "outside"),
    (printed, "printed|elements", "outside"),
    (counted, "shape", "tgb.where"),
    (numpys_stream, "generator", "tgb.rand"),
    (pythons_stream, "generator", "tgb.rand"),
    (left_behind, "a deque", "Return"),
    (listed_elsewhere, "a list", "Return"),
    (changed_argument, "argument 0", "clone"),
    (seeded, "started anew", "outside"),
    (changed_setting, "'scale'", "outside"),
    (poisson, "poisson", "fallback"),
]


@pytest.mark.parametrize(
    ("function", "what", "remedy"), REFUSED, ids=[f.__name__ for f, *_ in REFUSED]
)
def test_refused_with_line_and_remedy(function: Any, what: str, remedy: str) -> None:
    with pytest.raises(TraceError, match=what) as caught:
        compile(function, backend="reference")(tgb.randn(3, 4))
    message = str(caught.value)
    assert remedy in message and "test_trace_refusals.py" in message
    queue.clear()
    settings["scale"] = 2.0


def test_everything_is_put_back_after_a_refusal() -> None:
    with pytest.raises(TraceError):
        compile(item)(tgb.ones(2))
    x = tgb.ones(2, requires_grad=True)
    assert (x * 3).sum().item() == 6 and type(np.asarray([1.0])) is np.ndarray
    assert type(tgb.rand(1)._array) is np.ndarray


def test_fallback_warns_once_and_runs_as_ever() -> None:
    step = compile(branch, fallback=True)
    with pytest.warns(CompileWarning, match="tgb.where"):
        first = step(tgb.ones(2))
    assert first.tolist() == [1, 1] and step(-tgb.ones(2)).tolist() == [1, 1]


def test_optimizers_without_a_formula_are_refused() -> None:
    model = mlp()
    opt = tgb.optim.Adafactor(model.parameters())

    def step(x: Any, y: Any) -> Any:
        loss = (model(x) - y).square().mean()
        loss.backward()
        opt.step()
        return loss

    with pytest.raises(TraceError, match="Adafactor"):
        compile(step)(*regression())


class Counting(tgb.nn.Module):
    calls = 0

    def forward(self, x: Any) -> Any:
        self.calls += 1
        return x * self.calls


def test_a_module_that_counts_its_calls_is_refused() -> None:
    with pytest.raises(TraceError, match="'calls'"):
        compile(Counting(), fallback=False)(tgb.ones(2))
    with pytest.raises(TraceError, match="'calls'"):
        compile(Counting(), fullgraph=True)(tgb.ones(2))


def test_a_module_falls_back_by_default_with_one_warning() -> None:
    model = compile(Counting())
    with pytest.warns(CompileWarning, match="'calls'"):
        first = model(tgb.ones(2))
    assert [first.tolist(), model(tgb.ones(2)).tolist()] == [[1, 1], [2, 2]]


def test_a_numpy_array_as_an_argument_is_refused() -> None:
    with pytest.raises(TraceError, match="from_numpy"):
        compile(lambda x: tgb.tensor(x) * 2)(np.ones(3))


def outcome(out: Any) -> Any:
    return out.tolist() if isinstance(out, tgb.Tensor) else out


def effects(f: Any) -> Any:
    losses.clear()
    queue.clear()
    settings["scale"] = 2.0
    tgb.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    arguments = [tgb.randn(3, 4) for _ in range(3)]
    found = [outcome(f(x)) for x in arguments]
    found += [[outcome(t) for t in queue], len(losses), settings["scale"], tgb.rand(2).tolist()]
    return [*found, [x.tolist() for x in arguments], np.random.rand(), random.random()]


@pytest.mark.parametrize("function", [f for f, *_ in REFUSED], ids=lambda f: f.__name__)
def test_fallback_has_each_effect_once(function: Any) -> None:
    """The call that was to be traced is finished as an eager one, not run again."""
    expected = effects(function)
    with pytest.warns(CompileWarning):
        found = effects(compile(function, fallback=True, backend="reference"))
    assert found == expected


def test_fallback_in_the_middle_of_a_training_step() -> None:
    ours = mlp()
    theirs = copy.deepcopy(ours)
    batches = [regression() for _ in range(4)]
    found: list[Any] = []
    for model in (ours, theirs):
        opt = tgb.optim.Adam(model.parameters())
        seen: list[float] = []

        def step(x: Any, y: Any, model: Any = model, opt: Any = opt, seen: Any = seen) -> Any:
            opt.zero_grad()
            loss = (tgb.nn.functional.dropout(model(x)) - y).square().mean()
            loss.backward()
            seen.append(loss.item())
            opt.step()
            return loss

        tgb.manual_seed(2)
        if model is theirs:
            step = compile(step, fallback=True)
            with pytest.warns(CompileWarning, match=r"\.item\(\)"):
                step(*batches[0])
        else:
            step(*batches[0])
        for batch in batches[1:]:
            step(*batch)
        found.append(seen)
    assert found[0] == found[1] and len(found[0]) == 4
    equal_models(ours, theirs)


def test_an_error_that_the_step_catches_is_raised_in_the_end() -> None:
    def cautious(x: Any) -> Any:
        try:
            return x * x.sum().item()
        except RuntimeError:
            return x

    with pytest.raises(TraceError, match=r"\.item\(\)"):
        compile(cautious)(tgb.ones(2))


def test_errors_of_the_step_pass_through() -> None:
    step = compile(lambda x, y: x @ y)
    with pytest.raises(RuntimeError, match="matmul"):
        step(tgb.ones(2, 3), tgb.ones(2, 3))
    assert step(tgb.ones(2, 3), tgb.ones(3, 1)).tolist() == [[3], [3]]
