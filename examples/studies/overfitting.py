"""Overfitting, and the notes' five remedies: which of them helps, and by what.

The second note (section A7) lists L2, L1, dropout, early stopping and data
augmentation against overfitting, and says what each does to a network. Here a
64-256-10 network gets 300 handwritten digits, a fifth of them with a wrong
label: noise, which it can only learn by heart (section A8). What it says of the
359 test digits, whose labels are right, is measured after each epoch: without
any remedy, with each of them, and with three at once.
"""

import numpy as np
import study

import tinygrad_bp as tgb
from tinygrad_bp import nn

EXAMPLES, WRONG, EPOCHS, ASIDE = 300, 0.2, 60, 60
BENT = "rotate:10,elastic:0.3,noise:0.1"
#: name -> (dropout, l1, l2, augmentation, early stopping), and how it is written
REMEDIES = {
    "none": (0.0, 0.0, 0.0, None, False, ""),
    "L2": (0.0, 0.0, 0.01, None, False, "0.01/2 Σ w²"),
    "L1": (0.0, 0.001, 0.0, None, False, "0.001 Σ |w|"),
    "dropout": (0.5, 0.0, 0.0, None, False, "p = 0.5"),
    "early stopping": (0.0, 0.0, 0.0, None, True, f"{ASIDE} put aside"),
    "augmentation": (0.0, 0.0, 0.0, BENT, False, BENT),
    "three at once": (0.5, 0.0, 0.003, BENT, False, "L2, dropout, augmentation"),
}
#: besides 0.5: the notes keep a unit with probability 0.5 to 0.8, and one of these drops it oftener
DROPPED = (0.2, 0.8)
NEAR_ZERO = 1e-3
#: remedies that are watched meanwhile, and their colours
CURVES = {
    "none": study.RED, "L2": study.BLUE, "dropout": study.ORANGE, "augmentation": study.GREEN,
}  # fmt: skip


class Watch(tgb.train.Callback):
    """Measures on the test digits after each epoch."""

    def __init__(self, X, y):
        self.X, self.y, self.accuracy = X, y, []

    def on_epoch_end(self, trainer, row):
        """Measure."""
        self.accuracy.append(100 * trainer.evaluate(self.X, self.y)["accuracy"])


def digits(seed):
    """Return images with their labels, of which some are wrong, and which are."""
    data = tgb.datasets.digits()
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(data.y_train))[:EXAMPLES]
    y = data.y_train[chosen]
    wrong = rng.random(EXAMPLES) < WRONG
    labels = np.where(wrong, (y + rng.integers(1, 10, EXAMPLES)) % 10, y)
    test = data.X_test.reshape(-1, 1, 8, 8), data.y_test
    return data.X_train[chosen].reshape(-1, 1, 8, 8), labels, wrong, test


def learn(seed, epochs, dropout, l1, l2, augment, stop, watched=False):
    X, y, wrong, test = digits(seed)
    tgb.manual_seed(seed)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 256), nn.ReLU(), nn.Dropout(dropout), nn.Linear(256, 10)
    )
    watch = Watch(*test)
    callbacks = [watch] if watched else []
    callbacks += [tgb.train.EarlyStopping(patience=10)] if stop else []
    trainer = tgb.train.Trainer(
        model, lr=0.003, l1=l1, l2=l2, metrics=["accuracy"], callbacks=callbacks,
        seed=seed, progress=False, health=False,
    )  # fmt: skip
    n = EXAMPLES - ASIDE if stop else EXAMPLES
    transform = augment and tgb.transforms.augmentation(augment, (1, 8, 8))
    trainer.fit(
        X[:n], y[:n], epochs=epochs, transform=transform or None,
        validation=(X[n:], y[n:]) if stop else None,
    )  # fmt: skip
    said = trainer.predict(X).argmax(1)
    weights = np.concatenate([p.detach().numpy().ravel() for p in model.parameters() if p.ndim > 1])
    return {
        "test": 100 * trainer.evaluate(*test)["accuracy"],
        "train": 100 * float((said == y).mean()), "wrong": 100 * float((said == y)[wrong].mean()),
        "length": float(np.sqrt((weights**2).sum())), "exact": int((weights == 0).sum()),
        "small": 100 * float((abs(weights) < NEAR_ZERO).mean()),
        "epochs": len(trainer.history), "curve": watch.accuracy,
    }  # fmt: skip


