"""``python -m benchmarks.estimators``: our estimators beside scikit-learn's, at equal settings.

Five data sets, standardised. The accuracy is cross-validated, the mean of several seeds; the
time is that of `fit` with the same number of epochs, interleaved, the medians. Above 1, ours is
faster.
"""

import argparse
import statistics
import time
import warnings
from typing import Any

from benchmarks import environment

if __name__ == "__main__":
    environment.settle(["-m", "benchmarks.estimators"])  # before NumPy is loaded

import numpy as np
from sklearn import datasets
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tinygrad_bp.sklearn import NeuralNetClassifier


def sets() -> dict[str, Any]:
    """Return the data sets by name."""
    return {
        "iris": datasets.load_iris(return_X_y=True),
        "wine": datasets.load_wine(return_X_y=True),
        "breast_cancer": datasets.load_breast_cancer(return_X_y=True),
        "digits": datasets.load_digits(return_X_y=True),
        "moons": datasets.make_moons(1000, noise=0.25, random_state=0),
    }


def accuracy(kind: Any, X: Any, y: Any, seeds: int, options: dict[str, Any]) -> float:
    """Return the mean over seeds and five folds."""
    scores = [
        cross_val_score(
            make_pipeline(StandardScaler(), kind(random_state=seed, **options)),
            X, y, cv=StratifiedKFold(5, shuffle=True, random_state=seed),
        ).mean()
        for seed in range(seeds)
    ]  # fmt: skip
    return float(np.mean(scores))


def seconds(X: Any, y: Any, rounds: int, epochs: int) -> tuple[float, float]:
    """Return the medians of ours and theirs, and let both run in turn."""
    X = StandardScaler().fit_transform(X)
    taken: dict[Any, list[float]] = {NeuralNetClassifier: [], MLPClassifier: []}
    for number in range(rounds + 1):
        for kind, times in taken.items():
            net = kind(max_iter=epochs, n_iter_no_change=epochs, tol=0.0, random_state=number)
            begun = time.perf_counter()
            net.fit(X, y)
            times.append(time.perf_counter() - begun)
            if net.n_iter_ != epochs:
                raise RuntimeError(f"{kind.__name__} ran {net.n_iter_} of {epochs} epochs")
    ours, theirs = (statistics.median(times[1:]) for times in taken.values())
    return ours, theirs


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="of the accuracy (default: 5)")
    parser.add_argument("--rounds", type=int, default=7, help="of the time (default: 7)")
    parser.add_argument("--epochs", type=int, default=100, help="of the time (default: 100)")
    given = parser.parse_args(arguments)
    warnings.simplefilter("ignore", ConvergenceWarning)
    print("                     accuracy, cross-validated         fit, ms")
    print(f"{'data set':14}{'ours':>12}{'MLPClassifier':>15}{'ours':>10}{'MLP':>10}{'ratio':>8}")
    for name, (X, y) in sets().items():
        ours, theirs = seconds(X, y, given.rounds, given.epochs)
        both = [
            accuracy(kind, X, y, given.seeds, {}) if given.seeds else np.nan
            for kind in (NeuralNetClassifier, MLPClassifier)
        ]
        print(
            f"{name:14}{both[0]:12.4f}{both[1]:15.4f}{1e3 * ours:10.1f}{1e3 * theirs:10.1f}"
            f"{theirs / ours:8.2f}", flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
