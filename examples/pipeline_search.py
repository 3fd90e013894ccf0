"""A network among scikit-learn's tools: how many tumours are missed, and what dropout does to it.

What one learns: a network is one step of a Pipeline, so that the scaling is learnt from training
rows alone, and its parameters are searched by GridSearchCV as any estimator's are. Two of them are
such as MLPClassifier has not: dropout, and how much an example of each class counts. With that one
chooses which mistakes are made: of the 569 tumours of the Wisconsin data 212 are malignant, and to
miss one of these is worse than to look at a healthy patient twice.

Needs scikit-learn (extra `sklearn`), whose data these are.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    train_test_split,
)  # fmt: skip
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tinygrad_bp.sklearn import NeuralNetClassifier

STEP = "neuralnetclassifier__"
DROPOUT, WIDTHS = [0.0, 0.3, 0.6], [(8,), (32,), (32, 32)]
WEIGHTS = [0.1, 0.3, 1, 3, 10, 30, 100]


def network(epochs, **options):
    """Return a pipeline, which scales by what it sees of the training rows."""
    options = {"learning_rate_init": 0.01, "max_iter": epochs, "random_state": 0} | options
    return make_pipeline(StandardScaler(), NeuralNetClassifier(**options))


def mistakes(weights, chosen, X, y, folds, epochs):
    """Return missed tumours and false alarms, cross-validated, for each weight of "malignant"."""
    found = []
    for weight in weights:
        net = network(epochs, class_weight={"malignant": weight, "benign": 1.0}, **chosen)
        guess = cross_val_predict(net, X, y, cv=folds)
        (_, alarms), (missed, _) = confusion_matrix(y, guess, labels=["benign", "malignant"])
        found.append((missed, alarms))
    return found


def draw(search, found, path):
    """Draw the search, and missed tumours against false alarms, if matplotlib is installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    figure = Figure(figsize=(9, 3.8), layout="constrained", facecolor="white")
    left, right = figure.subplots(1, 2)
    results = search.cv_results_
    kinds = zip(WIDTHS, ("#0072b2", "#d55e00", "#009e73"), "os^", (-0.008, 0, 0.008), strict=True)
    for widths, colour, mark, aside in kinds:
        rows = [i for i, p in enumerate(results["params"])
                if p[STEP + "hidden_layer_sizes"] == widths]  # fmt: skip
        mean = 100 * results["mean_test_score"][rows]
        spread = 100 * results["std_test_score"][rows] / np.sqrt(search.n_splits_)
        left.errorbar(np.add(DROPOUT, aside), mean, spread, color=colour, marker=mark, capsize=3,
                      label=" and ".join(map(str, widths)) + " hidden units")  # fmt: skip
    left.set(title="The search", xlabel="dropout", ylabel="right, cross-validated (%)",
             xticks=DROPOUT)  # fmt: skip
    left.legend(fontsize=8)
    missed, alarms = np.transpose(found)
    right.plot(alarms, missed, color="#0072b2", marker="o")
    for weight, x, y in zip(WEIGHTS, alarms, missed, strict=True):
        right.annotate(f"{weight:g}", (x, y), (5, 4), textcoords="offset points", fontsize=8)
    right.set(title='The weight of "malignant" chooses the mistakes', ylabel="tumours missed",
              xlabel="false alarms", ylim=(0, None))  # fmt: skip
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#e5e7eb")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    return path


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=40, help="of each training (40)")
    parser.add_argument("--folds", type=int, default=5, help="of the cross-validation (5)")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/pipeline_search"), help="folder of the picture"
    )
    return parser.parse_args()


def main():
    args = parse_arguments()
    warnings.simplefilter("ignore", ConvergenceWarning)  # so many epochs, and no more, are wanted
    data = load_breast_cancer()
    X, y = data.data, data.target_names[data.target]
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.3, stratify=y, random_state=0
    )
    folds = StratifiedKFold(args.folds, shuffle=True, random_state=0)

    grid = {STEP + "hidden_layer_sizes": WIDTHS, STEP + "dropout": DROPOUT}
    search = GridSearchCV(network(args.epochs), grid, cv=folds).fit(X_train, y_train)
    chosen = {name.removeprefix(STEP): value for name, value in search.best_params_.items()}
    print(f"{len(X_train)} tumours to learn from, {len(X_test)} to test on; "
          f"{len(search.cv_results_['params'])} networks, {args.folds} folds")  # fmt: skip
    print(f"chosen: {chosen}")
    theirs = make_pipeline(
        StandardScaler(),
        MLPClassifier((100,), learning_rate_init=0.01, max_iter=args.epochs, random_state=0),
    )
    other = cross_val_score(theirs, X_train, y_train, cv=folds).mean()
    print(f"right, cross-validated: {search.best_score_:.1%}; MLPClassifier: {other:.1%}")
    other = theirs.fit(X_train, y_train).score(X_test, y_test)
    print(f"right on the test set:  {search.score(X_test, y_test):.1%}; MLPClassifier: {other:.1%}")
    print("(the best of nine looks better in the search than it is)")

    print()
    print("weight of malignant   tumours missed   false alarms")
    found = mistakes(WEIGHTS, chosen, X, y, folds, args.epochs)
    for weight, (missed, alarms) in zip(WEIGHTS, found, strict=True):
        print(f"{weight:19g}   {missed:8} of 212   {alarms:5} of 357")
    picture = draw(search, found, args.out / "search.png")
    if picture is not None:
        print(f"picture: {picture}")


if __name__ == "__main__":
    main()
