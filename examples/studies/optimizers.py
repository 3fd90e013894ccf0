"""Momentum, AdaGrad, RMSprop and Adam: on a ravine, and on digits.

The second note (section A4) says: momentum accumulates velocity and escapes
local minima faster; AdaGrad adapts the rate per parameter; RMSprop averages
squared gradients; Adam combines both and is the default choice for most
problems. Here all of them, and plain gradient descent, go down a ravine a
hundred times as steep across as along: along an axis, and turned by 45°. Then a
marble is let go at 200 places above two valleys, a line is drawn through rare
features, and at last a 64-32-10 network learns handwritten digits at seven
rates with each.
"""

import math

import numpy as np
import study

import tinygrad_bp as tgb
from tinygrad_bp import nn, optim

METHODS = {
    "plain": lambda p, lr: optim.SGD(p, lr=lr),
    "momentum": lambda p, lr: optim.SGD(p, lr=lr, momentum=0.9),
    "AdaGrad": lambda p, lr: optim.Adagrad(p, lr=lr),
    "RMSprop": lambda p, lr: optim.RMSprop(p, lr=lr, alpha=0.9),
    "Adam": lambda p, lr: optim.Adam(p, lr=lr),
}
STYLE = dict(
    zip(METHODS, zip((study.INK, study.ORANGE, study.GREEN, study.PINK, study.BLUE), "os^vD",
                     strict=True), strict=True)
)  # fmt: skip
STEEP, NEAR, MOST, STAY = 100.0, 0.01, 300, 20
STARTS = ((-9.0, 1.0), (-7.0, 0.5), (-8.0, -0.7), (-10.0, 0.3), (-6.0, 0.9))  # along and across
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
SPARSE_RATES = (0.1, 0.3, 1.0, 3.0)
EPOCHS = 5
GOOD = 90  # % right


def ravine(turned):
    """Return the curvatures of ½ wᵀHw: 1 along and 100 across, perhaps turned by 45°."""
    s = math.sqrt(0.5)
    Q = tgb.tensor([[s, -s], [s, s]] if turned else [[1.0, 0.0], [0.0, 1.0]], dtype=tgb.float64)
    return Q @ tgb.diag(tgb.tensor([1.0, STEEP], dtype=tgb.float64)) @ Q.T, Q


def descend(make, lr, turned):
    """Return the paths from all starts, (steps, starts, 2); what they share is the rate alone."""
    H, Q = ravine(turned)
    w = (tgb.tensor(STARTS, dtype=tgb.float64) @ Q.T).requires_grad_()
    optimizer = make([w], lr)
    path, stayed = [w.detach().numpy().copy()], 0
    while len(path) <= MOST and stayed < STAY and np.abs(path[-1]).max() < 1e6:
        optimizer.zero_grad()
        (w * (w @ H)).sum().div(2).backward()
        optimizer.step()
        path.append(w.detach().numpy().copy())
        stayed = stayed + 1 if np.hypot(*path[-1].T).max() < NEAR else 0
    return np.array(path)


def steps_of(path):
    """Return how many steps the median start is away from being near the bottom for good."""
    far = np.hypot(*path.transpose(2, 0, 1)) >= NEAR
    steps = [int(np.flatnonzero(one).max()) + 1 for one in far.T]
    return study.median([n if n < len(path) else MOST for n in steps])


def best_descent(make, turned):
    """Return the rate that arrives first, in how many steps, and its paths."""
    tried = [(lr, descend(make, lr, turned)) for lr in np.geomspace(0.003, 3, 13)]
    lr, path = min(tried, key=lambda one: (steps_of(one[1]), np.abs(one[1][-1]).max()))
    return {"lr": float(lr), "steps": steps_of(path), "path": path[:, 0]}


def two_valleys(make, lr=0.05, steps=300):
    """Let marbles go; return which share of each valley's marbles end in the other one."""
    x = tgb.linspace(-2, 2, 200, dtype=tgb.float64)
    first = valley(x)
    x.requires_grad_()
    optimizer = make([x], lr)
    for _ in range(steps):
        optimizer.zero_grad()
        (x**4 / 4 - x**2 / 2 + 0.2 * x).sum().backward()
        optimizer.step()
    last = valley(x.detach())
    deep = first == -1
    return {
        "escaped": (last[~deep] == -1).double().mean().item(),
        "left": (last[deep] == 1).double().mean().item(),
    }


def sparse_data(seed):
    """Return examples whose features are seldom 1, each seldomer than the last, and labels."""
    rng = np.random.default_rng(seed)
    chance = 0.5 / np.arange(1, 201)
    X = (rng.random((4000, 200)) < chance).astype(np.float32)
    y = (rng.random(4000) < 1 / (1 + np.exp(-X @ rng.normal(0, 3, 200)))).astype(np.float32)
    return tgb.tensor(X), tgb.tensor(y)


