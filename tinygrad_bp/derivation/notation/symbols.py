"""Names in TeX: ``dZ2`` is dZ₂, ``W_hh`` has a subscript, ``fc1.weight`` is upright."""

from __future__ import annotations

import re

from .phrase import Level, Phrase

__all__ = ["prose", "symbol", "word"]

_SIGNS = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta",
    "η": "eta", "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu",
    "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi",
    "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda",
    "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
_GREEK = tuple(_SIGNS.values())
_ACCENTS = {"hat": r"\hat", "bar": r"\bar", "tilde": r"\tilde"}
_COMBINING = {"\u0302": r"\hat", "\u0304": r"\bar", "\u0303": r"\tilde"}

_LETTER = rf"[A-Za-z{''.join(_SIGNS)}]"
_NAME = re.compile(
    rf"(?P<base>{'|'.join(_GREEK)}|[A-Za-z]{{2,}}|{_LETTER})(?P<accent>[\u0302\u0304\u0303]?)"
    r"(?P<digits>\d*)(?P<low>(?:_[A-Za-z0-9]+)*)(?P<primes>[′']*)(?P<layer>(?:\[[^\[\]]*\])?)"
)
_NUMERAL = re.compile(r"\d+(?:\.\d+)?")
#: A gradient, and not a word that begins with d: dZ1, dx, dalpha, dh_0.
_GRADIENT = re.compile(
    rf"d(?:[A-Z{''.join(_SIGNS)}].*|[a-z](?:[\d_\[′'\u0302].*)?|(?:{'|'.join(_GREEK)})\d*)"
)


def symbol(name: str) -> Phrase:
    r"""Write a name.

    Examples
    --------
    >>> [symbol(n).tex for n in ("dZ2", "W_hh", "alpha", "loss", "y_hat")]
    ['dZ_2', 'W_{hh}', '\\alpha', '\\mathrm{loss}', '\\hat{y}']
    >>> symbol("fc1.weight").tex, symbol("Z[l−1]").tex
    ('\\text{fc1.weight}', 'Z^{[l-1]}')
    """
    if _NUMERAL.fullmatch(name):
        return Phrase(name, name)
    first, dots, last = name.partition(" … ")
    if dots:
        return Phrase(name, rf"{symbol(first).tex} \ldots {symbol(last).tex}")
    gradient = _GRADIENT.fullmatch(name) is not None
    match = _NAME.fullmatch(name[gradient:])
    if match is None:
        return _words(name)
    tex = _letter(match["base"])
    if match["accent"]:
        tex = f"{_COMBINING[match['accent']]}{{{tex}}}"
    low = [match["digits"]] if match["digits"] else []
    for part in filter(None, match["low"].split("_")):
        if part in _ACCENTS and not low:
            tex = f"{_ACCENTS[part]}{{{tex}}}"
        else:
            low.append(_low(part))
    head = f"d{tex}" if gradient else tex
    if low:
        joined = ",".join(low)
        head += f"_{joined}" if len(joined) == 1 else f"_{{{joined}}}"
    if match["primes"]:
        head += "'" * len(match["primes"])
    if not match["layer"]:
        level = Level.POWER if match["primes"] else Level.ATOM
        return Phrase(name, head, tex_level=level)
    raised = match["layer"].replace("−", "-")
    return _with_layer(name, head, raised)


def _letter(base: str) -> str:
    if base in _SIGNS:
        return f"\\{_greek(_SIGNS[base])}"
    if base in _GREEK:
        return f"\\{_greek(base)}"
    return base if len(base) == 1 else rf"\mathrm{{{base}}}"


def _greek(name: str) -> str:
    return "varepsilon" if name == "epsilon" else name


def _low(part: str) -> str:
    if part in _GREEK:
        return f"\\{_greek(part)}"
    return part if len(part) <= 2 or part.isdigit() else rf"\mathrm{{{part}}}"


def _words(name: str) -> Phrase:
    """Write a name that is no mathematical one, such as ``fc1.weight``, upright."""
    path, bracket, layer = name.partition("[") if name.endswith("]") else (name, "", "")
    if not bracket:
        return Phrase(name, word(name))
    base, raised = word(path), word(f"[{layer}")
    return _with_layer(name, base, raised)


def _with_layer(name: str, base: str, raised: str) -> Phrase:
    return Phrase(name, f"{base}^{{{raised}}}", tex_level=Level.POWER, base=base, raised=raised)


_ESCAPES = {
    "\\": "/", "_": r"\_", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&", "{": r"\{", "}": r"\}",
    "~": "-", "^": "'", "\n": " ", "…": "...", "–": "-", "—": "-", "’": "'", "“": "``", "”": "''",
    "½": "1/2",
}  # fmt: skip
_MATHS = {
    "′": "'", "−": "-", "×": r"\times", "·": r"\cdot", "⊙": r"\odot", "∗": r"\ast", "⋆": r"\star",
    "√": r"\surd", "∂": r"\partial", "Σ": r"\Sigma", "ᵢ": "_{i}", "ⱼ": "_{j}", "ᵀ": r"^{\top}",
    "⁻": "^{-}", "¹": "^{1}", "²": "^{2}", "³": "^{3}", "₀": "_{0}", "₁": "_{1}", "₂": "_{2}",
    "₃": "_{3}", "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "≈": r"\approx", "→": r"\to",
    "←": r"\leftarrow", "∞": r"\infty", "𝟏": r"\mathbf{1}", "ℓ": r"\ell", "∈": r"\in",
}  # fmt: skip


def word(text: str) -> str:
    r"""Write plain words in math mode: letters upright, mathematical signs as such.

    What TeX's own fonts lack is spelled by its code.

    Examples
    --------
    >>> word("fc1.weight"), word("Σ Y = 1"), word("日")
    ('\\text{fc1.weight}', '\\Sigma\\text{ Y = 1}', '\\text{U+65E5}')
    """
    pieces = _pieces(text)
    return "".join(tex if maths else rf"\text{{{tex}}}" for maths, tex in pieces)


def prose(text: str) -> str:
    r"""Write plain words in TeX's text mode, which breaks lines.

    Examples
    --------
    >>> prose("Σ Y = 1, 100 %")
    '$\\Sigma$ Y = 1, 100 \\%'
    """
    return "".join(f"${tex}$" if maths else tex for maths, tex in _pieces(text))


def _pieces(text: str) -> list[tuple[bool, str]]:
    """Take words apart: mathematical signs that belong together, and what is between."""
    pieces: list[tuple[bool, str]] = []
    for sign in text:
        maths = _MATHS.get(sign) or (f"\\{_greek(_SIGNS[sign])}" if sign in _SIGNS else "")
        tex = maths or _plain(sign)
        before = pieces[-1] if pieces else (not maths, "")
        if before[0] == bool(maths):
            gap = " " if maths and maths[0].isalpha() and before[1][-1:].isalpha() else ""
            pieces[-1] = (before[0], before[1] + gap + tex)
        else:
            # A script needs something to hold on to.
            pieces.append((bool(maths), f"{{}}{tex}" if maths and tex[0] in "_^" else tex))
    return pieces


def _plain(sign: str) -> str:
    if sign in _ESCAPES:
        return _ESCAPES[sign]
    return sign if ord(sign) < 128 or "À" <= sign <= "ÿ" else f"U+{ord(sign):04X}"
