"""Attention compiled: masks, dropout, shared heads, lengths that differ, in both precisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.compiler.building import Building, agree
from tests.compiler.pairs import BACKENDS, array
from tinygrad_bp.compiler import compile
from tinygrad_bp.compiler.kernels import heads
from tinygrad_bp.rules import shape

F = tgb.nn.functional


class Attend(tgb.nn.Module):
    """Queries of one input, keys and values of another, each head of its own."""

    def __init__(self, width: int, heads: int, shared: int, kind: Any, **options: Any) -> None:
        super().__init__()
        self.heads, self.shared, self.options = heads, shared, options
        self.q = tgb.nn.Linear(width, width, dtype=kind)
        self.kv = tgb.nn.Linear(width, 2 * width // shared, dtype=kind)
        self.out = tgb.nn.Linear(width, width, dtype=kind)

    def forward(self, x: Any, y: Any, mask: Any) -> Any:
        n, length, width = x.shape
        size = width // self.heads

        def split(z: Any, heads: int) -> Any:
            return z.view(n, z.shape[1], heads, size).transpose(1, 2)

        k, v = self.kv(y).split(width // self.shared, dim=2)
        fewer = self.heads // self.shared
        mixed = F.scaled_dot_product_attention(
            split(self.q(x), self.heads), split(k, fewer), split(v, fewer), mask, **self.options
        )
        return self.out(mixed.transpose(1, 2).reshape(n, length, width))


def trained(backend: str | None, case: dict[str, Any], steps: int = 4) -> list[Any]:
    """Take steps on fresh inputs; return the losses, the gradients and the parameters."""
    options = dict(case)
    length, other = options.pop("lengths", (9, 9))
    shared, kind = options.pop("shared", 1), options.pop("kind", tgb.float32)
    make = options.pop("mask", None)
    tgb.manual_seed(5)
    model = Attend(16, 4, shared, kind, **options)
    # Not Adam: the gradient of the keys' bias is 0, and Adam makes steps of what rounding leaves.
    opt = tgb.optim.SGD(model.parameters(), 0.5, momentum=0.9)

    def step(x: Any, y: Any, mask: Any) -> Any:
        opt.zero_grad()
        loss = (model(x, y, mask) - x).square().mean()
        loss.backward()
        opt.step()
        return loss

    run = step if backend is None else compile(step, backend=backend)
    rng = np.random.default_rng(0)
    losses = []
    for _ in range(steps):
        x, y = (tgb.tensor(rng.normal(size=(3, n, 16)), dtype=kind) for n in (length, other))
        mask = None if make is None else make(rng, length, other, kind)
        losses.append(array(run(x, y, mask)))
    return losses + [array(t) for p in model.parameters() for t in (p.grad, p)]


def truth(rng: Any, rows: int, columns: int, kind: Any) -> Any:
    return tgb.tensor(rng.random((3, 1, rows, columns)) < 0.7)


def forbidding(rng: Any, rows: int, columns: int, kind: Any) -> Any:
    """Forbid whole rows, too: they attend to nothing."""
    return tgb.tensor((rng.random((rows, columns)) < 0.7) & (np.arange(rows) != 2)[:, None])


def added(rng: Any, rows: int, columns: int, kind: Any) -> Any:
    return tgb.tensor(rng.normal(size=(3, 4, rows, columns)), dtype=kind)


CASES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "causal": {"is_causal": True},
    "causal, more keys": {"is_causal": True, "lengths": (5, 11)},
    "causal, more queries": {"is_causal": True, "lengths": (11, 5)},
    "causal, float64": {"is_causal": True, "kind": tgb.float64},
    "causal, longer": {"is_causal": True, "lengths": (70, 70)},
    "causal, dropout": {"is_causal": True, "dropout_p": 0.3},
    "causal, shared heads": {"is_causal": True, "enable_gqa": True, "shared": 2},
    "scale": {"scale": 0.7},
    "lengths": {"lengths": (6, 10)},
    "one key": {"lengths": (6, 1)},
    "truth mask": {"mask": truth},
    "rows forbidden": {"mask": forbidding},
    "float mask": {"mask": added, "lengths": (7, 9)},
    "float mask, float64": {"mask": added, "kind": tgb.float64},
    "mask and dropout": {"mask": truth, "dropout_p": 0.5},
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_training_is_that_of_eager(case: dict[str, Any], backend: str) -> None:
    for want, got in zip(trained(None, case), trained(backend, case), strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-5)


class Cut(tgb.nn.Module):
    """Self-attention whose query, key and value are cut out of one product."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = tgb.nn.Linear(16, 48)

    def forward(self, x: Any) -> Any:
        n, length, width = x.shape
        parts = self.qkv(x).split(width, dim=2)
        q, k, v = (p.view(n, length, 4, 4).transpose(1, 2) for p in parts)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return mixed.transpose(1, 2).reshape(n, length, width)


