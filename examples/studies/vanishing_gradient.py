"""The vanishing gradient in 20 layers of sigmoids, and five cures, measured.

The second note (section A6) says: sigmoid slopes are at most 0.25, the chain
rule multiplies them, and early layers do not learn. Cures: ReLU, batch
normalisation, residual connections, better initialisation (Xavier, He), and
gradient clipping. Here a network of 20 layers of 32 units, with the weights of
the notes' own code (section B4: normal, √(1/n_in)), is to learn handwritten
digits by plain gradient descent; then with each cure. What reaches the first
layer is measured by `tgb.gradient_flow`, and what is learnt, by training.
Clipping is measured against an exploding gradient, too.
"""

import math

import study

import tinygrad_bp as tgb
from tinygrad_bp import nn

DEPTH, WIDTH, EPOCHS = 20, 32, 8
TRIED = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


class Residual(nn.Module):
    """x + f(x)."""

    def __init__(self, *layers):
        super().__init__()
        self.inner = nn.Sequential(*layers)

    def forward(self, x):
        """Go around, and through."""
        return x + self.inner(x)


def notes(n_in, n_out):
    return math.sqrt(1 / n_in)


def xavier(n_in, n_out):
    return math.sqrt(2 / (n_in + n_out))


def he(n_in, n_out):
    return math.sqrt(2 / n_in)


def fourfold(n_in, n_out):
    return 4 * math.sqrt(1 / n_in)


def large(n_in, n_out):
    return 1.35 * he(n_in, n_out)


def network(seed, activation=nn.Sigmoid, scale=notes, norm=False, residual=False):
    def linear(n_in, n_out, scale):
        layer = nn.Linear(n_in, n_out)
        nn.init.normal_(layer.weight, 0.0, scale(n_in, n_out))
        nn.init.zeros_(layer.bias)
        return layer

    tgb.manual_seed(seed)
    layers = []
    for i in range(DEPTH):
        one = [linear(WIDTH if i else 64, WIDTH, scale)]
        one += [nn.BatchNorm1d(WIDTH)] if norm else []
        one += [activation()]
        layers += [Residual(*one)] if residual and i else one
    return nn.Sequential(*layers, linear(WIDTH, 10, notes))


# What is different from 20 layers of sigmoids, and the best of the rates tried by --full (where
# nothing is learnt with any of them, 0.1).
CASES = {
    "as it is": ({}, {"lr": 0.1}),
    "ReLU": ({"activation": nn.ReLU}, {"lr": 0.1}),
    "ReLU, He": ({"activation": nn.ReLU, "scale": he}, {"lr": 0.03}),
    "batch norm": ({"norm": True}, {"lr": 0.1}),
    "residual": ({"residual": True}, {"lr": 1.0}),
    "Xavier": ({"scale": xavier}, {"lr": 0.1}),
    "4 × the weights": ({"scale": fourfold}, {"lr": 0.1}),
    "tanh, Xavier": ({"activation": nn.Tanh, "scale": xavier}, {"lr": 0.03}),
    "clipping at 1": ({}, {"lr": 0.1, "clip_norm": 1.0}),
    "Adam": ({}, {"lr": 0.01, "optimizer": "adam"}),
    "ReLU, 1.35 He": ({"activation": nn.ReLU, "scale": large}, {"lr": 0.1}),
    "…, clipping at 1": ({"activation": nn.ReLU, "scale": large}, {"lr": 0.1, "clip_norm": 1.0}),
}


def flow_of(model, data):
    """Return the norm of dZ at each linear layer, and what each layer makes of it."""
    X, y = tgb.tensor(data.X_train[:256]), tgb.tensor(data.y_train[:256])
    flow = tgb.gradient_flow(model, nn.functional.cross_entropy(model(X), y))
    linear = [name for name, one in model.named_modules() if isinstance(one, nn.Linear)]
    norms = [flow[name].output for name in linear]
    return {"norms": norms, "arrives": norms[0] / norms[-1],
            "factor": (norms[0] / norms[-1]) ** (1 / DEPTH)}  # fmt: skip


