"""Universal approximation: what a network can be, and what it learns to be.

The second note (section A8) says that "with enough hidden layers" a network "can
learn any function". The theorem (Cybenko 1989, Hornik 1991) says less and more:
one hidden layer comes as near as one likes to any continuous function on a
bounded interval, if it has enough units; of learning it says nothing. Here a
smooth function, one with a kink and one with a jump are learnt from 200 points
on −1 … 1 by networks of 1 to 64 units. Beside each, a network whose weights are
not learnt but written down: ReLUs that draw straight lines from knot to knot.
"""

from itertools import pairwise

import numpy as np
import study

import tinygrad_bp as tgb
from tinygrad_bp import nn

WIDTHS = (1, 2, 4, 8, 16, 64)
POINTS, STEPS = 200, 1200
FUNCTIONS = {
    "smooth": lambda x: np.sin(2 * np.pi * x) + 0.5 * np.cos(5 * x),
    "kink": lambda x: np.abs(x - 0.2),
    "jump": lambda x: np.where(x > 0.2, 1.0, 0.0),
}
COLORS = {"smooth": study.BLUE, "kink": study.GREEN, "jump": study.ORANGE}
FINE = np.linspace(-1, 1, 4001)  # where errors are looked for
BEYOND = np.linspace(1, 2, 501)


class Side(nn.Module):
    """Some networks of one hidden layer, side by side: they learn at once, each for itself."""

    def __init__(self, networks, width):
        super().__init__()
        shapes = {"W1": (1, width), "b1": (1, width), "W2": (width, 1), "b2": (1, 1)}
        for name, shape in shapes.items():
            bound = 1.0 if name.endswith("1") else width**-0.5  # as nn.Linear begins
            values = (2 * tgb.rand(networks, *shape) - 1) * bound
            self.register_parameter(name, nn.Parameter(values))

    def forward(self, x):
        """Map points (n, 1) to (networks, n, 1)."""
        return tgb.tanh(x @ self.W1 + self.b1) @ self.W2 + self.b2


def learn(function, model, steps):
    """Fit a model to 200 points; return a function that says what it gives for others."""
    x = tgb.linspace(-1, 1, POINTS).unsqueeze(1)
    y = tgb.tensor(function(x.numpy()), dtype=tgb.float64)
    optimizer = tgb.optim.Adam(model.parameters(), lr=0.02)
    scheduler = tgb.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        # A sum over the networks: the gradient of each is that of its own mean.
        loss = ((model(x) - y) ** 2).mean((-2, -1)).sum()
        loss.backward()
        optimizer.step()
        scheduler.step()

    def says(points):
        with tgb.no_grad():
            return model(tgb.tensor(points).unsqueeze(1)).numpy()[..., 0]

    return says


def written(function, width):
    """Return a network of ReLUs that is equal to the function at width + 1 knots."""
    knots = np.linspace(-1, 1, width + 1)
    slopes = np.diff(function(knots)) / np.diff(knots)
    front, back = nn.Linear(1, width), nn.Linear(width, 1)
    with tgb.no_grad():
        front.weight.fill_(1.0)
        front.bias.copy_(tgb.tensor(-knots[:-1]))  # relu(x − knot): a line that begins there
        back.weight.copy_(tgb.tensor(np.diff(slopes, prepend=0.0)[None]))
        back.bias.fill_(float(function(knots[:1])[0]))
        return nn.Sequential(front, nn.ReLU(), back)(tgb.tensor(FINE).unsqueeze(1)).numpy()[:, 0]


def straight(steps):
    """Return three hidden layers of 64 units without an activation."""
    tgb.manual_seed(0)
    sizes = (1, 64, 64, 64, 1)
    model = nn.Sequential(*(nn.Linear(a, b) for a, b in pairwise(sizes)))
    return learn(FUNCTIONS["smooth"], model, steps)(FINE)


def measure(full):
    tgb.set_default_dtype(tgb.float64)
    seeds, steps = 10 if full else 3, 4 * STEPS if full else STEPS
    line = straight(300)
    r = {
        "seeds": seeds, "steps": steps, "straight": largest(line - FUNCTIONS["smooth"](FINE)),
        "bend": largest(line - np.polyval(np.polyfit(FINE, line, 1), FINE)),
    }  # fmt: skip
    for name, function in FUNCTIONS.items():
        r[name] = {"written": {}, "runs": {}}
        for width in WIDTHS:
            r[name]["written"][width] = largest(written(function, width) - function(FINE))
            tgb.manual_seed(0)
            says = learn(function, Side(seeds, width), steps)
            r[name]["runs"][width] = [
                {"error": one - function(FINE), "curve": one, "beyond": largest(far)}
                for one, far in zip(says(FINE), says(BEYOND) - function(BEYOND), strict=True)
            ]
    return r


def largest(error):
    return float(abs(error).max())


def worst(runs):
    """Return the largest error, the median over seeds."""
    return study.median([largest(run["error"]) for run in runs])


def typical(runs):
    return study.median([float(np.sqrt((run["error"] ** 2).mean())) for run in runs])


