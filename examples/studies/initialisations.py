"""Initialisations: which first weights a network learns from, and which it never leaves.

The second note (section A5) wants "small random values (e.g. Xavier/He)", and
section A6 counts them among the cures of a vanishing gradient. Here networks of
one and of twelve hidden layers, 64 units each, begin with zeros, with equal
weights, with normal numbers that are small and large, with Xavier's and with
He's, and learn handwritten digits by stochastic gradient descent. Before that,
one batch goes through: how large is it after each layer?
"""

import math

import numpy as np
import study

import tinygrad_bp as tgb
from tinygrad_bp import nn

UNITS, EPOCHS, LAYERS, RATE = 64, 6, 12, 0.04
ACTIVATIONS = {"ReLU": nn.ReLU, "tanh": nn.Tanh}
NETWORKS = (("ReLU", 1), ("ReLU", LAYERS), ("tanh", LAYERS))
BEGINNINGS = {
    "zeros": nn.init.zeros_,
    "all 0.05": lambda W: nn.init.constant_(W, 0.05),
    "σ = 0.01": lambda W: nn.init.normal_(W, std=0.01),
    "σ = 1": lambda W: nn.init.normal_(W, std=1.0),
    "Xavier": nn.init.xavier_normal_,
    "He": lambda W: nn.init.kaiming_normal_(W, nonlinearity="relu"),
}
#: those with a size of their own, and how they are drawn
SHOWN = {
    "σ = 0.01": (study.ORANGE, "s"), "σ = 1": (study.RED, "^"),
    "Xavier": (study.SKY, "D"), "He": (study.BLUE, "o"),
}  # fmt: skip


def network(begin, activation, hidden, seed):
    tgb.manual_seed(seed)
    layers, width = [], 64
    for _ in range(hidden):
        layers += [nn.Linear(width, UNITS), ACTIVATIONS[activation]()]
        width = UNITS
    layers.append(nn.Linear(width, 10))
    for layer in layers[::2]:
        BEGINNINGS[begin](layer.weight)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


def through(model, X, y):
    """Return the root mean square after each activation, the gradient in front, and saturation."""
    sizes, x = [], tgb.tensor(X)
    for layer in model:
        x = layer(x)
        if not isinstance(layer, nn.Linear):
            sizes.append(float(np.sqrt((x.detach().numpy().astype(float) ** 2).mean())))
            saturated = float((x.detach().abs() > 0.99).float().mean())
    nn.functional.cross_entropy(x, tgb.tensor(y)).backward()
    return {"sizes": sizes, "gradient": model[0].weight.grad.norm().item(), "flat": saturated}


def learn(begin, activation, hidden, seed, epochs, data):
    model = network(begin, activation, hidden, seed)
    found = through(model, data.X_train[:256], data.y_train[:256])
    model.zero_grad()
    trainer = tgb.train.Trainer(
        model, optimizer="sgd", lr=RATE, metrics=["accuracy"], seed=seed, progress=False,
        health=False,
    )  # fmt: skip
    history = trainer.fit(data.X_train, data.y_train, epochs=epochs)
    rows = model[0].weight.detach().numpy().round(5)
    return found | {
        "test": 100 * trainer.evaluate(data.X_test, data.y_test)["accuracy"],
        "diverged": history.stopped == "diverged", "different": len(np.unique(rows, axis=0)),
    }  # fmt: skip


def measure(full):
    data = tgb.datasets.digits()
    seeds, epochs = range(8 if full else 3), 2 * EPOCHS if full else EPOCHS
    r = {"seeds": len(seeds), "epochs": epochs}
    for activation, hidden in NETWORKS:
        r[activation, hidden] = {
            begin: [learn(begin, activation, hidden, seed, epochs, data) for seed in seeds]
            for begin in BEGINNINGS
        }
    return r


def of(runs, what):
    return study.median([run[what] for run in runs])


def last_size(runs):
    return study.median([run["sizes"][-1] for run in runs])


def table(r):
    lines = [
        f"Test digits right after {r['epochs']} epochs, in %: median of {r['seeds']} seeds "
        "(lowest … highest);",
        "* in one or more of them the loss left all numbers",
        "",
        "          " + "".join(f"{f'{a}, {n} hidden':24}" for a, n in NETWORKS).rstrip(),
    ]
    for begin in BEGINNINGS:
        cells = []
        for key in NETWORKS:
            runs = r[key][begin]
            star = "*" if any(run["diverged"] for run in runs) else ""
            cells.append(f"{study.spread([run['test'] for run in runs]) + star:24}")
        lines.append(f"{begin:10}{''.join(cells)}".rstrip())
    lines += ["", f"At the beginning, {LAYERS} hidden layers:"]
    lines.append(f"{'':10}{'size after the last':>20}{'gradient in front':>20}{'flat tanh':>11}")
    for begin in BEGINNINGS:
        relu, tanh = r["ReLU", LAYERS][begin], r["tanh", LAYERS][begin]
        lines.append(
            f"{begin:10}{last_size(relu):20.2g}{of(relu, 'gradient'):20.2g}"
            f"{100 * of(tanh, 'flat'):9.0f} %"
        )
    return "\n".join(lines)


