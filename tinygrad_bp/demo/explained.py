"""The gradients of the run, derived: as formulas read off the graph, and step by step."""

from __future__ import annotations

from typing import NamedTuple

import tinygrad_bp as tgb

from ..graph import topological_order
from ..textbook import one_hot
from .network import Network, tensors
from .outcome import Outcome

#: Few enough samples that a reader sees every number.
SAMPLES = 6


class Recording(NamedTuple):
    """A loss, and what it was computed from: a graph does not keep its data alive."""

    loss: tgb.Tensor
    held: tuple[tgb.Tensor, ...]


def record(outcome: Outcome) -> Recording:
    """Run the network as it was learnt on the first samples.

    The loss is written as in the notes, J = −(1/m) Σ Y log A2 with A2 = softmax(Z2): that its
    gradient is (A2 − Y)/m is for the derivation to find.
    """
    # A run that diverged has no numbers at its end: the last that are numbers will do.
    weights = [epoch for epoch in outcome.epochs if epoch.finite][-1].weights
    labels = outcome.data.y_train[:SAMPLES]
    X, _ = tensors(outcome.data.X_train[:, :SAMPLES], labels)
    Y = tgb.tensor(one_hot(labels, len(weights["W2"]))).named("Y")
    network = Network(**weights)
    forward = network.forward(X)
    A2 = tgb.softmax(forward.Z2, 0).named("A2")
    J = (-(Y * tgb.log(A2)).sum() / len(labels)).named("J")
    assert J.node is not None
    for node in topological_order([J.node]):
        node.line = None  # a line of the demo is no line of the reader's
    return Recording(J, (X, Y, A2, *forward, *network.parameters()))


def derivation_html(outcome: Outcome) -> str:
    """Return the derivation as HTML: with MathML, or without latex2mathml as plain text."""
    recording = record(outcome)
    return tgb.explain(recording.loss)._repr_html_()


def stepping_page(outcome: Outcome) -> str:
    """Return a page on which one steps through the backward pass of the first samples.

    Raises
    ------
    ImportError
        A package of the extra ``viz`` is missing.
    RuntimeError
        There is no program that lays out graphs.
    """
    from ..stepping import page

    recording = record(outcome)
    return page(recording.loss)
