"""The plots of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..metrics import ConfusionMatrix
from .style import DARK, LIGHT, Colors, PictureMissingError, dress, figure, plain_ticks, png

if TYPE_CHECKING:
    from ..experiment import Experiment

__all__ = ["Seen", "draw_all", "look"]

Array = np.ndarray[Any, Any]

GALLERY = 20  # images shown that the model gets wrong
_MOST_CLASSES = 30  # that a picture of the confusion matrix can tell apart
_MOST_POINTS = 5000
_PLAIN = ("epoch", "updates", "seconds", "grad_norm", "lr")


@dataclass
class Seen:
    """What the model gives for the part of the data that it is measured with.

    Attributes
    ----------
    part : str
    X, y : ndarray
    output : ndarray
        (n, classes) logits, or (n,) numbers.
    matrix : ndarray or None
        ``matrix[i, j]``: how often class i was taken for class j.
    """

    part: str
    X: Array
    y: Array
    output: Array
    matrix: Array | None

    @property
    def wrong(self) -> Array:
        """The numbers of the examples whose class is missed, the surest first."""
        top = self.output.max(1)
        sure = -np.log(np.exp(self.output - top[:, None]).sum(1))
        missed = np.flatnonzero(self.output.argmax(1) != self.y)
        return missed[np.argsort(-sure[missed], kind="stable")]


def look(experiment: Experiment) -> Seen:
    """Run the model on the test part; where there is none, on another."""
    parts = ("test", "validation", "train")
    name = next(part for part in parts if len(getattr(experiment.data, part)))
    data = getattr(experiment.data, name)
    output = experiment.trainer.predict(data.X)
    matrix = None
    if data.classes:
        metric = ConfusionMatrix()
        metric.update(output, data.y)
        matrix = np.zeros((len(data.classes), len(data.classes)), np.int64)
        matrix[: len(metric.matrix), : len(metric.matrix)] = metric.matrix
    else:
        output = output.reshape(-1)
        if experiment.loss_name == "poisson":
            output = np.exp(output)
    return Seen(name, data.X, data.y, output, matrix)


def draw_all(experiment: Experiment, seen: Seen) -> tuple[dict[str, bytes], list[str]]:
    """Draw every plot that can be drawn here.

    Returns
    -------
    drawn : dict of str to bytes
        By the name of the file; ``dark/…`` is for the page alone.
    skipped : list of str
        What could not be drawn, and the remedy.
    """
    drawn: dict[str, bytes] = {}
    try:
        for prefix, colors in (("", LIGHT), ("dark/", DARK)):
            if len(experiment.trainer.history):
                drawn[f"{prefix}curves.png"] = curves(experiment, colors)
            if not np.isfinite(seen.output).all():
                continue
            if seen.matrix is None:
                drawn[f"{prefix}predictions.png"] = predictions(experiment, seen, colors)
            elif len(seen.matrix) <= _MOST_CLASSES:
                drawn[f"{prefix}confusion.png"] = confusion(experiment, seen, colors)
            if is_images(seen) and len(seen.wrong):
                drawn[f"{prefix}mistakes.png"] = mistakes(experiment, seen, colors)
    except PictureMissingError as error:
        return {}, [f'no plots: {error}; pip install "tinygrad_bp[viz]"']
    return drawn, []


def is_images(seen: Seen) -> bool:
    """Whether the examples can be shown as pictures."""
    return seen.matrix is not None and seen.X.ndim == 4 and seen.X.shape[1] in (1, 3)


def measured(experiment: Experiment) -> list[str]:
    """Return the columns of the history that are diagrams: the loss, and the metrics."""
    columns = experiment.trainer.history.columns
    return [c for c in columns if not c.startswith("val_") and c not in _PLAIN]


def curves(experiment: Experiment, colors: Colors) -> bytes:
    """Draw loss and metrics over the epochs, training and validation."""
    history, names = experiment.trainer.history, measured(experiment)
    across = min(len(names), 3)
    down = math.ceil(len(names) / across)
    canvas = figure(4.5 * max(across, 2), 3.5 * down, colors)
    panels = canvas.subplots(down, across, squeeze=False).flat
    epochs = history["epoch"]
    marked = len(epochs) <= 30
    for axes, name in zip(panels, names, strict=False):
        nats = experiment.loss_name in ("cross_entropy", "binary_cross_entropy", "nll")
        dress(axes, colors, name, "nats, mean" if name == "loss" and nats else "")
        for column, label, color, marker in (
            (name, "training", colors.first, "o"),
            (f"val_{name}", "validation", colors.second, "s"),
        ):
            if column in history.columns:
                axes.plot(epochs, history[column], color=color, marker=marker if marked else None,
                          ms=3.5, label=label)  # fmt: skip
        values = [v for v in history[name] if math.isfinite(v)]
        if name == "loss" and values and min(values) > 0 and max(values) > 5 * min(values):
            axes.set_yscale("log")
            plain_ticks(axes)
    for axes in list(panels):
        axes.set_visible(False)
    canvas.axes[0].legend(frameon=False, labelcolor=colors.ink)
    return png(canvas)


def confusion(experiment: Experiment, seen: Seen, colors: Colors) -> bytes:
    """Draw which class was taken for which: the colour is the share of a row."""
    from matplotlib.colors import LinearSegmentedColormap

    assert seen.matrix is not None
    classes, matrix = experiment.data.classes, seen.matrix
    side = max(4.0, 0.45 * len(classes) + 2)
    canvas = figure(max(side + 1, 6.5), side, colors)
    axes = canvas.subplots()
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    scale = LinearSegmentedColormap.from_list("share", [colors.paper, colors.first])
    axes.imshow(np.sqrt(shares), cmap=scale, vmin=0, vmax=1)
    for i, j in np.argwhere(matrix):
        ink = colors.paper if shares[i, j] > 0.3 else colors.ink
        axes.text(j, i, f"{matrix[i, j]}", ha="center", va="center", color=ink, fontsize=8)
    texts = [c if len(c) <= 14 else f"{c[:13]}…" for c in classes]
    turned = any(len(t) > 4 for t in texts)
    axes.set_xticks(range(len(texts)), texts, rotation=45 if turned else 0,
                    ha="right" if turned else "center")  # fmt: skip
    axes.set_yticks(range(len(texts)), texts)
    axes.tick_params(colors=colors.muted, length=0)
    axes.set_xlabel("taken for", color=colors.muted)
    axes.set_ylabel("is", color=colors.muted)
    axes.spines[:].set_color(colors.grid)
    return png(canvas)


def predictions(experiment: Experiment, seen: Seen, colors: Colors) -> bytes:
    """Draw what was predicted over what is true."""
    from matplotlib.ticker import AutoLocator

    canvas = figure(6.5, 5.0, colors)
    axes = canvas.subplots()
    dress(axes, colors, f"{experiment.data.encoding.target}: predicted and true", "predicted")
    axes.set_xlabel("true", color=colors.muted)
    axes.xaxis.set_major_locator(AutoLocator())
    shown = slice(None, None, math.ceil(len(seen.y) / _MOST_POINTS))
    low, high = float(seen.y.min()), float(seen.y.max())
    axes.plot([low, high], [low, high], color=colors.muted, linewidth=1)
    axes.scatter(seen.y[shown], seen.output[shown], s=12, alpha=0.6, color=colors.first,
                 linewidths=0)  # fmt: skip
    return png(canvas)


def mistakes(experiment: Experiment, seen: Seen, colors: Colors) -> bytes:
    """Draw the images of whose wrong class the model is surest."""
    shown = seen.wrong[:GALLERY]
    columns = 5 if len(shown) > 4 else 4
    rows = math.ceil(len(shown) / columns)
    canvas = figure(9.0, 2.2 * rows, colors)
    for axes in canvas.subplots(rows, columns, squeeze=False).flat:
        axes.set_axis_off()
    classes = experiment.data.classes
    for axes, i in zip(canvas.axes, shown, strict=False):
        image = np.clip(seen.X[i].transpose(1, 2, 0), 0, 1)
        dark = image.shape[2] == 1 and image.mean() < 0.5  # ink on paper, as in MNIST
        axes.imshow(image[..., 0] if image.shape[2] == 1 else image, vmin=0, vmax=1,
                    cmap="gray_r" if dark else "gray", interpolation="nearest")  # fmt: skip
        is_, taken = classes[int(seen.y[i])], classes[int(seen.output[i].argmax())]
        axes.set_title(f"{is_[:12]}, taken for {taken[:12]}", color=colors.ink, fontsize=9)
    return png(canvas)
