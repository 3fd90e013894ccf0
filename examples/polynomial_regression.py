"""A cubic polynomial that follows the sine, found by gradient descent.

What one learns: how far autograd goes on four numbers, and why the shape of the problem matters.
The model is a + b t + c t² + d t³ with t = x / π on −π … π, and its four coefficients are leaves of
the graph; nothing here is a "layer". The least-squares fit is known exactly (`numpy.polyfit`), so
that one sees gradient descent arrive: the loss approaches the smallest possible one.

Without the division by π, x³ reaches 31 while the constant term has 1: a step that is small enough
for the cubic coefficient is then far too small for the others. Try --raw.
"""

import argparse
import math
from pathlib import Path

import numpy as np

import tinygrad_bp as tgb


def descent(coefficients, powers, y, lr):
    """Return a function that takes one step, and gives the loss before it."""

    def step():
        loss = ((powers @ coefficients - y) ** 2).mean()
        loss.backward()
        with tgb.no_grad():  # the update itself is no part of the model
            coefficients.sub_(lr * coefficients.grad)
        coefficients.grad = None
        return loss

    return step


def fit(t, y, steps, lr, report):
    """Descend on the mean squared error; return the four coefficients, lowest power first."""
    coefficients = tgb.zeros(4, requires_grad=True)
    powers = tgb.stack([t**k for k in range(4)], dim=1)  # (samples, 4): 1, t, t², t³
    descend = descent(coefficients, powers, y, lr)
    for step in range(steps):
        loss = descend()
        if report and step in (0, 1, 10, 100, 1000, 10_000):
            print(f"{step:6d}   {loss.item():.10f}")
    return coefficients.detach()


def polynomial(coefficients, powers):
    # Adding 0.0 makes a zero of −0.0, which a rounded −1e-17 is.
    rounded = [round(c, 6) + 0.0 for c in coefficients]
    return " ".join(f"{c:+.6f}{power}" for c, power in zip(rounded, powers, strict=True))


def plot(x, y, ours, folder):
    """Draw the sine and the cubic, if matplotlib is installed."""
    try:
        import matplotlib
    except ImportError:
        return None
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    axes.plot(x, y, label="sin x")
    axes.plot(x, ours, label="cubic, by gradient descent", linestyle="--")
    axes.set(xlabel="x")
    axes.legend()
    path = folder / "fit.png"
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=500, help="points on −π … π (500)")
    parser.add_argument("--steps", type=int, default=3000, help="steps of descent (3000)")
    parser.add_argument("--lr", type=float, help="learning rate (0.5; with --raw 0.005)")
    parser.add_argument("--raw", action="store_true", help="fit in x, not in x / π")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/polynomial_regression"), help="for the plot"
    )
    return parser.parse_args()


def main():
    args = parse_arguments()
    tgb.set_default_dtype(tgb.float64)
    scale, name = (1.0, "x") if args.raw else (math.pi, "t")
    lr = args.lr if args.lr is not None else (0.005 if args.raw else 0.5)
    x = tgb.linspace(-math.pi, math.pi, args.samples)
    t, y = x / scale, tgb.sin(x)

    print(f"cubic in {name}{'' if args.raw else ' = x / π'}, {args.steps} steps, rate {lr}")
    print()
    print("  step   mean squared error")
    coefficients = fit(t, y, args.steps, lr, report=True)

    best = np.polyfit(t.numpy(), y.numpy(), 3)[::-1]
    powers = np.vander(t.numpy(), 4, increasing=True)
    ours = powers @ coefficients.numpy()
    loss = np.mean((ours - y.numpy()) ** 2)
    least = np.mean((powers @ best - y.numpy()) ** 2)
    names = ("", f" {name}", f" {name}²", f" {name}³")
    print(f"{args.steps:6d}   {loss:.10f}")
    print(f" least   {least:.10f}   (numpy.polyfit)")
    print()
    print(f"gradient descent  {polynomial(coefficients.tolist(), names)}")
    print(f"numpy.polyfit     {polynomial(best.tolist(), names)}")
    difference = np.abs(coefficients.numpy() - best).max()
    print(f"largest difference of a coefficient: {difference:.1e}")
    picture = plot(x.numpy(), y.numpy(), ours, args.out)
    if picture is not None:
        print(f"plot: {picture}")


if __name__ == "__main__":
    main()
