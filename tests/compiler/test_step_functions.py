"""Compiled functions: what they return, when they are traced anew, what they remember."""

from __future__ import annotations

import copy
import gc
import weakref
from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.compiler.pairs import BACKENDS, close, equal_models, mlp, regression
from tinygrad_bp import nn
from tinygrad_bp.compiler import CompileWarning
from tinygrad_bp.compiler import step as steps
from tinygrad_bp.compiler.tracing.recording import Recording

Pair = namedtuple("Pair", "a b")
factor = 2.0
table = np.arange(3.0, dtype=np.float32)


def compile(function: Any, **options: Any) -> Any:
    return tgb.compile(function, **{"backend": "reference", **options})


def test_what_is_returned_keeps_its_form() -> None:
    @compile
    def f(x: Any, y: Any) -> Any:
        return {"sum": x + y, "rest": [Pair(x - y, (x * y, 3, None, "text"))], "x": x}

    for _ in range(3):
        x, y = tgb.randn(2, 3), tgb.randn(3)
        out = f(x, y)
        close(out["sum"], x + y)
        assert type(out["rest"][0]) is Pair and out["rest"][0].b[1:] == (3, None, "text")
        close(out["rest"][0].b[0], x * y)
        close(out["x"], x)
    assert f.traces == 1


def test_arguments_in_containers_and_by_name() -> None:
    @compile
    def f(batch: Any, *, scale: Any, power: int = 1) -> Any:
        return batch["x"] * scale + batch["y"][0] ** power

    for power in (1, 2, 1, 2):
        batch = {"x": tgb.randn(2), "y": (tgb.randn(2), None)}
        scale = tgb.randn(1)
        close(f(batch, scale=scale, power=power), batch["x"] * scale + batch["y"][0] ** power)
    assert f.traces == 2


def test_traced_anew_for_shapes_dtypes_layouts_and_values() -> None:
    @compile
    def f(x: Any, n: Any) -> Any:
        return x * n

    calls = [
        (tgb.ones(2), 1), (tgb.ones(3), 1), (tgb.ones(2).double(), 1), (tgb.ones(2), 2),
        (tgb.ones(2), 1.0), (tgb.ones(4)[::2], 1),
    ]  # fmt: skip
    for _ in range(2):
        for x, n in calls:
            close(f(x, n), x * n)
            assert f(x, n).dtype == (x * n).dtype
    assert f.traces == len(calls)


def test_surroundings_are_looked_at_in_each_call(monkeypatch: Any) -> None:
    weight = 3.0
    options = {"bias": 1.0}

    @compile
    def f(x: Any) -> Any:
        return x * factor * weight + options["bias"]

    x = tgb.ones(2)
    assert f(x).tolist() == [7, 7]
    monkeypatch.setitem(globals(), "factor", 4.0)
    assert f(x).tolist() == [13, 13]
    weight = 1.0
    assert f(x).tolist() == [5, 5]
    options["bias"] = 0.0
    assert f(x).tolist() == [4, 4] and f.traces == 4


class Settings:
    shift = 1.0


def test_attributes_of_the_users_classes_are_looked_at(monkeypatch: Any) -> None:
    f = compile(lambda x: x + Settings.shift)
    assert f(tgb.ones(1)).tolist() == [2]
    monkeypatch.setattr(Settings, "shift", 5.0)
    assert f(tgb.ones(1)).tolist() == [6] and f.traces == 2


def test_an_array_of_the_surroundings_is_read_in_each_call(monkeypatch: Any) -> None:
    monkeypatch.setitem(globals(), "table", table.copy())
    f = compile(lambda x: x * tgb.from_numpy(table))
    assert f(tgb.ones(3)).tolist() == [0, 1, 2]
    table[0] = 5
    assert f(tgb.ones(3)).tolist() == [5, 1, 2] and f.traces == 1


def test_attributes_of_modules_are_noticed() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = 2.0
            self.inner = nn.Linear(2, 2)

        def forward(self, x: Any) -> Any:
            return self.inner(x) * self.scale

    module = Scaled()
    f = tgb.no_grad()(module)
    g = compile(lambda x: module(x))
    x = tgb.randn(3, 2)
    with tgb.no_grad():
        close(g(x), f(x))
        module.scale = 5.0
        close(g(x), f(x))
        module.inner = nn.Linear(2, 2)
        close(g(x), f(x))
        handle = module.register_forward_hook(lambda module, inputs, output: output + 1)
        close(g(x), f(x))
        handle.remove()
        close(g(x), f(x))
    assert g.traces == 4  # without the hook it is as before


