"""The estimators among scikit-learn's tools."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris, make_moons, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import tinygrad_bp as tgb
from tinygrad_bp.sklearn import NeuralNetClassifier, NeuralNetRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = load_iris(return_X_y=True)
X, y = StandardScaler().fit_transform(IRIS[0]), IRIS[1]


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([NeuralNetClassifier(), NeuralNetRegressor()])
def test_scikit_learn(estimator: Any, check: Any) -> None:
    assert check(estimator) is None


@pytest.mark.parametrize("options", [
    {}, {"solver": "sgd", "learning_rate": "adaptive"}, {"solver": "lbfgs"},
    {"activation": "logistic", "alpha": 0.1}, {"early_stopping": True, "batch_size": 32},
], ids=["adam", "adaptive", "lbfgs", "logistic", "early"])  # fmt: skip
def test_equal_settings_give_the_network_of_mlp(options: dict[str, Any]) -> None:
    options = {"max_iter": 30, "random_state": 1} | options
    ours, theirs = (kind(**options).fit(X, y) for kind in (NeuralNetClassifier, MLPClassifier))
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=2e-3)
    assert ours.n_iter_ == theirs.n_iter_
    assert [W.shape for W in ours.coefs_] == [W.shape for W in theirs.coefs_]


@pytest.mark.parametrize("outputs", [1, 3])
def test_equal_settings_give_the_regressor_of_mlp(outputs: int) -> None:
    A, b = make_regression(80, 5, n_targets=outputs, random_state=0)
    b = b / b.std()
    ours, theirs = (
        kind(max_iter=40, random_state=0).fit(A, b) for kind in (NeuralNetRegressor, MLPRegressor)
    )
    np.testing.assert_allclose(ours.predict(A), theirs.predict(A), atol=5e-3)
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-3)


def test_pipeline_search_and_cross_validation() -> None:
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    net = NeuralNetClassifier((8,), learning_rate_init=0.05, max_iter=30, random_state=0)
    pipe = make_pipeline(StandardScaler(), net)
    assert cross_val_score(pipe, IRIS[0], names, cv=3).mean() > 0.9
    search = GridSearchCV(pipe, {"neuralnetclassifier__dropout": [0.0, 0.2]}, cv=2)
    assert search.fit(IRIS[0], names).predict(IRIS[0][:1])[0] == "setosa"


def test_pickled_and_cloned() -> None:
    net = NeuralNetClassifier(max_iter=5, random_state=0, batch_norm=True, dropout=0.1).fit(X, y)
    back = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(net.predict_proba(X), back.predict_proba(X))
    np.testing.assert_array_equal(net.predict_proba(X), clone(net).fit(X, y).predict_proba(X))
    back.partial_fit(X, y)
    assert not np.array_equal(net.predict_proba(X), back.predict_proba(X))


def test_sparse_rows_are_the_same_rows() -> None:
    one, other = (
        NeuralNetClassifier(max_iter=5, batch_size=20, random_state=0).fit(A, y)
        for A in (X, sparse.csr_matrix(X))
    )
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(sparse.csr_matrix(X)))


def test_several_labels() -> None:
    A, labels = make_multilabel_classification(120, 8, n_classes=4, random_state=0)
    net = NeuralNetClassifier(learning_rate_init=0.01, max_iter=100, random_state=0).fit(A, labels)
    assert net.predict(A).shape == labels.shape == net.predict_proba(A).shape
    assert net.score(A, labels) > 0.7


def test_weights_of_classes_and_examples() -> None:
    A, b = make_moons(200, noise=0.4, random_state=0)
    options: dict[str, Any] = {"max_iter": 60, "learning_rate_init": 0.01, "random_state": 0}
    plain = NeuralNetClassifier(**options).fit(A, b)
    heavy = NeuralNetClassifier(class_weight={1: 20.0}, **options).fit(A, b)
    same = NeuralNetClassifier(**options).fit(A, b, sample_weight=np.where(b == 1, 20.0, 1.0))
    assert heavy.predict(A).sum() > plain.predict(A).sum()
    np.testing.assert_array_equal(heavy.predict_proba(A), same.predict_proba(A))


def test_any_module_activation_and_optimizer() -> None:
    nn = tgb.nn

    def make(features: int, outputs: int) -> nn.Module:
        return nn.Sequential(nn.Linear(features, 12), nn.GELU(), nn.Linear(12, outputs))

    seen = tgb.train.EarlyStopping("loss", patience=100)
    net = NeuralNetClassifier(
        module=make, solver="adamw", learning_rate_init=0.03, max_iter=60, random_state=0,
        schedule="cosine", metrics=["accuracy"], callbacks=[seen], clip_norm=1.0, l1=1e-5,
    ).fit(X, y)  # fmt: skip
    assert net.score(X, y) > 0.9
    assert net.history_["accuracy"][-1] > 0.9 and seen.best < 0.5
    given = NeuralNetClassifier(module=make(4, 3), max_iter=2, activation=nn.SiLU).fit(X, y)
    assert given.module is not given.module_


def test_partial_fit_and_warm_start_go_on() -> None:
    net = NeuralNetClassifier(random_state=0)
    net.partial_fit(X[:100], y[:100], classes=[0, 1, 2]).partial_fit(X, y)
    assert net.predict_proba(X).shape == (150, 3)
    warm = NeuralNetClassifier(max_iter=20, warm_start=True, random_state=0).fit(X, y)
    first = warm.loss_
    assert warm.fit(X, y).loss_ < first


def test_a_run_that_is_not_finished_says_so() -> None:
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\)"):
        NeuralNetClassifier(max_iter=2).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        NeuralNetClassifier(max_iter=2, schedule="cosine").fit(X, y)


def test_the_default_generator_is_left_alone() -> None:
    tgb.manual_seed(5)
    expected = tgb.rand(3)
    tgb.manual_seed(5)
    NeuralNetClassifier(max_iter=2, dropout=0.5).fit(X, y)
    assert tgb.equal(tgb.rand(3), expected)


def test_the_rate_falls() -> None:
    net = NeuralNetClassifier(solver="sgd", learning_rate="invscaling", max_iter=4).fit(X, y)
    rates = [group["lr"] for group in net.optimizer_.param_groups]
    np.testing.assert_allclose(rates, 0.001 / np.sqrt(601))


@pytest.mark.parametrize(("options", "match"), [
    ({"hidden_layer_sizes": 0}, "hidden_layer_sizes"), ({"activation": "no"}, "no activation"),
    ({"solver": "no"}, "no optimizer"), ({"dropout": 1.0}, "dropout"), ({"alpha": -1}, "alpha"),
    ({"learning_rate": "no"}, "learning_rate"), ({"max_iter": 0}, "max_iter"),
    ({"module": 3}, "module"),
], ids=lambda value: value if isinstance(value, str) else next(iter(value)))  # fmt: skip
def test_errors_name_the_parameter(options: dict[str, Any], match: str) -> None:
    with pytest.raises((ValueError, TypeError), match=match):
        NeuralNetClassifier(**options).fit(X, y)
