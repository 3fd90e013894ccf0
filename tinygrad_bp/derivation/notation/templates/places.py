"""Choosing elements, and putting them back: Z[y], and ``put`` for the adjoint."""

from __future__ import annotations

from typing import Any

from ....expr import Expr
from ..phrase import Level, Phrase, fenced
from .grammar import Template, Writer, axes_index, call, listed, shape_of

__all__ = ["PLACES"]


def _part(part: Any, arrays: list[Phrase]) -> Phrase:
    """Write one part of a key: a number, a slice, an array, a new axis."""
    if isinstance(part, str):  # stands for the next index array
        return arrays.pop(0).at(Level.LIST)
    if isinstance(part, slice):
        words = ["" if n is None else str(n).replace("-", "−") for n in (part.start, part.stop)]
        if part.step not in (None, 1):
            words.append(str(part.step).replace("-", "−"))
        text = ":".join(words)
        return Phrase(text, text.replace(":", "{:}").replace("−", "-"))
    if part is None:
        return Phrase("new", r"\text{new}")
    if part is Ellipsis:
        return Phrase("…", r"\ldots")
    if isinstance(part, (int, bool)):
        return Phrase(str(part).replace("-", "−"), str(part))
    return Phrase(str(part), r"\text{key}")


def _key(template: Any, arrays: tuple[Phrase, ...] = ()) -> Phrase:
    parts, left = template if isinstance(template, tuple) else (template,), list(arrays)
    shown = [_part(part, left) for part in parts]
    return Phrase(", ".join(p.text for p in shown), r",\, ".join(p.tex for p in shown))


def _from(x: Phrase, key: Phrase) -> Phrase:
    inside = x.at(Level.ATOM)
    return Phrase(f"{inside.text}[{key.text}]", f"{inside.tex}{fenced('[', key.tex, ']')}")


def _into(x: Phrase, key: Phrase) -> Phrase:
    inside = x.at(Level.LIST)
    return Phrase(
        f"put[{key.text}]({inside.text})",
        rf"\operatorname{{put}}{fenced('[', key.tex, ']')}{fenced('(', inside.tex, ')')}",
    )


def _slice(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    key = formula.attrs["key"]
    parts = key if isinstance(key, tuple) else (key,)
    if all(part is None or part is Ellipsis or part == slice(None) for part in parts):
        return operands[0]
    if operands[0].pieces and (piece := _piece(operands[0].pieces, parts)):
        return piece
    return _from(operands[0], _key(key))


def _piece(pieces: tuple[Phrase, ...], key: tuple[Any, ...]) -> Phrase | None:
    """Return which of several results in one array is taken: by number, or what is left."""
    first, *rest = key
    if any(part not in (None, Ellipsis, slice(None)) for part in rest):
        return None
    if isinstance(first, slice):
        return pieces[0] if first.start is None and first.step is None else None
    return pieces[first] if isinstance(first, int) else None


def _embed(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    return _into(operands[0], _key(formula.attrs["key"]))


def _index(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    return _from(operands[0], _key(formula.attrs["template"], operands[1:]))


def _scatter_add(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    return _into(operands[0], _key(formula.attrs["template"], operands[1:]))


def _rows(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    return _from(operands[0], operands[1].at(Level.LIST))


def _add_rows(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    return _into(operands[0], operands[1].at(Level.LIST))


def _assign(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    x, v = operands[:2]
    return _replaced(x, _key(formula.attrs["template"], operands[2:]), v)


def _assign_view(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    return _replaced(operands[0], Phrase("view", r"\text{view}"), operands[1])


def _replaced(x: Phrase, key: Phrase, v: Phrase) -> Phrase:
    inside, new = x.at(Level.ATOM), v.at(Level.LIST)
    tex = rf"{key.tex} \leftarrow {new.tex}"
    return Phrase(f"{inside.text}[{key.text} ← {new.text}]", inside.tex + fenced("[", tex, "]"))


def _cut(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    start, (rows, columns) = formula.attrs["start"], formula.attrs["shape"]
    return _from(operands[0], _key(slice(start, start + rows * columns)))


def _concatenate(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    """Write joined matrices as a block: [A, B] side by side, [A; B] one below the other."""
    axis, rank = formula.attrs["axis"], len(formula.shape)
    shown = [p.at(Level.LIST) for p in operands]
    if rank <= 2:
        below = axis % rank == rank - 2
        text = ("; " if below else ", ").join(p.text for p in shown)
        tex = (r" \\ " if below else " & ").join(p.tex for p in shown)
        return Phrase(f"[{text}]", rf"\begin{{bmatrix}} {tex} \end{{bmatrix}}")
    return _joined("concat", axis, rank, operands)


def _stack(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
    return _joined("stack", formula.attrs["axis"], len(formula.shape), operands)


def _joined(name: str, axis: int, rank: int, operands: tuple[Phrase, ...]) -> Phrase:
    text, tex = axes_index((axis,), rank)
    shown = listed(operands)
    return Phrase(
        f"{name}{text}({shown.text})",
        rf"\operatorname{{{name}}}{tex}{fenced('(', shown.tex, ')')}",
    )


def _along(name: str) -> Writer:
    """Make the template of what takes or puts along an axis."""

    def write(formula: Expr, operands: tuple[Phrase, ...]) -> Phrase:
        text, tex = axes_index(formula.attrs["axis"], len(shape_of(formula.args[0])))
        shown = listed(operands)
        return Phrase(
            f"{name}{text}({shown.text})",
            rf"\operatorname{{{name}}}{tex}{fenced('(', shown.tex, ')')}",
        )

    return write


PLACES: dict[str, Writer] = {
    "slice": _slice,
    "embed": _embed,
    "index": _index,
    "scatter_add": _scatter_add,
    "take_along_axis": _along("take"),
    "add_along_axis": _along("put"),
    "assign": _assign,
    "assign_view": _assign_view,
    "concatenate": _concatenate,
    "stack": _stack,
    "embedding": _rows,
    "add_rows": _add_rows,
    "share": call("share"),
    "cut": _cut,
    "scatter_amax": call("scattermax"),
    "scatter_amin": call("scattermin"),
    "scatter_prod": call("scatterprod"),
    "scatter_count": call("scattercount"),
    "put": Template("put[<positions>](<x>)",
                    r"\operatorname{put}\left[<positions>\right]\left(<x>\right)"),
    "largest_positions": call("argmax"),
    "largest_of": call("largest"),
}  # fmt: skip
