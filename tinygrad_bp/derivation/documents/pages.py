"""A derivation as a document: TeX, Markdown, and a page of HTML that needs no network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from ..lines import Line, Repeat
from ..notation.symbols import prose, symbol, word
from ..repeats import fold
from .rows import Row, broken, repeat_title, rows
from .terminal import meanings

if TYPE_CHECKING:
    from ..derivation import Derivation

__all__ = ["repr_html", "repr_latex", "to_html", "to_latex", "to_markdown"]

_WIDE = 58  # letters of a formula that fit on a line of paper

Entry = Line | Repeat


def _sections(d: Derivation) -> Iterator[tuple[str, tuple[Entry, ...]]]:
    if d.forward:
        yield "Forward", fold(d.forward)
    yield "Backward", fold(d.backward)


def _entry_rows(entry: Entry) -> Iterator[Row]:
    if isinstance(entry, Repeat):
        for line in entry.lines:
            yield from rows(line, entry)
    else:
        yield from rows(entry)


# ---------------------------------------------------------------------------------------------- TeX


def to_latex(d: Derivation, document: bool = False) -> str:
    r"""Write a derivation in TeX.

    Parameters
    ----------
    d : Derivation
    document : bool
        A whole document, which ``pdflatex`` compiles with amsmath and amssymb alone; else an
        ``align*`` to put into one.

    Returns
    -------
    str

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.ones(2, requires_grad=True).named("x")
    >>> print(to_latex(tgb.explain((x * x).sum())).splitlines()[0])
    \begin{align*}
    """
    if document:
        return _document(d)
    return _environment("align*", _all_aligned(d))


def _all_aligned(d: Derivation) -> list[str]:
    lines = []
    for title, entries in _sections(d):
        lines.append(rf"&\textbf{{{title}}}")
        for entry in entries:
            lines += _aligned(entry)
    return lines


def _environment(name: str, lines: list[str]) -> str:
    body = " \\\\\n".join(lines)
    return f"\\begin{{{name}}}\n{body}\n\\end{{{name}}}"


def _aligned(entry: Entry) -> list[str]:
    """Write an entry as rows of an ``align``: left side, right side, remark."""
    lines = []
    if isinstance(entry, Repeat):
        lines.append(rf"&\text{{for }} l = {entry.first}, \ldots, {entry.last}:")
    for row in _entry_rows(entry):
        lines += list(_aligned_row(row))
    return lines


def _aligned_row(row: Row) -> Iterator[str]:
    if row.kind == "note":
        yield rf"&\quad {word(row.remark)}"
        return
    pieces = broken(row.right, _WIDE)
    if row.kind == "equation":
        pieces[0] = f"{row.left} &= {pieces[0]}"
    elif row.kind == "path":
        pieces[0] = rf"&\quad \text{{through }} {row.left}\text{{: }} {pieces[0]}"
    elif row.kind == "where":
        pieces[0] = rf"&\quad \text{{where }} {row.left} = {pieces[0]}"
    elif row.kind == "step" and row.remark == "the chain rule":
        pieces[0] = rf"&\quad \text{{by the chain rule }} {pieces[0]}"
    else:
        pieces[0] = rf"&\quad = {pieces[0]}"
    pieces[1:] = [rf"&\quad\quad {piece}" for piece in pieces[1:]]
    if row.kind == "equation" and row.remark:
        # A tag goes to a line of its own where there is no room for it.
        pieces[-1] += rf" \tag*{{${_shape_tex(row.remark)}$}}"
    yield from pieces
    if row.kind == "step" and row.remark and row.remark != "the chain rule":
        yield rf"&\quad\quad {word('(' + row.remark + ')')}"


def _shape_tex(shape: str) -> str:
    return shape.replace("×", r" \times ")


_PREAMBLE = r"""\documentclass[11pt,fleqn]{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb}
\setlength{\textwidth}{17cm}
\setlength{\oddsidemargin}{-0.5cm}
\setlength{\textheight}{24cm}
\setlength{\topmargin}{-1.5cm}
\setlength{\parindent}{0pt}
\allowdisplaybreaks
\begin{document}
"""


def _document(d: Derivation) -> str:
    parts = [_PREAMBLE, rf"\section*{{The gradients of ${symbol(d.title).tex}$}}"]
    for title, entries in _sections(d):
        lines = [row for entry in entries for row in _aligned(entry)]
        parts.append(f"\\subsection*{{{title}}}\n{_environment('align*', lines)}")
    known = [rf"\item ${name}$: {prose(meaning)}" for _, name, meaning in meanings(d, indexed=True)]
    if known:
        listed = "\n".join(known)
        parts.append(f"\\subsection*{{Here}}\n\\begin{{itemize}}\n{listed}\n\\end{{itemize}}")
    return "\n".join([*parts, r"\end{document}", ""])


_TAG = re.compile(r" \\tag\*\{\$(.*?)\$\}$")


def repr_latex(d: Derivation) -> str:
    """Write a derivation for a notebook that renders TeX."""
    # Inside of `aligned` a notebook knows no tags.
    lines = [_TAG.sub(r" && \1", line) for line in _all_aligned(d)]
    return f"$$\n{_environment('aligned', lines)}\n$$"


# ----------------------------------------------------------------------------------------- Markdown


def to_markdown(d: Derivation) -> str:
    """Write a derivation in Markdown, with its formulas between ``$$`` as GitHub reads them.

    Parameters
    ----------
    d : Derivation

    Returns
    -------
    str
        A paragraph an equation. Markdown takes a backslash before a sign for its own, so that the
        formulas have none but those of commands.
    """
    blocks = [f"## The gradients of ${_safe(symbol(d.title).tex)}$"]
    for title, entries in _sections(d):
        blocks.append(f"### {title}")
        for entry in entries:
            if isinstance(entry, Repeat):
                blocks.append(f"{repeat_title(entry)}:")
            blocks += [_paragraph(row) for row in _entry_rows(entry)]
    known = [
        f"- ${_safe(name)}$: {_escaped(meaning)}" for _, name, meaning in meanings(d, indexed=True)
    ]
    if known:
        blocks += ["### Here", "\n".join(known)]
    return "\n\n".join(blocks) + "\n"


def _paragraph(row: Row) -> str:
    if row.kind == "note":
        return _escaped(row.remark)
    left = f"{row.left} = " if row.left else "= "
    shape = f" {_escaped(row.remark)}" if row.kind == "equation" and row.remark else ""
    if shape:
        shape = rf" \qquad {_safe(_shape_tex(row.remark))}"
    leads = {"where": "where", "path": f"through ${_safe(row.left)}$:"}
    reason = row.remark if row.kind == "step" else ""
    if row.kind == "path" or reason == "the chain rule":
        left = ""
    lead = leads.get(row.kind, "by the chain rule" if reason == "the chain rule" else "")
    after = f"\n\n({_escaped(reason)})" if reason and reason != "the chain rule" else ""
    before = f"{lead}\n\n" if lead else ""
    return f"{before}$$\n{_safe(left + row.right)}{shape}\n$$" + after


def _safe(tex: str) -> str:
    r"""Write TeX so that Markdown leaves it alone.

    >>> print(_safe(r"a \\ b \, c"))
    a \cr  b \thinspace  c
    """
    tex = tex.replace("\\\\", r"\cr ").replace(r"\,", r"\thinspace ").replace(r"\;", r"\quad ")
    return re.sub(r"\\([_#$%&{}])", r"\1", tex)


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_<>\[\]|#])", r"\\\1", text)


# --------------------------------------------------------------------------------------------- HTML


def to_html(d: Derivation) -> str:
    """Write a derivation as a page: formulas in MathML, which browsers draw, and no script.

    Parameters
    ----------
    d : Derivation

    Returns
    -------
    str
        One file that needs no network.

    Raises
    ------
    ImportError
        If latex2mathml is missing: the message names the extra ``viz``.
    """
    title = f"The gradients of {d.title}"
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_style()}</style></head>"
        f'<body><main class="tgb-derivation"><h1>{escape(title)}</h1>{_body(d)}</main></body>'
        "</html>\n"
    )


def repr_html(d: Derivation) -> str:
    """Write a derivation for a notebook that shows HTML; without latex2mathml, as text."""
    try:
        body = _body(d)
    except ImportError:
        return f"<pre>{escape(str(d))}</pre>"
    return f'<style>{_style()}</style><div class="tgb-derivation">{body}</div>'


def _style() -> str:
    return (files(__package__) / "document.css").read_text(encoding="utf-8")


def _body(d: Derivation) -> str:
    found = []
    for title, entries in _sections(d):
        inside = "".join(_entry_html(entry) for entry in entries)
        found.append(f"<section><h2>{title}</h2>{inside}</section>")
    known = "".join(
        f"<dt>{_math(name)}</dt><dd>{escape(meaning)}</dd>"
        for _, name, meaning in meanings(d, indexed=True)
    )
    if known:
        found.append(f"<section><h2>Here</h2><dl>{known}</dl></section>")
    return "".join(found)


def _math(tex: str) -> str:
    from .mathml import mathml

    # A matrix in a group of its own: its brackets then grow with it alone, and are raised as one.
    begin, end = r"\begin{bmatrix}", r"\end{bmatrix}"
    return mathml(tex.replace(begin, f"{{{begin}").replace(end, f"{end}}}"))


def _entry_html(entry: Entry) -> str:
    if not isinstance(entry, Repeat):
        return _line_html(entry, list(rows(entry)))
    inside = "".join(_line_html(line, list(rows(line, entry))) for line in entry.lines)
    return f'<div class="repeat"><p>{escape(repeat_title(entry))}</p>{inside}</div>'


def _line_html(line: Line, found: list[Row]) -> str:
    """Write an equation; its steps and numbers can be folded away."""
    first, *others = found
    shape = f'<span class="shape">{escape(first.remark)}</span>' if first.remark else ""
    where = f'<span class="source">{escape(line.source)}</span>' if line.source else ""
    equation = _math(f"{first.left} = {first.right}")
    head = f'<div class="equation"><div class="wide">{equation}</div>{shape}</div>'
    told = "".join(_row_html(row) for row in others if row.kind not in ("step", "number"))
    for kind, title in (("step", "step by step"), ("number", "in numbers")):
        inside = "".join(_row_html(row) for row in others if row.kind == kind)
        if inside:
            told += f"<details><summary>{title}</summary>{inside}</details>"
    return f'<article id="{escape(line.name)}">{head}{told}{where}</article>'


def _row_html(row: Row) -> str:
    if row.kind == "note":
        return f"<p>{escape(row.remark)}</p>"
    tex = f"{row.left} = {row.right}" if row.kind == "where" else row.right
    if row.kind == "number" or (row.kind == "step" and row.remark != "the chain rule"):
        tex = f"= {tex}"
    lead = "where " if row.kind == "where" else ""
    if row.kind == "path":
        lead = f"through {_math(row.left)}: "
    reason = f'<span class="reason">{escape(row.remark)}</span>' if row.kind == "step" else ""
    return f'<div class="{row.kind}">{lead}<div class="wide">{_math(tex)}</div>{reason}</div>'