def table(r):
    lines = [
        f"Largest error on −1 … 1: median of {r['seeds']} seeds; written: ReLUs from knot to knot",
        "",
        f"{'':8}" + "".join(f"{name:>16}{'':8}" for name in FUNCTIONS).rstrip(),
        f"{'units':8}" + f"{'learnt':>10}{'written':>10}{'':4}" * 3,
    ]
    lines[-1] = lines[-1].rstrip()
    for width in WIDTHS:
        cells = [
            f"{worst(r[n]['runs'][width]):10.2g}{r[n]['written'][width]:10.2g}{'':4}"
            for n in FUNCTIONS
        ]
        lines.append(f"{width:<8}{''.join(cells)}".rstrip())
    lines += ["", f"{'Three hidden layers without activation':40}smooth {r['straight']:.1f}"]
    lines.append(f"{'Root mean square error, 64 units':40}" + "".join(
        f"{n} {typical(r[n]['runs'][64]):.1g}   " for n in FUNCTIONS).rstrip())  # fmt: skip
    lines.append(f"{'Largest error on 1 … 2, 64 units':40}" + "".join(
        f"{n} {study.median([run['beyond'] for run in r[n]['runs'][64]]):.1f}   "
        for n in FUNCTIONS).rstrip())  # fmt: skip
    return "\n".join(lines)


def seen(r):
    smooth, kink, jump = (r[name] for name in FUNCTIONS)
    yield (
        "One hidden layer is enough, as the theorem says, and what counts are its units: from 2 to "
        f"16 of them the largest error of the smooth function falls from "
        f"{worst(smooth['runs'][2]):.1f} to {worst(smooth['runs'][16]):.2f}.",
        worst(smooth["runs"][2]) > 15 * worst(smooth["runs"][16]),
    )
    yield (
        "They need their activation: three hidden layers of 64 units without one are a straight "
        f"line, off by {r['straight']:.1f}.",
        r["bend"] < 1e-6 and r["straight"] > 1,
    )
    yield "", True
    fall = smooth["written"][16] / smooth["written"][64]
    yield (
        "That there are such weights can be proved by writing them down. ReLUs that begin at equal "
        "distances draw lines from knot to knot, and four times the units make the error "
        f"{fall:.0f} times smaller, as h²/8 · max |f″| says.",
        14 < fall < 17,
    )
    yield (
        "Learnt units are better placed: 8 of them do more than 8 that are written down "
        f"({worst(smooth['runs'][8]):.1g} against {smooth['written'][8]:.1g}). But that a network "
        "can be something is not that it will learn it. From 16 units to 64, what is written down "
        "goes on to improve, and what is learnt hardly or not; the kink, which is two ReLUs, is "
        f"rounded off by {worst(kink['runs'][64]):.2f} after {r['steps']} steps with 64.",
        worst(smooth["runs"][8]) < smooth["written"][8]
        and worst(smooth["runs"][64]) > smooth["written"][64]
        and worst(smooth["runs"][64]) > 0.5 * worst(smooth["runs"][16])
        and 0.03 < worst(kink["runs"][64]) < 0.1,
    )
    yield "", True
    yield (
        "“Any function” is too much. What a network says is continuous, so at a jump of 1 it is "
        "off by a half somewhere, however many units it has (learnt or written down); only on "
        f"average does the error go away ({typical(jump['runs'][64]):.2f} with 64).",
        all(worst(jump["runs"][w]) > 0.45 and jump["written"][w] > 0.45 for w in WIDTHS)
        and typical(jump["runs"][64]) < 0.1,
    )
    beyond = study.median([run["beyond"] for run in smooth["runs"][64]])
    yield (
        "And all that holds on the interval alone: beyond its end the network that is off by "
        f"{worst(smooth['runs'][64]):.2f} inside is off by {beyond:.0f}.",
        beyond > 20 * worst(smooth["runs"][64]),
    )


def draw(r, figure):
    left, middle, right = figure.subplots(1, 3)
    study.dress(left, "The smooth function", "x", "")
    left.plot(FINE, FUNCTIONS["smooth"](FINE), color=study.INK, lw=4, alpha=0.25, label="to learn")
    for width, color in ((2, study.RED), (4, study.ORANGE), (16, study.BLUE)):
        left.plot(FINE, r["smooth"]["runs"][width][0]["curve"], color=color, lw=1.6,
                  label=f"{width} units")  # fmt: skip
    left.set_xticks((-1, -0.5, 0, 0.5, 1))
    left.legend(frameon=False, loc="upper left", fontsize=9)

    study.dress(middle, "More units, smaller error", "units of the hidden layer",
                "largest error on −1 … 1")  # fmt: skip
    for name, color in COLORS.items():
        errors = [worst(r[name]["runs"][w]) for w in WIDTHS]
        middle.plot(WIDTHS, errors, "o-", ms=4, color=color, label=f"{name}, learnt")
        middle.plot(WIDTHS, r[name]["written"].values(), "--", lw=1.2, color=color,
                    label=f"{name}, written down")  # fmt: skip
    middle.set(xscale="log", yscale="log", xticks=WIDTHS, xticklabels=WIDTHS)
    middle.minorticks_off()
    middle.legend(frameon=False, fontsize=8, loc="lower left")

    study.dress(right, "A jump stays one", "x", "")
    near = (FINE > 0.05) & (FINE < 0.35)
    right.plot(FINE[near], FUNCTIONS["jump"](FINE)[near], color=study.INK, lw=4, alpha=0.25,
               label="to learn")  # fmt: skip
    for width, color in ((2, study.RED), (8, study.ORANGE), (64, study.BLUE)):
        right.plot(FINE[near], r["jump"]["runs"][width][0]["curve"][near], color=color, lw=1.6,
                   label=f"{width} units")  # fmt: skip
    points = np.linspace(-1, 1, POINTS)
    inside = points[(points > 0.05) & (points < 0.35)]
    right.plot(inside, FUNCTIONS["jump"](inside), ".", color=study.MUTED, ms=5,
               label="points learnt from")  # fmt: skip
    right.legend(frameon=False, loc="lower right", fontsize=9)


if __name__ == "__main__":
    study.main(__doc__, __file__, measure, table, seen, draw, size=(13, 4.4))
