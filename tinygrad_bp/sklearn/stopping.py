"""When `fit` ends: scikit-learn's rule, as a callback."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..train import Callback
from ..train.callbacks import copied_state
from .network import decay

__all__ = ["Stopping"]


class Stopping(Callback):
    """End when the loss (or the validation's score) stays as it is; or let the rate fall.

    Parameters
    ----------
    estimator : estimator
        Whose curves are written.
    score : callable or None
        Gives the validation's score. None watches the training's loss.
    alpha : float
        The share of the L2 penalty that the optimizer adds by itself: α / Σ weights.
    last : float
        The same for the last batch of an epoch, which may be smaller.
    """

    def __init__(self, estimator: Any, score: Callable[[], float] | None, alpha: float,
                 last: float) -> None:  # fmt: skip
        self._estimator, self._score, self._alpha, self._last = estimator, score, alpha, last
        self._waited, self._seen, self._best = 0, 0, None if score is None else -math.inf
        self._state: dict[str, Any] | None = None
        self._weights: list[Any] = []

    def on_fit_begin(self, trainer: Any) -> None:
        """Set the penalty of the first batch."""
        self._weights = [p for p in trainer.model.parameters() if p.ndim > 1]
        self._decay(trainer, self._last if trainer.batches == 1 else self._alpha)

    def on_update_end(self, trainer: Any, loss: float) -> None:
        """Set the penalty of the next batch."""
        if self._alpha != self._last and trainer.batches > 1:
            last = trainer.batch == trainer.batches - 1
            self._decay(trainer, self._last if last else self._alpha)

    def _decay(self, trainer: Any, alpha: float) -> None:
        if alpha:
            decay(trainer.optimizer, alpha)

    def on_epoch_end(self, trainer: Any, row: dict[str, Any]) -> None:
        """Add to the curves, and see whether it went on."""
        e = self._estimator
        penalty = sum(float((a := W._array.ravel()) @ a) for W in self._weights)
        loss = row["loss"] / e._summed + 0.5 * self._alpha * penalty
        e.loss_ = loss
        e.loss_curve_.append(loss)
        e.n_iter_ += 1
        if self._score is None:
            better = loss <= e.best_loss_ - e.tol
            e.best_loss_ = min(e.best_loss_, loss)
        else:
            score = self._score()
            row["val_score"] = score
            e.validation_scores_.append(score)
            better = score >= e.best_validation_score_ + e.tol
            if score > e.best_validation_score_:
                e.best_validation_score_ = score
                self._state = copied_state(trainer.model)
        self._waited = 0 if better else self._waited + 1
        self._rate(trainer)
        if self._waited > e.n_iter_no_change:
            rates = [group["lr"] for group in trainer.optimizer.param_groups]
            if e.solver == "sgd" and e.learning_rate == "adaptive" and rates[0] > 1e-6:
                self._waited = 0
                for group, rate in zip(trainer.optimizer.param_groups, rates, strict=True):
                    group["lr"] = rate / 5
            else:
                trainer.stop("converged")

    def _rate(self, trainer: Any) -> None:
        e = self._estimator
        e.t_ += e._n_seen
        if e.solver == "sgd" and e.learning_rate == "invscaling":
            for group in trainer.optimizer.param_groups:
                group["lr"] = e.learning_rate_init / (e.t_ + 1) ** e.power_t

    def on_fit_end(self, trainer: Any) -> None:
        """Put the parameters of the best score back."""
        if self._state is not None:
            trainer.model.load_state_dict(self._state)
