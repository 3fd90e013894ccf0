import json
import re

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.stepping.browser import Browser, find_chromium
from tinygrad_bp import nn
from tinygrad_bp.stepping import write


def pytest_configure(config):
    config.addinivalue_line("markers", "browser: drives a headless Chromium; skipped without one.")


def read(html):
    """Return the data that a page holds."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)
    assert found is not None
    return json.loads(found[1])


@pytest.fixture
def two_layers():
    """The notes' network with softmax and cross-entropy by hand, in float64."""
    tgb.manual_seed(0)
    tensors = {"X": tgb.randn(4, 6, dtype=tgb.float64)}
    tensors["Y"] = tgb.tensor(np.eye(3)[:, [0, 1, 2, 0, 1, 2]])
    for name, shape in (("W1", (5, 4)), ("b1", (5, 1)), ("W2", (3, 5)), ("b2", (3, 1))):
        tensors[name] = (tgb.randn(*shape, dtype=tgb.float64) / 2).requires_grad_()
    t = {name: tensor.named(name) for name, tensor in tensors.items()}
    t["Z1"] = (t["W1"] @ t["X"] + t["b1"]).named("Z1")
    t["A1"] = tgb.relu(t["Z1"]).named("A1")
    t["Z2"] = (t["W2"] @ t["A1"] + t["b2"]).named("Z2")
    t["A2"] = tgb.softmax(t["Z2"], 0).named("A2")
    t["L"] = (-(t["Y"] * tgb.log(t["A2"])).sum() / 6).named("L")
    return t


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, width)

    def forward(self, x):
        return x + self.second(self.first(x).relu())


@pytest.fixture
def residual():
    """A model with modules inside of modules, its traced loss, and the input."""
    tgb.manual_seed(0)
    net = nn.Sequential(nn.Linear(12, 12), Block(12), Block(12), nn.Linear(12, 3))
    x = tgb.randn(8, 12).named("X")
    with tgb.drawing.trace(net):
        loss = (net(x) ** 2).mean()
    return net, loss.named("L"), x


@pytest.fixture
def long_chain():
    """A graph of 500 boxes: 124 layers, each with a bias, that share one weight."""
    tgb.manual_seed(0)
    weight = (tgb.randn(64, 64) * 0.12).requires_grad_().named("W")
    h = tgb.randn(32, 64).named("X")
    kept = []
    for number in range(124):
        bias = tgb.zeros(64, requires_grad=True).named(f"b{number}")
        h = tgb.tanh(h @ weight + bias)
        kept.append(bias)
    return (h * h).mean().named("L"), kept


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium, or set CHROMIUM")
    browser = Browser(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def file(two_layers, tmp_path):
    return write(two_layers["L"], tmp_path / "notes.html")


@pytest.fixture
def items(file):
    return read(file.read_text(encoding="utf-8"))["items"]


@pytest.fixture
def notes(browser, file):
    browser.open(file)
    yield browser
    assert browser.complaints() == []


@pytest.fixture
def modules(browser, residual, tmp_path):
    net, loss, _ = residual
    browser.open(write(loss, tmp_path / "modules.html", model=net))
    yield browser
    assert browser.complaints() == []