def one_pass(make, lr, X, y):
    """Go through the first half by batches of 10; return the loss of the other half."""
    w = tgb.zeros(X.shape[1], requires_grad=True)
    optimizer = make([w], lr)
    for i in range(0, 2000, 10):
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(X[i : i + 10] @ w, y[i : i + 10]).backward()
        optimizer.step()
    with tgb.no_grad():
        return nn.functional.binary_cross_entropy_with_logits(X[2000:] @ w, y[2000:]).item()


def valley(x):
    """Say in which valley a place lies: −1 the deeper one, 1 the other; the ridge is at 0.209."""
    return tgb.where(x < 0.2091, -1, 1)


def learn(data, make, lr, seed):
    """Return the training loss of each epoch, and the accuracy on the test part."""
    tgb.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    trainer = tgb.train.Trainer(
        model, optimizer=make(model.parameters(), lr), seed=seed, progress=False, health=False
    )
    history = trainer.fit(data.X_train, data.y_train, epochs=EPOCHS, batch_size=64)
    right = (trainer.predict(data.X_test).argmax(1) == data.y_test).mean()
    return {"losses": [row["loss"] for row in history], "accuracy": 100 * float(right)}


def measure(full):
    data = tgb.datasets.digits()
    r = {"seeds": 10 if full else 3, "methods": {}}
    sparse = [sparse_data(seed) for seed in range(r["seeds"])]
    for name, make in METHODS.items():
        runs = {lr: [learn(data, make, lr, s) for s in range(r["seeds"])] for lr in RATES}
        r["methods"][name] = {
            "along": best_descent(make, turned=False),
            "turned": best_descent(make, turned=True),
            "valleys": two_valleys(make),
            "sparse": min(
                study.median([one_pass(make, lr, *examples) for examples in sparse])
                for lr in SPARSE_RATES
            ),
            "accuracy": {lr: [run["accuracy"] for run in runs[lr]] for lr in RATES},
        }
    for one in r["methods"].values():
        one["good"] = [lr for lr in RATES if study.median(one["accuracy"][lr]) >= GOOD]
    return r


def table(r):
    def steps(one):
        return f"{one['steps']:.0f}" if one["steps"] < MOST else f"over {MOST}"

    methods = r["methods"]
    lines = [
        "Steps to stay at the bottom of a ravine: best of 13 rates, median of 5 starts;",
        "200 marbles above two valleys: the share of each valley that ends in the other;",
        f"sparse: held-out loss after a pass, {r['seeds']} seeds, features mostly 0, best of "
        f"{len(SPARSE_RATES)} rates",
        "",
        "            ravine along   ravine turned   shallow to    deep to    sparse",
        "                 an axis          by 45°         deep    shallow",
    ]
    for name, one in methods.items():
        valleys = one["valleys"]
        lines.append(
            f"{name:9}  {steps(one['along']):>13} {steps(one['turned']):>15}"
            f"{100 * valleys['escaped']:11.0f} % {100 * valleys['left']:8.0f} %"
            f"{one['sparse']:10.3f}"
        )
    lines += [
        "",
        f"Digits: % right of the test images after {EPOCHS} epochs, median of {r['seeds']} seeds",
        "",
        "rate     " + "".join(f"{lr:8g}" for lr in RATES) + f"  {GOOD} % with",
    ]
    for name, one in methods.items():
        cells = "".join(f"{study.median(one['accuracy'][lr]):8.1f}" for lr in RATES)
        lines.append(f"{name:9}{cells}{len(one['good']):3d} rates".rstrip())
    return "\n".join(lines)


