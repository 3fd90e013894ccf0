"""Batch, stochastic and mini-batch gradient descent: which is fast, and which is stable.

The second note (section A4) calls batch gradient descent slow and very stable,
stochastic gradient descent (one sample at a time) fast and noisy, and
mini-batches (32, 64) balanced. Here a 64-32-10 network learns handwritten
digits with batches of 1, 8, 32, 256 and all 1438 images, each with the rate
that suits it best. "Fast" is measured three times: in passes over the data, in
updates, and in milliseconds. "Noisy" is measured twice: how far the gradient of
a batch is from that of all images, and how many updates make things worse.
"""

import copy
from time import thread_time

import numpy as np
import study

import tinygrad_bp as tgb
from tinygrad_bp import nn

# Of 0.01, 0.03 … 3 those that reach the goal in the fewest passes; --full tries them all.
RATES = {1: 0.1, 8: 0.3, 32: 0.3, 256: 1.0, 1438: 1.0}
TRIED = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
LONGEST = {1: 12, 8: 15, 32: 20, 256: 60, 1438: 300}  # passes
GOAL = 0.3  # held-out loss
DRAWS = 60  # batches, for the noise of their gradients
FURTHER = 40  # updates after the goal, to see how many help


class Watch(tgb.train.Callback):
    """Note the held-out loss at ever larger distances; stop at the goal."""

    def __init__(self, held_out):
        self.held_out, self.next = held_out, 0.0
        self.passes, self.updates, self.losses, self.seconds = [], [], [], []
        self.watching = 0.0

    def on_fit_begin(self, trainer):
        """Start the clock."""
        self.begun = thread_time()

    def on_update_end(self, trainer, loss):
        """Measure, if a tenth more was seen; the clock stands still meanwhile."""
        passes = trainer.updates / trainer.batches
        if passes < self.next:
            return
        now = thread_time()
        self.passes.append(passes)
        self.updates.append(trainer.updates)
        self.losses.append(loss_on(trainer.model, *self.held_out))
        self.seconds.append(now - self.begun - self.watching)
        self.next = passes * 1.1
        if self.losses[-1] < GOAL:
            trainer.stop("goal")
        self.watching += thread_time() - now


def loss_on(model, X, y):
    with tgb.no_grad():
        return nn.functional.cross_entropy(model(X), y).item()


def learn(data, size, lr, seed):
    """Train until the goal; return what was watched, and the trainer."""
    tgb.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    watch = Watch((tgb.tensor(data.X_test), tgb.tensor(data.y_test)))
    trainer = tgb.train.Trainer(
        model, optimizer="sgd", lr=lr, seed=seed, callbacks=[watch], progress=False, health=False
    )
    trainer.fit(data.X_train, data.y_train, epochs=LONGEST[size], batch_size=size)
    return watch, trainer


def gradient(model, X, y):
    model.zero_grad()
    nn.functional.cross_entropy(model(X), y).backward()
    return np.concatenate([p.grad.numpy().ravel() for p in model.parameters()])


def noise(model, data, size, rng):
    """Return how far a batch's gradient is from that of all examples, in parts of the latter."""
    X, y = tgb.tensor(data.X_train), tgb.tensor(data.y_train)
    whole = gradient(model, X, y)
    if size == len(y):
        return 0.0
    squares = []
    for _ in range(DRAWS):
        batch = tgb.tensor(rng.choice(len(y), size, replace=False))
        squares.append(np.sum((gradient(model, X[batch], y[batch]) - whole) ** 2))
    return float(np.sqrt(np.mean(squares) / np.sum(whole**2)))


def worsened(model, data, size, lr, rng):
    """Take further updates; return the share of them after which the loss of all is higher."""
    model = copy.deepcopy(model)
    X, y = tgb.tensor(data.X_train), tgb.tensor(data.y_train)
    optimizer = tgb.optim.SGD(model.parameters(), lr=lr)
    before, worse = loss_on(model, X, y), 0
    for _ in range(FURTHER):
        batch = tgb.tensor(rng.choice(len(y), size, replace=False))
        gradient(model, X[batch], y[batch])
        optimizer.step()
        after = loss_on(model, X, y)
        worse, before = worse + (after > before), after
    return worse / FURTHER


def best_rate(data, size):
    """Return the rate that reaches the goal in the fewest passes; smaller ones win a tie."""

    def passes(lr):
        runs = [learn(data, size, lr, seed)[0] for seed in range(3)]
        return study.median([w.passes[-1] if w.losses[-1] < GOAL else np.inf for w in runs])

    return min(TRIED, key=passes)


def measure(full):
    data = tgb.datasets.digits()
    r = {"seeds": 10 if full else 3, "sizes": {}, "curves": {}}
    for size, lr in RATES.items():
        runs = [learn(data, size, lr, seed) for seed in range(r["seeds"])]
        rng = np.random.default_rng(0)
        watched = [watch for watch, _ in runs]
        tgb.manual_seed(0)
        fresh = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
        r["curves"][size] = [
            {"passes": w.passes, "seconds": w.seconds, "losses": w.losses} for w in watched
        ]
        r["sizes"][size] = {
            "best": best_rate(data, size) if full else None,
            "passes": [w.passes[-1] for w in watched],
            "updates": [w.updates[-1] for w in watched],
            "ms": study.median([1000 * w.seconds[-1] for w in watched]),
            "reached": all(w.losses[-1] < GOAL for w in watched),
            "first": noise(fresh, data, size, rng),
            "later": noise(runs[0][1].model, data, size, rng),
            "worse": worsened(runs[0][1].model, data, size, lr, rng),
            "gentle": worsened(runs[0][1].model, data, size, lr / 10, rng),
        }  # fmt: skip
    return r


