"""Learning rates that crawl, converge and diverge: which rate is too large.

The second note (section A4) calls η > 0.1 too large (overshooting, divergence),
η < 0.0001 too small (very slow), and what lies between just right. Here a
64-32-10 network learns handwritten digits by stochastic gradient descent with
rates from 0.0001 to 10: once with the pixels as numbers from 0 to 1, once with
the same pixels from 0 to 16, as they are in the file. Beside it, least squares
on the same pixels, where theory says exactly which rate is too large: 2/h, h
being the largest curvature.
"""

import math

import numpy as np
import study

import tinygrad_bp as tgb
from tinygrad_bp import nn

RATES = (0.0001, 0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
SCALES = {"0…1": 1.0, "0…16": 16.0}
EPOCHS = 6
START = math.log(10)  # the loss of a network that says 1/10 for each digit
PARTS = (0.1, 0.9, 1.0, 1.02)  # of 2/h
STEPS = 200


def network(seed):
    tgb.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def learn(X, y, lr, seed, epochs):
    """Return the loss before the first epoch and during each, and the share of dead units."""
    model = network(seed)
    trainer = tgb.train.Trainer(
        model, optimizer="sgd", lr=lr, seed=seed, progress=False, health=False
    )
    start = trainer.evaluate(X, y)["loss"]
    history = trainer.fit(X, y, epochs=epochs, batch_size=64)
    losses = [row["loss"] for row in history]
    losses += [math.inf] * (epochs - len(losses))  # a run that leaves all numbers is ended
    with tgb.no_grad():
        alive = (model[0](tgb.tensor(X)) > 0).any(0)
    return {"losses": [start, *losses], "dead": 1 - alive.float().mean().item()}


def verdict(runs):
    """Say in a word how runs with one rate went."""
    last = study.median([run["losses"][-1] for run in runs])
    if study.median([run["dead"] for run in runs]) > 0.5:
        return "dies"
    if not last < study.median([run["losses"][0] for run in runs]):
        return "diverges"
    return "crawls" if last > START / 2 else "converges"


def suggestion(X, y):
    trainer = tgb.train.Trainer(network(0), optimizer="sgd", seed=0, progress=False)
    return trainer.find_lr(X, y, low=1e-5, batch_size=64).suggestion


def least_squares(X, y):
    """Descend on ½ mean (Xw − t)² at parts of 2/h; return 2/h, and the losses above the least."""
    X, t = tgb.tensor(X, dtype=tgb.float64), tgb.tensor(y == 0, dtype=tgb.float64)

    def loss_of(w):
        return ((X @ w - t) ** 2).mean() / 2

    H = tgb.autograd.functional.hessian(loss_of, tgb.zeros(64, dtype=tgb.float64))
    limit = 2 / tgb.linalg.eigvalsh(H).max().item()
    best, *_ = np.linalg.lstsq(X.numpy(), t.numpy(), rcond=None)
    least = loss_of(tgb.tensor(best)).item()
    curves = {}
    for part in PARTS:
        w = tgb.zeros(64, dtype=tgb.float64, requires_grad=True)
        optimizer = tgb.optim.SGD([w], lr=part * limit)
        curves[part] = []
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss = loss_of(w)
            loss.backward()
            optimizer.step()
            curves[part].append(loss.item() - least)
    return limit, curves


def measure(full):
    data = tgb.datasets.digits()
    seeds, epochs = range(10 if full else 3), 5 * EPOCHS if full else EPOCHS
    r = {"seeds": len(seeds), "epochs": epochs}
    for name, scale in SCALES.items():
        X, y = scale * data.X_train, data.y_train
        runs = {lr: [learn(X, y, lr, seed, epochs) for seed in seeds] for lr in RATES}
        limit, descents = least_squares(X, y)
        r[name] = {
            "curves": {lr: [run["losses"] for run in runs[lr]] for lr in RATES},
            "last": {lr: [run["losses"][-1] for run in runs[lr]] for lr in RATES},
            "dead": {lr: study.median([run["dead"] for run in runs[lr]]) for lr in RATES},
            "verdicts": {lr: verdict(runs[lr]) for lr in RATES},
            "suggestion": suggestion(X, y), "limit": limit, "descents": descents,
        }  # fmt: skip
    return r


def table(r):
    lines = [
        f"Training loss in epoch {r['epochs']}: median of {r['seeds']} seeds (lowest … highest);",
        "guessing costs log 10 = 2.30",
        "",
        f"{'rate':>7}   {'pixels 0…1':33}{'pixels 0…16'}",
    ]
    for lr in RATES:
        cells = [
            f"{study.spread(r[name]['last'][lr], 2):21}{r[name]['verdicts'][lr]:12}"
            for name in SCALES
        ]
        lines.append(f"{lr:7g}   {''.join(cells)}".rstrip())
    lines += [
        "crawls: over half of log 10 is left; dies: most units are 0 for every image",
        "",
        f"{'':22}{'pixels 0…1':>12} {'pixels 0…16':>12}",
    ]
    for text, value in (("find_lr suggests", "suggestion"), ("least squares: 2/h", "limit")):
        lines.append(f"{text:22}" + " ".join(f"{r[name][value]:12.2g}" for name in SCALES))
    lines += ["", f"Least squares, pixels 0…1: loss above the least one, after {STEPS} steps"]
    for part, losses in r["0…1"]["descents"].items():
        lines.append(f"  {part:4g} · 2/h   {losses[-1]:9.2g}")
    return "\n".join(lines)


def seen(r):
    small, large = (r[name]["verdicts"] for name in SCALES)
    good = {n: [lr for lr in RATES if r[n]["verdicts"][lr] == "converges"] for n in SCALES}
    first, second = good.values()
    yield (
        f"With pixels from 0 to 1, the rates {first[0]:g} to {first[-1]:g} converge within "
        f"{r['epochs']} epochs, and smaller ones crawl. The same pictures with pixels from 0 to 16 "
        f"want {second[0]:g} to {second[-1]:g}.",
        small[0.0001] == "crawls" and second[0] < first[0] and second[-1] < first[-1],
    )
    yield (
        f"So the notes' thresholds are not those of a rate as such: here {first[-1]:g} is the best "
        "rate of the one network, ten times “too large”, and kills the other.",
        first[-1] == 1 == min(first, key=lambda lr: study.median(r["0…1"]["last"][lr]))
        and large[1.0] == "dies",
    )
    yield (
        "The danger has another face than the notes say, too: a network of ReLUs seldom runs off "
        "to infinity. A step that is too long shuts its units "
        f"({100 * r['0…1']['dead'][10.0]:.0f} % of them at η = 10), and after that it says the "
        "same for every image, at the price of guessing. No smaller step will wake it: where all "
        "units are shut, their weights have no gradient.",
        small[10.0] == large[10.0] == "dies"
        and all(abs(study.median(r[n]["last"][10.0]) - START) < 0.2 for n in SCALES),
    )
    yield "", True
    limits = [r[name]["limit"] for name in SCALES]
    descents = r["0…1"]["descents"]
    yield (
        "What counts is the rate times the curvature. For least squares that is a theorem: descent "
        f"diverges above 2/h. With pixels from 0 to 1 this is {limits[0]:.2g}, with pixels from 0 "
        "to 16 it is 16² = 256 times less. Two per cent above it the loss grows without end; ten "
        "per cent below it falls, nine times faster in the flat directions than at a tenth.",
        abs(limits[0] / limits[1] / 256 - 1) < 1e-6
        and descents[1.02][-1] > 1000 * descents[1.02][0]
        and descents[0.9][-1] < descents[0.1][-1] < descents[0.1][0],
    )
    yield (
        f"The range finder, which lets the rate grow for a hundred steps, suggests "
        f"{r['0…1']['suggestion']:.1g} and {r['0…16']['suggestion']:.1g}: it sees the unit of the "
        "pixels without being told.",
        r["0…1"]["suggestion"] > 50 * r["0…16"]["suggestion"]
        and all(r[n]["suggestion"] < 2 * good[n][-1] for n in SCALES),
    )


def draw(r, figure):
    left, middle, right = figure.subplots(1, 3)
    study.dress(left, "Crawl, converge, die", "epoch", "training loss")
    for lr, color, mark in (
        (0.001, study.SKY, "s"),
        (0.3, study.BLUE, "o"),
        (10.0, study.RED, "^"),
    ):
        runs = r["0…1"]["curves"][lr]
        for run in runs:
            left.plot(run, color=color, alpha=0.35, lw=1)
        left.plot(np.median(runs, axis=0), color=color, marker=mark, ms=4, label=f"η = {lr:g}")
    left.axhline(START, color=study.MUTED, ls=":", lw=1)
    left.text(r["epochs"], START * 0.95, "guessing", color=study.MUTED, ha="right", va="top")
    left.set_yscale("log")
    left.legend(frameon=False, title="pixels 0…1")

    study.dress(middle, "The same pictures in two units", "learning rate η",
                f"training loss in epoch {r['epochs']}")  # fmt: skip
    for name, color, mark in (("0…1", study.BLUE, "o"), ("0…16", study.ORANGE, "s")):
        runs = np.array([r[name]["last"][lr] for lr in RATES])
        middle.fill_between(RATES, runs.min(1), runs.max(1), color=color, alpha=0.2, lw=0)
        middle.plot(RATES, np.median(runs, axis=1), color=color, marker=mark, ms=4,
                    label=f"pixels {name}")  # fmt: skip
        middle.plot(r[name]["suggestion"], 0.06, "^", color=color, ms=9, clip_on=False)
    middle.plot([], [], "^", color=study.MUTED, ms=9, label="find_lr")
    for rate, text in ((0.0001, "notes: too small below"), (0.1, "notes: too large above")):
        middle.axvline(rate, color=study.MUTED, ls=":", lw=1)
        middle.text(rate * 1.1, 0.08, text, rotation=90, color=study.MUTED, fontsize=8)
    middle.set(xscale="log", yscale="log", ylim=(0.06, 20))
    middle.legend(frameon=False, loc="upper right")

    study.dress(right, "Least squares: 2/h decides", "step", "loss above the least one")
    shades = (study.SKY, study.BLUE, study.ORANGE, study.RED)
    for (part, losses), color in zip(r["0…1"]["descents"].items(), shades, strict=True):
        right.plot(losses, color=color, label=f"η = {part:g} · 2/h")
    right.set_yscale("log")
    right.legend(frameon=False)


if __name__ == "__main__":
    study.main(__doc__, __file__, measure, table, seen, draw, size=(13, 4.2))
