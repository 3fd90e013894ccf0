"""A step twice: as it is, and compiled, on equal models from the same random numbers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

import tinygrad_bp as tgb
from tinygrad_bp.compiler import CompiledStep, compile

#: The back ends that there are here.
BACKENDS = ("reference", "numpy", *(["native"] if find_spec("llvmlite") else []))


def mlp() -> Any:
    nn = tgb.nn
    return nn.Sequential(
        nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)
    )


def regression(n: int = 20) -> tuple[Any, Any]:
    return tgb.randn(n, 2), tgb.randn(n, 1)


def close(a: Any, b: Any, what: str = "") -> None:
    np.testing.assert_allclose(array(a), array(b), rtol=1e-4, atol=1e-5, err_msg=what)


def array(x: Any) -> Any:
    return x.detach().numpy().copy() if isinstance(x, tgb.Tensor) else x


def equal_models(a: Any, b: Any) -> None:
    """Compare parameters, their gradients, and buffers."""
    for (name, p), q in zip(a.named_parameters(), b.parameters(), strict=True):
        close(p, q, name)
        assert (p.grad is None) == (q.grad is None), name
        if p.grad is not None:
            close(p.grad, q.grad, f"gradient of {name}")
    for (name, p), q in zip(a.named_buffers(), b.buffers(), strict=True):
        close(p, q, name)


def equal_optimizers(a: Any, b: Any) -> None:
    """Compare what two optimizers remember."""
    mine, theirs = a.state_dict()["state"], b.state_dict()["state"]
    assert mine.keys() == theirs.keys()
    for key, state in mine.items():
        assert state.keys() == theirs[key].keys()
        for name, value in state.items():
            if isinstance(value, tgb.Tensor):
                close(value, theirs[key][name], name)


def train_both(
    make: Callable[[], Any],
    optimizer: Callable[[Any], Any],
    criterion: Any,
    data: Callable[[], Any],
    backend: str = "reference",
    steps: int = 20,
    dtype: Any = tgb.float64,
    between: Callable[..., Any] = lambda model, optimizer: None,
    after: Callable[..., Any] = lambda i, model, optimizer: None,
) -> CompiledStep:
    """Train a model and its copy, one with a compiled step, and compare all that there is.

    `between` runs in the step, between backward and the optimizer; `after` outside, after each.
    """
    tgb.manual_seed(0)
    # In double precision: Adam makes steps of what rounding leaves of a gradient that is zero.
    ours = make().to(dtype)
    theirs = copy.deepcopy(ours)
    batches = [
        tuple(t.to(dtype) if t.is_floating_point() else t for t in data()) for _ in range(steps)
    ]
    found: list[list[Any]] = []
    optimizers = []
    compiled: Any = None
    for model in (ours, theirs):
        opt = optimizer(list(model.parameters()))
        optimizers.append(opt)

        def step(x: Any, y: Any, model: Any = model, opt: Any = opt) -> Any:
            opt.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            between(model, opt)
            opt.step()
            return loss

        run: Any = step
        if model is theirs:
            run = compiled = compile(step, backend=backend)
        tgb.manual_seed(1)
        losses = []
        for i, batch in enumerate(batches):
            losses.append(run(*batch).item())
            after(i, model, opt)
        found.append([losses, tgb.get_rng_state().numpy().copy()])
    (losses, stream), (losses_too, after_it) = found
    np.testing.assert_allclose(losses_too, losses, rtol=1e-4, atol=1e-6)
    assert (stream == after_it).all()
    equal_models(ours, theirs)
    equal_optimizers(*optimizers)
    assert isinstance(compiled, CompiledStep)
    return compiled
