"""A network that tells classes apart, as scikit-learn's estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    check_classification_targets,
    type_of_target,
)

from .estimator import Array, NeuralNet
from .network import class_loss, label_loss

__all__ = ["NeuralNetClassifier"]


class NeuralNetClassifier(ClassifierMixin, NeuralNet):  # type: ignore[misc]
    """A neural network for classes or, given a matrix of 0 and 1, for several labels at once.

    Parameters have the names, meanings and defaults of scikit-learn's MLPClassifier, up to
    `max_fun`; with the same `random_state`, dense layers begin and are trained alike. What it does
    not have comes after that.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int or int
        The widths of the hidden layers.
    activation : str, Module or class
        "relu", "logistic", "tanh", "identity", …: see `tinygrad_bp.sklearn.network.ACTIVATIONS`.
    solver : str or callable
        "adam", "sgd", "lbfgs" (through SciPy), the name of another optimizer ("adamw", "rmsprop",
        …), or a function of the parameters that returns one.
    alpha : float
        The L2 penalty ½ α Σ W² / n; of weights, not of biases.
    batch_size : int or "auto"
        "auto" is min(200, n).
    learning_rate : str
        Of "sgd": "constant", "invscaling" (divided by ``t ** power_t``), "adaptive" (divided by 5
        when the loss stays as it is).
    learning_rate_init, power_t : float
    max_iter : int
        Epochs.
    shuffle : bool
        Another order in each epoch.
    random_state : int, RandomState or None
    tol, n_iter_no_change : float
        Training ends when the loss (or the validation's score) did not get better by `tol` for more
        than so many epochs.
    verbose : bool
        Print a line each epoch.
    warm_start : bool
        ``fit`` goes on from the network that is there.
    momentum, nesterovs_momentum
        Of "sgd".
    early_stopping : bool
        Put `validation_fraction` of the examples aside, watch the score on them, and keep the best
        network.
    validation_fraction : float
    beta_1, beta_2, epsilon : float
        Of "adam".
    max_fun : int
        Evaluations that "lbfgs" may make.
    class_weight : dict, "balanced" or None
        How much an example of each class counts.
    module : Module or callable, optional
        Your own network in place of dense layers (it is copied), or ``module(n_features,
        n_outputs)`` that makes it. It gives logits: one for each class or, for two classes, one.
    dropout : float
        The share of hidden units that are left out.
    batch_norm : bool
        Normalise before each hidden activation.
    l1 : float
        The penalty l1 · Σ |W|.
    clip_norm : float, optional
        The limit of the gradient's norm.
    schedule : str or callable, optional
        See `tinygrad_bp.train.SCHEDULES`. It is laid out over `max_iter` epochs, so that there is
        no warning when they are over.
    metrics, callbacks : list
        Of `tinygrad_bp.train`, or a single one; values are in `history_`.
    compile : bool
        Run each update as one program.

    Attributes
    ----------
    classes_ : array
    module_ : Module
        The network.
    history_ : History
        A row for each epoch.
    loss_curve_, validation_scores_, best_loss_, best_validation_score_, loss_, n_iter_, t_
        As of MLPClassifier.
    coefs_, intercepts_, n_layers_, n_outputs_, out_activation_
        As of MLPClassifier; of the linear layers.
    n_features_in_, feature_names_in_
        What was seen in ``fit``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NeuralNetClassifier((16,), dropout=0.1, learning_rate_init=0.02, max_iter=300,
    ...                           random_state=0)
    >>> make_pipeline(StandardScaler(), net).fit(X, y).score(X, y) > 0.95
    True
    """

    def __init__(
        self, hidden_layer_sizes: Any = (100,), activation: Any = "relu", *, solver: Any = "adam",
        alpha: float = 0.0001, batch_size: Any = "auto", learning_rate: str = "constant",
        learning_rate_init: float = 0.001, power_t: float = 0.5, max_iter: int = 200,
        shuffle: bool = True, random_state: Any = None, tol: float = 1e-4, verbose: bool = False,
        warm_start: bool = False, momentum: float = 0.9, nesterovs_momentum: bool = True,
        early_stopping: bool = False, validation_fraction: float = 0.1, beta_1: float = 0.9,
        beta_2: float = 0.999, epsilon: float = 1e-8, n_iter_no_change: float = 10,
        max_fun: int = 15000, class_weight: Any = None, module: Any = None, dropout: float = 0.0,
        batch_norm: bool = False, l1: float = 0.0, clip_norm: float | None = None,
        schedule: Any = None, metrics: Any = None, callbacks: Any = None, compile: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes, activation=activation, solver=solver,
            alpha=alpha, batch_size=batch_size, learning_rate=learning_rate,
            learning_rate_init=learning_rate_init, power_t=power_t, max_iter=max_iter,
            shuffle=shuffle, random_state=random_state, tol=tol, verbose=verbose,
            warm_start=warm_start, momentum=momentum, nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping, validation_fraction=validation_fraction, beta_1=beta_1,
            beta_2=beta_2, epsilon=epsilon, n_iter_no_change=n_iter_no_change, max_fun=max_fun,
            module=module, dropout=dropout, batch_norm=batch_norm, l1=l1, clip_norm=clip_norm,
            schedule=schedule, metrics=metrics, callbacks=callbacks, compile=compile,
        )  # fmt: skip
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NeuralNetClassifier:
        """Train.

        Parameters
        ----------
        X : array or sparse matrix
            (n, features)
        y : array
            (n,) labels, or (n, labels) of 0 and 1.
        sample_weight : array, optional
            (n,): how much each example counts.
        """
        self._fit(X, y, sample_weight)
        return self

    def _stochastic_solver(self) -> bool:
        return bool(self.solver != "lbfgs")

    @available_if(_stochastic_solver)  # type: ignore[untyped-decorator]
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> NeuralNetClassifier:
        """Train for one epoch, going on from what is there.

        Parameters
        ----------
        X, y, sample_weight
            See :meth:`fit`.
        classes : array
            All labels that there will be; needed in the first call.
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' needs all examples at once: for partial_fit, give the "
                "weights of the classes as a dict (sklearn.utils.class_weight.compute_class_weight)"
            )
        first = _check_partial_fit_first_call(self, classes)
        if first:
            self._several = type_of_target(y).startswith("multilabel")
        self._fit(X, y, sample_weight, partial=True)
        return self

    def _encoded(self, y: Any, fresh: bool) -> Array:
        check_classification_targets(y)
        several = type_of_target(y).startswith("multilabel")
        if not several:
            y = column_or_1d(y, warn=True)
        known = np.arange(y.shape[1]) if several else np.unique(y)
        # In the first partial_fit, all classes are known although nothing was learnt.
        given = hasattr(self, "classes_") and (not fresh or not hasattr(self, "module_"))
        if not given:
            self._several, self.classes_ = several, known
        elif self._several != several or len(np.setdiff1d(known, self.classes_)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`: those are {self.classes_}, and `y` has "
                f"{known}"
            )
        k = len(self.classes_)
        self._n_logits = k if several or k > 2 else 1
        self.out_activation_ = "softmax" if k > 2 and not several else "logistic"
        if several:
            return np.asarray(y.toarray() if hasattr(y, "toarray") else y, np.float64)
        at: Array = np.searchsorted(self.classes_, y)
        return at if k > 2 else at.astype(np.float64)

    def _balanced(self, y: Any, weight: Array | None) -> Array | None:
        if self.class_weight is None:
            return weight
        if self._several:
            of_class = compute_sample_weight(self.class_weight, y)
        else:
            y = column_or_1d(y)
            weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
            of_class = weights[np.searchsorted(self.classes_, y)]
        return of_class if weight is None else of_class * weight  # type: ignore[no-any-return]

    def _logits(self) -> set[int]:
        return (
            {self._n_logits, 2} if self._n_logits == 1 and not self._several else {self._n_logits}
        )

    def _loss(self) -> Any:
        return label_loss if self._several else class_loss

    def _stratified(self, target: Array) -> bool:
        return len(self.classes_) == 2 and not self._several  # as MLPClassifier does

    def _decoded(self, output: Array) -> Array:
        if self._several:
            return (output > 0).astype(int)
        if output.ndim == 1 or output.shape[1] == 1:
            at = (output.reshape(-1) > 0).astype(int)
            return self.classes_[np.minimum(at, len(self.classes_) - 1)]  # type: ignore[no-any-return]
        return self.classes_[output.argmax(1)]  # type: ignore[no-any-return]

    def _validated(self, output: Array, target: Array, weight: Any) -> float:
        if self._several:
            guess: Any = output > 0
        elif output.ndim == 1 or output.shape[1] == 1:
            guess = output.reshape(-1) > 0
        else:
            guess = output.argmax(1)
        if weight is None and not self._several:
            return float((guess == target).mean())
        return float(accuracy_score(target, guess, sample_weight=weight))

    def predict_proba(self, X: Any) -> Array:
        """Return the probabilities, (n, classes); of several labels, that each is there."""
        z = self._outputs(X)
        if self._several:
            return _sigmoid(z)
        if len(self.classes_) == 1:
            return np.ones((len(z), 1), z.dtype)
        if z.ndim == 1 or z.shape[1] == 1:
            one = _sigmoid(z.reshape(-1))
            return np.stack([1 - one, one], axis=1)
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)  # type: ignore[no-any-return]

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of the probabilities."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _sigmoid(z: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * z))
