"""What a picture is made of, before anything is said about its looks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..recorded.modules import Group
from ..tensor import Tensor

__all__ = ["Arrow", "Box", "Options", "Scene"]


@dataclass(frozen=True)
class Options:
    """What the caller of `draw` asked for."""

    model: Any = None
    names: Mapping[str, Tensor] | None = None
    direction: str = "forward"
    depth: int | None = None
    max_elements: int | None = None
    max_nodes: int = 1000


@dataclass
class Box:
    """One box: `kind` is op, parameter, input, constant or module; of a step, how it is done."""

    id: str
    kind: str
    name: str = ""
    text: str = ""
    shape: str = ""
    value: list[str] | None = None
    gradient: list[str] | None = None
    keeps: str = ""
    group: Group | None = None
    root: bool = False
    tip: str = ""
    reads: list[str] = field(default_factory=list)  # states, of a part of a compiled step
    writes: list[str] = field(default_factory=list)
    far: list[str] = field(default_factory=list)  # what it reads of boxes that are far away
    ops: int = 0  # of a module: how many operations it ran, how many parameters it has
    size: int = 0


@dataclass
class Arrow:
    """One arrow between two boxes, by their ids."""

    tail: str
    head: str
    label: str = ""
    backward: bool = False
    again: bool = False  # into the next turn of what repeats


@dataclass
class Scene:
    """All that is drawn. `frames` are the modules around boxes: group -> (path, class)."""

    boxes: dict[Hashable, Box] = field(default_factory=dict)
    arrows: list[Arrow] = field(default_factory=list)
    frames: dict[Group, tuple[str, str]] = field(default_factory=dict)
    called: dict[str, int] = field(default_factory=dict)  # path -> highest number of a call
    one_column: bool = False  # however long it is
