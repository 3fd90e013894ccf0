"""What a network's output is: its activation, and the targets that the loss compares it with."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Node
from .functions import ACTIVATIONS, sigmoid, softmax
from .replay import Replay

__all__ = ["output_of", "output_told", "same", "target_of"]

Array = np.ndarray[Any, np.dtype[Any]]

#: Operations that contain the output's activation.
_FUSED = {
    "cross_entropy": "softmax", "log_softmax": "softmax", "softmax": "softmax",
    "logsumexp": "softmax", "bce_with_logits": "sigmoid", "log_sigmoid": "sigmoid",
    "sigmoid": "sigmoid",
}  # fmt: skip


def same(replay: Replay, a: Array, b: Array) -> bool:
    """Whether two arrays agree, also where one was recorded in the graph's own precision."""
    coarse = replay.eps > 1e-12
    near = (1e-5, 1e-7) if coarse else (1e-9, 1e-12)
    return a.shape == b.shape and bool(np.allclose(a, b, *near))


def output_of(replay: Replay, region: list[Node], z: Node, classes: int) -> tuple[str, Array, str]:
    """Return the output's activation ("" if there is none), its values, and what to call them."""
    at, name_z = replay.values[z], replay.graph.name(z)
    with np.errstate(all="ignore"):
        for node in region:
            name = _FUSED.get(node.op.name if node.op is not None else "")
            if name:
                value = softmax(at, classes) if name == "softmax" else sigmoid(at)
                named = node.op is not None and node.op.name == name
                called = replay.graph.name(node) if named else f"{name}({name_z})"
                return name, value, called
        known = [
            ("softmax", softmax(at, classes)),
            *((f.name, f.value(at)) for f in ACTIVATIONS),
        ]
        for name, value in known if at.size > 1 else []:
            for node in region:
                if node in replay.values and same(replay, replay.values[node], value):
                    return name, value, replay.graph.name(node)
    return "", at, name_z


def output_told(replay: Replay, z: Node, classes: int, target: Array) -> tuple[str, Array, str]:
    """Tell an output that is no value of the graph from dZ = A − Y, as of log Σ exp(Z)."""
    at, name = replay.values[z], replay.graph.name(z)
    right = np.asarray(replay.totals.get(z, 0.0))
    for output, value in (("softmax", softmax(at, classes)), ("sigmoid", sigmoid(at))):
        if _parallel(right, value - target):
            return output, value, f"{output}({name})"
    return "", at, name


def target_of(replay: Replay, region: list[Node], z: Node, classes: int, prediction: Array
              ) -> tuple[Array | None, str]:  # fmt: skip
    """Return the targets in the layout of the output, and their name.

    Of several arrays that the loss reads, what explains dZ.
    """
    candidates = []
    for node in region:
        for position, source in enumerate(node.inputs):
            constant = replay.constants.get((node, position))
            if source is None and constant is not None and np.ndim(constant) > 0:
                found = _as_target(node, position, np.asarray(constant), prediction, classes)
                if found is not None:
                    candidates.append((found, _name(replay, node, position)))
    right = replay.totals.get(z)
    for target, name in candidates:
        if right is not None and _parallel(np.asarray(right), prediction - target):
            return target, name
    return candidates[0] if candidates else (None, "Y")


def _name(replay: Replay, node: Node, position: int) -> str:
    try:
        return getattr(replay.graph.operand(node, position), "name", "") or "Y"
    except RuntimeError:  # nobody holds it any more
        return "Y"


def _as_target(node: Node, position: int, array: Array, prediction: Array, classes: int
               ) -> Array | None:  # fmt: skip
    """Lay out an array as the prediction, class indices as ones and zeros; None if it can't be."""
    shape = prediction.shape
    samples = shape[1 - classes] if len(shape) == 2 else 0
    if array.dtype.kind in "iu" and 0 < array.size == samples == max(array.shape):
        # Of log A[range, y] the indices of the classes stand at the classes' axis.
        if node.op is not None and node.op.name == "index" and position != 1 + classes:
            return None
        index = array.reshape(-1)
        if index.min() >= 0 and index.max() < shape[classes] > 1:
            hot = np.eye(shape[classes])[index]
            return hot if classes == 1 else hot.T
    if array.dtype.kind not in "fiub":
        return None
    if array.shape == shape:
        return array.astype(np.float64)
    if array.shape == shape[::-1]:
        return array.T.astype(np.float64)
    if array.size == prediction.size and np.squeeze(array).shape == np.squeeze(prediction).shape:
        return array.reshape(shape).astype(np.float64)
    return None


def _parallel(a: Array, b: Array) -> bool:
    size = float(np.abs(b).max(initial=0))
    top = float(np.abs(a).max(initial=0))
    if not size or not top or a.shape != b.shape:
        return False
    return bool(
        np.allclose(a / top, b / size, 1e-5, 1e-6) or np.allclose(-a / top, b / size, 1e-5, 1e-6)
    )
