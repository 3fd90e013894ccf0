"""From boxes, arrows and frames to text in the DOT language: where the looks are decided."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from ..recorded.modules import Group
from .layout import columns
from .scene import Arrow, Box, Scene

__all__ = ["ATTRIBUTES", "body"]

# Helvetica and Courier have built-in metrics in every dot, and Arimo and Cousine in graphviz-pure.
_FONT, _MONO = "Helvetica", "Courier"
_INK, _MUTED, _RED, _AMBER = "#1f2937", "#6b7280", "#b0392b", "#9a6a12"
#: kind of box -> (fill, border, style)
_LOOKS = {
    "input": ("#f3f4f6", "#9ca3af", "filled"),
    "constant": ("#f9fafb", "#d1d5db", "filled"),
    "parameter": ("#fdf4e3", "#cf9a3c", "filled"),
    "op": ("#ffffff", "#94a3b8", "rounded,filled"),
    "module": ("#eaf0fa", "#5b7db1", "rounded,filled"),
    "root": ("#e4f2e8", "#3f8f5f", "rounded,filled"),
    "loop": ("#ffffff", "#94a3b8", "rounded,filled"),
    "kernel": ("#f3effa", "#8a6fb8", "rounded,filled"),
    "BLAS": ("#eaf0fa", "#5b7db1", "rounded,filled"),
    "NumPy": ("#fbeeec", "#c0705f", "rounded,filled"),
}

ATTRIBUTES = {
    "graph": {"fontname": _FONT, "fontsize": "11", "nodesep": "0.25", "ranksep": "0.35",
              "bgcolor": "white", "fontcolor": _INK},
    "node": {"shape": "box", "fontname": _FONT, "fontsize": "11", "fontcolor": _INK,
             "margin": "0.08,0.04", "width": "0", "height": "0"},
    "edge": {"fontname": _FONT, "fontsize": "9", "color": _MUTED, "fontcolor": _MUTED,
             "arrowsize": "0.6"},
}  # fmt: skip

# Characters that no XML document may hold, so neither a label nor an SVG.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _escape(text: str) -> str:
    """Make any text fit for an HTML-like label: on one line, and nothing in it is markup."""
    return html.escape(" ".join(_FORBIDDEN.sub("\ufffd", text).split()), quote=True)


def _literal(text: str) -> str:
    """Make any text fit for the inside of a quoted DOT string, taken literally."""
    plain = " ".join(_FORBIDDEN.sub("\ufffd", text).split())
    return plain.replace("\\", "\\\\").replace('"', '\\"')


def _font(text: str, color: str, size: int, face: str = "") -> str:
    chosen = f' FACE="{face}"' if face else ""
    return f'<FONT COLOR="{color}" POINT-SIZE="{size}"{chosen}>{text}</FONT>'


def _numbers(lines: list[str]) -> str:
    rows = [html.escape(line) for line in lines]
    return rows[0] if len(rows) == 1 else "".join(f'{row}<BR ALIGN="LEFT"/>' for row in rows)


def _title(box: Box) -> list[str]:
    name, text = _escape(box.name), _escape(box.text)
    if box.kind == "module":
        lines = [f"<B>{name or text}</B>"]
        if name and text:
            lines.append(text)
        return lines
    if name and text:
        return [f"<B>{name}</B> = {text}"]
    if box.kind == "op":
        return [f"<B>{text}</B>"]
    return [f"<B>{name}</B>" if name else text] if name or text else []


def _label(box: Box) -> str:
    """Lay a box out as a small table: title, shape, numbers, gradient."""
    rows = [f'<TR><TD COLSPAN="2">{line}</TD></TR>' for line in _title(box)]
    if box.shape:
        rows.append(f'<TR><TD COLSPAN="2">{_font(_escape(box.shape), _MUTED, 9)}</TD></TR>')
    both = box.value is not None and box.gradient is not None
    for lines, caption, color in ((box.value, "value", _INK), (box.gradient, "grad", _RED)):
        if lines is None:
            continue
        cell = _font(_numbers(lines), color, 10, _MONO)
        if both or caption == "grad":
            side = _font(caption, color if caption == "grad" else _MUTED, 8)
            rows.append(f'<TR><TD ALIGN="RIGHT">{side}</TD><TD ALIGN="LEFT">{cell}</TD></TR>')
        else:
            rows.append(f'<TR><TD COLSPAN="2">{cell}</TD></TR>')
    if box.kind == "module":
        counts = f"{box.ops:,} operation{'s' * (box.ops != 1)}"
        if box.size:
            counts += f", {box.size:,} parameters"
        rows.append(f'<TR><TD COLSPAN="2">{_font(counts, _MUTED, 9)}</TD></TR>')
    for states, sign in ((box.reads, ""), (box.writes, "→ ")):
        rows += [
            f'<TR><TD COLSPAN="2">{_font(sign + _escape(name), _AMBER, 9)}</TD></TR>'
            for name in states
        ]
    rows += [
        f'<TR><TD COLSPAN="2">{_font("← " + _escape(x), _MUTED, 9)}</TD></TR>' for x in box.far
    ]
    if box.keeps:
        rows.append(f'<TR><TD COLSPAN="2">{_font(_escape(box.keeps), _MUTED, 8)}</TD></TR>')
    if not rows:
        rows.append("<TR><TD> </TD></TR>")
    return (
        f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(rows)}</TABLE>'
    )


def _call(scene: Scene, group: Group) -> str:
    """Say which call of a module this is, where there are several."""
    path = ".".join(name for name, _ in group[1:])
    return f"call {group[-1][1]}" if scene.called.get(path, 0) > 1 and group[-1][1] else ""


def _node(box: Box, indent: str) -> str:
    fill, border, style = _LOOKS["root" if box.root and box.kind != "module" else box.kind]
    width = " penwidth=2" if box.root else ""
    return (
        f"{indent}{box.id} [label=<{_label(box)}> "
        f'fillcolor="{fill}" color="{border}" style="{style}"{width} '
        f'tooltip="{_literal(box.tip) or " "}"]\n'
    )


def _edge(arrow: Arrow, free: bool) -> str:
    attributes = []
    if arrow.label:
        # The spaces keep the words off the line.
        attributes.append(f'label="  {_literal(arrow.label)}  "')
    if arrow.again:
        attributes.append("style=dashed")
    if arrow.backward:
        attributes += [f'color="{_RED}"', f'fontcolor="{_RED}"', "style=dashed"]
    if free:
        attributes.append("constraint=false")
    text = f" [{' '.join(attributes)}]" if attributes else ""
    return f"\t{arrow.tail} -> {arrow.head}{text}\n"


def body(scene: Scene, direction: str) -> Iterator[str]:
    """Yield the lines between the braces of the digraph."""
    inside: dict[Group | None, list[Box]] = {}
    for box in scene.boxes.values():
        inside.setdefault(box.group, []).append(box)
    children: dict[Group, list[Group]] = {}
    for group in scene.frames:
        children.setdefault(group[:-1], []).append(group)
    for box in inside.get(None, []):
        yield _node(box, "\t")
    # An explicit stack: models may be nested deeper than Python's recursion limit.
    number = 0
    stack: list[tuple[Group, str]] = [(g, "") for g in reversed(children.get((), []))]
    while stack:
        group, closing = stack.pop()
        if closing:
            yield closing
            continue
        indent = "\t" * len(group)
        path, kind = scene.frames[group]
        title = f"<B>{_escape(path)}</B> {_escape(kind)}" if path else f"<B>{_escape(kind)}</B>"
        call = _call(scene, group)
        title += f" {_font(call, _MUTED, 9)}" if call else ""
        yield f"{indent}subgraph cluster_{number} {{\n"
        yield (
            f'{indent}\tlabel=<{_font(title, _MUTED, 10)}> style="rounded,filled" '
            f'color="#cbd5e1" fillcolor="{"#f8fafc" if len(group) % 2 else "#f1f5f9"}" '
            f'labeljust=l tooltip=" "\n'
        )
        number += 1
        for box in inside.get(group, []):
            yield _node(box, indent + "\t")
        stack.append((group, f"{indent}}}\n"))
        stack.extend((child, "") for child in reversed(children.get(group, [])))
    column = columns(scene)
    for arrow in scene.arrows:
        back = arrow.again or (direction == "both" and arrow.backward)
        free = back or column[arrow.tail] != column[arrow.head]
        yield _edge(arrow, free)
    heads = list({number: box for box, number in reversed(column.items())}.items())
    if len(heads) > 1:
        # All hang on one unseen point, in their order from left to right.
        yield '\ttop [label="" shape=point style=invis ordering=out]\n'
        for _, head in sorted(heads):
            yield f"\ttop -> {head} [style=invis]\n"
