"""What both estimators are: parameters, training by a Trainer, predicting."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ..mode import no_grad
from ..random import fork_rng
from ..tensor import wrap
from ..train import Batch, Callback, Metric, Trainer
from .checks import check_outputs, check_parameters, kind_of, listed
from .network import decays, is_long, layers, on_its_own, optimizer
from .quasi_newton import minimise
from .rows import Rows, dense
from .stopping import Stopping

__all__ = ["NeuralNet"]

Array = np.ndarray[Any, Any]
_ROWS = 4096  # that are predicted at once


class NeuralNet(BaseEstimator):  # type: ignore[misc]
    """Base of the estimators; see :class:`NeuralNetClassifier` for the parameters."""

    def __init__(
        self, *, hidden_layer_sizes: Any, activation: Any, solver: Any, alpha: float,
        batch_size: Any, learning_rate: str, learning_rate_init: float, power_t: float,
        max_iter: int, shuffle: bool, random_state: Any, tol: float, verbose: bool,
        warm_start: bool, momentum: float, nesterovs_momentum: bool, early_stopping: bool,
        validation_fraction: float, beta_1: float, beta_2: float, epsilon: float,
        n_iter_no_change: float, max_fun: int, module: Any, dropout: float, batch_norm: bool,
        l1: float, clip_norm: float | None, schedule: Any, metrics: Any, callbacks: Any,
        compile: bool,
    ) -> None:  # fmt: skip
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.module = module
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.l1 = l1
        self.clip_norm = clip_norm
        self.schedule = schedule
        self.metrics = metrics
        self.callbacks = callbacks
        self.compile = compile

    # ------------------------------------------------------------- what the two kinds differ in

    def _encoded(self, y: Any, fresh: bool) -> Array:
        """Return the targets as the loss takes them."""
        raise NotImplementedError

    def _loss(self) -> Any:
        raise NotImplementedError

    def _decoded(self, output: Array) -> Array:
        """Return what is predicted, given the network's outputs."""
        raise NotImplementedError

    def _balanced(self, y: Any, weight: Array | None) -> Array | None:
        """Return the weights of the examples, those of the classes included."""
        return weight

    def _logits(self) -> set[int]:
        """Return how many outputs a module may have."""
        return {self.n_outputs_}

    # ------------------------------------------------------------------------------- training

    def _checked(self, X: Any, y: Any, fresh: bool) -> tuple[Any, Any]:
        return validate_data(  # type: ignore[no-any-return]
            self, X, y, accept_sparse="csr", dtype=(np.float64, np.float32), multi_output=True,
            reset=fresh, **self._checks,
        )  # fmt: skip

    _checks: dict[str, Any] = {}
    _summed = 1  # outputs whose losses are added up in training, and averaged in reports

    def _fit(self, X: Any, y: Any, sample_weight: Any, partial: bool = False) -> Any:
        fresh = not hasattr(self, "module_") or not (partial or self.warm_start)
        check_parameters(self)
        X, y = self._checked(X, y, fresh)
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        target = self._encoded(y, fresh)
        weight = self._balanced(y, weight)
        if weight is not None and not weight.all():
            if (weight < 0).any() or not weight.any():
                raise ValueError("sample_weight has to be positive for some examples, never below")
            there = weight > 0  # what counts nothing must not change the batches
            X, target, weight = X[there], target[there], weight[there]
        rng = check_random_state(self.random_state)
        with fork_rng():
            if fresh:
                outputs = 1 if target.ndim == 1 else target.shape[1]
                self.n_outputs_ = getattr(self, "_n_logits", outputs)
                made = layers(self, X.shape[1], self.n_outputs_, X.dtype, rng)
                if self.module is not None:
                    check_outputs(made, X, self._logits())
                self._start(made)
            if not partial or not hasattr(self, "optimizer_"):
                self.n_iter_ = 0
            kind = kind_of(self.module_)
            target = target if target.dtype.kind in "iu" else target.astype(kind, copy=False)
            if weight is not None:
                weight = weight.astype(kind, copy=False)
            X = X.astype(kind, copy=False)
            if self.solver == "lbfgs":
                self._quasi_newton(X, target, weight)
            else:
                self._stochastic(X, target, weight, rng, partial)
        return self

    def _start(self, module: Any) -> None:
        self.module_ = module
        self.loss_curve_: list[float] = []
        self.t_ = 0
        self.best_loss_: float | None = None if self.early_stopping else np.inf
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None
        self.best_validation_score_ = -np.inf if self.early_stopping else None
        if hasattr(self, "optimizer_"):
            del self.optimizer_

    def _stochastic(self, X: Any, target: Array, weight: Any, rng: Any, partial: bool) -> None:
        score = None
        if self.early_stopping:
            if partial:
                raise ValueError("partial_fit does not support early_stopping=True")
            X, target, weight, score = self._put_aside(X, target, weight, rng)
        n = self._n_seen = X.shape[0]
        size = min(200, n) if self.batch_size == "auto" else self.batch_size
        if size > n:
            warnings.warn("Got `batch_size` larger than sample size. It is going to be clipped",
                          stacklevel=4)  # fmt: skip
            size = n
        batches = -(-n // size)
        if not partial or not hasattr(self, "optimizer_"):
            self.optimizer_ = optimizer(self, self.module_, batches)
        each = 1.0 if weight is None else float(weight.mean())
        own = decays(self)
        stopping = Stopping(
            self, score, self.alpha / (size * each) if own else 0.0,
            self.alpha / ((n % size or size) * each) if own else 0.0,
        )  # fmt: skip
        trainer = Trainer(
            self.module_, self._loss(), self.optimizer_, schedule=self.schedule,
            metrics=listed(self.metrics, (str, Metric)),
            callbacks=[stopping, *listed(self.callbacks, Callback)],
            clip_norm=self.clip_norm, l1=self.l1, l2=0.0 if own else self.alpha / (size * each),
            compile=self.compile, seed=int(rng.randint(2**31 - 1)) if self._draws() else 0,
            health=False, progress=bool(self.verbose),
        )  # fmt: skip
        if self.module is None and target.ndim == 1 and self.n_outputs_ == 1:
            target = target[:, None]  # as the network gives it: nothing to reshape in each update
        rows = Rows(X, target, weight, size, rng if self.shuffle else None)
        before = self.n_iter_
        if not partial:
            self.n_iter_ = 0
        with nullcontext() if is_long(self, self.module_, batches) else on_its_own():
            self.history_ = trainer.fit(rows, epochs=1 if partial else int(self.max_iter))
        if partial:
            self.n_iter_ = before + 1
        stopped = self.history_.stopped
        if stopped == "diverged":
            warnings.warn(self.history_.findings[-1], ConvergenceWarning, stacklevel=4)
        elif not stopped and not partial and self.schedule is None:  # whose end was wanted
            warnings.warn(
                f"Maximum iterations ({self.max_iter}) reached and the optimization hasn't "
                "converged yet.", ConvergenceWarning, stacklevel=4,
            )  # fmt: skip

    def _draws(self) -> bool:
        """Whether the network draws random numbers of its own."""
        return bool(self.dropout) or self.module is not None or not isinstance(self.activation, str)

    def _put_aside(self, X: Any, target: Array, weight: Any, rng: Any) -> Any:
        parts = [X, target] if weight is None else [X, target, weight]
        classes = target if self._stratified(target) else None
        parts = train_test_split(
            *parts, random_state=rng, test_size=self.validation_fraction, stratify=classes
        )
        X, X_val, target, y_val, *rest = parts
        if X_val.shape[0] < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                "your dataset."
            )
        aside = rest[1] if rest else None

        def score() -> float:
            training = [m for m in self.module_.modules() if m.training]
            try:
                return self._validated(self._output(X_val), y_val, aside)
            finally:
                for module in training:
                    module.training = True

        return X, target, rest[0] if rest else None, score

    def _stratified(self, target: Array) -> bool:
        return False

    def _validated(self, output: Array, target: Array, weight: Any) -> float:
        raise NotImplementedError

    def _quasi_newton(self, X: Any, target: Array, weight: Any) -> None:
        from ..train import Objective

        total = float(X.shape[0] if weight is None else weight.sum())
        batch = Batch((wrap(dense(X)),), wrap(target), None if weight is None else wrap(weight))
        found = minimise(
            self, self.module_, Objective(self._loss(), l1=self.l1), batch, self.alpha / total
        )
        self.loss_, self.n_iter_ = float(found.fun), int(found.nit)
        self.t_ += X.shape[0] * self.n_iter_
        if not found.success:
            warnings.warn(
                f"lbfgs failed to converge after {found.nit} iterations: {found.message}",
                ConvergenceWarning, stacklevel=4,
            )  # fmt: skip

    # ----------------------------------------------------------------------------- predicting

    def _output(self, X: Any) -> Array:
        self.module_.eval()
        kind, outputs = kind_of(self.module_), []
        with no_grad():
            for part in gen_batches(X.shape[0], _ROWS):
                rows = wrap(np.ascontiguousarray(dense(X[part]), kind))
                outputs.append(self.module_(rows).detach().numpy())
        return outputs[0] if len(outputs) == 1 else np.concatenate(outputs)

    def _outputs(self, X: Any) -> Array:
        """Check the rows, and return what the network gives for them."""
        check_is_fitted(self, "module_")
        X = validate_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False)
        return self._output(X)

    def predict(self, X: Any) -> Array:
        """Return what is predicted.

        Parameters
        ----------
        X : array or sparse matrix
            (n, features)

        Returns
        -------
        array
            (n,), or (n, outputs)
        """
        return self._decoded(self._outputs(X))

    def _linears(self) -> list[Any]:
        if not hasattr(self, "module_"):
            raise AttributeError("there are no coefficients before fit")
        return [m for m in self.module_.modules() if type(m).__name__ == "Linear"]

    @property
    def coefs_(self) -> list[Array]:
        """The weights of the linear layers, (inputs, outputs) each."""
        return [m.weight.detach().numpy().T for m in self._linears()]

    @property
    def intercepts_(self) -> list[Array]:
        """The biases of the linear layers."""
        return [m.bias.detach().numpy() for m in self._linears() if m.bias is not None]

    @property
    def n_layers_(self) -> int:
        """How many layers there are, with the inputs."""
        return len(self._linears()) + 1

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
