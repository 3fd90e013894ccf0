"""The estimators among the tools that people use them with: tables, pipelines, searches."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.sklearn import NeuralNetClassifier, NeuralNetRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = load_iris(return_X_y=True)
X, y = StandardScaler().fit_transform(IRIS[0]), IRIS[1]
NAMES = np.array(["setosa", "versicolor", "virginica"])[y]
SHORT: dict[str, Any] = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0}


class Small(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.hidden, self.out = nn.Linear(inputs, 6), nn.Linear(6, outputs)

    def forward(self, x: Any) -> Any:
        return self.out(self.hidden(x).tanh())


class Flat(Small):
    def forward(self, x: Any) -> Any:
        return super().forward(x).reshape(-1)


def test_a_table_with_names() -> None:
    table = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    net = NeuralNetClassifier(**SHORT).fit(table, pd.Series(NAMES, dtype="category"))
    assert net.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    assert net.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    with pytest.raises(ValueError, match="feature names"):
        net.predict(table[["d", "c", "b", "a"]])
    pipe = make_pipeline(StandardScaler(), NeuralNetClassifier(**SHORT))
    pipe.set_output(transform="pandas").fit(table, NAMES)
    assert pipe[-1].feature_names_in_.tolist() == ["a", "b", "c", "d"]


@pytest.mark.parametrize("kind", [sparse.csc_matrix, sparse.coo_matrix, sparse.csr_array])
@pytest.mark.parametrize("options", [{}, {"early_stopping": True}, {"solver": "lbfgs"}],
                         ids=["adam", "early", "lbfgs"])  # fmt: skip
def test_any_sparse_matrix(kind: Any, options: Any) -> None:
    ours, dense = (NeuralNetClassifier(**SHORT, **options).fit(A, y) for A in (kind(X), X))
    np.testing.assert_allclose(ours.predict_proba(kind(X)), dense.predict_proba(X), rtol=1e-6)


@pytest.mark.parametrize("labels", [y == 0, NAMES, y * 10 - 7, y.astype(float)],
                         ids=["bool", "str", "int", "float"])  # fmt: skip
def test_labels_come_back_as_they_are(labels: Any) -> None:
    net = NeuralNetClassifier(**SHORT).fit(X, labels)
    assert net.predict(X).dtype == labels.dtype and set(net.predict(X)) <= set(labels)
    np.testing.assert_array_equal(net.classes_, np.unique(labels))


def test_a_search_in_processes() -> None:
    net = NeuralNetClassifier(
        max_iter=5, random_state=0, metrics="accuracy",
        callbacks=tgb.train.EarlyStopping("loss", patience=100),
    )  # fmt: skip
    grid = {"activation": ["relu", nn.GELU], "hidden_layer_sizes": [(4,), (8, 8)]}
    one, two = (GridSearchCV(net, grid, cv=2, n_jobs=n).fit(X, NAMES) for n in (1, 2))
    assert one.best_params_ == two.best_params_
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    assert one.best_estimator_.history_["accuracy"]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_in_other_estimators() -> None:
    net, twin = NeuralNetClassifier(**SHORT), NeuralNetRegressor(**SHORT)
    for around in (
        CalibratedClassifierCV(net, cv=2), BaggingClassifier(net, n_estimators=2),
        StackingClassifier([("net", net)], cv=2),
        VotingClassifier([("a", net), ("b", net)], voting="soft"),
    ):  # fmt: skip
        assert set(around.fit(X, NAMES).predict(X)) <= set(NAMES)
    assert MultiOutputRegressor(twin).fit(X, np.c_[y, y]).predict(X).shape == (150, 2)
    scaled = TransformedTargetRegressor(twin, transformer=StandardScaler()).fit(X, 1e6 * y)
    assert scaled.predict(X).std() > 1e4
    found = cross_val_predict(net, X, NAMES, cv=2, method="predict_proba")
    np.testing.assert_allclose(found.sum(1), 1)
    assert permutation_importance(net.fit(X, y), X, y, n_repeats=2).importances.shape == (4, 2)


def test_routed_weights_are_used() -> None:
    weight = np.where(y == 0, 1.0, 1e-6)
    with config_context(enable_metadata_routing=True):
        net = NeuralNetClassifier(**SHORT).set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipe = make_pipeline(scaler, net).fit(X, y, sample_weight=weight)
    direct = NeuralNetClassifier(**SHORT).fit(StandardScaler().fit_transform(X), y, weight)
    np.testing.assert_allclose(pipe[-1].coefs_[0], direct.coefs_[0])


def test_the_random_state_decides_everything() -> None:
    def fit(**options: Any) -> Any:
        return NeuralNetClassifier((8,), max_iter=3, **options).fit(X, y).predict_proba(X)

    for options in ({}, {"dropout": 0.5}, {"module": Small}, {"early_stopping": True}):
        first = fit(random_state=3, **options)
        tgb.rand(7)
        np.testing.assert_array_equal(fit(random_state=3, **options), first)
        np.testing.assert_array_equal(fit(random_state=np.random.RandomState(3), **options), first)
        assert not np.array_equal(fit(random_state=4, **options), first)


def test_partial_fit_of_batches_that_lack_classes() -> None:
    net = NeuralNetClassifier(random_state=0, class_weight={"setosa": 2.0, "virginica": 1.0,
                                                            "versicolor": 1.0})  # fmt: skip
    for part in (slice(0, 50), slice(50, 100), slice(100, 150)):
        net.partial_fit(X[part], NAMES[part], classes=np.unique(NAMES))
    assert net.predict_proba(X).shape == (150, 3)
    net.set_params(class_weight="balanced")
    with pytest.raises(ValueError, match="partial_fit"):
        net.partial_fit(X, NAMES)


def test_going_on_adds_to_the_curve_and_a_new_fit_begins_it_anew() -> None:
    net = NeuralNetClassifier(**SHORT, warm_start=True).fit(X, y)
    first = list(net.loss_curve_)
    net.fit(X, y)
    assert net.loss_curve_[:5] == first and len(net.loss_curve_) == 10
    assert net.loss_curve_[5] < first[0] and net.n_iter_ == 5
    net.set_params(warm_start=False).fit(X[:, :2], NAMES)
    assert len(net.loss_curve_) == 5 and net.n_features_in_ == 2
    net.set_params(warm_start=True)
    with pytest.raises(ValueError, match="3 features"):
        net.fit(X[:, :3], NAMES)


def test_early_stopping_keeps_the_best() -> None:
    net = NeuralNetClassifier(early_stopping=True, learning_rate_init=0.05, random_state=0).fit(
        X, y
    )
    assert net.best_validation_score_ == max(net.validation_scores_)
    assert net.n_iter_ == len(net.validation_scores_) < 200 and net.best_loss_ is None
    A, labels = make_multilabel_classification(60, 5, random_state=0)
    several = NeuralNetClassifier(early_stopping=True, max_iter=3).fit(A, labels)
    assert len(several.validation_scores_) == 3


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("kind", [Small, Flat])
def test_two_classes_take_one_logit_or_two(outputs: int, kind: Any) -> None:
    if kind is Flat and outputs == 2:
        with pytest.raises(ValueError, match=r"module has to give 1 or 2 output\(s\)"):
            NeuralNetClassifier(module=Flat(4, 2)).fit(X, y == 0)
        return
    net = NeuralNetClassifier(
        module=kind(4, outputs), max_iter=40, learning_rate_init=0.05, random_state=0
    )
    assert net.fit(X, y == 0).score(X, y == 0) == 1.0
    assert net.predict_proba(X).shape == (150, 2)


def test_a_module_of_another_size_is_told() -> None:
    with pytest.raises(ValueError, match=r"3 output\(s\).*gives \(2, 7\)"):
        NeuralNetClassifier(module=Small(4, 7)).fit(X, y)
    with pytest.raises(ValueError, match=r"1 output\(s\)"):
        NeuralNetRegressor(module=Small(4, 2)).fit(X, y.astype(float))
    target = y - y.mean()
    net = NeuralNetRegressor(module=Flat(4, 1), max_iter=80, learning_rate_init=0.03)
    assert net.fit(X, target).score(X, target) > 0.8


@pytest.mark.parametrize("loss", [nn.functional.mse_loss, nn.HuberLoss(), "poisson"],
                         ids=["function", "module", "name"])  # fmt: skip
def test_losses_of_a_regressor(loss: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # of shapes that are broadcast
        warnings.simplefilter("ignore", ConvergenceWarning)
        net = NeuralNetRegressor(loss, max_iter=150, learning_rate_init=0.01, random_state=0)
        net.fit(X, y.astype(float), sample_weight=np.ones(150))
    assert net.score(X, y) > 0.85


@pytest.mark.parametrize(("options", "match"), [
    ({"momentum": 2.0}, "momentum"), ({"n_iter_no_change": 0}, "n_iter_no_change"),
    ({"learning_rate_init": "a"}, "learning_rate_init"), ({"shuffle": "no"}, "shuffle"),
    ({"tol": None}, "tol"), ({"metrics": ["no"]}, "no metric"), ({"clip_norm": -1}, "clip_norm"),
    ({"class_weight": {7: 1.0}}, "class_weight"), ({"schedule": "no"}, "no schedule"),
], ids=lambda value: value if isinstance(value, str) else next(iter(value)))  # fmt: skip
def test_more_errors_name_the_parameter(options: dict[str, Any], match: str) -> None:
    with pytest.raises((ValueError, TypeError), match=match):
        NeuralNetClassifier(**{"max_iter": 2} | options).fit(X, y)
