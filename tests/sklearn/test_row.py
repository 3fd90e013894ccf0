"""The parameters in one row: the updates are those of the network's own parameters."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info

import tinygrad_bp as tgb
from tinygrad_bp.optim import fused
from tinygrad_bp.rules import native
from tinygrad_bp.sklearn import NeuralNetClassifier, NeuralNetRegressor, network
from tinygrad_bp.sklearn.row import InARow

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = load_iris(return_X_y=True)
X, y = StandardScaler().fit_transform(IRIS[0]), IRIS[1]


@pytest.mark.parametrize("options", [
    {}, {"alpha": 0.1, "batch_size": 40}, {"solver": "sgd", "momentum": 0.5}, {"batch_norm": True},
    {"clip_norm": 0.1, "l1": 1e-3}, {"dropout": 0.2, "schedule": "cosine"}, {"alpha": 0.0},
], ids=["adam", "batches", "sgd", "norm", "clip", "dropout", "no penalty"])  # fmt: skip
def test_the_same_network_as_one_parameter_after_the_other(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"hidden_layer_sizes": (9, 7), "max_iter": 12, "random_state": 0} | options
    ours = NeuralNetClassifier(**options).fit(X, y)
    monkeypatch.setattr(network, "MOST", 0)
    theirs = NeuralNetClassifier(**options).fit(X, y)
    assert isinstance(ours.optimizer_, InARow) and not isinstance(theirs.optimizer_, InARow)
    for a, b in zip(
        ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-12)


def test_a_pickled_one_goes_on_as_if_it_had_stayed() -> None:
    net = NeuralNetClassifier((5,), random_state=0)
    net.partial_fit(X, y, classes=[0, 1, 2])
    back = pickle.loads(pickle.dumps(net))
    for _ in range(3):
        net.partial_fit(X, y)
        back.partial_fit(X, y)
    np.testing.assert_array_equal(net.predict_proba(X), back.predict_proba(X))
    assert back.optimizer_.state is not net.optimizer_.state


def test_weights_that_were_given_are_trained_on() -> None:
    net = NeuralNetClassifier((5,), random_state=0, shuffle=False, learning_rate_init=1e-3)
    net.partial_fit(X, y, classes=[0, 1, 2])
    weight = next(net.module_.parameters())
    weight.data = tgb.full_like(weight.detach(), 5.0)
    net.partial_fit(X, y)
    assert np.abs(net.coefs_[0] - 5.0).max() < 0.01
    assert np.abs(net.coefs_[0] - 5.0).min() > 0


def test_a_frozen_layer_stays() -> None:
    net = NeuralNetClassifier((5,), random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    first, last = net.module_[0].weight, net.module_[-1].weight
    first.requires_grad_(False)
    before, moving = first.detach().clone(), last.detach().clone()
    net.partial_fit(X, y)
    assert tgb.equal(first.detach(), before) and not tgb.equal(last.detach(), moving)


def test_a_regressor_of_float32() -> None:
    net = NeuralNetRegressor(hidden_layer_sizes=5, max_iter=3).fit(
        X.astype(np.float32), y.astype(np.float32)
    )
    assert isinstance(net.optimizer_, InARow)
    assert {p.dtype for p in net.module_.parameters()} == {tgb.float32}
    assert net.predict(X).dtype == np.float32


def test_a_short_fit_waits_for_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def threads() -> set[int]:
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    class Watch(tgb.train.Callback):
        def on_epoch_end(self, trainer: Any, row: dict[str, Any]) -> None:
            seen.append(threads())

    seen: list[set[int]] = []
    before = threads()
    NeuralNetClassifier(max_iter=1, callbacks=[Watch()]).fit(X, y)
    monkeypatch.setattr(network, "_LONG", 0)
    NeuralNetClassifier(max_iter=1, callbacks=[Watch()]).fit(X, y)
    assert seen == [{1} if before else set(), before] and threads() == before


def test_a_short_fit_loads_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(fused, "_native", {})
    monkeypatch.setattr(fused, "WORTH", 0)
    monkeypatch.setattr(fused, "import_module", lambda *names: asked.append(names))
    monkeypatch.setattr(native, "WORTH", 0)
    monkeypatch.setattr(native, "EACH", 0)
    monkeypatch.setattr(native, "import_module", lambda *names: asked.append(names))
    monkeypatch.setattr(native, "_kernels", {})
    A, b = np.random.default_rng(0).standard_normal((300, 64)), np.arange(300) % 3
    NeuralNetClassifier(max_iter=2).fit(A, b)
    assert asked == []
    monkeypatch.setattr(network, "_LONG", 0)
    NeuralNetClassifier(max_iter=2).fit(A, b)
    assert asked
