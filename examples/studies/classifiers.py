"""Naive Bayes, a decision tree and a network: the notes' comparison in numbers.

The second note (section A10) compares the three in adjectives: "Limited",
"High", "Black Box", "Hours/Days". Here is each row of its table with a number in
place of the adjective, from three real data sets that come with scikit-learn:
wine (178 × 13, 3 classes), breast cancer (569 × 30, 2 classes), handwritten
digits (1797 × 64, 10 classes). A quarter of each is held out. The network is
`tgb.sklearn.NeuralNetClassifier` with 32 hidden units, on standardised features.
"""

from time import thread_time

import numpy as np
import study
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import tinygrad_bp as tgb
from tinygrad_bp.sklearn import NeuralNetClassifier

SETS = {"wine": load_wine, "cancer": load_breast_cancer, "digits": load_digits}
SIZES = {"wine": (10, 30), "cancer": (10, 30, 100), "digits": (30, 100, 300)}  # and all
ENOUGH = 90  # % right
WRONG = 0.2  # of the labels, to see who learns them by heart


def network(seed, n):
    return NeuralNetClassifier(
        (32,), learning_rate_init=0.01, batch_size=min(n, 32), max_iter=300, tol=1e-3,
        n_iter_no_change=5, random_state=seed,
    )  # fmt: skip


MODELS = {
    "Bayes": lambda seed, n: GaussianNB(),
    "tree": lambda seed, n: DecisionTreeClassifier(random_state=seed),
    "network": lambda seed, n: make_pipeline(StandardScaler(), network(seed, n)),
}
STYLE = {
    "Bayes": (study.ORANGE, "s"), "tree": (study.GREEN, "^"), "network": (study.BLUE, "o"),
}  # fmt: skip


def parts(name, seed):
    """Return training features, held-out features, and the labels of both."""
    X, y = SETS[name](return_X_y=True)
    return train_test_split(X, y, test_size=0.25, stratify=y, random_state=seed)


def right(model, X, y):
    return 100 * float((model.predict(X) == y).mean())


def fitted(make, seed, X, y):
    """Return a fitted model, and the milliseconds that it took."""
    begun = thread_time()
    model = make(seed, len(y)).fit(X, y)
    return model, 1000 * (thread_time() - begun)


def kept(model, features):
    """Count the numbers that a model keeps, and those that one prediction reads."""
    if isinstance(model, GaussianNB):
        numbers = model.theta_.size + model.var_.size + model.class_prior_.size
        return numbers, numbers
    if isinstance(model, DecisionTreeClassifier):
        return model.tree_.node_count, float(model.decision_path(features).sum(1).mean()) - 1
    net = model[-1]
    numbers = sum(W.size for W in net.coefs_) + sum(b.size for b in net.intercepts_)
    return numbers, numbers


def hidden(model, X):
    """Return what the hidden units of a network give."""
    net = model[-1]
    return np.maximum(model[0].transform(X) @ net.coefs_[0] + net.intercepts_[0], 0)


def one_set(name, make, seeds):
    """Measure one kind of model on one set of data."""
    found = {"curve": {}, "ms": [], "kept": [], "read": [], "gap": [], "lost": []}
    for seed in seeds:
        X, X_test, y, y_test = parts(name, seed)
        for size in (*SIZES[name], len(y)):
            model, ms = fitted(make, seed, X[:size], y[:size])
            found["curve"].setdefault(size, []).append(right(model, X_test, y_test))
        numbers, read = kept(model, X_test)
        rng = np.random.default_rng(seed)
        wrong = np.where(rng.random(len(y)) < WRONG, rng.integers(y.max() + 1, size=len(y)), y)
        noisy, _ = fitted(make, seed, X, wrong)
        gap = right(model, X, y) - right(model, X_test, y_test)
        lost = right(model, X_test, y_test) - right(noisy, X_test, y_test)
        values = {"ms": ms, "kept": numbers, "read": read, "gap": gap, "lost": lost}
        for key, value in values.items():
            found[key].append(value)
    found["test"] = found["curve"][size]
    enough = [n for n, of in found["curve"].items() if study.median(of) >= ENOUGH]
    found["enough"] = enough[0] if enough else None
    return found


