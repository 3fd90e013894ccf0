"""Steps as scripts write them: two networks in turns, moving averages, updates by hand, …"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.compiler.pairs import BACKENDS

nn = tgb.nn
F = nn.functional


@pytest.fixture(autouse=True)
def _in_double_precision() -> Iterator[None]:
    tgb.set_default_dtype(tgb.float64)
    yield
    tgb.set_default_dtype(tgb.float32)


def gan():
    G = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    D = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    og, od = tgb.optim.Adam(G.parameters(), 1e-3), tgb.optim.Adam(D.parameters(), 1e-3)
    bce = nn.BCEWithLogitsLoss()

    def step(real):
        n = real.size(0)
        z = tgb.randn(n, 4)
        fake = G(z)
        od.zero_grad()
        ld = bce(D(real), tgb.ones(n, 1)) + bce(D(fake.detach()), tgb.zeros(n, 1))
        ld.backward()
        od.step()
        og.zero_grad()
        lg = bce(D(fake), tgb.ones(n, 1))
        lg.backward()
        og.step()
        return ld, lg

    return step, lambda: [*G.parameters(), *D.parameters()], lambda i: (tgb.randn(8, 2),)


def vae():
    class V(nn.Module):
        def __init__(self):
            super().__init__()
            self.e = nn.Linear(12, 8)
            self.mu = nn.Linear(8, 3)
            self.lv = nn.Linear(8, 3)
            self.d = nn.Linear(3, 12)

        def forward(self, x):
            h = F.relu(self.e(x))
            mu, lv = self.mu(h), self.lv(h)
            std = tgb.exp(0.5 * lv)
            z = mu + tgb.randn_like(std) * std
            return tgb.sigmoid(self.d(z)), mu, lv

    m = V()
    o = tgb.optim.Adam(m.parameters())

    def step(x):
        o.zero_grad()
        r, mu, lv = m(x)
        l = F.binary_cross_entropy(r, x, reduction="sum") - 0.5 * tgb.sum(
            1 + lv - mu.pow(2) - lv.exp()
        )
        l.backward()
        o.step()
        return l

    return step, lambda: m.parameters(), lambda i: (tgb.rand(5, 12),)


def gpt():
    class Block(nn.Module):
        def __init__(self, d, h, t):
            super().__init__()
            self.l1 = nn.LayerNorm(d)
            self.qkv = nn.Linear(d, 3 * d)
            self.p = nn.Linear(d, d)
            self.l2 = nn.LayerNorm(d)
            self.m = nn.Sequential(
                nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d), nn.Dropout(0.1)
            )
            self.h = h
            self.register_buffer("mask", tgb.tril(tgb.ones(t, t)).view(1, 1, t, t))

        def forward(self, x):
            b, t, d = x.shape
            q, k, v = self.qkv(self.l1(x)).split(d, dim=2)
            q, k, v = (a.view(b, t, self.h, d // self.h).transpose(1, 2) for a in (q, k, v))
            a = (q @ k.transpose(-2, -1)) * (1 / np.sqrt(k.size(-1)))
            a = a.masked_fill(self.mask[:, :, :t, :t] == 0, float("-inf"))
            a = F.softmax(a, dim=-1)
            y = (a @ v).transpose(1, 2).contiguous().view(b, t, d)
            x = x + self.p(y)
            return x + self.m(self.l2(x))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Embedding(11, 16)
            self.p = nn.Embedding(8, 16)
            self.b = nn.ModuleList([Block(16, 2, 8) for _ in range(2)])
            self.f = nn.LayerNorm(16)
            self.o = nn.Linear(16, 11, bias=False)
            self.w.weight = self.o.weight

        def forward(self, i, t):
            x = self.w(i) + self.p(tgb.arange(0, i.size(1)))
            for b in self.b:
                x = b(x)
            lg = self.o(self.f(x))
            return lg, F.cross_entropy(lg.view(-1, lg.size(-1)), t.view(-1), ignore_index=-1)

    m = GPT()
    o = tgb.optim.AdamW(m.parameters(), 1e-3)

    def step(i, t):
        _, l = m(i, t)
        o.zero_grad(set_to_none=True)
        l.backward()
        nn.utils.clip_grad_norm_(m.parameters(), 1.0)
        o.step()
        return l

    return (
        step,
        lambda: m.parameters(),
        lambda i: (tgb.randint(0, 11, (3, 8)), tgb.randint(0, 11, (3, 8))),
    )


def amp():
    m = nn.Linear(4, 2)
    o = tgb.optim.SGD(m.parameters(), 0.1)
    scaler = tgb.amp.GradScaler(enabled=False)

    def step(x, y):
        o.zero_grad()
        with tgb.autocast("cpu", enabled=False):
            l = F.cross_entropy(m(x), y)
        scaler.scale(l).backward()
        scaler.step(o)
        scaler.update()
        return l

    return step, lambda: m.parameters(), lambda i: (tgb.randn(5, 4), tgb.randint(0, 2, (5,)))


def ema():
    m = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))
    e = copy.deepcopy(m)
    o = tgb.optim.SGD(m.parameters(), 0.1)

    def step(x, y):
        o.zero_grad()
        l = F.cross_entropy(m(x), y)
        l.backward()
        o.step()
        with tgb.no_grad():
            for p, q in zip(e.parameters(), m.parameters(), strict=True):
                p.mul_(0.9).add_(q, alpha=0.1)
            for p, q in zip(e.buffers(), m.buffers(), strict=True):
                p.copy_(q)
        return l

    return (
        step,
        lambda: [*e.parameters(), *e.buffers()],
        lambda i: (tgb.randn(5, 4), tgb.randint(0, 2, (5,))),
    )


def manual():
    w = tgb.randn(4, 1, requires_grad=True)
    b = tgb.zeros(1, requires_grad=True)

    def step(x, y):
        l = ((x @ w + b - y) ** 2).mean()
        l.backward()
        with tgb.no_grad():
            w.sub_(0.1 * w.grad)
            b.__isub__(0.1 * b.grad)
            w.grad = None
            b.grad = None
        return l

    return step, lambda: [w, b], lambda i: (tgb.randn(5, 4), tgb.randn(5, 1))


def manual_data():
    w = tgb.randn(4, 1, requires_grad=True)

    def step(x, y):
        if w.grad is not None:
            w.grad.zero_()
        l = ((x @ w - y) ** 2).mean()
        l.backward()
        w.data -= 0.1 * w.grad.data
        return l

    return step, lambda: [w], lambda i: (tgb.randn(5, 4), tgb.randn(5, 1))


def wgan_weights():
    D = nn.Linear(2, 1)
    o = tgb.optim.RMSprop(D.parameters())

    def step(x):
        o.zero_grad()
        l = D(x).mean()
        l.backward()
        o.step()
        for p in D.parameters():
            p.data.clamp_(-0.01, 0.01)
        return l

    return step, lambda: D.parameters(), lambda i: (tgb.randn(5, 2),)


def lstm_state():
    m = nn.LSTM(3, 5)
    out = nn.Linear(5, 2)
    ps = [*m.parameters(), *out.parameters()]
    o = tgb.optim.Adam(ps)

    def step(x, h, c, y):
        o.zero_grad()
        z, (h, c) = m(x, (h, c))
        l = F.mse_loss(out(z), y)
        l.backward()
        o.step()
        return l, h.detach(), c.detach()

    return (
        step,
        lambda: ps,
        lambda i: (tgb.randn(4, 2, 3), tgb.zeros(1, 2, 5), tgb.zeros(1, 2, 5), tgb.randn(4, 2, 2)),
    )


def accumulate():
    m = nn.Linear(4, 2)
    o = tgb.optim.SGD(m.parameters(), 0.1)

    def step(xs, ys):
        o.zero_grad()
        tot = 0
        for x, y in zip(xs, ys, strict=True):
            l = F.cross_entropy(m(x), y) / len(xs)
            l.backward()
            tot = tot + l.detach()
        o.step()
        return tot

    return (
        step,
        lambda: m.parameters(),
        lambda i: (
            [tgb.randn(5, 4) for _ in range(3)],
            [tgb.randint(0, 2, (5,)) for _ in range(3)],
        ),
    )


def evaluate():
    m = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 3)).eval()

    def step(x, y):
        with tgb.no_grad():
            p = m(x)
            return F.cross_entropy(p, y), (p.argmax(1) == y).sum(), p.topk(2).values

    return step, lambda: [], lambda i: (tgb.randn(5, 4), tgb.randint(0, 3, (5,)))


def custom():
    class Sq(tgb.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 2 * x * g

    m = nn.Linear(4, 2)
    o = tgb.optim.Adam(m.parameters())

    def step(x):
        o.zero_grad()
        l = Sq.apply(m(x)).sum()
        l.backward()
        o.step()
        return l

    return step, lambda: m.parameters(), lambda i: (tgb.randn(5, 4),)


def hooked():
    m = nn.Linear(4, 2)
    o = tgb.optim.Adam(m.parameters())
    m.weight.register_hook(lambda g: g * 2)

    def step(x):
        o.zero_grad()
        l = (m(x) ** 2).sum()
        l.backward()
        o.step()
        return l

    return step, lambda: m.parameters(), lambda i: (tgb.randn(5, 4),)


def spectral():
    m = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4))
    o = tgb.optim.Adam(m.parameters())

    def step(x):
        o.zero_grad()
        l = (m(x) ** 2).sum()
        l.backward()
        o.step()
        return l

    return step, lambda: [*m.parameters(), *m.buffers()], lambda i: (tgb.randn(5, 4),)


def wnorm():
    m = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
    o = tgb.optim.Adam(m.parameters())

    def step(x):
        o.zero_grad()
        l = (m(x) ** 2).sum()
        l.backward()
        o.step()
        return l

    return step, lambda: [*m.parameters(), *m.buffers()], lambda i: (tgb.randn(5, 4),)


def dist():
    m = nn.Linear(4, 2)
    o = tgb.optim.Adam(m.parameters())

    def step(x):
        o.zero_grad()
        d = tgb.distributions.Normal(m(x), 1.0)
        l = -d.log_prob(d.rsample().detach()).mean()
        l.backward()
        o.step()
        return l

    return step, lambda: m.parameters(), lambda i: (tgb.randn(5, 4),)


SCRIPTS = [
    gan,
    vae,
    gpt,
    amp,
    ema,
    manual,
    manual_data,
    wgan_weights,
    lstm_state,
    accumulate,
    evaluate,
    custom,
    hooked,
    spectral,
    wnorm,
    dist,
]


def run(script: Any, wrapped: Any) -> tuple[list[Any], list[Any]]:
    """Run a script: what its steps returned, and its state in the end."""
    tgb.manual_seed(0)
    step, state, data = script()
    step = wrapped(step)
    tgb.manual_seed(1)
    found = []
    for i in range(20):
        out = step(*data(i))
        out = out if isinstance(out, tuple) else (out,)
        found += [t.detach().numpy().copy() for t in out]
    return found, [t.detach().numpy().copy() for t in state()] + [tgb.get_rng_state().numpy()]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.__name__)
def test_compiled_is_eager(script: Any, backend: str) -> None:
    expected = run(script, lambda step: step)
    found = run(script, lambda step: tgb.compile(step, backend=backend))
    for theirs, ours in zip(expected, found, strict=True):
        for a, b in zip(theirs, ours, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-6, atol=1e-8)
