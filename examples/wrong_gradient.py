"""A student's wrong dW1, found: `tgb.diagnose` says what was forgotten, and where.

What one learns: a check of a gradient need not end with two matrices that differ. The network of
the notes is written down twice: the forward pass on tensors, which is recorded, and the backward
pass by hand in NumPy, by a student. Comparing numbers shows that dW1 and db1 are wrong. `diagnose`
tries out on the recorded graph which mistakes would give just these numbers. After the line is
mended, all six gradients pass.
"""

import argparse

import numpy as np

import tinygrad_bp as tgb


def network(seed):
    """Record the notes' network on 8 samples (columns); return its tensors by name."""
    rng = np.random.default_rng(seed)
    X = tgb.tensor(rng.standard_normal((4, 8)))
    Y = tgb.tensor(np.eye(3)[rng.integers(0, 3, 8)].T)
    W1 = tgb.tensor(rng.standard_normal((5, 4)), requires_grad=True)
    b1 = tgb.tensor(rng.standard_normal((5, 1)), requires_grad=True)
    W2 = tgb.tensor(rng.standard_normal((3, 5)), requires_grad=True)
    b2 = tgb.tensor(rng.standard_normal((3, 1)), requires_grad=True)

    Z1 = W1 @ X + b1
    A1 = tgb.relu(Z1)
    Z2 = W2 @ A1 + b2
    J = -(Y * tgb.log_softmax(Z2, 0)).sum() / 8
    return {
        "X": X, "Y": Y, "W1": W1, "b1": b1, "W2": W2, "b2": b2, "Z1": Z1, "A1": A1, "Z2": Z2,
        "J": J,
    }  # fmt: skip


def by_hand(tensors, mended):
    """Go back through the network as the student did, with one line forgotten or not."""
    X, Y, W2, Z1, A1, Z2 = (
        tensors[name].detach().numpy() for name in ("X", "Y", "W2", "Z1", "A1", "Z2")
    )
    m = X.shape[1]
    e = np.exp(Z2 - Z2.max(axis=0))
    A2 = e / e.sum(axis=0)

    dZ2 = (A2 - Y) / m
    dW2 = dZ2 @ A1.T
    db2 = dZ2.sum(axis=1, keepdims=True)
    dZ1 = W2.T @ dZ2
    if mended:
        dZ1 = dZ1 * (Z1 > 0)
    dW1 = dZ1 @ X.T
    db1 = dZ1.sum(axis=1, keepdims=True)
    return {"Z2": dZ2, "W2": dW2, "b2": db2, "Z1": dZ1, "W1": dW1, "b1": db1}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0, help="of weights and samples (0)")
    args = parser.parse_args()
    tensors = network(args.seed)
    loss = tensors["J"]

    student = by_hand(tensors, mended=False)
    (right,) = tgb.autograd.grad(loss, tensors["W1"], retain_graph=True)
    print("The largest difference of dW1 to autograd's, all that a comparison tells:")
    print(f"    {np.abs(student['W1'] - right.numpy()).max():.3f}")
    print()

    # Only what a student hands in: the gradients of the parameters.
    handed_in = {name: student[name] for name in ("W2", "b2", "W1", "b1")}
    report = tgb.diagnose(loss, handed_in, names=tensors)
    print(report)
    print()

    mended = tgb.diagnose(loss, by_hand(tensors, mended=True), names=tensors)
    print("With that line mended:")
    print(mended)


if __name__ == "__main__":
    main()
