"""Which way a picture runs, and how a long one is folded into columns."""

from __future__ import annotations

import math

from ..recorded.modules import Group
from .scene import Arrow, Scene

__all__ = ["columns", "rank_direction", "ranks"]

_SHORT = 10  # up to so many boxes in a row, a picture runs from left to right
_LONG = 40  # more than so many below each other are folded into columns


def ranks(scene: Scene) -> dict[str, int]:
    """Return how many arrows lie before each box, along the longest way."""
    rank = {box.id: 0 for box in scene.boxes.values()}
    for arrow in _ordered(scene):
        rank[arrow.head] = max(rank[arrow.head], rank[arrow.tail] + 1)
    return rank


def _ordered(scene: Scene) -> list[Arrow]:
    """Return the arrows of one direction, so that those into a box come before those out of it."""
    forward = [arrow for arrow in scene.arrows if not (arrow.backward or arrow.again)]
    return forward or scene.arrows[::-1]


def rank_direction(scene: Scene) -> str:
    """Choose left to right for a short graph, as a formula is read; else top to bottom."""
    return "LR" if max(ranks(scene).values(), default=0) < _SHORT else "TB"


def columns(scene: Scene) -> dict[str, int]:
    """Return the column of each box: one column, but for a graph that is too long for the eye.

    The columns are about as many as make the picture square. A module below the outermost one is
    not torn apart.
    """
    length = max(ranks(scene).values(), default=0) + 1
    # As late as possible: what is done to a weight stands beside what reads it.
    rank = dict.fromkeys([box.id for box in scene.boxes.values()], length - 1)
    if length <= _LONG or scene.one_column:
        return dict.fromkeys(rank, 0)
    for arrow in reversed(_ordered(scene)):
        rank[arrow.tail] = max(min(rank[arrow.tail], rank[arrow.head] - 1), 0)
    height = math.ceil(length / math.ceil(math.sqrt(length / 4)))
    first: dict[Group, int] = {}
    column: dict[str, int] = {}
    read_by: dict[str, str] = {}
    for arrow in scene.arrows:
        leaf, reader = (arrow.head, arrow.tail) if arrow.backward else (arrow.tail, arrow.head)
        read_by.setdefault(leaf, reader)
    leaves = []
    for box in sorted(scene.boxes.values(), key=lambda box: rank[box.id]):
        if box.kind in ("parameter", "input", "constant"):
            leaves.append(box)
            continue
        number = rank[box.id] // height
        if box.group is not None and len(box.group) > 1:
            number = first.setdefault(box.group[:2], number)
        column[box.id] = number
    for box in leaves:  # beside the one that reads them
        column[box.id] = column.get(read_by.get(box.id, ""), 0)
    return column
