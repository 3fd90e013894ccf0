"""The transforms beside PyTorch's, on the same functions."""

import numpy as np
import pytest

import tinygrad_bp as tgb

pytestmark = pytest.mark.peers

X, Y = np.random.default_rng(0).normal(size=(3, 4)), np.random.default_rng(1).normal(size=4)

FUNCTIONS = {
    "grad": lambda l, x, y: l.func.grad(lambda x: (x.sin() * x).sum())(x),
    "grad of grad": lambda l, x, y: l.func.grad(
        lambda y: l.func.grad(lambda y: (y**3).sum())(y).sin().sum())(y),
    "two arguments": lambda l, x, y: l.func.grad(lambda a, b: (a @ b).tanh().sum(), (0, 1))(x, y),
    "a dict": lambda l, x, y: l.func.grad(lambda d: (d["a"] @ d["b"]).exp().sum())(
        {"a": x, "b": y}),
    "aux": lambda l, x, y: l.func.grad_and_value(lambda a: ((a**2).sum(), a + 1), has_aux=True)(x),
    "vjp": lambda l, x, y: l.func.vjp(lambda a, b: a @ b, x, y)[1](y[:3]),
    "jvp": lambda l, x, y: l.func.jvp(lambda a, b: (a @ b).exp(), (x, y), (x * 2, y + 1)),
    "jacrev": lambda l, x, y: l.func.jacrev(lambda b: (x @ b).exp())(y),
    "jacrev, nested": lambda l, x, y: l.func.jacrev(
        lambda a, b: {"o": (a @ b).exp(), "p": a.sum()}, argnums=(0, 1))(x, y),
    "jacfwd": lambda l, x, y: l.func.jacfwd(lambda a, b: (a @ b).exp(), argnums=(0, 1))(x, y),
    "hessian": lambda l, x, y: l.func.hessian(lambda a, b: (a @ b).exp().sum(), (0, 1))(x, y),
    "vmap": lambda l, x, y: l.func.vmap(
        lambda a, b: (a * b, a.sum()), in_dims=(0, None), out_dims=(1, 0))(x, y),
    "vmap of grad": lambda l, x, y: l.func.vmap(
        l.func.grad(lambda w, a: (w * a).sin().sum()), in_dims=(None, 0))(y, x),
    "jacrev of vmap": lambda l, x, y: l.func.jacrev(l.func.vmap(lambda a: (a * y).sum()))(x),
    "linearize": lambda l, x, y: l.func.linearize(lambda b: (x @ b).exp(), y)[1](y),
}  # fmt: skip


def flat(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        return [leaf for part in value for leaf in flat(part)]
    return [np.asarray(value.detach())]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_same_as_pytorch(name):
    import torch

    mine = flat(FUNCTIONS[name](tgb, tgb.tensor(X), tgb.tensor(Y)))
    theirs = flat(FUNCTIONS[name](torch, torch.tensor(X), torch.tensor(Y)))
    assert [m.shape for m in mine] == [t.shape for t in theirs]
    for m, t in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(m, t, rtol=1e-10, atol=1e-12)
