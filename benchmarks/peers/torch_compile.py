"""PyTorch with `torch.compile` on the model and its loss, and the fused Adam.

The fused Adam is one native call for all parameters, and faster here than compiling the optimizer,
which takes long, too.

The MNIST CNN is compiled without the layout optimization: with it, torch 2.13.0 gives gradients of
exactly zero for both convolutions at batch 64, and `check` leaves it out.
"""

from __future__ import annotations

import torch

from benchmarks.networks import Network
from benchmarks.peers import torch_names
from benchmarks.peers.contender import Contender


def prepare(network: Network, dropout: bool = True) -> Contender:
    """Make a network ready to run."""
    # A process compiles one network after the other here, from the same source lines.
    torch.compiler.reset()
    made = torch_names.parts(torch, network, dropout, fused=True)
    model, parameters, x, y, loss = made.model, made.parameters, made.x, made.y, made.loss
    optimizer = made.optimizer
    options = {"layout_optimization": False} if network.kind == "cnn" else None
    forward = torch.compile(lambda x, y: loss(model, x, y), options=options)

    def run() -> None:
        for p in parameters:
            p.grad = None
        forward(x, y).backward()

    def step() -> None:
        optimizer.zero_grad()
        forward(x, y).backward()
        optimizer.step()

    return made.contender(run, step)
