"""Networks as scikit-learn's estimators (extra ``sklearn``).

================  =================================================================
`classifier`      `NeuralNetClassifier`: two classes, several, several labels at once
`regressor`       `NeuralNetRegressor`: a number, or several
`estimator`       what both are: checking, training by a Trainer, predicting
`network`         layers, optimizer and losses from the parameters
`checks`          what is asked of the parameters
`row`             all parameters in one row, that one pass updates them
`stopping`        when `fit` ends: scikit-learn's rule; `quasi_newton`: L-BFGS
`rows`            arrays and sparse matrices as batches
================  =================================================================
"""

from __future__ import annotations

try:
    from .classifier import NeuralNetClassifier
    from .regressor import NeuralNetRegressor
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] not in ("sklearn", "scipy"):
        raise
    raise ImportError(
        'tgb.sklearn needs scikit-learn: pip install "tinygrad_bp[sklearn]"'
    ) from None

__all__ = ["NeuralNetClassifier", "NeuralNetRegressor"]
