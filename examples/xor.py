"""Exclusive or: the smallest problem that needs a hidden layer.

What one learns: no line in the plane parts (0, 1) and (1, 0) from (0, 0) and (1, 1), so that a
network without a hidden layer stays at a loss of log 2, however long it learns. With a few hidden
units it is solved. Both are trained here on the four points.
"""

import argparse
import math
from pathlib import Path

import tinygrad_bp as tgb
from tinygrad_bp import nn, optim

POINTS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
ANSWERS = [[0.0], [1.0], [1.0], [0.0]]


def training_step(model, loss_fn, optimizer, X, y):
    """Take one step; return the loss before it."""
    optimizer.zero_grad()
    loss = loss_fn(model(X), y)
    loss.backward()
    optimizer.step()
    return loss


def train(model, X, y, steps, lr):
    """Train on all four points in each step; return the last loss."""
    loss_fn = nn.BCEWithLogitsLoss()
    optimizer = optim.Adam(model.parameters(), lr=lr)
    for _ in range(steps):
        training_step(model, loss_fn, optimizer, X, y)
    with tgb.no_grad():
        return loss_fn(model(X), y).item()


def plot(model, folder):
    """Draw what the network answers all over the plane, if matplotlib is installed."""
    try:
        import matplotlib
    except ImportError:
        return None
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    ticks = tgb.linspace(-0.5, 1.5, 101)
    across, up = tgb.meshgrid(ticks, ticks, indexing="xy")
    with tgb.no_grad():
        answers = tgb.sigmoid(model(tgb.stack([across.flatten(), up.flatten()], dim=1)))
    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
    image = axes.imshow(
        answers.reshape(101, 101).numpy(),
        origin="lower",
        extent=(-0.5, 1.5, -0.5, 1.5),
        cmap="RdBu",
        vmin=0,
        vmax=1,
    )
    figure.colorbar(image, label="probability of 1")
    for (x, y), (answer,) in zip(POINTS, ANSWERS, strict=True):
        axes.plot(x, y, "o" if answer else "s", color="black")
    path = folder / "xor.png"
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hidden", type=int, default=8, help="hidden units (8)")
    parser.add_argument("--steps", type=int, default=500, help="training steps (500)")
    parser.add_argument("--lr", type=float, default=0.05, help="learning rate of Adam (0.05)")
    parser.add_argument("--seed", type=int, default=0, help="of the weights (0)")
    parser.add_argument("--out", type=Path, default=Path("runs/xor"), help="for the picture")
    return parser.parse_args()


def main():
    args = parse_arguments()
    tgb.manual_seed(args.seed)
    X, y = tgb.tensor(POINTS), tgb.tensor(ANSWERS)

    line = nn.Linear(2, 1)
    loss = train(line, X, y, args.steps, args.lr)
    print(f"without a hidden layer: loss {loss:.4f} (log 2 = {math.log(2):.4f})")

    model = nn.Sequential(nn.Linear(2, args.hidden), nn.Tanh(), nn.Linear(args.hidden, 1))
    loss = train(model, X, y, args.steps, args.lr)
    print(f"with {args.hidden} hidden units:   loss {loss:.4f}")
    print()
    print(" x        y   network says")
    with tgb.no_grad():
        answers = tgb.sigmoid(model(X))
    right = 0
    for point, (truth,), (answer,) in zip(POINTS, ANSWERS, answers.tolist(), strict=True):
        right += round(answer) == truth
        print(f"({point[0]:.0f}, {point[1]:.0f})   {truth:.0f}   {answer:.4f}")
    print()
    print(f"{right} of 4 points are right")
    picture = plot(model, args.out)
    if picture is not None:
        print(f"picture: {picture}")


if __name__ == "__main__":
    main()
