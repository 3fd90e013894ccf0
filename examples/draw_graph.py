"""Draw the notes' two-layer network forward and backward, and fifty layers at a glance.

Run ``python examples/draw_graph.py``; the pictures go to ``runs/draw_graph/``, or to ``--out``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.drawing import trace


def two_layers(out: Path) -> list[str]:
    X = tgb.randn(4, 3).named("X")
    Y = tgb.tensor(np.eye(3)).named("Y")
    W1 = tgb.randn(3, 4, requires_grad=True).named("W1")
    b1 = tgb.zeros(3, 1, requires_grad=True).named("b1")
    W2 = tgb.randn(3, 3, requires_grad=True).named("W2")
    b2 = tgb.zeros(3, 1, requires_grad=True).named("b2")

    Z1 = (W1 @ X + b1).named("Z1")
    A1 = tgb.relu(Z1).named("A1")
    Z2 = (W2 @ A1 + b2).named("Z2")
    loss = (-(Y * tgb.log_softmax(Z2, 0)).sum() / 3).named("J")

    forward = tgb.draw(loss).render(outfile=out / "two_layers.svg")
    loss.backward()
    backward = tgb.draw(loss, direction="backward").render(outfile=out / "two_layers_backward.svg")
    return [forward, backward]


def fifty_layers(out: Path) -> list[str]:
    layers = [layer for _ in range(50) for layer in (nn.Linear(16, 16), nn.ReLU())]
    net = nn.Sequential(*layers)
    X = tgb.randn(8, 16).named("X")
    with trace(net):
        loss = net(X).square().mean()
    picture = tgb.draw(loss, model=net, depth=1)
    return [picture.render(outfile=out / f"fifty_layers.{kind}") for kind in ("svg", "png")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/draw_graph"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    tgb.manual_seed(0)
    for path in [*two_layers(out), *fifty_layers(out)]:
        print("wrote", path)


if __name__ == "__main__":
    main()
