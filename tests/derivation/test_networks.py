"""Derivations of whole networks: every line amounts to what the graph recorded."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.expr import evaluate
from tinygrad_bp.nn import functional as F

nn = tgb.nn


def randn(*shape: int) -> tgb.Tensor:
    return tgb.randn(*shape, dtype=tgb.float64)


def cnn():
    layers = [nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3)]
    layers += [nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten(), nn.Linear(54, 10)]
    net = nn.Sequential(*layers).double()
    return net, F.cross_entropy(net(randn(5, 1, 12, 12)), tgb.tensor([3, 1, 4, 1, 5]))


def lstm():
    net = nn.ModuleList([nn.LSTM(3, 4, 2, batch_first=True), nn.Linear(4, 2)]).double()
    out, _ = net[0](randn(2, 5, 3))
    return net, F.mse_loss(net[1](out[:, -1]), randn(2, 2))


def gru():
    net = nn.GRU(3, 4, bidirectional=True).double()
    out, h = net(randn(5, 2, 3))
    return net, out.sum() + (h * h).sum()


def transformer():
    net = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.3, batch_first=True).double()
    return net, net(randn(2, 5, 8)).square().mean()


def batch_norm():
    layers = [nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Dropout(0.3), nn.Linear(5, 3)]
    net = nn.Sequential(*layers).double()
    return net, F.mse_loss(net(randn(6, 4)), randn(6, 3))


def deep():
    layers = [layer for _ in range(12) for layer in (nn.Linear(6, 6), nn.Sigmoid())]
    net = nn.Sequential(*layers, nn.Linear(6, 2)).double()
    return net, F.cross_entropy(net(randn(7, 6)), tgb.tensor([0, 1, 1, 0, 1, 0, 0]))


def embedding():
    layers = [nn.Embedding(7, 4), nn.Flatten(), nn.Linear(12, 3), nn.GELU(), nn.LayerNorm(3)]
    net = nn.Sequential(*layers).double()
    return net, net(tgb.randint(0, 7, (5, 3))).square().sum()


NETWORKS = [cnn, lstm, gru, transformer, batch_norm, deep, embedding]


@pytest.mark.parametrize("build", NETWORKS, ids=lambda f: f.__name__)
def test_every_line_amounts_to_what_was_recorded(build) -> None:
    tgb.manual_seed(0)
    net, loss = build()
    parameters = list(net.parameters())
    gradients = tgb.autograd.grad(loss, parameters, retain_graph=True)
    d = tgb.explain(loss, model=net)
    names = {line.name for line in d}
    for line in d:
        scale = np.max(np.abs(line.recorded), initial=1.0)
        for step in line.steps:
            found = evaluate(step.formula)
            np.testing.assert_allclose(found, line.recorded, rtol=1e-12, atol=1e-12 * scale)
        assert line.formula
        assert line.latex
    for parameter, gradient in zip(parameters, gradients, strict=True):
        line = d[parameter]
        assert line.name in names
        np.testing.assert_allclose(line.value, gradient.numpy(), rtol=1e-11, atol=1e-13)
    assert all(len(row) <= 80 for row in str(d).splitlines())
    assert d.to_latex()
    assert d.to_markdown()
