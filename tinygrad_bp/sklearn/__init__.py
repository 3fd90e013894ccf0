"""Networks as scikit-learn's estimators (extra ``sklearn``).

================  =================================================================
`classifier`      `NeuralNetClassifier`: two classes, several, several labels at once
`regressor`       `NeuralNetRegressor`: a number, or several
`estimator`       what both are: checking, training by a Trainer, predicting
`network`         layers, optimizer and losses from the parameters
`stopping`        when `fit` ends: scikit-learn's rule; `quasi_newton`: L-BFGS
`rows`            arrays and sparse matrices as batches
================  =================================================================
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("sklearn") is None:
    raise ImportError('tgb.sklearn needs scikit-learn: pip install "tinygrad_bp[sklearn]"')

from .classifier import NeuralNetClassifier
from .regressor import NeuralNetRegressor

__all__ = ["NeuralNetClassifier", "NeuralNetRegressor"]