def seen(r):
    plain, momentum, adagrad, rmsprop, adam = r["methods"].values()
    yield (
        f"In the ravine plain descent needs more than {MOST} steps: its rate must suit the steep "
        f"walls and is a hundred times too small for the way along. Momentum takes "
        f"{momentum['along']['steps']:.0f}, and as many when the ravine is turned, for it knows no "
        "axes.",
        plain["along"]["steps"] == plain["turned"]["steps"] == MOST
        and momentum["along"]["steps"] == momentum["turned"]["steps"] < 150,
    )
    yield (
        f"A rate for each parameter is a cure for ravines along the axes: AdaGrad arrives in "
        f"{adagrad['along']['steps']:.0f} steps. Turn the ravine by 45°, and it does not arrive at "
        "all: both parameters now see both curvatures, and nothing is left to adapt. The notes do "
        "not mention this. RMSprop comes near and does not stay, in either: it divides each step "
        "by the size of the last ones, so that they don't grow shorter towards the bottom. Adam, "
        f"with its momentum, arrives in {adam['turned']['steps']:.0f} steps, later than momentum "
        "alone.",
        adagrad["along"]["steps"] < momentum["along"]["steps"]
        and adagrad["turned"]["steps"] == MOST
        and rmsprop["along"]["steps"] == rmsprop["turned"]["steps"] == MOST
        and momentum["turned"]["steps"] < adam["turned"]["steps"] < MOST,
    )
    yield "", True
    escaped, left = momentum["valleys"]["escaped"], momentum["valleys"]["left"]
    yield (
        f"“Escapes local minima”: yes, {100 * escaped:.0f} % of the marbles in the shallow valley "
        f"roll over the ridge, but {100 * left:.0f} % of those in the deep one do so, too. "
        "Momentum does not know which valley is deeper; it only rolls farther. None of the others "
        "lets a marble over the ridge.",
        0.1 < escaped < 0.9
        and left > 0
        and all(m["valleys"]["escaped"] == 0 for n, m in r["methods"].items() if n != "momentum"),
    )
    yield "", True
    losses = {name: m["sparse"] for name, m in r["methods"].items()}
    yield (
        "“Good for sparse data” holds: where most features are seldom there, AdaGrad has the least "
        f"loss after one pass, {losses['AdaGrad']:.3f}, and plain descent has the highest, "
        f"{losses['plain']:.3f}. A rate that falls only where a feature was seen leaves "
        "the rare ones their first steps.",
        losses["AdaGrad"] == min(losses.values()) < losses["plain"] - 0.01
        and losses["plain"] == max(losses.values()),
    )
    yield "", True
    top = [max(map(study.median, m["accuracy"].values())) for m in r["methods"].values()]
    many = [len(m["good"]) for m in r["methods"].values()]
    yield (
        f"On digits, the five come to {min(top):.0f} to {max(top):.0f} %, each at its best rate. "
        f"What differs is how easily that rate is found: {GOOD} % are reached with {many[-1]} of "
        f"the {len(RATES)} rates by Adam, with {many[0]} by plain descent, with "
        f"{max(many[1:4])} at most by the others. That is all that “default choice” means here.",
        min(top) > 90 and many[-1] == max(many) > many[0] == min(many),
    )
    yield (
        "And no rate is the default of all: 0.01 is among the best for Adam, where plain descent "
        "has hardly begun.",
        study.median(adam["accuracy"][0.01]) > 93 and study.median(plain["accuracy"][0.01]) < 50,
    )


def draw(r, figure):
    along, turned, digits = figure.subplots(1, 3)
    for axes, name, title in ((along, "along", "A ravine along an axis"),
                              (turned, "turned", "The same, turned by 45°")):  # fmt: skip
        study.dress(axes, title, "w₁", "w₂")
        H, _ = ravine(name == "turned")
        if name == "along":
            x, y = np.meshgrid(np.linspace(-10, 2.5, 161), np.linspace(-4, 2.5, 161))
        else:
            x, y = np.meshgrid(np.linspace(-9, 2, 161), np.linspace(-8, 3, 161))
        H = H.numpy()
        height = (H[0, 0] * x**2 + 2 * H[0, 1] * x * y + H[1, 1] * y**2) / 2
        levels = np.geomspace(0.05, height.max(), 12)
        axes.contour(x, y, height, levels=levels, colors="#cbd5e1", linewidths=0.8)
        for method, (color, mark) in STYLE.items():
            path = r["methods"][method][name]["path"]
            steps = r["methods"][method][name]["steps"]
            text = f"{steps:.0f}" if steps < MOST else f"> {MOST}"
            axes.plot(*path.T, color=color, lw=1.2, marker=mark, ms=2.5, alpha=0.8,
                      label=f"{method}: {text}")  # fmt: skip
        axes.plot(0, 0, "*", color=study.RED, ms=12, zorder=5)
        axes.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
        axes.grid(False)
        axes.legend(frameon=True, framealpha=0.9, edgecolor="none", fontsize=8, title="steps",
                    loc="lower right" if name == "turned" else "lower left")  # fmt: skip

    study.dress(digits, f"Digits, {EPOCHS} epochs", "learning rate", "% right of the test images")
    for method, (color, mark) in STYLE.items():
        runs = np.array([r["methods"][method]["accuracy"][lr] for lr in RATES])
        digits.fill_between(RATES, runs.min(1), runs.max(1), color=color, alpha=0.15, lw=0)
        digits.plot(RATES, np.median(runs, axis=1), color=color, marker=mark, ms=5, label=method)
    digits.set(xscale="log", ylim=(0, 100))
    digits.legend(frameon=False, fontsize=8, loc="lower center")


if __name__ == "__main__":
    study.main(__doc__, __file__, measure, table, seen, draw, size=(13, 4.6))
