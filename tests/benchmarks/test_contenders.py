"""Contenders compute the same, and whoever doesn't is found out."""

import math
from dataclasses import replace

import numpy as np
import pytest

import tinygrad_bp as tgb
from benchmarks import check, functional, networks, peers
from benchmarks.comparing import Preparation, compare
from benchmarks.peers import by_hand, ours
from benchmarks.peers.contender import UnsupportedError
from benchmarks.peers.numpy_adam import Adam

TINY = [networks.mlp(3, 4, 1, batch=5), networks.mlp(6, 5, 4, batch=3)]
SMALL = [
    *TINY,
    networks.lenet(2),
    networks.mnist_cnn(2),
    networks.lstm(2),
    networks.gpt(2, 1, 16, 8),
]


def named(network):
    return network.name


@pytest.mark.parametrize("network", TINY, ids=named)
def test_ours_and_the_network_by_hand_agree(network):
    entry, failures = compare(network, {"by hand": by_hand, "tinygrad_bp": ours}, 1, duration=1e-4)
    assert failures == []
    assert [set(times) for times in entry["times"].values()] == [{"by hand", "tinygrad_bp"}] * 2


@pytest.mark.peers
@pytest.mark.parametrize("network", SMALL, ids=named)
def test_ours_and_pytorch_agree(network):
    modules, missing = peers.load(["PyTorch", "tinygrad_bp"])
    assert missing == {}
    prepared = Preparation(network)
    for name, module in modules.items():
        prepared.add(name, module)
    assert prepared.failures == []
    assert list(prepared.contenders) == ["PyTorch", "tinygrad_bp"]


class Wrong:
    """Ours, with one gradient changed a little."""

    @staticmethod
    def prepare(network, dropout=True):
        contender = ours.prepare(network, dropout)

        def gradients():
            first, *others = contender.gradients()
            return [first * 1.01, *others]

        return replace(contender, gradients=gradients)


class Idle:
    """Ours, without Adam."""

    @staticmethod
    def prepare(network, dropout=True):
        contender = ours.prepare(network, dropout)
        return replace(contender, step=contender.run)


@pytest.mark.parametrize(("module", "word"), [(Wrong, "gradient 0"), (Idle, "parameters differ")])
def test_what_computes_something_else_is_not_timed(module, word):
    entry, failures = compare(TINY[1], {"tinygrad_bp": ours, "wrong": module}, 1, duration=1e-4)
    assert word in failures[0] and TINY[1].name in failures[0]
    assert word in entry["left out"]["wrong"]
    assert all("wrong" not in times for times in entry["times"].values())


def test_what_is_published_names_no_folder():
    class Broken:
        @staticmethod
        def prepare(network, dropout=True):
            raise OSError("no /home/someone/lib/x.so here")

    prepared = Preparation(TINY[0])
    prepared.add("broken", Broken)
    assert prepared.left_out["broken"] == "failed: OSError: no … here"


def test_shapes_are_compared():
    with pytest.raises(check.DifferentError, match="gradient 0 is"):
        check.gradients("a", [np.ones(3)], [np.ones((3, 1))])


def test_nothing_passes_that_is_not_a_number():
    with pytest.raises(check.DifferentError):
        check.gradients("a", [np.full(3, np.nan)], [np.ones(3)])
    with pytest.raises(check.DifferentError):
        check.parameters("a", [np.full(3, np.nan)], [np.ones(3)], [np.zeros(3)])


def test_who_has_no_such_network_says_so():
    prepared = Preparation(networks.lenet(2))
    prepared.add("by hand", by_hand)
    assert prepared.left_out == {"by hand": "written for perceptrons"}
    assert prepared.failures == []


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(peers.MODULES, "nowhere", "not_there")
    found, missing = peers.load(["by hand", "nowhere"])
    assert list(found) == ["by hand"]
    assert "not_there" in missing["nowhere"]


def test_adam_by_hand_is_ours():
    rng = np.random.default_rng(0)
    start = rng.standard_normal(7).astype(np.float32)
    array, p = start.copy(), tgb.tensor(start.copy(), requires_grad=True)
    by_hand_, ours_ = Adam([array]), tgb.optim.Adam([p], lr=1e-6)
    for _ in range(5):
        g = rng.standard_normal(7).astype(np.float32)
        by_hand_.step([g])
        p.grad = tgb.tensor(g)
        ours_.step()
    np.testing.assert_allclose(array - start, p.detach().numpy() - start, rtol=0.05, atol=1e-9)
    assert (array != start).all()


def logits(network):
    """Return the forward pass of `functional` in plain NumPy, and that of our model."""

    def scan(step, state, rows):
        for z in rows:
            state = step(state, z)
        return state

    kit = functional.Kit(
        np,
        lambda x: np.maximum(x, 0),
        lambda x: 1 / (1 + np.exp(-x)),
        lambda scores, y: tgb.nn.functional.cross_entropy(tgb.tensor(scores), tgb.tensor(y)),
        scan,
        np.vectorize(math.erf),
        lambda x, w, pad: (
            tgb.nn.functional.conv2d(tgb.tensor(x), tgb.tensor(w), padding=pad).detach().numpy()
        ),
        lambda x: tgb.nn.functional.max_pool2d(tgb.tensor(x), 2).numpy(),
    )
    functional.require(kit, network)
    x, y = network.data()
    return functional.loss(kit, network, network.initial(), x, y, lambda z, rate: z)


@pytest.mark.parametrize("network", SMALL, ids=named)
def test_the_networks_of_arrays_are_those_of_modules(network):
    tgb.manual_seed(0)
    model = network.build(tgb, False)
    x, y = (tgb.tensor(array) for array in network.data())
    expected = network.loss(tgb)(model, x, y).item()
    assert float(logits(network)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("network", [networks.lenet(2), networks.gpt(2, 1, 16, 8)], ids=named)
def test_a_library_without_an_operation_says_which(network):
    kit = functional.Kit(np, *[lambda *a: None] * 4)
    with pytest.raises(UnsupportedError, match=r"no (convolution|erf)"):
        functional.require(kit, network)
