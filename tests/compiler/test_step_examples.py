"""The training steps of the examples, compiled: the scripts' own code, as they are.

Each script runs until its step was called twenty times, twice: the function that is its step is
exchanged for one that notes what it gives, and for a compiled one.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.compiler.pairs import BACKENDS, array
from tinygrad_bp import nn, optim

FOLDER = Path(__file__).parents[2] / "examples"

STEPS = 20

#: Scripts whose step is a function of theirs, and their arguments here.
SCRIPTS = {
    "mnist_mlp": ["--batch-size", "8", "--optimizer", "adam"],
    "cnn_digits": ["--batch-size", "8"],
    "xor": [],
}


class EnoughError(Exception):
    """The step was called often enough."""


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"example_{name}", FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def everything_in(x: Any) -> list[Any]:
    """List copies of the arrays in what a step was given, with their gradients."""
    if isinstance(x, nn.Module):
        given = [*x.parameters(), *x.buffers()]
    elif isinstance(x, optim.Optimizer):
        state = x.state_dict()["state"].values()
        given = [v for one in state for v in one.values()]
    else:
        given = [x]
    tensors = [t for t in given if isinstance(t, tgb.Tensor)]
    return [array(t) for t in tensors + [t.grad for t in tensors if t.grad is not None]]


def small_mnist(download: bool) -> Any:
    """Give numbers in the shape of MNIST: the real ones may not be here."""
    data = tgb.datasets.digits()
    images = np.pad(data.X_train.reshape(-1, 8, 8), ((0, 0), (10, 10), (10, 10)))
    return replace(data, X_train=images.reshape(len(images), 784))


def run(name: str, wrapped: Callable[[Any], Any], monkeypatch: Any) -> list[Any]:
    """Run a script until it has made its steps: the losses, and all that there is in the end."""
    module = load(name)
    if name == "mnist_mlp":
        module.mnist = small_mnist
    once = wrapped(module.training_step)
    found: list[Any] = []

    def step(*args: Any) -> Any:
        out = once(*args)
        found.append(array(out))
        if len(found) == STEPS:
            for x in args:
                found.extend(everything_in(x))
            raise EnoughError
        return out

    monkeypatch.setattr(module, "training_step", step)
    monkeypatch.setattr(sys, "argv", [name, *SCRIPTS[name]])
    with pytest.raises(EnoughError):
        module.main()
    return [*found, tgb.get_rng_state().numpy()]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", SCRIPTS)
def test_compiled_is_eager(name: str, backend: str, monkeypatch: Any) -> None:
    expected = run(name, lambda step: step, monkeypatch)
    compiled: list[Any] = []

    def compile(step: Any) -> Any:
        compiled.append(tgb.compile(step, backend=backend))
        return compiled[0]

    found = run(name, compile, monkeypatch)
    assert compiled[0].traces == 1 and len(found) == len(expected) > STEPS + 3
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_two_layer_classifier(backend: str) -> None:
    module = load("two_layer_classifier")
    found = []
    for wrapped in (lambda step: step, lambda step: tgb.compile(step, backend=backend)):
        tgb.manual_seed(0)
        script = module.Script(6, 8, 3, 0.3)
        step = wrapped(script.step)
        losses = [step(tgb.randn(5, 6), tgb.randint(0, 3, (5,))) for _ in range(STEPS)]
        found.append([array(loss) for loss in losses] + everything_in(script.model))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_character_gpt(backend: str) -> None:
    module = load("char_gpt")
    found = []
    default = tgb.get_default_dtype()
    tgb.set_default_dtype(tgb.float64)  # Adam makes steps of what rounding leaves of zeros
    try:
        for wrapped in (lambda step: step, lambda step: tgb.compile(step, backend=backend)):
            tgb.manual_seed(0)
            model = module.GPT(11, context=8, width=8, heads=2, layers=2)
            optimizer = optim.AdamW(model.parameters(), lr=0.003)

            def step(x: Any, y: Any, model: Any = model, optimizer: Any = optimizer) -> Any:
                loss = nn.functional.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                return loss

            run = wrapped(step)
            texts = tgb.randint(0, 11, (STEPS, 2, 9))
            found.append([array(run(text[:, :-1], text[:, 1:])) for text in texts])
            found[-1] += everything_in(model) + everything_in(optimizer)
    finally:
        tgb.set_default_dtype(default)
    assert len(found[0]) == len(found[1]) > STEPS + 3
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_step_of_compiled_training(backend: str) -> None:
    module = load("compiled_training")
    found = []
    for wrapped in (lambda step: step, lambda step: tgb.compile(step, backend=backend)):
        tgb.manual_seed(0)
        model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3))
        batches = [(tgb.randn(5, 6), tgb.randint(0, 3, (5,))) for _ in range(4)]
        losses, _ = module.train(wrapped(module.make_step(model, 0.01)), batches, 5, seed=1)
        found.append([*losses, *everything_in(model)])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_polynomial(backend: str, monkeypatch: Any) -> None:
    module = load("polynomial_regression")
    t = tgb.linspace(-1, 1, 30, dtype=tgb.float32)
    plain = module.fit(t, tgb.sin(3 * t), STEPS, 0.5, report=False)
    compiled = []

    def descent(*args: Any, make: Any = module.descent) -> Any:
        compiled.append(tgb.compile(make(*args), backend=backend))
        return compiled[0]

    monkeypatch.setattr(module, "descent", descent)
    fitted = module.fit(t, tgb.sin(3 * t), STEPS, 0.5, report=False)
    assert compiled[0].traces == 1
    np.testing.assert_allclose(array(fitted), array(plain), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_delta_rule(backend: str) -> None:
    learn = load("delta_rule").by_autograd
    found = []
    for step in (learn, tgb.compile(learn, backend=backend)):
        numbers = {k: tgb.tensor(0.1 * i) for i, k in enumerate(("theta_hidden", "theta_out"))}
        weights = {"w_in": tgb.tensor(0.6), "w_out": tgb.tensor(0.4)}
        for _ in range(STEPS):
            out = step(tgb.tensor(1.0), **weights, **numbers, target=0.9, l=0.5)
            weights = {name: out[f"new {name}"] for name in weights}
            found.append([array(t) for t in out.values()])
    np.testing.assert_allclose(found[STEPS:], found[:STEPS], rtol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_operations_of_ones_own(backend: str) -> None:
    own = load("custom_op")
    found = []
    for wrapped in (lambda step: step, lambda step: tgb.compile(step, backend=backend)):
        tgb.manual_seed(0)
        centres = tgb.randn(4, 3, requires_grad=True)
        optimizer = optim.SGD([centres], lr=0.01, momentum=0.5)

        def step(x: Any, centres: Any = centres, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            distances = own.squared_distances(x, centres)
            loss = own.log_cosh(distances, scale=2.0).mean()
            loss = loss + own.LogCosh.apply(distances.sum(1), 3.0).mean()
            loss.backward()
            optimizer.step()
            return loss

        run = wrapped(step)
        found.append([array(run(tgb.randn(5, 3))) for _ in range(STEPS)] + everything_in(centres))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-5)