def test_random_numbers_are_drawn_anew_from_the_same_stream() -> None:
    own = tgb.Generator()

    def f(x: Any) -> Any:
        noise = tgb.randn_like(x) + tgb.rand(3) * 2 + tgb.randint(0, 5, (3,))
        chosen = tgb.bernoulli(x.new_full((3,), 0.5)) if x.ndim == 2 else x
        return x + noise + tgb.empty(3).normal_(1, 2, generator=own) * chosen

    g = compile(f)
    found = []
    for h in (f, g):
        tgb.manual_seed(3)
        own.manual_seed(4)
        found.append([h(tgb.ones(3)).tolist() for _ in range(4)] + [tgb.rand(1).item()])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    assert found[1][0] != found[1][1] and g.traces == 1


def test_changes_in_place() -> None:
    state = tgb.zeros(4)
    rows = tgb.zeros(3, 2)

    def f(x: Any) -> Any:
        with tgb.no_grad():
            state.mul_(0.5).add_(x)
            rows[1] = x[:2]
            y = x.clone()
            y[1:3] += 10
            y[0] = state[3]
            view = y.view(2, 2)
            view[1] *= 2
            state.clamp_(max=3.0)
        return y, view

    g = compile(f)
    found = []
    for h in (f, g):
        state.zero_()
        rows.zero_()
        out = [h(tgb.arange(4.0) + i) for i in range(4)]
        found.append([*[t.tolist() for pair in out for t in pair], state.tolist(), rows.tolist()])
    assert found[0] == found[1] and g.traces == 1


def test_gradients_are_accumulated() -> None:
    ours = mlp()
    theirs = copy.deepcopy(ours)
    batches = [regression() for _ in range(9)]
    models = []
    for model, wrapped in ((ours, lambda f: f), (theirs, compile)):
        opt = tgb.optim.SGD(model.parameters(), 0.1)

        def backward(x: Any, y: Any, model: Any = model) -> Any:
            loss = (model(x) - y).square().mean()
            loss.backward()
            return loss

        f = wrapped(backward)
        for i, batch in enumerate(batches):
            f(*batch)
            if i % 3 == 2:
                opt.step()
                opt.zero_grad()
        models.append(f)
    equal_models(ours, theirs)
    assert models[1].traces <= 3


@pytest.mark.parametrize("to_none", [True, False])
def test_several_backwards_in_a_step(to_none: bool) -> None:
    ours = mlp()
    theirs = copy.deepcopy(ours)
    batches = [regression() for _ in range(6)]
    for model, wrapped in ((ours, lambda f: f), (theirs, compile)):
        opt = tgb.optim.Adam(model.parameters())

        def step(x: Any, y: Any, model: Any = model, opt: Any = opt) -> Any:
            opt.zero_grad(set_to_none=to_none)
            for part, wanted in zip(x.split(5), y.split(5), strict=True):
                (model(part) - wanted).square().mean().backward()
            opt.step()

        f = wrapped(step)
        for batch in batches:
            f(*batch)
    equal_models(ours, theirs)


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_that_are_kept_keep_their_numbers(backend: str) -> None:
    """Though the program writes all of them into one memory."""
    model = nn.Linear(2, 1)

    def f(x: Any) -> Any:
        model.zero_grad()
        model(x).sum().backward()

    f = compile(f, backend=backend)
    kept = []
    for i in range(6):
        f(i * tgb.ones(1, 2))
        if i != 2:
            kept.append(model.weight.grad)
        if i == 3:
            model.zero_grad()
    assert [g.tolist() for g in kept] == [[[i, i]] for i in (0, 1, 3, 4, 5)]
    assert f.traces == 1


def test_functions_are_differentiated_outside() -> None:
    ours = mlp().double()
    theirs = copy.deepcopy(ours)
    compiled = compile(theirs)
    for i in range(4):
        x = tgb.randn(5, 2).double()
        results = []
        for model in (ours, compiled):
            model.zero_grad()
            leaf = x.clone().requires_grad_()
            loss = (model(leaf * 2) * (i + 1)).square().sum()
            loss.backward()
            results += [loss, leaf.grad]
        close(results[0], results[2])
        close(results[1], results[3])
        equal_models(ours, theirs)
    assert compiled.step.traces == 1


def test_a_backward_after_the_parameters_were_changed_is_refused() -> None:
    model = nn.Linear(2, 2)
    compiled = compile(model)
    compiled(tgb.ones(1, 2))
    out = compiled(tgb.ones(1, 2, requires_grad=True))
    out = compiled(tgb.ones(1, 2, requires_grad=True))
    with tgb.no_grad():
        model.weight.add_(1)
    with pytest.raises(RuntimeError, match="changed in place"):
        out.sum().backward()