def learn(data, seed, shape, options):
    model = network(seed, **shape)
    first = next(model.parameters())
    before = first.detach().clone()
    trainer = tgb.train.Trainer(
        model, seed=seed, progress=False, health=False, **{"optimizer": "sgd", **options}
    )
    history = trainer.fit(data.X_train, data.y_train, epochs=EPOCHS, batch_size=64)
    right = (trainer.predict(data.X_test).argmax(1) == data.y_test).mean()
    return {
        "losses": [row["loss"] for row in history],
        "accuracy": 100 * float(right),
        "changed": 100 * (first != before).float().mean().item(),
    }


def measure(full):
    data = tgb.datasets.digits()
    r = {"seeds": 10 if full else 3, "cases": {}}
    for name, (shape, options) in CASES.items():
        runs = [learn(data, seed, shape, options) for seed in range(r["seeds"])]
        r["cases"][name] = flow_of(network(0, **shape), data) | {
            "accuracy": [run["accuracy"] for run in runs],
            "losses": [run["losses"] for run in runs],
            "changed": study.median([run["changed"] for run in runs]),
        }
        if full and "optimizer" not in options:
            found = {lr: learn(data, 0, shape, options | {"lr": lr})["accuracy"] for lr in TRIED}
            r["cases"][name]["tried"] = found
    return r


def table(r):
    lines = [
        f"{DEPTH} layers of {WIDTH} sigmoids with weights of √(1/n), and what is changed in them:",
        "the gradient that arrives at the first layer, in parts of that at the last;",
        "its factor a layer; how much of the first layer's weights training changes;",
        f"% right of the test images after {EPOCHS} epochs, median of {r['seeds']} seeds",
        "",
        "                    arrives  a layer   changed   % right",
    ]
    for name, one in r["cases"].items():
        lines.append(
            f"{name:16} {one['arrives']:10.1e} {one['factor']:8.2f} {one['changed']:7.0f} %   "
            f"{study.spread(one['accuracy'], 0)}"
        )
    for name, one in r["cases"].items():
        if "tried" in one:
            found = ", ".join(f"{lr:g}: {right:.0f}" for lr, right in one["tried"].items())
            lines.append(f"{name}, other rates: {found}")
    return "\n".join(lines)


