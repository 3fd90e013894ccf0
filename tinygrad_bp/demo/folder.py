"""The folder of a run of the demo, as `tinygrad_bp.train.runs` makes folders of runs."""

from __future__ import annotations

from pathlib import Path

from ..train import runs
from ..train.runs import write

__all__ = ["FILES", "fresh", "named", "write"]

#: file -> what it is, in the order in which a reader wants them
FILES = {
    "report.html": "everything on one page: open it in a browser",
    "backward.html": "one backward pass, step by step: open it, too",
    "curves.png": "loss and accuracy after each epoch",
    "misclassified.png": "test digits that the network gets wrong",
    "graph.svg": "the graph that autograd recorded",
    "graph.png": "the same as a bitmap",
    "metrics.jsonl": "the numbers of each epoch, a line of JSON each",
    "run.json": "what was run, and how it ended",
    "weights.npz": "W1, b1, W2, b2 after the last epoch: numpy.load",
}


def fresh(out: Path, data: str) -> Path:
    """Create the next of ``digits-001``, ``digits-002``, … in the folder `out`."""
    return runs.fresh(out, data)


def named(out: Path, name: str, overwrite: bool) -> Path:
    """Create the folder `name` in `out`, or take away what an earlier run wrote there."""
    return runs.named(out, name, overwrite, FILES)
