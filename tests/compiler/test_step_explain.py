"""`step.explain()`: what it says, and that it changes nothing."""

from __future__ import annotations

import copy
import io
import re
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.compiler.pairs import BACKENDS, equal_models
from tinygrad_bp.compiler import compile
from tinygrad_bp.compiler.explaining.times import flops
from tinygrad_bp.compiler.passes.attention import attend
from tinygrad_bp.compiler.program import Call, Value
from tinygrad_bp.rules import conv, linalg
from tinygrad_bp.rules import elementwise as ew

nn = tgb.nn


def training(backend: str) -> tuple[Any, Any]:
    """Return a model with dropout, an embedding and a convolution, and its compiled step."""
    tgb.manual_seed(0)
    model = nn.Sequential(
        nn.Embedding(7, 8), nn.Unflatten(1, (1, 6)), nn.Conv2d(1, 3, 3), nn.ReLU(),
        nn.Dropout(0.2), nn.Flatten(), nn.Linear(3 * 4 * 6, 5),
    )  # fmt: skip
    optimizer = tgb.optim.Adam(model.parameters(), lr=0.01)
    criterion = nn.CrossEntropyLoss()

    @tgb.compile(backend=backend)
    def step(tokens: Any, target: Any) -> Any:
        optimizer.zero_grad()
        loss = criterion(model(tokens), target)
        loss.backward()
        optimizer.step()
        return loss

    return model, step


@pytest.mark.parametrize("backend", BACKENDS)
def test_explaining_changes_nothing(backend: str) -> None:
    tgb.manual_seed(1)
    batches = [(tgb.randint(0, 7, (4, 6)), tgb.randint(0, 5, (4,))) for _ in range(4)]
    models, losses = [], []
    for explained in (False, True):
        model, step = training(backend)
        found = []
        for tokens, target in batches:
            found.append(float(step(tokens, target)))
            if explained:
                before = copy.deepcopy([p.grad for p in model.parameters()])
                step.explanation()
                for p, gradient in zip(model.parameters(), before, strict=True):
                    np.testing.assert_array_equal(p.grad.numpy(), gradient.numpy())
        losses.append(found)
        models.append(model)
    assert losses[0] == losses[1]
    equal_models(*models)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_largest_part_is_first_and_shares_add_up(backend: str) -> None:
    _, step = training(backend)
    step(tgb.randint(0, 7, (4, 6)), tgb.randint(0, 5, (4,)))
    text = step.explanation()
    assert max(map(len, text.splitlines())) <= 80
    table = text[text.index("where time goes") :]
    shares = [float(x) for x in re.findall(r"([\d.]+) %", table)]
    others = "the other" in table
    ordered = shares[:-1] if others else shares
    assert ordered == sorted(ordered, reverse=True)
    assert sum(shares) == pytest.approx(100, abs=1)
    assert "random numbers" in table or others


def test_names_are_those_of_the_users_code() -> None:
    _, step = training("native" if "native" in BACKENDS else "numpy")
    step(tgb.randint(0, 7, (4, 6)), target=tgb.randint(0, 5, (4,)))
    text = step.explanation(times=False)
    assert text.startswith("inputs: tokens int64[4, 6], ")
    assert "6.weight.exp_avg" in text and "2.bias.grad" in text
    assert "where time goes" not in text


def call(op: Any, out: tuple[int, ...], *shapes: tuple[int, ...], **attrs: Any) -> Call:
    kind = np.dtype(np.float32)
    operands = tuple(Value("input", shape, kind) for shape in shapes)
    return Call(op, operands, attrs, Value("computed", out, kind))


def test_multiplications_and_additions_are_counted() -> None:
    assert flops(call(linalg.matmul, (4, 5, 7), (4, 5, 6), (4, 6, 7))) == 2 * 4 * 5 * 6 * 7
    work = 2 * (8 * 4 * 26 * 26) * (3 * 3 * 3)  # of each output of a convolution
    x, w, y = (8, 3, 28, 28), (4, 3, 3, 3), (8, 4, 26, 26)
    assert flops(call(conv.conv_bias, y, x, w, (4,))) == work
    assert flops(call(conv.conv_transpose, x, y, w)) == work
    assert flops(call(conv.conv_weight, w, x, y)) == work
    heads = call(attend, (99,), (2, 64, 32), (2, 32, 64), (2, 64, 16), causal=True)
    assert flops(heads) == (2 * 64 * 64) * (32 + 16)
    assert flops(call(ew.exp, (3,), (3,))) is None


@pytest.mark.parametrize("backend", BACKENDS)
def test_layers_that_repeat_are_added_up(backend: str) -> None:
    tgb.manual_seed(0)
    layers = [layer for _ in range(5) for layer in (nn.Linear(32, 32), nn.Tanh())]
    model = compile(nn.Sequential(*layers), backend=backend)
    model(tgb.randn(64, 32)).sum().backward()
    table = model.step.explanation().partition("where time goes")[2]
    assert re.search(r" \d+ × ((BLAS|kernel): 64×32 @ 32×32|linear|tanh)", table)


def test_it_is_printed_to_a_file() -> None:
    step = compile(lambda x: x.exp() + 1)
    step(tgb.ones(2))
    file = io.StringIO()
    assert step.explain(times=False, file=file) is None
    assert file.getvalue() == step.explanation(times=False) + "\n"
    assert file.getvalue().startswith("inputs: x [2]\n")


def test_inputs_that_can_not_be_made_up_are_said_so() -> None:
    step = compile(lambda x: tgb.linalg.cholesky(x), backend="numpy")
    step(tgb.eye(3))
    assert "not measured" in step.explanation()