def measure(full):
    seeds = range(10 if full else 3)
    r = {"seeds": len(seeds), "spirals": {}, "raw": {}, "features": {}}
    r["models"] = {
        model: {name: one_set(name, make, seeds) for name in SETS}
        for model, make in MODELS.items()
    }  # fmt: skip
    X, y = tgb.datasets.spirals(600)
    order = np.random.default_rng(0).permutation(600)
    train, test = order[:300], order[300:]
    for model, make in MODELS.items():
        r["spirals"][model] = right(make(0, 300).fit(X[train], y[train]), X[test], y[test])
    for name in SETS:
        r["raw"][name] = []
        for seed in seeds:
            X, X_test, y, y_test = parts(name, seed)
            r["raw"][name].append(right(network(seed, len(y)).fit(X, y), X_test, y_test))
    r["features"] = []
    for seed in seeds:
        X, X_test, y, y_test = parts("digits", seed)
        net = MODELS["network"](seed, len(y)).fit(X, y)
        tree = MODELS["tree"](seed, len(y)).fit(hidden(net, X), y)
        r["features"].append(right(tree, hidden(net, X_test), y_test))
    return r


def table(r):
    def row(title, cells):
        return f"{title:20} " + " ".join(f"{cell:19}" for cell in cells).rstrip()

    def sets(title, key, unit=""):
        def cell(model):
            values = [r["models"][model][name][key] for name in SETS]
            values = [study.median(v) if isinstance(v, list) else v for v in values]
            return " / ".join("–" if v is None else f"{round(v)}" for v in values) + unit

        return row(title, map(cell, MODELS))

    def notes(*cells):
        return row("", [f"“{cell}”" for cell in cells])

    return "\n".join([
        f"Each cell: wine / breast cancer / digits, median of {r['seeds']} divisions of the data;",
        "in quotation marks what the notes say",
        "",
        row("", ["naive Bayes", "decision tree", "network"]),
        sets("right, %", "test"),
        "",
        sets("numbers kept", "kept"),
        notes("counts", "splits", "layered neurons"),
        row("three spirals, %", [f"{r['spirals'][m]:.0f}" for m in MODELS]),
        notes("limited", "high", "extremely high"),
        sets("read per prediction", "read"),
        notes("clear math", "very clear", "black box"),
        sets("training", "ms", " ms"),
        notes("seconds", "minutes", "hours/days"),
        sets(f"examples for {ENOUGH} %", "enough"),
        notes("small to medium", "small to medium", "thousands+"),
        sets("overfitting, points", "gap"),
        sets("lost by wrong labels", "lost"),
        notes("low risk", "medium", "high"),
        "",
        "read: numbers of the model that go into a prediction (of a tree: its questions)",
        "overfitting: % right of the training examples less % right of those held out",
        f"lost: points held out, where {100 * WRONG:.0f} % of the training labels are drawn by lot",
        "",
        "Network on raw features: "
        + " / ".join(f"{study.median(r['raw'][name]):.0f}" for name in SETS) + " % right",
        f"Tree on a network's hidden units, digits: {study.median(r['features']):.0f} % right",
    ])  # fmt: skip


