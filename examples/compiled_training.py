"""One training step, eager and compiled: the same losses, in a part of the time.

What one learns: `tgb.compile` changes one line of a script and nothing of its results. Two copies
of a network for handwritten digits are trained on the same batches, dropout included: one by the
step as it is written, the other by the same function, compiled.
"""

import argparse
import copy
from pathlib import Path
from time import perf_counter

import tinygrad_bp as tgb
from tinygrad_bp import nn, optim


def make_step(model, lr):
    """Return an ordinary training step."""
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=lr)

    def step(x, y):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def train(step, batches, epochs, seed):
    """Return the mean loss of each epoch, and the seconds that each step took."""
    tgb.manual_seed(seed)  # for the dropout: both copies drop the same units
    losses, seconds = [], []
    for _ in range(epochs):
        total = 0.0
        for x, y in batches:
            start = perf_counter()
            loss = step(x, y)
            seconds.append(perf_counter() - start)
            total += loss.item()
        losses.append(total / len(batches))
    return losses, seconds


def middle(seconds):
    """Return the median of the steps after the first ones, which may compile."""
    return sorted(seconds[2:])[len(seconds[2:]) // 2]


def accuracy(model, data):
    model.eval()
    with tgb.no_grad():
        answers = model(tgb.tensor(data.X_test)).argmax(1)
    return (answers == tgb.tensor(data.y_test)).float().mean().item()


def plot(losses, times, folder):
    """Draw the losses of both, and what a step takes, if matplotlib is installed."""
    try:
        import matplotlib
    except ImportError:
        return None
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    for (name, curve), style in zip(losses.items(), ("-", "o"), strict=True):
        left.plot(range(1, len(curve) + 1), curve, style, label=name, markersize=4)
    left.set(xlabel="epoch", ylabel="loss", yscale="log", title="The losses are the same")
    left.legend()
    right.barh(list(times), [1e6 * t for t in times.values()], color=["C0", "C1"])
    right.invert_yaxis()
    right.set(xlabel="microseconds", title="The time of a step is not")
    path = folder / "compiled_training.png"
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=10, help="passes over the data (10)")
    parser.add_argument("--hidden", type=int, default=64, help="hidden units (64)")
    parser.add_argument("--batch", type=int, default=50, help="samples of a batch (50)")
    parser.add_argument("--lr", type=float, default=1e-3, help="learning rate of Adam (0.001)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and dropout (0)")
    parser.add_argument("--explain", action="store_true", help="print what the program does")
    parser.add_argument("--out", type=Path, default=Path("runs/compiled_training"))
    return parser.parse_args()


def main():
    args = parse_arguments()
    tgb.manual_seed(args.seed)
    data = tgb.datasets.digits()
    # The last batch is a smaller one: the step gets a second program for it.
    batches = list(
        zip(
            tgb.tensor(data.X_train).split(args.batch),
            tgb.tensor(data.y_train).split(args.batch),
            strict=True,
        )
    )
    model = nn.Sequential(
        nn.Linear(64, args.hidden), nn.ReLU(), nn.Dropout(0.1), nn.Linear(args.hidden, 10)
    )
    twin = copy.deepcopy(model)
    eager = make_step(model, args.lr)
    compiled = tgb.compile(make_step(twin, args.lr))

    losses, times, seconds = {}, {}, {}
    for name, step in (("eager", eager), ("compiled", compiled)):
        losses[name], seconds[name] = train(step, batches, args.epochs, args.seed)
        times[name] = middle(seconds[name])

    print("epoch   eager      compiled")
    for number, pair in enumerate(zip(*losses.values(), strict=True), 1):
        print(f"{number:5}   {pair[0]:.6f}   {pair[1]:.6f}")
    apart = max(abs(a - b) / a for a, b in zip(*losses.values(), strict=True))
    print()
    print(f"same losses: {'yes' if apart < 1e-3 else 'no'}")
    print(f"right on the test digits: {accuracy(model, data):.2%} and {accuracy(twin, data):.2%}")
    print(f"programs made: {compiled.traces}, the first in {seconds['compiled'][0]:.2f} s")
    print(
        f"a step: eager {1e6 * times['eager']:.0f} µs, compiled {1e6 * times['compiled']:.0f} µs, "
        f"{times['eager'] / times['compiled']:.1f} ×"
    )
    if args.explain:
        print()
        compiled.explain()
    picture = plot(losses, times, args.out)
    if picture is not None:
        print(f"picture: {picture}")


if __name__ == "__main__":
    main()
