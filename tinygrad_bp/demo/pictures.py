"""The pictures of a run. matplotlib draws without a display and without pyplot's global state."""

from __future__ import annotations

import math
import subprocess
from typing import TYPE_CHECKING

import numpy as np

from ..train.report.style import (
    DARK,
    LIGHT,
    Colors,
    PictureMissingError,
    dress,
    figure,
    plain_ticks,
    png,
)  # fmt: skip
from . import explained
from .network import Array, Network, tensors
from .outcome import Outcome
from .training import check_batch

if TYPE_CHECKING:
    pass

INSTALL = 'pip install "tinygrad_bp[demo]"'
GALLERY = 20  # misclassified digits shown


def draw_all(outcome: Outcome) -> tuple[dict[str, bytes], list[str]]:
    """Draw every picture of a run that can be drawn here.

    Returns
    -------
    drawn : dict of str to bytes
        By the name of the file; ``dark/…`` is for the page alone.
    skipped : list of str
        A line for what could not be drawn; then, if there is any, the remedy.
    """
    drawn: dict[str, bytes] = {}
    skipped = []
    try:
        for prefix, colors in (("", LIGHT), ("dark/", DARK)):
            drawn[f"{prefix}curves.png"] = curves(outcome, colors)
            if gallery := misclassified(outcome, colors):
                drawn[f"{prefix}misclassified.png"] = gallery
    except PictureMissingError as error:
        skipped.append(f"no curves.png, misclassified.png: {error}")
    try:
        drawn |= graph(outcome)
    except PictureMissingError as error:
        skipped.append(f"no graph.svg, graph.png: {error}")
    try:
        drawn["backward.html"] = backward(outcome)
    except PictureMissingError as error:
        skipped.append(f"no backward.html: {error}")
    if skipped:
        skipped.append(f"to get them: {INSTALL}")
    return drawn, skipped


def curves(outcome: Outcome, colors: Colors = LIGHT) -> bytes:
    """Draw loss and accuracy over the epochs.

    Returns
    -------
    bytes
        A PNG.

    Raises
    ------
    PictureMissingError
        matplotlib is not installed.
    """
    epochs = [epoch for epoch in outcome.epochs if epoch.finite]
    canvas = figure(9.0, 3.5, colors)
    left, right = canvas.subplots(1, 2)
    numbers = [epoch.number for epoch in epochs]
    dress(left, colors, "Loss on the training data", "cross-entropy J (nats, mean)")
    left.plot(numbers, [epoch.loss for epoch in epochs], color=colors.first, marker="o", ms=3.5)
    left.set_yscale("log")
    plain_ticks(left)
    dress(right, colors, "Accuracy", "right answers (%)")
    # The untrained network's 10 % would squeeze all the rest into the top of the picture.
    shown = epochs[1:] or epochs
    for label, color, marker, values in (
        ("training", colors.first, "o", [100 * epoch.train_accuracy for epoch in shown]),
        ("test", colors.second, "s", [100 * epoch.test_accuracy for epoch in shown]),
    ):
        right.plot(numbers[-len(values) :], values, color=color, marker=marker, ms=3.5, label=label)
    right.legend(frameon=False, labelcolor=colors.ink, loc="lower right")
    return png(canvas)


def mistakes(outcome: Outcome) -> tuple[Array, Array]:
    """Return the misclassified test samples, surest first, and all probabilities (c, m)."""
    P = outcome.probabilities()
    predicted = P.argmax(axis=0)
    wrong = np.flatnonzero(predicted != outcome.data.y_test)
    surest_first = np.argsort(-P[predicted[wrong], wrong], kind="stable")
    return wrong[surest_first], P


def misclassified(outcome: Outcome, colors: Colors = LIGHT) -> bytes | None:
    """Draw the test digits that are misclassified, those first where the network is surest.

    Returns
    -------
    bytes or None
        A PNG; None if all are right.

    Raises
    ------
    PictureMissingError
        matplotlib is not installed.
    """
    wrong, P = mistakes(outcome)
    if not len(wrong):
        return None
    shown = wrong[:GALLERY]
    columns = min(5, len(shown))
    rows = math.ceil(len(shown) / columns)
    canvas = figure(9.0 * columns / 5, 2.25 * rows, colors)
    from matplotlib.colors import LinearSegmentedColormap

    grid = canvas.subplots(rows, columns, squeeze=False).flat
    for axes in grid:
        axes.set(xticks=[], yticks=[], facecolor=colors.paper)
        axes.spines[:].set(color=colors.grid, visible=False)
    ink = LinearSegmentedColormap.from_list("ink", [colors.paper, colors.ink])
    for axes, sample in zip(canvas.axes, shown, strict=False):
        image = outcome.data.X_test[:, sample].reshape(outcome.data.picture)
        axes.imshow(image, cmap=ink, vmin=0, vmax=1, interpolation="nearest")
        axes.spines[:].set_visible(True)
        true, said = int(outcome.data.y_test[sample]), int(P[:, sample].argmax())
        axes.set_title(
            f"{true}, taken for {said}", color=colors.ink, fontsize=12, weight="bold", pad=18
        )
        axes.text(
            0.5, 1.04, f"{said}: {_percent(P[said, sample])}, {true}: {_percent(P[true, sample])}",
            transform=axes.transAxes, ha="center", va="bottom", color=colors.muted, fontsize=9.5,
        )  # fmt: skip
    return png(canvas)


def _percent(probability: float) -> str:
    """Round to whole percents, without claiming 0 or 100 for what is neither.

    >>> _percent(0.256), _percent(0.001), _percent(0.999)
    ('26 %', '< 1 %', '> 99 %')
    """
    if probability < 0.005:
        return "< 1 %"
    return "> 99 %" if probability >= 0.995 else f"{100 * probability:.0f} %"


def graph(outcome: Outcome) -> dict[str, bytes]:
    """Draw the graph of the loss that the gradients were compared on.

    Returns
    -------
    dict of str to bytes
        The files ``graph.svg`` and ``graph.png``.

    Raises
    ------
    PictureMissingError
        The graphviz package or a program that draws is missing, or the drawing failed.
    """
    try:
        from ..drawing import draw
        from ..drawing.render import RendererNotFound
    except ImportError as error:
        raise PictureMissingError("graphviz is missing") from error
    # X and labels by name: a graph does not keep what wants no gradient alive, so this has to.
    X, labels = tensors(*check_batch(outcome.data))
    network = Network(**outcome.last.weights)
    loss = network.loss(network.forward(X).Z2, labels)
    picture = draw(loss, max_elements=1)
    try:
        return {f"graph.{kind}": picture.pipe(format=kind) for kind in ("svg", "png")}
    except RendererNotFound as error:
        raise PictureMissingError("a program that draws graphs is missing") from error
    except subprocess.CalledProcessError as error:
        raise PictureMissingError(
            f"the program that draws graphs failed ({error.returncode})"
        ) from error


def backward(outcome: Outcome) -> bytes:
    """Draw the backward pass of a few samples as a page to step through it.

    Returns
    -------
    bytes
        The page, which needs no other file.

    Raises
    ------
    PictureMissingError
        A package of the extra ``viz``, or a program that draws graphs, is missing.
    """
    try:
        return explained.stepping_page(outcome).encode()
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("graphviz", "latex2mathml"):
            raise
        raise PictureMissingError(f"{package} is missing") from error
    except RuntimeError as error:
        raise PictureMissingError("a program that draws graphs is missing") from error