@pytest.mark.skipif("native" not in BACKENDS, reason="there is no native code here")
def test_an_attention_is_two_kernels_that_write_where_the_next_product_reads() -> None:
    model = Cut()
    twin = Cut()
    twin.load_state_dict(model.state_dict())

    def loss_of(model: Any, x: Any) -> Any:
        model.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        return loss

    step = compile(lambda x: loss_of(model, x), backend="native")
    for _ in range(2):
        x = tgb.randn(3, 20, 16)
        np.testing.assert_allclose(array(step(x)), array(loss_of(twin, x)), rtol=1e-5)
        for p, q in zip(model.parameters(), twin.parameters(), strict=True):
            np.testing.assert_allclose(array(p.grad), array(q.grad), rtol=1e-4, atol=1e-6)
    names = [call.op.name for call in step.specialised[0].execute.lowered.program.calls]
    assert names.count("attend") == names.count("attend_pull") == 1
    assert not {"embed", "copy", "softmax_pull", "attention_weights", "exp"} & set(names)


def test_weights_that_somebody_else_reads_stay() -> None:
    attend = tgb.nn.MultiheadAttention(8, 2, batch_first=True).requires_grad_(False)
    step = compile(lambda x: attend(x, x, x, average_attn_weights=False))
    x = tgb.randn(2, 5, 8)
    for want, got in zip(attend(x, x, x, average_attn_weights=False), step(x), strict=True):
        np.testing.assert_allclose(array(got), array(want), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [16, 21])
def test_the_kernels_compute_what_their_forwards_do(n: int, dtype: Any) -> None:
    built = Building()
    q, v, g = (built.input(built.normal(3, 2, size, 8, dtype=dtype)) for size in (n, 13, n))
    k = built.input(built.normal(3, 2, 8, 13, dtype=dtype))
    bias = built.normal(3, 1, n, 13, dtype=dtype)
    bias[1, :, 2] = -np.inf
    bias[:, :, :, 4] = -np.inf
    packed = built(
        heads.attend, q, k, built.input(bias), v,
        scale=0.5, causal=False, order=(0, 2, 1, 3), kept=True,
    )  # fmt: skip
    kinds = ((True, True, True), (False, True, False), (False, False, False))
    shapes = (3, 2, 13, 8), (3, 2, n, 8), (3, 2, 8, 13)
    sizes = [np.prod(s) for s in shapes]
    # The last one lies turned.
    strides = ((208, 104, 8, 1), (16 * n, 8 * n, 8, 1), (208, 104, 1, 8))
    layout = tuple(
        (int(sum(sizes[:i])), s, t) for i, (s, t) in enumerate(zip(shapes, strides, strict=True))
    )
    values = built(shape.transpose, v, axes=(0, 1, 3, 2))
    keys = built(shape.transpose, k, axes=(0, 1, 3, 2))
    queries = built(shape.transpose, q, axes=(0, 1, 3, 2))
    pulled = built(
        heads.attend_pull, g, values, packed, g, keys, queries, scale=0.5, causal=False,
        products=kinds, layout=layout, size=int(sum(sizes)),
    )  # fmt: skip
    offset = 3 * 2 * 13 * heads.lanes(n)
    out = built(heads.part, packed, offset=offset, shape=(3, n, 2, 8),
                strides=(16 * n, 16, 8, 1))  # fmt: skip
    built.output(out, pulled)
    agree(built, "native")


def test_a_view_of_what_the_step_computes_is_returned() -> None:
    x = tgb.randn(2, 5, 8)
    step = compile(lambda x: (x * 2).transpose(0, 1))
    for _ in range(2):
        np.testing.assert_array_equal(array(step(x)), array(x).swapaxes(0, 1) * 2)


@pytest.mark.parametrize("causal", [False, True])
def test_without_a_backward_and_with_columns_that_lie_apart(causal: bool) -> None:
    def mixed(x: Any, y: Any) -> Any:
        return F.scaled_dot_product_attention(x[..., ::2], y[..., ::2], y, is_causal=causal) * 1

    step = compile(mixed)
    for seed in range(2):
        rng = np.random.default_rng(seed)
        x, y = (tgb.tensor(rng.normal(size=(2, n, 8)), dtype=tgb.float32) for n in (19, 23))
        np.testing.assert_allclose(array(step(x, y)), array(mixed(x, y)), rtol=1e-5, atol=1e-6)