def measure(full):
    seeds, epochs = range(8 if full else 3), 2 * EPOCHS if full else EPOCHS
    r = {"seeds": len(seeds), "epochs": epochs, "runs": {}, "dropped": {}}
    for name, (*options, _) in REMEDIES.items():
        r["runs"][name] = [learn(seed, epochs, *options, name in CURVES) for seed in seeds]
    for p in DROPPED:
        runs = [learn(seed, epochs, p, 0.0, 0.0, None, False) for seed in seeds]
        r["dropped"][p] = of(runs, "test")
    r["dropped"] = dict(sorted({0.5: of(r["runs"]["dropout"], "test"), **r["dropped"]}.items()))
    return r


def of(runs, what):
    return study.median([run[what] for run in runs])


def table(r):
    lines = [
        f"After {r['epochs']} epochs: median of {r['seeds']} seeds (lowest … highest), in %;",
        "learnt: training labels that it says, all and the wrong ones; size: √Σ w²;",
        f"small: weights below {NEAR_ZERO:g}",
        "",
        f"{'':16}{'test digits':22}{'learnt':>7}{'wrong':>7}{'size':>7}{'small':>7}{'epochs':>8}",
    ]
    for name, runs in r["runs"].items():
        lines.append(
            f"{name:16}{study.spread([run['test'] for run in runs]):22}{of(runs, 'train'):7.1f}"
            f"{of(runs, 'wrong'):7.1f}{of(runs, 'length'):7.1f}{of(runs, 'small'):7.1f}"
            f"{of(runs, 'epochs'):8.0f}"
        )
    lines += ["", *(f"{name:16}{how}" for name, (*_, how) in REMEDIES.items() if how), ""]
    cells = "  ".join(f"{p:g}: {accuracy:.1f}" for p, accuracy in r["dropped"].items())
    lines.append(f"dropout of      {cells}")
    return "\n".join(lines)


