"""The same network twice: as a PyTorch-style script, and by the formulas of the notes.

What one learns: what `loss.backward()` and `optimizer.step()` compute. On the left a script as one
writes it with PyTorch: `nn.Sequential`, a loss, an optimizer. On the right its twin without any
automatic differentiation: six hand-derived formulas in NumPy. Both begin with the same weights and
see the same mini-batches, and in float64 their weights stay the same to the last few digits.

    left:  samples are rows,    Z = X Wᵀ + b    (PyTorch's convention)
    right: samples are columns, Z = W X + b     (the notes' convention)

Data: the 8 x 8 handwritten digits that are shipped with the package.
"""

import argparse

import numpy as np

import tinygrad_bp as tgb
from tinygrad_bp import nn, optim
from tinygrad_bp.datasets import digits


class Script:
    """Left: PyTorch's way. The gradients come from the recorded graph."""

    def __init__(self, n_x, n_h, c, lr):
        self.model = nn.Sequential(nn.Linear(n_x, n_h), nn.ReLU(), nn.Linear(n_h, c))
        self.loss_fn = nn.CrossEntropyLoss()
        self.optimizer = optim.SGD(self.model.parameters(), lr=lr)

    def step(self, X, labels):
        """Take one step on a mini-batch; return its loss."""
        self.optimizer.zero_grad()
        loss = self.loss_fn(self.model(X), labels)
        loss.backward()
        self.optimizer.step()
        return loss

    def predict(self, X):
        """Return the likeliest class of each sample."""
        with tgb.no_grad():
            return self.model(X).argmax(dim=1).numpy()


class Twin:
    """Right: the notes' way. Every gradient is a line that somebody derived."""

    def __init__(self, W1, b1, W2, b2, alpha):
        self.W1, self.b1, self.W2, self.b2, self.alpha = W1, b1, W2, b2, alpha

    def forward(self, X):
        """Compute the probabilities A2, and keep what the gradients need."""
        self.Z1 = self.W1 @ X + self.b1
        self.A1 = np.maximum(self.Z1, 0)
        self.Z2 = self.W2 @ self.A1 + self.b2
        e = np.exp(self.Z2 - self.Z2.max(axis=0))  # shifted: e^Z alone may overflow
        self.A2 = e / e.sum(axis=0)
        return self.A2

    def step(self, X, Y):
        """Do the same on the same mini-batch, by hand."""
        m = X.shape[1]
        self.forward(X)
        loss = -np.sum(Y * np.log(self.A2)) / m

        dZ2 = self.A2 - Y
        dW2 = dZ2 @ self.A1.T / m
        dB2 = dZ2.sum(axis=1, keepdims=True) / m
        dZ1 = self.W2.T @ dZ2 * (self.Z1 > 0)
        dW1 = dZ1 @ X.T / m
        dB1 = dZ1.sum(axis=1, keepdims=True) / m

        self.W2 -= self.alpha * dW2
        self.b2 -= self.alpha * dB2
        self.W1 -= self.alpha * dW1
        self.b1 -= self.alpha * dB1
        return loss

    def predict(self, X):
        """Return the likeliest class of each sample."""
        return self.forward(X).argmax(axis=0)


def distance(script, twin):
    """Return the largest |left − right| over all weights and biases."""
    first, _, second = script.model
    pairs = (
        (first.weight.detach().numpy(), twin.W1),
        (first.bias.detach().numpy()[:, None], twin.b1),
        (second.weight.detach().numpy(), twin.W2),
        (second.bias.detach().numpy()[:, None], twin.b2),
    )
    return max(float(np.abs(left - right).max()) for left, right in pairs)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=20, help="passes over the data (20)")
    parser.add_argument("--hidden", type=int, default=32, help="hidden units (32)")
    parser.add_argument("--batch-size", type=int, default=32, help="samples a step (32)")
    parser.add_argument("--lr", type=float, default=0.3, help="learning rate (0.3)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches (0)")
    return parser.parse_args()


def main():
    args = parse_arguments()
    tgb.manual_seed(args.seed)
    tgb.set_default_dtype(tgb.float64)
    data = digits(dtype=np.float64)
    n_x, c = data.X_train.shape[1], len(data.classes)

    script = Script(n_x, args.hidden, c, args.lr)
    first, _, second = script.model
    twin = Twin(
        first.weight.detach().numpy().copy(),
        first.bias.detach().numpy()[:, None].copy(),
        second.weight.detach().numpy().copy(),
        second.bias.detach().numpy()[:, None].copy(),
        args.lr,
    )
    rows, labels = tgb.from_numpy(data.X_train), tgb.from_numpy(data.y_train)
    columns, one_hot = data.X_train.T, np.eye(c)[data.y_train].T

    print(f"{n_x}-{args.hidden}-{c} network, {len(rows)} digits, batches of {args.batch_size}")
    print()
    print("              loss of an epoch's steps, mean      largest difference")
    print(" epoch     script (autograd)   twin (by hand)     of any weight")
    steps, worst = 0, 0.0
    for epoch in range(1, args.epochs + 1):
        order = tgb.randperm(len(rows)).numpy()
        left, right = [], []
        for start in range(0, len(order), args.batch_size):
            batch = order[start : start + args.batch_size]
            left.append(script.step(rows[batch], labels[batch]).item())
            right.append(twin.step(columns[:, batch], one_hot[:, batch]))
            worst = max(worst, distance(script, twin))
            steps += 1
        if epoch in (1, 2, 3) or epoch % 5 == 0 or epoch == args.epochs:
            means = f"{np.mean(left):.12f}      {np.mean(right):.12f}"
            print(f"{epoch:6d}     {means}     {distance(script, twin):.1e}")

    test = tgb.from_numpy(data.X_test)
    accuracy_left = np.mean(script.predict(test) == data.y_test)
    accuracy_right = np.mean(twin.predict(data.X_test.T) == data.y_test)
    print()
    print(f"test accuracy  script {accuracy_left:.2%}   twin {accuracy_right:.2%}")
    print(f"after {steps} steps, no weight differed by more than {worst:.1e}")
    print(f"weights equal to 1e-12: {'yes' if worst <= 1e-12 else 'no'}")


if __name__ == "__main__":
    main()