def seen(r):
    def medians(model, key):
        return [study.median(r["models"][model][name][key]) for name in SETS]

    def listed(values):
        return " / ".join(f"{round(v)}" for v in values)

    bayes, tree, net = (medians(model, "test") for model in MODELS)
    yield (
        f"The network is right most often on all three sets ({listed(net)} %), and by far on "
        f"images: {net[2]:.0f} % of the digits, where the others have {bayes[2]:.0f} and "
        f"{tree[2]:.0f}.",
        all(n >= max(b, t) for b, t, n in zip(bayes, tree, net, strict=True))
        and net[2] > max(bayes[2], tree[2]) + 8,
    )
    enough = {model: [r["models"][model][name]["enough"] for name in SETS] for model in MODELS}
    enough = {model: [r["models"][model][name]["enough"] for name in SETS] for model in MODELS}
    yield (
        f"It does not need thousands of examples for that. It has {ENOUGH} % with "
        f"{listed(enough['network'])} of them, never with more than another; on digits the others "
        "do not get there with all 1347. Nor does it need hours: the table has milliseconds, "
        "though the others need fewer.",
        all(n <= min(b or n, t or n) for b, t, n in zip(*enough.values(), strict=True))
        and enough["Bayes"][2] is enough["tree"][2] is None,
    )
    yield "", True
    gaps = {model: medians(model, "gap") for model in MODELS}
    lost = {model: medians(model, "lost") for model in MODELS}
    yield (
        "The one that overfits these data is the tree, not the network: it knows every training "
        f"example, and is {listed(gaps['tree'])} points worse on others, where the network is "
        f"{listed(gaps['network'])} points worse, about as naive Bayes.",
        all(t > n + 2 for t, n in zip(gaps["tree"], gaps["network"], strict=True)),
    )
    yield (
        "With noise to learn by heart, the network does so, too, and needs the regularisation that "
        f"the notes ask for: where {100 * WRONG:.0f} % of the labels are drawn by lot, it loses "
        f"{listed(lost['network'])} points. Naive Bayes loses {listed(lost['Bayes'])}: low risk on "
        "two of the sets, and the highest of all on the third, whose variances the wrong labels "
        "blur.",
        min(lost["network"]) > 3 and max(lost["Bayes"][:2]) < 5 < 15 < lost["Bayes"][2],
    )
    spirals = r["spirals"]
    yield (
        "“Extremely high” non-linearity is no higher than “high”: of three spirals the tree has "
        f"{spirals['tree']:.0f} % right, the network {spirals['network']:.0f} %, and naive Bayes "
        f"{spirals['Bayes']:.0f} %.",
        min(spirals["tree"], spirals["network"]) > 90 > 75 > spirals["Bayes"],
    )
    yield "", True
    raw = {name: study.median(r["raw"][name]) for name in SETS}
    yield (
        "Feature engineering is not automatic. Without standardisation the network falls to "
        f"{raw['wine']:.0f} % on wine and {raw['cancer']:.0f} % on cancer, whose features have "
        "units; naive Bayes and the tree do not mind units. It does find features of its own: a "
        f"tree on its hidden units has {study.median(r['features']):.0f} % of the digits right, on "
        f"pixels {tree[2]:.0f} %.",
        raw["wine"] < 85 and raw["cancer"] < 90 and study.median(r["features"]) > tree[2] + 1,
    )
    read = {model: medians(model, "read") for model in MODELS}
    yield (
        f"Transparent is the tree alone: {listed(read['tree'])} questions. To tell a digit, “clear "
        f"math” reads {read['Bayes'][2]:.0f} numbers, and the black box {read['network'][2]:.0f}.",
        max(read["tree"]) < 15 and read["Bayes"][2] > 1000,
    )


def draw(r, figure):
    for axes, name in zip(figure.subplots(1, 3, sharey=True), SETS, strict=True):
        X, y = SETS[name](return_X_y=True)
        study.dress(axes, f"{name}: {X.shape[1]} features, {len(set(y))} classes",
                    "training examples", "% right, held out" if name == "wine" else "")  # fmt: skip
        for model, (color, mark) in STYLE.items():
            curve = r["models"][model][name]["curve"]
            sizes, runs = list(curve), np.array(list(curve.values()))
            axes.fill_between(sizes, runs.min(1), runs.max(1), color=color, alpha=0.15, lw=0)
            axes.plot(sizes, np.median(runs, axis=1), color=color, marker=mark, ms=6, label=model)
        axes.set(xscale="log", ylim=(30, 101))
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.minorticks_off()
    axes.legend(frameon=False, loc="lower right")


if __name__ == "__main__":
    study.main(__doc__, __file__, measure, table, seen, draw, size=(12, 4))
