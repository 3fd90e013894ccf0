"""Random programs: twenty steps of gradient descent through them, compiled and eager."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygrad_bp as tgb
from tests.compiler.pairs import BACKENDS

F = tgb.nn.functional

#: Functions of one array and of two that keep the shape; all are smooth enough for 20 steps.
UNARY = {
    "tanh": tgb.tanh,
    "sigmoid": tgb.sigmoid,
    "relu": tgb.relu,
    "sin": tgb.sin,
    "softplus": F.softplus,
    "softmax": lambda x: F.softmax(x, dim=-1),
    "log_softmax": lambda x: F.log_softmax(x, dim=0),
    "centred": lambda x: x - x.mean(0),
    "scaled": lambda x: x / (1 + x.abs().amax(1, keepdim=True)),
    "cumsum": lambda x: x.cumsum(1) * 0.2,
    "flipped": lambda x: x.flip(0),
    "turned": lambda x: x.T.reshape(x.shape),
    "rolled": lambda x: x.roll(1, 1),
    "parts": lambda x: tgb.cat([x[:, 1:], x[:, :1] * 0.5], dim=1),
    "sorted": lambda x: x.sort(1).values,
    "chosen": lambda x: tgb.where(x > 0, x, 0.1 * x),
    "dropped": lambda x: F.dropout(x, 0.3),
    "noisy": lambda x: x + 0.1 * tgb.randn_like(x),
    "cut": lambda x: x.clamp(-1, 1),
    "assigned": lambda x: _assigned(x),
    "normed": lambda x: F.layer_norm(x, (x.shape[1],)),
    "detached": lambda x: x + x.detach().square() * 0.1,
}
BINARY = {
    "sum": lambda x, y: x + y,
    "product": lambda x, y: x * y,
    "difference": lambda x, y: x - 0.5 * y,
    "quotient": lambda x, y: x / (1 + y.square()),
    "larger": tgb.maximum,
    "mixed": lambda x, y: x @ (y.T @ y) * 0.1,
    "outer": lambda x, y: x * y[:1] + y[:, :1],
    "spread": lambda x, y: x + y.sum(1, keepdim=True) * 0.1,
}


def _assigned(x: Any) -> Any:
    y = x.clone()
    y[0] = y[1] * 2
    y[:, 1] += 1
    return y


programs = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(sorted(UNARY)), st.integers(0, 9)),
        st.tuples(st.sampled_from(sorted(BINARY)), st.integers(0, 9), st.integers(0, 9)),
    ),
    min_size=1,
    max_size=10,
)


def descend(program: Any, wrapped: Any) -> list[Any]:
    tgb.manual_seed(0)
    weights = [tgb.randn(3, 4).double().requires_grad_() for _ in range(2)]
    opt = tgb.optim.SGD(weights, 0.01, momentum=0.5)

    def step(x: Any) -> Any:
        opt.zero_grad()
        values = [weights[0], weights[1] * x]
        for name, *operands in program:
            function: Any = {**UNARY, **BINARY}[name]
            values.append(function(*[values[i % len(values)] for i in operands]))
        loss = values[-1].tanh().square().mean() + 0.01 * sum(w.square().sum() for w in weights)
        loss.backward()
        opt.step()
        return loss, values[-1].detach()

    run = wrapped(step)
    data = [tgb.randn(3, 4).double() for _ in range(20)]
    found = [t.detach().numpy().copy() for x in data for t in run(x)]
    found += [w.detach().numpy() for w in weights]
    return [*found, *[w.grad.numpy() for w in weights], tgb.get_rng_state().numpy()]


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(program=programs)
def test_compiled_is_eager(backend: str, program: Any) -> None:
    expected = descend(program, lambda step: step)
    found = descend(program, lambda step: tgb.compile(step, backend=backend))
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-6, atol=1e-9)