def test_a_compiled_module_is_a_module() -> None:
    net = mlp()
    compiled = compile(net)
    assert [p is q for p, q in zip(compiled.parameters(), net.parameters(), strict=True)]
    assert compiled.eval().training is False and net.training is False
    assert set(compiled.state_dict()) == {f"_orig_mod.{name}" for name in net.state_dict()}
    outer = nn.Sequential(compiled, nn.Linear(1, 1))
    assert len(list(outer.parameters())) == 8


def test_methods_are_compiled_for_each_instance() -> None:
    class Trainer:
        def __init__(self, rate: float) -> None:
            self.model = nn.Linear(2, 1)
            self.opt = tgb.optim.SGD(self.model.parameters(), rate)

        @tgb.compile(backend="reference")
        def step(self, x: Any) -> Any:
            self.opt.zero_grad()
            loss = self.model(x).square().mean()
            loss.backward()
            self.opt.step()
            return loss

    first, second = Trainer(0.1), Trainer(0.1)
    before = second.model.weight.detach().clone()
    for _ in range(5):
        first.step(tgb.ones(3, 2))
    assert first.step.traces == 1 and tgb.equal(before, second.model.weight)
    assert second.step(tgb.ones(3, 2)).item() > first.step(tgb.ones(3, 2)).item()


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradient_of_a_gradient_in_the_step(backend: str) -> None:
    ours = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    theirs = copy.deepcopy(ours)
    batches = [tgb.randn(6, 2) for _ in range(5)]
    for model, wrapped in ((ours, lambda f: f), (theirs, lambda f: compile(f, backend=backend))):
        opt = tgb.optim.Adam(model.parameters())

        def step(x: Any, model: Any = model, opt: Any = opt) -> Any:
            opt.zero_grad()
            x = x.detach().requires_grad_()
            (slope,) = tgb.autograd.grad(model(x).sum(), x, create_graph=True)
            loss = (slope.square().sum(1).sqrt() - 1).square().mean()
            loss.backward()
            opt.step()
            return loss

        f = wrapped(step)
        for batch in batches:
            f(batch)
    equal_models(ours, theirs)


@pytest.mark.filterwarnings("ignore:tgb.compile. 8 programs")
def test_many_specialisations_do_not_leak() -> None:
    model = nn.Linear(3, 2)
    opt = tgb.optim.SGD(model.parameters(), 1e-9)

    @compile
    def step(x: Any, n: int) -> Any:
        opt.zero_grad()
        loss = (model(x) * n).square().mean()
        loss.backward()
        opt.step()
        return loss

    references = []
    for n in range(1000):
        step(tgb.ones(1, 3), n)
        if n < 900:
            references.append(weakref.ref(step.specialised[0]))
    assert step.traces == 1000 and len(step.specialised) == steps.LIMIT
    gc.collect()
    assert not any(ref() for ref in references)
    gone = weakref.ref(step.specialised[0].program.calls[0].out)
    del step
    gc.collect()
    assert gone() is None


def test_the_trace_is_not_kept() -> None:
    """It holds every array of the step."""
    model = mlp()
    step = compile(lambda x: model(x).sum().backward())
    step(tgb.ones(2, 2))
    gc.collect()
    assert not [x for x in gc.get_objects() if issubclass(type(x), Recording)]
    assert step.traces == 1


def test_the_program_is_explained() -> None:
    f = compile(lambda x: x.exp() + 1)
    assert "call it first" in f.explanation()
    f(tgb.ones(2))
    assert "exp" in f.explanation() and "add" in f.explanation()


def test_the_source_is_shown() -> None:
    f = compile(lambda x: x.exp() + 1, backend="numpy")
    assert f.source == ""
    f(tgb.ones(2))
    assert "np.exp" in f.source or "exp(" in f.source


def test_a_compiled_step_is_forgotten_with_its_model() -> None:
    def used() -> Any:
        model = mlp()
        step = compile(lambda x: model(x).sum().backward())
        step(tgb.ones(2, 2))
        step(tgb.ones(2, 2))
        return weakref.ref(model[0].weight)

    gone = used()
    gc.collect()
    assert gone() is None


def test_many_programs_for_one_number_bring_a_warning() -> None:
    step = compile(lambda x, n: x * n)
    for n in range(7):
        step(tgb.ones(2), n)
    with pytest.warns(CompileWarning, match=r"8 programs.*tgb.tensor"):
        step(tgb.ones(2), 7)
    assert step(tgb.ones(2), 8).tolist() == [8, 8]  # without another word


def test_a_number_in_a_tensor_is_followed_by_one_program() -> None:
    step = compile(lambda x, n: x * n)
    for n in range(12):
        assert step(tgb.ones(2), tgb.tensor(float(n))).tolist() == [n, n]
    assert step.traces == 1
