"""A network that predicts numbers, as scikit-learn's estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if

from .estimator import Array, NeuralNet
from .network import LOSSES

__all__ = ["NeuralNetRegressor"]


class NeuralNetRegressor(RegressorMixin, NeuralNet):  # type: ignore[misc]
    """A neural network for a number, or for several.

    Parameters have the names, meanings and defaults of scikit-learn's MLPRegressor; what it does
    not have is described at :class:`NeuralNetClassifier`, as the other parameters are.

    Parameters
    ----------
    loss : str or callable
        "squared_error", "poisson" (the network then gives the logarithm), "absolute_error",
        "huber", or a function of output and target that returns the mean.
    hidden_layer_sizes, activation, solver, …
        See :class:`NeuralNetClassifier`.

    Attributes
    ----------
    module_, history_, loss_curve_, …
        See :class:`NeuralNetClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 100)[:, None]
    >>> net = NeuralNetRegressor(hidden_layer_sizes=20, solver="lbfgs", random_state=0)
    >>> net.fit(X, np.sin(3 * X[:, 0])).score(X, np.sin(3 * X[:, 0])) > 0.99
    True
    """

    def __init__(
        self, loss: Any = "squared_error", hidden_layer_sizes: Any = (100,),
        activation: Any = "relu", *, solver: Any = "adam", alpha: float = 0.0001,
        batch_size: Any = "auto", learning_rate: str = "constant",
        learning_rate_init: float = 0.001, power_t: float = 0.5, max_iter: int = 200,
        shuffle: bool = True, random_state: Any = None, tol: float = 1e-4, verbose: bool = False,
        warm_start: bool = False, momentum: float = 0.9, nesterovs_momentum: bool = True,
        early_stopping: bool = False, validation_fraction: float = 0.1, beta_1: float = 0.9,
        beta_2: float = 0.999, epsilon: float = 1e-8, n_iter_no_change: float = 10,
        max_fun: int = 15000, module: Any = None, dropout: float = 0.0, batch_norm: bool = False,
        l1: float = 0.0, clip_norm: float | None = None, schedule: Any = None, metrics: Any = None,
        callbacks: Any = None, compile: bool = False,
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
        self.loss = loss

    _checks = {"y_numeric": True}

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NeuralNetRegressor:
        """Train.

        Parameters
        ----------
        X : array or sparse matrix
            (n, features)
        y : array
            (n,) or (n, outputs)
        sample_weight : array, optional
            (n,): how much each example counts.
        """
        self._fit(X, y, sample_weight)
        return self

    def _stochastic_solver(self) -> bool:
        return bool(self.solver != "lbfgs")

    @available_if(_stochastic_solver)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> NeuralNetRegressor:
        """Train for one epoch, going on from what is there; see :meth:`fit`."""
        self._fit(X, y, sample_weight, partial=True)
        return self

    def _encoded(self, y: Any, fresh: bool) -> Array:
        y = np.asarray(y, np.float64)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        outputs = 1 if y.ndim == 1 else y.shape[1]
        if not fresh and outputs != self.n_outputs_:
            raise ValueError(f"y has {outputs} outputs, and there were {self.n_outputs_} before")
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError("loss='poisson' needs y >= 0")
        self._summed = outputs if isinstance(self.loss, str) else 1
        self.out_activation_ = "exp" if self.loss == "poisson" else "identity"
        return np.asarray(y)

    def _loss(self) -> Any:
        if isinstance(self.loss, str):
            if self.loss not in LOSSES:
                raise ValueError(f"no loss {self.loss!r}: there are {', '.join(LOSSES)}")
            return LOSSES[self.loss]
        return self.loss

    def _decoded(self, output: Array) -> Array:
        if self.n_outputs_ == 1:
            output = output.reshape(len(output))
        if self.out_activation_ == "exp":
            output = np.exp(output)
        return np.asarray(output)

    def _validated(self, output: Array, target: Array, weight: Any) -> float:
        guess = self._decoded(output)
        if not np.isfinite(guess).all():
            return float("nan")
        return float(r2_score(target, guess, sample_weight=weight))
