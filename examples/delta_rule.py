"""The delta rule on one input, one hidden and one output unit: every number, twice.

What one learns: that the rule of the notes, Err = O (1 − O) (T − O), is nothing but minus a
gradient. The worked example is computed step by step as the notes do it, and beside it stand the
numbers that autograd finds from the loss E = ½ (T − O)² alone.

The notes give the two outputs, 0.5 and 0.6, instead of computing them. Biases of −0.6 and
log 1.5 − 0.2 make them come true, so that there is a network to differentiate.
"""

import argparse
import math

import tinygrad_bp as tgb


def by_hand(x, w_in, w_out, theta_hidden, theta_out, target, l):
    """Follow the notes; return the numbers of one update by name."""
    O_hidden = 1 / (1 + math.exp(-(w_in * x + theta_hidden)))
    O_out = 1 / (1 + math.exp(-(w_out * O_hidden + theta_out)))
    err_out = O_out * (1 - O_out) * (target - O_out)
    dw_out = l * err_out * O_hidden
    # The old w_out: the error goes back through the weight that the output was computed with.
    err_hidden = O_hidden * (1 - O_hidden) * w_out * err_out
    dw_in = l * err_hidden * x
    return {
        "O_hidden": O_hidden,
        "O_out": O_out,
        "Err_out": err_out,
        "dw_out": dw_out,
        "new w_out": w_out + dw_out,
        "Err_hidden": err_hidden,
        "dw_in": dw_in,
        "new w_in": w_in + dw_in,
    }


def by_autograd(x, w_in, w_out, theta_hidden, theta_out, target, l):
    """Write down the loss alone; everything else is read off its gradient."""
    w_in, w_out = (tgb.as_tensor(w).detach().clone().requires_grad_() for w in (w_in, w_out))
    I_hidden = w_in * x + theta_hidden
    O_hidden = tgb.sigmoid(I_hidden)
    I_out = w_out * O_hidden + theta_out
    O_out = tgb.sigmoid(I_out)
    E = 0.5 * (target - O_out) ** 2

    I_hidden.retain_grad()  # kept for results too, not for leaves alone
    I_out.retain_grad()
    E.backward()
    return {
        "O_hidden": O_hidden.detach(),
        "O_out": O_out.detach(),
        "Err_out": -I_out.grad,
        "dw_out": -l * w_out.grad,
        "new w_out": w_out.detach() - l * w_out.grad,
        "Err_hidden": -I_hidden.grad,
        "dw_in": -l * w_in.grad,
        "new w_in": w_in.detach() - l * w_in.grad,
    }


STEPS = {
    "O_hidden": "σ(w_in x + θ_hidden)",
    "O_out": "σ(w_out O_hidden + θ_out)",
    "Err_out": "O (1 − O) (T − O) = −∂E/∂I_out",
    "dw_out": "l Err_out O_hidden = −l ∂E/∂w_out",
    "new w_out": "w_out + dw_out",
    "Err_hidden": "O (1 − O) w_out Err_out = −∂E/∂I_hidden",
    "dw_in": "l Err_hidden x = −l ∂E/∂w_in",
    "new w_in": "w_in + dw_in",
}


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--x", type=float, default=1.0, help="input (1)")
    parser.add_argument("--w-in", type=float, default=0.6, help="weight to the hidden unit (0.6)")
    parser.add_argument("--w-out", type=float, default=0.4, help="weight to the output (0.4)")
    parser.add_argument("--theta-hidden", type=float, default=-0.6, help="its bias (-0.6)")
    parser.add_argument(
        "--theta-out", type=float, default=math.log(1.5) - 0.2, help="its bias (log 1.5 - 0.2)"
    )
    parser.add_argument("--target", type=float, default=0.9, help="T (0.9)")
    parser.add_argument("--l", type=float, default=0.1, help="learning rate (0.1)")
    return parser.parse_args()


def main():
    numbers = vars(parse_arguments())
    tgb.set_default_dtype(tgb.float64)
    hand = by_hand(**numbers)
    graph = {name: number.item() for name, number in by_autograd(**numbers).items()}

    print("input 1 unit, hidden 1 unit, output 1 unit; E = ½ (T − O_out)²")
    for names in (("x", "w_in", "w_out", "target", "l"), ("theta_hidden", "theta_out")):
        print(", ".join(f"{name} = {numbers[name]:.6g}" for name in names))
    print()
    print(f"{'':11} {'by hand':>9}  {'autograd':>9}   formula")
    for name, formula in STEPS.items():
        print(f"{name:11} {hand[name]:9.6g}  {graph[name]:9.6g}   {formula}")
    print()
    difference = max(abs(hand[name] - graph[name]) for name in STEPS)
    print(f"by hand and autograd differ by at most {difference:.1e}")


if __name__ == "__main__":
    main()