def seen(r):
    one, deep, tanh = (r[key] for key in NETWORKS)
    test = {key: {b: of(r[key][b], "test") for b in BEGINNINGS} for key in NETWORKS}
    shallow, deeper, curved = test.values()
    yield (
        "Zeros, or any equal weights, are no beginning: all units of a layer say the same, get the "
        f"same gradient, and stay one unit ({one['all 0.05'][0]['different']:d} different of "
        f"{UNITS}). So the notes' “random” is needed, whatever the depth.",
        all(t[b] < 15 for t in test.values() for b in ("zeros", "all 0.05"))
        and all(run["different"] == 1 for b in ("zeros", "all 0.05") for run in one[b]),
    )
    yield (
        "“Small” is not. With one hidden layer it is only slow "
        f"({shallow['σ = 0.01']:.0f} % with σ = 0.01, {shallow['He']:.0f} % with He's √(2/n) = "
        f"{math.sqrt(2 / UNITS):.2f}); with {LAYERS} it is as bad as zero: each layer takes off "
        f"{100 * (1 - growth(deep['σ = 0.01'])):.0f} %, {last_size(deep['σ = 0.01']):.0e} is left "
        "of the image, and of the gradient on its way back as little.",
        shallow["He"] > shallow["σ = 0.01"] + 3
        and shallow["σ = 0.01"] > 50
        and deeper["σ = 0.01"] < 15
        and curved["σ = 0.01"] < 15
        and 0.03 < growth(deep["σ = 0.01"]) < 0.07
        and of(deep["σ = 0.01"], "gradient") < 1e-12,
    )
    yield (
        f"Large is no better. ReLUs multiply what comes in by {growth(deep['σ = 1']):.0f} in each "
        "layer, until the first step leaves all numbers; tanh is flat in "
        f"{100 * of(tanh['σ = 1'], 'flat'):.0f} % of its units before the first step. That is the "
        "saturation of which the notes speak.",
        deeper["σ = 1"] < 20
        and curved["σ = 1"] < 25
        and 5 < growth(deep["σ = 1"]) < 7
        and all(run["diverged"] for run in deep["σ = 1"])
        and of(tanh["σ = 1"], "flat") > 0.5,
    )
    yield "", True
    yield (
        "Xavier and He are not two words for one thing. A ReLU lets half of the variance through; "
        "He's 2/n makes up for it, and a layer keeps the size "
        f"(× {growth(deep['He']):.1f}). Xavier's 1/n does not (× {growth(deep['Xavier']):.1f}): "
        f"after {LAYERS} layers {last_size(deep['Xavier']):.1g} is left, and learning sets in "
        f"late ({deeper['Xavier']:.0f} % where He has {deeper['He']:.0f} %).",
        0.9 < growth(deep["He"]) < 1.1
        and 0.65 < growth(deep["Xavier"]) < 0.77
        and deeper["He"] > deeper["Xavier"] + 20,
    )
    yield (
        f"For tanh both do ({curved['Xavier']:.0f} and {curved['He']:.0f} %). With one hidden "
        f"layer they are alike for ReLU, too ({shallow['Xavier']:.0f} and {shallow['He']:.0f} %): "
        "the beginning decides where there is depth.",
        min(curved["Xavier"], curved["He"]) > 90 and abs(shallow["Xavier"] - shallow["He"]) < 3,
    )


def growth(runs):
    """Return by what a layer multiplies what comes in."""
    return study.median(
        [(run["sizes"][-1] / run["sizes"][0]) ** (1 / (LAYERS - 1)) for run in runs]
    )


def draw(r, figure):
    left, middle, right = figure.subplots(1, 3)
    layers = np.arange(1, LAYERS + 1)
    for axes, activation in ((left, "ReLU"), (middle, "tanh")):
        study.dress(axes, f"What is left of an image, {activation}", "hidden layer",
                    "root mean square of the outputs")  # fmt: skip
        for begin, (color, mark) in SHOWN.items():
            sizes = np.median([run["sizes"] for run in r[activation, LAYERS][begin]], 0)
            axes.plot(layers, sizes, color=color, marker=mark, ms=4, label=begin)
        axes.set(yscale="log", xticks=layers[1::2])
    left.legend(frameon=False, loc="lower left")
    study.dress(right, f"After {r['epochs']} epochs", "test digits right, %", "")
    names = list(BEGINNINGS)[::-1]
    place = np.arange(len(names))
    looks = ((0.27, study.SKY), (0.0, study.BLUE), (-0.27, study.ORANGE))
    for (shift, color), key in zip(looks, NETWORKS, strict=True):
        values = [of(r[key][begin], "test") for begin in names]
        right.barh(place + shift, values, 0.25, color=color, label=f"{key[0]}, {key[1]} hidden")
    right.set_yticks(place, names, color=study.INK)
    right.axvline(10, color=study.MUTED, ls=":", lw=1)
    right.text(12, 5.42, "guessing", color=study.MUTED, fontsize=8)
    figure.legend(*right.get_legend_handles_labels(), frameon=False, ncols=3,
                  loc="outside lower right")  # fmt: skip


if __name__ == "__main__":
    study.main(__doc__, __file__, measure, table, seen, draw, size=(13, 4.6))
