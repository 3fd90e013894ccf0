import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.Linear(width, width)
        self.act = nn.ReLU()
        self.second = nn.Linear(width, width)

    def forward(self, x):
        return x + self.second(self.act(self.first(x)))


class Tied(nn.Module):
    """A residual block between two layers that share one weight."""

    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(4, 4)
        self.block = Block(4)
        self.decode = nn.Linear(4, 4)
        self.decode.weight = self.encode.weight

    def forward(self, x):
        return self.decode(self.block(self.encode(x)))


@pytest.fixture
def tied():
    tgb.manual_seed(0)
    return Tied()


@pytest.fixture
def batch():
    return tgb.tensor(np.arange(12, dtype=np.float32).reshape(3, 4)).named("X")


@pytest.fixture
def two_layers():
    """The notes' network: the tensors by name, held by the test as by a user's script."""
    tgb.manual_seed(0)
    t = {"X": tgb.randn(4, 3), "Y": tgb.tensor(np.eye(3, dtype=np.float32))}
    for name, shape in (("W1", (3, 4)), ("b1", (3, 1)), ("W2", (3, 3)), ("b2", (3, 1))):
        t[name] = tgb.randn(*shape).requires_grad_()
    for name, tensor in t.items():
        tensor.named(name)
    t["Z1"] = (t["W1"] @ t["X"] + t["b1"]).named("Z1")
    t["A1"] = tgb.relu(t["Z1"]).named("A1")
    t["Z2"] = (t["W2"] @ t["A1"] + t["b2"]).named("Z2")
    t["L"] = (-(t["Y"] * tgb.log_softmax(t["Z2"], 0)).sum() / 3).named("L")
    return t
