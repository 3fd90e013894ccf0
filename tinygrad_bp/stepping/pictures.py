"""The graph as SVG, at every level of open modules: laid out when the page is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ..drawing.collect import collect
from ..drawing.dot import ATTRIBUTES, body
from ..drawing.labels import formula, number_text
from ..drawing.layout import rank_direction
from ..drawing.scene import Box, Options, Scene
from ..expr import Expr
from ..graph import Node
from ..recorded.network import Recorded
from .operands import constant_key, operand

__all__ = ["Picture", "pictures"]

_LONGEST = 22  # letters of an operand inside a box


@dataclass
class Picture:
    """One level: how many levels of modules are open, the boxes by key, the SVG."""

    depth: int | None
    boxes: dict[Any, Box]
    modules: dict[str, list[Node]]  # id of a module's box -> the operations inside
    svg: str


def pictures(graph: Recorded, max_nodes: int) -> list[Picture]:
    """Lay out every level that differs from the one before, the most open one first.

    Levels of more than `max_nodes` boxes are left out.

    Raises
    ------
    ValueError
        If that leaves none.
    """
    found: list[Picture] = []
    refused: ValueError | None = None
    for depth in _depths(graph):
        options = Options(graph.model, None, "forward", depth, 0, max_nodes)
        try:
            scene = collect(graph.tensor, options)
        except ValueError as error:
            refused = error
            continue
        if found and len(found[-1].boxes) == len(scene.boxes):
            continue
        found.append(_picture(graph, scene, depth))
    if not found and refused is not None:
        raise refused
    return found


def _depths(graph: Recorded) -> list[int | None]:
    if graph.model is None:
        return [None]
    deepest = max((len(group) for group in graph.modules.groups.values()), default=1)
    return [None, *range(deepest - 1, -1, -1)]


def _picture(graph: Recorded, scene: Scene, depth: int | None) -> Picture:
    # Only this import needs the graphviz package: it says what to install.
    from ..drawing.render import Drawing

    modules: dict[str, list[Node]] = {}
    for node, position in graph.constants():
        known = operand(graph, node, position)
        if isinstance(known, Expr) and position < len(node.constants):
            box = scene.boxes.get(constant_key(graph, node, position))
            if box is not None:
                box.name, box.text = known.name, ""
    for node in graph.order:
        box = scene.boxes.get(node)
        if box is not None:
            _name(graph, node, box)
        elif node.op is not None:
            folded = graph.modules.folded(graph.modules.groups.get(node), depth)
            modules.setdefault(scene.boxes[folded].id, []).append(node)
    drawing = Drawing(
        "graph",
        graph_attr={
            **ATTRIBUTES["graph"], "bgcolor": "transparent", "rankdir": rank_direction(scene)
        },
        node_attr=ATTRIBUTES["node"],
        edge_attr=ATTRIBUTES["edge"],
        body=list(body(scene, "forward")),
    )  # fmt: skip
    svg = dressed(drawing.pipe(format="svg"), {box.id: box for box in scene.boxes.values()})
    return Picture(depth, dict(scene.boxes), modules, svg)


def _name(graph: Recorded, node: Node, box: Box) -> None:
    """Call a value in the picture as the formulas call it."""
    box.name = graph.name(node)
    if node.op is not None:
        words = [_word(graph, node, position) for position in range(len(node.inputs))]
        box.text = formula(node, [word if len(word) <= _LONGEST else "" for word in words])


def _word(graph: Recorded, node: Node, position: int) -> str:
    source = node.inputs[position]
    if source is not None:
        return graph.name(source)
    known = operand(graph, node, position)
    if isinstance(known, Expr):
        return known.name
    return number_text(known) if isinstance(known, (int, float, complex)) else ""


# ------------------------------------------------------------------------------------------- SVG


def dressed(svg: bytes, boxes: dict[str, Box]) -> str:
    """Rewrite Graphviz' SVG: classes in place of colours, so that a style sheet decides."""
    root = ElementTree.fromstring(svg)
    for part in root.iter():
        part.tag = part.tag.rpartition("}")[2]
    graph = root.find("g")
    assert graph is not None
    left, top, width, height = (root.get("viewBox") or "0 0 1 1").split()
    out = Element("svg", {"viewBox": f"{left} {top} {width} {height}", "data-width": width,
                          "data-height": height})  # fmt: skip
    frame = Element("g", {"transform": graph.get("transform") or ""})
    out.append(frame)
    for child in graph:
        kind = child.get("class")
        title = (child.findtext("title") or "").strip()
        if kind == "node" and title in boxes:
            frame.append(_box(child, boxes[title]))
        elif kind == "edge":
            tail, _, head = title.partition("->")
            frame.append(_group(child, {"class": "edge", "data-edge": f"{tail} {head}"}))
        elif kind == "cluster":
            frame.append(_group(child, {"class": "frame"}))
    return ElementTree.tostring(out, encoding="unicode", short_empty_elements=True)


def _box(source: Element, box: Box) -> Element:
    label = " ".join(part for part in (_spoken(box), box.shape) if part)
    kind = "op root" if box.root and box.kind == "op" else box.kind
    return _group(source, {"class": f"box {kind}", "data-box": box.id, "role": "button",
                           "tabindex": "-1", "aria-label": label})  # fmt: skip


def _spoken(box: Box) -> str:
    if box.kind == "module":
        return f"module {box.name} {box.text}".strip()
    return f"{box.name} = {box.text}" if box.name and box.text else box.name or box.text


_KEPT = ("points", "d", "x", "y", "cx", "cy", "rx", "ry", "text-anchor", "font-size", "font-weight")
_TAGS = ("polygon", "path", "ellipse", "polyline", "text")


def _group(source: Element, attributes: dict[str, str]) -> Element:
    group = Element("g", attributes)
    for part in source.iter():
        if part.tag not in _TAGS:
            continue
        copy = Element(part.tag, {key: _short(part.get(key, "")) for key in _KEPT if part.get(key)})
        if part.tag == "text":
            copy.text = part.text
            if part.get("fill") == _MUTED:
                copy.set("class", "muted")
        elif part.tag == "polygon" and attributes["class"] == "edge":
            copy.set("class", "head")
        group.append(copy)
    return group


def _short(places: str) -> str:
    """Round coordinates to a tenth of a point, which nobody can see."""
    return _FRACTION.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), places)


_FRACTION = re.compile(r"-?\d+\.\d+")
_MUTED = ATTRIBUTES["edge"]["color"]
