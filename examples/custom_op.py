"""Three operations of one's own, and how to be sure of them.

What one learns: that an operation is a forward function in NumPy and one line for each input, its
chain rule. Declared so, from outside the package, it can do all that a built-in one can: gradients,
gradients of gradients, broadcasting. `gradcheck` compares each rule with difference quotients, and
notices a wrong one. At the end the same operation as a PyTorch-style `autograd.Function`.

`docs/new-op.md` has the whole grammar of a rule.
"""

import argparse
import math

import numpy as np

import tinygrad_bp as tgb
from tinygrad_bp.autograd import Function, GradcheckError, gradcheck, gradgradcheck
from tinygrad_bp.op import elementwise, primitive


# Elementwise: one number in, one out. `scale`, after the *, is a static attribute; the rule may ask
# for it. tanh is the slope of log cosh; NumPy's name runs on arrays and on tensors alike.
@elementwise(promotion="float", x=lambda g, x, *, scale: g * np.tanh(x / scale))
def log_cosh(x, *, scale=1.0):
    """Give s log cosh(x / s): ½ x²/s near 0, |x| − s log 2 far from it."""
    z = np.abs(x / scale)  # cosh itself would overflow
    return scale * (z + np.log1p(np.exp(-2 * z)) - math.log(2))


# Primitive: the shapes are the operation's own affair. Two inputs, each with its rule.
@primitive(
    promotion="float",
    x=lambda g, x, y: 2 * (x * np.sum(g, axis=1, keepdims=True) - g @ y),
    y=lambda g, x, y: 2 * (y * np.sum(g, axis=0)[:, None] - g.T @ x),
)
def squared_distances(x, y):
    """Give ‖xᵢ − yⱼ‖² for each row of `x` (n, d) and each of `y` (m, d): (n, m)."""
    return np.sum((x[:, None] - y[None]) ** 2, axis=2)


# The rule of a beginner: the inner derivative was forgotten.
wrong_square_sine = elementwise(
    lambda x: np.sin(x * x), name="wrong_square_sine", x=lambda g, x: g * np.cos(x * x)
)


class LogCosh(Function):
    """The first operation again, in PyTorch's other form: two functions and a context."""

    @staticmethod
    def forward(ctx, x, scale):
        """Compute; nothing in here is recorded."""
        ctx.save_for_backward(x)
        ctx.scale = scale
        return log_cosh(x, scale=scale)

    @staticmethod
    def backward(ctx, g):
        """Return a gradient for each argument of `forward`."""
        (x,) = ctx.saved_tensors
        return g * tgb.tanh(x / ctx.scale), None  # nothing for `scale`


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0, help="of the inputs (0)")
    parser.add_argument("--scale", type=float, default=2.0, help="s of s log cosh(x/s) (2)")
    return parser.parse_args()


def main():
    args = parse_arguments()
    tgb.manual_seed(args.seed)
    tgb.set_default_dtype(tgb.float64)
    x, y = tgb.randn(4, 3), tgb.randn(5, 3)

    def smooth(x):
        return log_cosh(x, scale=args.scale)

    print("gradcheck compares a rule with central differences of its forward:")
    print(f"  log_cosh            {gradcheck(smooth, x)}, second order {gradgradcheck(smooth, x)}")
    both = gradcheck(squared_distances, (x, y)), gradgradcheck(squared_distances, (x, y))
    print(f"  squared_distances   {both[0]}, second order {both[1]}")
    try:
        gradcheck(wrong_square_sine, x)
    except GradcheckError:
        print("  wrong_square_sine   noticed: its rule lacks a factor 2x")

    print()
    point = tgb.tensor([0.0, 1.0, 100.0], requires_grad=True)
    value = smooth(point)
    (first,) = tgb.autograd.grad(value.sum(), point, create_graph=True)
    (second,) = tgb.autograd.grad(first.sum(), point)
    print(f"s log cosh(x/s), s = {args.scale:g}, and its derivatives:")
    print("      x      value     first    second   (1 − tanh²(x/s)) / s")
    for row in zip(point.tolist(), value.tolist(), first.tolist(), second.tolist(), strict=True):
        expected = (1 - math.tanh(row[0] / args.scale) ** 2) / args.scale
        print(f"{row[0]:7.1f} " + " ".join(f"{number:9.6f}" for number in (*row[1:], expected)))

    print()
    twin = x.clone().requires_grad_()
    LogCosh.apply(twin, args.scale).sum().backward()
    mine = x.clone().requires_grad_()
    smooth(mine).sum().backward()
    print(f"autograd.Function gives the same gradient: {tgb.equal(twin.grad, mine.grad)}")


if __name__ == "__main__":
    main()
