"""The batch that separates: its sizes, the kinds of target, and that it does separate."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.diagnosis.networks import draw_network, forward
from tests.diagnosis.slips import KINDS
from tests.diagnosis.student import Student, Style
from tinygrad_bp.diagnosis.batch import separating_batch
from tinygrad_bp.nn import functional as F


def parameters(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [tgb.tensor(rng.normal(size=s), requires_grad=True) for s in shapes]


def test_columns_keep_one_hot_targets_and_get_another_size():
    W1, b1, W2 = parameters((5, 3), (5, 1), (4, 5))

    def loss_fn(X, Y):
        A1 = tgb.relu(W1 @ X + b1)
        return -(Y * tgb.log_softmax(W2 @ A1, dim=0)).sum() / X.shape[1]

    X, Y = np.ones((3, 1)), np.eye(4)[:, :1]
    new_x, new_y = separating_batch(lambda X, Y: loss_fn(tgb.tensor(X), tgb.tensor(Y)), X, Y)
    assert new_x.shape == (3, 6) and new_y.shape == (4, 6)  # 5 is a width of the network
    assert isinstance(new_x, np.ndarray) and new_x.dtype == X.dtype
    np.testing.assert_array_equal(np.sort(new_y, axis=0)[-1], 1)
    np.testing.assert_array_equal(new_y.sum(axis=0), 1)
    assert len(set(new_y.argmax(axis=0))) > 1
    assert len(np.unique(new_x, axis=1).T) == 6


def test_labels_stay_within_the_classes_of_the_loss():
    (W,) = parameters((3, 4))
    X = tgb.tensor(np.ones((1, 4)))
    Y = tgb.tensor([0])
    new_x, new_y = separating_batch(lambda X, Y: F.cross_entropy(X @ W.T, Y), X, Y, m=40)
    assert new_x.shape == (40, 4) and new_x.dtype == X.dtype
    assert new_y.dtype == tgb.int64 and set(new_y.tolist()) == {0, 1, 2}


@pytest.mark.parametrize(
    ("Y", "kind"),
    [
        (np.array([[1.0], [0.0]]), lambda y: set(y.ravel()) == {0.0, 1.0}),
        (np.array([[0.3], [0.9]]), lambda y: ((y > 0) & (y < 1)).all() and len(set(y.flat)) == 14),
        (np.array([[7.0], [9.0]]), lambda y: 0 < np.abs(y).max() < 40 and len(set(y.flat)) == 14),
    ],
    ids=["bits", "fractions", "numbers"],
)
def test_the_kind_of_target_stays(Y, kind):
    (W,) = parameters((1, 3))
    X = np.arange(6.0).reshape(2, 3)
    _, new = separating_batch(lambda X, Y: ((tgb.tensor(X) @ W.T - tgb.tensor(Y)) ** 2).sum(), X, Y,
                              m=14)  # fmt: skip
    assert new.shape == (14, 1) and kind(new)


def test_probabilities_stay_probabilities():
    (W,) = parameters((3, 2))
    Y = np.array([[0.2], [0.5], [0.3]])
    loss_fn = lambda X, Y: -(tgb.tensor(Y) * tgb.log_softmax(W @ tgb.tensor(X), dim=0)).sum()
    _, new = separating_batch(loss_fn, np.ones((2, 1)), Y)
    np.testing.assert_allclose(new.sum(axis=0), 1)
    assert (new > 0).all()


def test_a_dead_unit_is_woken_up():
    W, b = parameters((1, 2), (1, 1))
    b.data[:] = -4.0
    X = np.ones((2, 1)) * 0.1
    loss_fn = lambda X, Y: ((tgb.relu(W @ tgb.tensor(X) + b) - tgb.tensor(Y)) ** 2).sum()
    assert not tgb.autograd.grad(loss_fn(X, np.ones((1, 1))), W)[0].numpy().any()
    found = separating_batch(loss_fn, X, np.ones((1, 1)))
    assert tgb.autograd.grad(loss_fn(*found), W)[0].numpy().all()


def test_what_is_dead_for_good_is_named():
    W, b = parameters((1, 2), (1, 1))
    W.named("W1").data[:] = 0.0
    b.data[:] = -1.0
    loss_fn = lambda X, Y: ((tgb.relu(W @ tgb.tensor(X) + b) - tgb.tensor(Y)) ** 2).sum()
    with pytest.raises(ValueError, match=r"gradient of .*W1.* stays zero"):
        separating_batch(loss_fn, np.ones((2, 1)), np.ones((1, 1)))


def test_an_axis_that_cannot_be_told_is_asked_for():
    (W,) = parameters((1, 1))
    loss_fn = lambda X, Y: ((W @ tgb.tensor(X) - tgb.tensor(Y)) ** 2).sum()
    with pytest.raises(ValueError, match="axis=0 if they are rows"):
        separating_batch(loss_fn, np.ones((1, 1)), np.ones((1, 1)))
    X, Y = separating_batch(loss_fn, np.ones((1, 1)), np.ones((1, 1)), axis=1)
    assert X.shape == Y.shape == (1, 5)


@pytest.mark.parametrize("seed", range(5))
def test_kinds_that_tie_on_one_sample_differ_on_the_batch(seed):
    rng = np.random.default_rng(seed)
    network = draw_network(rng, layers=2, losses=["softmax_log", "half_mean"])
    while network.convention != "columns" or not network.biases or network.skips:
        network = draw_network(rng, layers=2, losses=["softmax_log", "half_mean"])
    network.m = 1
    for name in "XY":
        network.arrays[name] = network.arrays[name][:, :1]

    def loss_fn(X, Y):
        # The gradients of the student's network, as a loss that knows its parameters.
        tensors = {n: tgb.tensor(a, requires_grad=True) for n, a in network.arrays.items()}
        A = tgb.tensor(X)
        for k in range(1, network.layers + 1):
            A = tgb.tanh(tensors[f"W{k}"] @ A + tensors[f"b{k}"])
        return ((A - tgb.tensor(Y)) ** 2).sum()

    def tied():
        right = Student(network, Style("float64")).g["db1"]
        found = set()
        for kind in ("bias-not-summed", "mean-instead-of-sum", "scale"):
            for mistake in KINDS[kind](network):
                if mistake[0].at == "db1":
                    wrong = Student(network, Style("float64"), mistake).g["db1"]
                    if wrong.shape == right.shape and np.allclose(wrong, right):
                        found.add(kind)
        return found

    assert "bias-not-summed" in tied()
    X, Y = separating_batch(loss_fn, network.arrays["X"], network.arrays["Y"], axis=1)
    network.m, network.arrays["X"], network.arrays["Y"] = X.shape[1], X, Y
    assert forward(network, "float64")["A1"].shape[1] == X.shape[1]
    assert not tied()


def test_a_tie_is_resolved_on_the_batch():
    W1, W2 = parameters((4, 3), (2, 4))
    W1.data[:] = np.abs(W1.data)  # with X > 0 all Z1 > 0: there ReLU's slope is none at all

    def loss_fn(X, Y):
        return ((W2 @ tgb.tanh(W1 @ tgb.tensor(X)) - tgb.tensor(Y)) ** 2).sum() / 2

    def student(X, Y):
        """ReLU's derivative where tanh's belongs."""
        w1, w2 = W1.detach().numpy(), W2.detach().numpy()
        Z1 = w1 @ X
        dA1 = w2.T @ (w2 @ np.tanh(Z1) - Y)
        return {W1: (dA1 * (Z1 > 0)) @ X.T}

    X, Y = np.array([[1.0], [0.5], [2.0]]), np.array([[1.0], [-1.0]])
    tied = tgb.diagnose(loss_fn(X, Y), student(X, Y))[W1]
    assert tied.verdict == "ambiguous"
    assert {"missing-activation-derivative", "wrong-activation-derivative"} <= set(tied.causes)
    X, Y = separating_batch(loss_fn, X, Y)
    told = tgb.diagnose(loss_fn(X, Y), student(X, Y))[W1]
    assert (told.verdict, told.causes) == ("wrong", ("wrong-activation-derivative",))