def seen(r):
    runs, plain = r["runs"], r["runs"]["none"]
    curve = np.median([run["curve"] for run in plain], 0)
    best = int(curve.argmax()) + 1
    gains = {n: of(runs[n], "test") - of(plain, "test") for n in REMEDIES if n != "none"}
    yield (
        f"Left alone, the network learns nearly all by heart: {of(plain, 'train'):.0f} % of the "
        f"labels, and {of(plain, 'wrong'):.0f} % of the wrong ones. It was best after "
        f"{best} epochs, with {curve.max():.0f} % of the test digits; in the end it is "
        f"{of(plain, 'test'):.0f} %. What lies between is overfitting.",
        of(plain, "wrong") > 85 and best < 30 and curve.max() > of(plain, "test") + 5,
    )
    yield (
        "Each of the five remedies of the notes helps, and each by learning fewer of the wrong "
        f"labels; from {min(gains.values()):.0f} points (dropout) to "
        f"{max(gains[n] for n in gains if n != 'three at once'):.0f}.",
        all(gain > 1 for gain in gains.values())
        and all(of(runs[n], "wrong") < of(plain, "wrong") - 5 for n in gains)
        and min(gains, key=gains.get) == "dropout",
    )
    yield (
        f"Three at once, L2 at a third of its strength, are about as good as the best alone "
        f"({of(runs['three at once'], 'test'):.0f} %), and learn the fewest wrong labels.",
        gains["three at once"] > max(gains.values()) - 2
        and all(of(runs["three at once"], "wrong") <= of(runs[n], "wrong") + 1 for n in gains),
    )
    yield "", True
    l1, l2 = runs["L1"], runs["L2"]
    yield (
        f"L2 does what the notes say: the weights are {of(plain, 'length') / of(l2, 'length'):.0f} "
        "times smaller.",
        of(plain, "length") > 2 * of(l2, "length"),
    )
    yield (
        f"L1 makes {of(l1, 'small'):.0f} % of them smaller than {NEAR_ZERO:g}, L2 "
        f"{of(l2, 'small'):.0f} %. But “some become exactly 0” needs more than the gradient of "
        "λ Σ |w|: a step has a length and jumps over zero, to and fro. "
        f"Of these 18,944 weights, {of(l1, 'exact'):.0f} are exactly 0.",
        of(l1, "small") > 1.5 * of(l2, "small") > 5 * of(plain, "small") and of(l1, "exact") < 20,
    )
    dropped = r["dropped"]
    yield (
        "The notes keep a unit with probability 0.5 to 0.8. With labels as bad as these that is "
        f"too mild: where 0.5 are kept {dropped[0.5]:.0f} % are right, where 0.2 are, "
        f"{dropped[0.8]:.0f} %.",
        dropped[0.8] > dropped[0.5] + 2 > dropped[0.2] + 2,
    )
    stopped = runs["early stopping"]
    yield (
        f"Early stopping is the cheapest: {of(stopped, 'epochs'):.0f} epochs in place of "
        f"{r['epochs']}, though {ASIDE} of the {EXAMPLES} images only tell it when to stop.",
        of(stopped, "epochs") < r["epochs"] / 2 and gains["early stopping"] > 5,
    )


def draw(r, figure):
    left, middle, right = figure.subplots(1, 3)
    study.dress(left, "What it says of new digits", "epoch", "test digits right, %")
    for name, color in CURVES.items():
        curves = np.array([run["curve"] for run in r["runs"][name]])
        epochs = np.arange(1, r["epochs"] + 1)
        left.fill_between(epochs, curves.min(0), curves.max(0), color=color, alpha=0.15, lw=0)
        left.plot(epochs, np.median(curves, 0), color=color, lw=1.8, label=name)
    left.set_ylim(70, 95)
    left.legend(frameon=False, loc="lower left", ncols=2)

    names = list(REMEDIES)[::-1]
    place = np.arange(len(names))
    study.dress(middle, "Right on new digits, and wrong by heart", "%", "")
    for shift, what, color, label in (
        (0.2, "test", study.BLUE, "test digits right"),
        (-0.2, "wrong", study.ORANGE, "wrong labels learnt"),
    ):
        values = [of(r["runs"][n], what) for n in names]
        middle.barh(place + shift, values, 0.36, color=color, label=label)
        for y, value in zip(place + shift, values, strict=True):
            middle.text(value + 1, y, f"{value:.0f}", va="center", fontsize=8, color=study.INK)
    middle.set_yticks(place, names, color=study.INK)
    middle.set_xlim(0, 112)
    figure.legend(*middle.get_legend_handles_labels(), frameon=False, ncols=2,
                  loc="outside lower center")  # fmt: skip

    study.dress(right, "What dropout has to be", "share of units dropped", "test digits right, %")
    right.plot(r["dropped"].keys(), r["dropped"].values(), "o-", color=study.ORANGE)
    right.axhline(of(r["runs"]["none"], "test"), color=study.RED, ls=":", label="no dropout")
    right.axvspan(0.2, 0.5, color=study.MUTED, alpha=0.15, lw=0, label="the notes' 0.5 to 0.8 kept")
    right.set_ylim(70, 95)
    right.legend(frameon=False, loc="upper left")


if __name__ == "__main__":
    study.main(__doc__, __file__, measure, table, seen, draw, size=(13, 4.6))