def seen(r):
    cases = r["cases"]
    right = {name: study.median(one["accuracy"]) for name, one in cases.items()}
    base, relu, relu_he = cases["as it is"], cases["ReLU"], cases["ReLU, He"]
    yield (
        f"The problem is as the notes say: each layer of sigmoids passes on {base['factor']:.2f} "
        f"of the gradient, and a part of {base['arrives']:.1g} of it arrives at the first layer. "
        "Its weights change in no digit that they have, and the network guesses.",
        0.2 < base["factor"] < 0.25 and base["changed"] == 0 and right["as it is"] < 15,
    )
    yield "", True
    yield (
        f"Batch normalisation ({right['batch norm']:.0f} % right) and residual connections "
        f"({right['residual']:.0f} %) are cures, even with sigmoids.",
        min(right["batch norm"], right["residual"]) > 70
        and min(cases[n]["arrives"] for n in ("batch norm", "residual")) > 0.1,
    )
    yield (
        "ReLU alone is none. Its slope is 1 for positive inputs, but half of the units are off: a "
        f"layer passes on {relu['factor']:.2f}, which is √½, and 20 layers {relu['arrives']:.1g}. "
        f"With He's weights it is {relu_he['factor']:.2f} a layer; then the network learns, "
        f"slowly ({right['ReLU, He']:.0f} %).",
        abs(relu["factor"] - 0.5**0.5) < 0.03
        and relu_he["factor"] > 0.93
        and right["ReLU"] < 20 < right["ReLU, He"],
    )
    yield (
        "Better initialisation alone is none either, with sigmoids. Xavier's weights are those of "
        "the notes' code where layers are square. Weights four times as large make up for the "
        "slope of ¼, but drive the units to where their slope is less: "
        f"{cases['4 × the weights']['arrives']:.1g}. Xavier is right for tanh, whose slope at 0 is "
        f"1: {right['tanh, Xavier']:.0f} %.",
        cases["Xavier"]["arrives"] < 1e-10
        and cases["4 × the weights"]["arrives"] < 1e-3
        and max(right["Xavier"], right["4 × the weights"]) < 20
        and right["tanh, Xavier"] > 50,
    )
    yield (
        "Adam, which the notes don't list here, divides by the size of the gradient and could be "
        "thought to mend it. It does not: it adds 1e-8 to the divisor, and what arrives is far "
        "below.",
        right["Adam"] < 20,
    )
    yield "", True
    grown, clipped = cases["ReLU, 1.35 He"], cases["…, clipping at 1"]
    yield (
        "Gradient clipping changes nothing at all: the gradient is never longer than 1, so every "
        "loss is the same to the last bit. It is the remedy for the opposite. With ReLU and 1.35 "
        f"times He's weights, the gradient grows {grown['arrives']:.0f} times on its way back, and "
        "every run ends in numbers that are not finite; with clipping it comes to "
        f"{study.median(clipped['accuracy']):.0f} %. So the notes' “prevent both vanishing and "
        "explosion” is half right.",
        cases["clipping at 1"]["losses"] == base["losses"]
        and all(len(losses) < EPOCHS for losses in grown["losses"])
        and all(len(losses) == EPOCHS for losses in clipped["losses"])
        and study.median(clipped["accuracy"]) > 25,
    )


def draw(r, figure):
    left, right = figure.subplots(1, 2, width_ratios=(1.45, 1))
    colors = (study.INK, study.ORANGE, study.ORANGE, study.BLUE, study.SKY, study.MUTED, study.PINK,
              study.GREEN, study.MUTED, study.MUTED, study.RED, study.RED)  # fmt: skip
    marks = dict(zip(CASES, zip(colors, "oosD^.vP..X.", strict=True), strict=True))
    study.dress(left, "Before training: the gradient on its way back", "layer (1 is the first)",
                "length of dZ")  # fmt: skip
    # The others begin with the gradient of the first or the last of these.
    for name in [n for n, (color, mark) in marks.items() if mark != "."]:
        color, mark = marks[name]
        norms = r["cases"][name]["norms"]
        layers = range(1, len(norms) + 1)
        left.plot(layers, norms, color=color, marker=mark, ms=4.5, lw=1.3,
                  ls="--" if name == "ReLU" else "-", label=name)  # fmt: skip
    left.set_yscale("log")
    left.set_xticks([1, 5, 10, 15, 20])
    left.legend(frameon=False, loc="lower right", fontsize=9)

    study.dress(right, f"After {EPOCHS} epochs", "% right of the test images", "")
    for i, name in enumerate(CASES):
        runs = r["cases"][name]["accuracy"]
        color, mark = marks[name]
        right.plot([min(runs), max(runs)], [i, i], color=color, lw=4, alpha=0.3)
        right.plot(study.median(runs), i, mark if mark != "." else "o", color=color, ms=8)
        right.text(study.median(runs) + 4, i - 0.12, f"{study.median(runs):.0f}", va="bottom",
                   color=study.INK, fontsize=8)  # fmt: skip
    right.axvline(10, color=study.MUTED, ls=":", lw=1)
    right.text(11, len(CASES) - 0.45, "guessing", color=study.MUTED, fontsize=8, va="center")
    right.set_yticks(range(len(CASES)), CASES)
    right.set(xlim=(0, 105), ylim=(len(CASES) - 0.2, -0.6))


if __name__ == "__main__":
    study.main(__doc__, __file__, measure, table, seen, draw, size=(12, 5))
