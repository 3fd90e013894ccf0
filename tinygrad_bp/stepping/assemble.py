"""The page put together: one file of HTML that holds its style, script, pictures and numbers."""

from __future__ import annotations

import json
import re
from html import escape
from importlib.resources import files
from typing import Any

from ..recorded.network import Recorded
from .pictures import Picture
from .walk import Walk

__all__ = ["assemble"]

_STYLES = ("colours.css", "page.css", "picture.css", "panel.css")
_SCRIPTS = ("numbers.js", "picture.js", "panel.js", "page.js", "search.js", "keys.js")
_FEW = 60  # boxes that are easy to overlook: the page opens at the level that has no more


def assemble(graph: Recorded, walk: Walk, pictures: list[Picture], title: str, note: str) -> str:
    """Return the page.

    Parameters
    ----------
    graph : Recorded
    walk : Walk
        What is told of each value.
    pictures : list of Picture
        The levels, the most open one first.
    title : str
    note : str
        Why there are no gradients; "" if there are.
    """
    data = {
        "root": walk.place[graph.root],
        "steps": len(walk.steps) if walk.chain is not None else 0,
        "note": note,
        "turned": walk.turned,
        "start": _start(pictures),
        "levels": [_level(walk, picture) for picture in pictures],
        "items": walk.items,
        "formulas": walk.formulas,
    }
    parts = {
        "title": escape(title),
        "style": "\n".join(map(_resource, _STYLES)),
        "script": "\n".join(map(_resource, _SCRIPTS)),
        "pictures": "\n".join(
            f'<template id="picture-{number}">{picture.svg}</template>'
            for number, picture in enumerate(pictures)
        ),
        "data": _json(data),
    }
    # In one pass: what a name of the user's looks like is not looked at again.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _resource("page.html"))


def _json(data: Any) -> str:
    """Write data so that nothing in it ends the element that holds it."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _resource(name: str) -> str:
    return files(__package__ or "").joinpath(name).read_text(encoding="utf-8")


def _start(pictures: list[Picture]) -> int:
    few = [n for n, picture in enumerate(pictures) if len(picture.boxes) <= _FEW]
    return few[0] if few else len(pictures) - 1


def _level(walk: Walk, picture: Picture) -> dict[str, Any]:
    boxes = {box.id: walk.place[key] for key, box in picture.boxes.items() if key in walk.place}
    modules = {
        box.id: {
            "name": box.name,
            "kind": box.text,
            "items": [walk.place[node] for node in picture.modules.get(box.id, ())],
        }
        for box in picture.boxes.values()
        if box.kind == "module"
    }
    return {"label": _label(picture.depth), "boxes": boxes, "modules": modules}


def _label(depth: int | None) -> str:
    if depth is None:
        return "every operation"
    return {0: "the model as a box", 1: "1 level open"}.get(depth, f"{depth} levels open")