def table(r):
    lines = [
        f"From the first update to a held-out loss of {GOAL:g}, median of {r['seeds']} seeds;",
        "noise: how far a batch's gradient is from the exact one, in parts of its length;",
        "worse: updates after the goal that make the loss of all images higher",
        "",
        f"{'':24}to the goal              noise {'':12} worse, at",
        "batch  rate    passes  updates      time    at first  at goal    rate  rate/10",
    ]
    for size, one in r["sizes"].items():
        lines.append(
            f"{size:5d} {RATES[size]:5g}  {study.median(one['passes']):8.2f} "
            f"{study.median(one['updates']):8.0f}  {one['ms']:5.0f} ms  {one['first']:10.2f} "
            f"{one['later']:8.2f}  {100 * one['worse']:4.0f} % "
            f"{100 * one['gentle']:6.0f} %"
        )
    found = [(size, one["best"]) for size, one in r["sizes"].items() if one["best"]]
    if found:
        lines += ["", "fewest passes at: " + ", ".join(f"{lr:g} ({size})" for size, lr in found)]
    return "\n".join(lines)


def seen(r):
    sizes = r["sizes"]
    passes, updates = (
        {size: study.median(of[name]) for size, of in sizes.items()}
        for name in ("passes", "updates")
    )
    worse, gentle = ({size: of[name] for size, of in sizes.items()} for name in ("worse", "gentle"))
    yield (
        "Which is fast depends on what is counted. In passes over the data, single images win: the "
        f"goal is reached before all were seen once, and batches of everything need "
        f"{passes[1438]:.0f} passes. In updates it is the other way round: {updates[1438]:.0f} by "
        f"the exact gradient, {updates[1]:.0f} by that of a single image.",
        all(of["reached"] for of in sizes.values())
        and passes[1] < 1 < passes[32] < passes[256] < passes[1438]
        and updates[1] > updates[8] > updates[32] > updates[256],
    )
    yield (
        "In time the middle wins, and single images, “fast” in the notes, are the slowest by far: "
        "an update by 32 images costs hardly more than one by a single image (most of it is the "
        "same work, whatever the size), and far fewer are needed. Batches of everything come as "
        "close as they do because an update by 1438 images is still cheap; with more data they "
        "fall behind. So the notes are right to recommend 32 or 64.",
        updates[32] < updates[1] / 4 and passes[32] < passes[1438] / 10,
    )
    yield "", True
    ratio = sizes[1]["first"] / sizes[32]["first"]
    yield (
        f"The noise falls with the root of the size: {ratio:.1f} times from 1 to 32, where √32 is "
        f"5.7. A single image's gradient is mostly noise: it is {sizes[1]['first']:.0f} times as "
        "far from the exact one as that is long.",
        abs(ratio / 32**0.5 - 1) < 0.3 and sizes[1]["first"] > 4 and sizes[1]["later"] > 2,
    )
    yield (
        "But “very stable” is not a property of the batch. At the rates that reach the goal "
        f"first, the exact gradient makes the loss worse in {100 * worse[1438]:.0f} % of its "
        "updates: not by noise, by overshooting. At a tenth of the rate it never does, and what is "
        f"left is the noise of the others: {100 * gentle[1]:.0f} % with single images, "
        f"{100 * gentle[32]:.0f} % with 32.",
        worse[1438] > 0.05 and gentle[1438] == 0 and min(gentle[1], gentle[32]) > 0.1,
    )


def draw(r, figure):
    left, middle, right = figure.subplots(1, 3)
    colors = dict(
        zip(RATES, (study.RED, study.ORANGE, study.GREEN, study.SKY, study.BLUE), strict=True)
    )
    for axes, column, scale, title, x in (
        (left, "passes", 1, "In passes, small batches win", "passes over the data"),
        (middle, "seconds", 1000, "In time, the middle wins", "processor time, ms"),
    ):
        study.dress(axes, title, x, "held-out loss")
        for (size, runs), mark in zip(r["curves"].items(), "osD^v", strict=True):
            for run in runs:
                axes.plot(np.multiply(scale, run[column]), run["losses"], color=colors[size], lw=1,
                          alpha=0.4)  # fmt: skip
                axes.plot(scale * run[column][-1], run["losses"][-1], mark, color=colors[size],
                          ms=6)  # fmt: skip
            axes.plot([], [], mark + "-", color=colors[size],
                      label="all 1438" if size == 1438 else str(size))  # fmt: skip
        axes.axhline(GOAL, color=study.MUTED, ls=":", lw=1)
        axes.set(xscale="log", yscale="log")
        axes.set_yticks([0.3, 0.5, 1, 2], ["0.3", "0.5", "1", "2"])
        axes.minorticks_off()
    left.legend(frameon=False, title="batch", loc="lower left")

    study.dress(right, "The noise falls with √size", "size of the batch", "noise / gradient")
    sizes = [size for size in RATES if size < 1438]
    for when, text, color, mark in (("first", "at first", study.SKY, "s"),
                                    ("later", "near the goal", study.BLUE, "o")):  # fmt: skip
        values = [r["sizes"][size][when] for size in sizes]
        right.plot(sizes, values, mark, color=color, ms=7, label=text)
        right.plot(sizes, values[0] / np.sqrt(sizes), color=color, ls="--", lw=1)
    right.plot([], [], "--", color=study.MUTED, lw=1, label="∝ 1/√size")
    right.set(xscale="log", yscale="log")
    right.set_xticks(sizes, [str(size) for size in sizes])
    right.set_yticks([0.5, 1, 2, 5], ["0.5", "1", "2", "5"])
    right.minorticks_off()
    right.legend(frameon=False)


if __name__ == "__main__":
    study.main(__doc__, __file__, measure, table, seen, draw, size=(13, 4.2))
