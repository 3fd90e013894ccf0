"""TeX to MathML, which browsers draw by themselves."""

from __future__ import annotations

import html
import re
import unicodedata
from xml.etree.ElementTree import Element, tostring

try:
    from latex2mathml.converter import convert_to_element
except ImportError as error:
    if error.name is None or error.name.split(".")[0] != "latex2mathml":
        raise
    raise ImportError(
        'formulas on a page need the latex2mathml package: pip install "tinygrad_bp[viz]"',
        name=error.name,
    ) from None

__all__ = ["mathml"]

_REFERENCE = re.compile(r"&#x[0-9A-Fa-f]+;")
_ESCAPED = re.compile(r"\\([_#%&])")
_TEXT = re.compile(r"\\text\{(?:[^{}\\]|\\.)*\}")
#: Escapes that the package takes for the end of a text: unused letters stand in for them.
_SHIELDS = {r"\$": "\ue000", r"\{": "\ue001", r"\}": "\ue002"}
_BLANK = "&#x000A0;"
_PRIMES = "′″‴"
_SCRIPTS = ("msub", "msup", "msubsup", "munder", "mover", "munderover")
_COMBINING = {"^": "\u0302", "~": "\u0303", "¯": "\u0305"}
_TALL = ("mfrac", "msqrt", "mroot", "mtable", "munder", "mover", "munderover")
#: Browsers know no bold or script letters but those that Unicode has.
_ALPHABETS = {"bold": "BOLD", "script": "SCRIPT", "double-struck": "DOUBLE-STRUCK"}


def mathml(tex: str, block: bool = False) -> str:
    r"""Turn a formula into a ``<math>`` element; what was text in it is never markup.

    Parameters
    ----------
    tex : str
        A formula as :func:`tinygrad_bp.derivation.notation.formulas.latex` writes it.
    block : bool
        On a line of its own.

    Raises
    ------
    ImportError
        At the import of this module, without latex2mathml.

    Examples
    --------
    >>> mathml(r"W_2^\top dZ")
    '<math><mrow><msubsup><mi>W</mi><mn>2</mn><mo>⊤</mo></msubsup><mi>d</mi><mi>Z</mi></mrow></math>'
    >>> mathml(r"\text{a\_<b>}")
    '<math><mrow><mtext>a_&lt;b&gt;</mtext></mrow></math>'
    """
    element = convert_to_element(_TEXT.sub(_shield, tex), xmlns="")
    element.attrib.clear()
    if block:
        element.set("display", "block")
    for part in list(element.iter()):
        _resolve(part)
        _place_prime(part)
    for part in element.iter():
        _widen_accent(part)
        _fit_brackets(part)
        _space_functions(part)
    for part in element.iter("mo"):  # what a bracket is by itself
        if part.attrib.pop("fence", None):
            part.attrib.pop("form", None)
    return tostring(element, encoding="unicode")


def _shield(found: re.Match[str]) -> str:
    text = found[0]
    for escape, shield in _SHIELDS.items():
        text = text.replace(escape, shield)
    return text


def _resolve(part: Element) -> None:
    """Put the signs themselves in place of references and escapes."""
    text = part.text or ""
    # The package writes signs as references in the text. Its own `convert` resolves every
    # reference of the document, so that a "<" in a name would become markup.
    if _REFERENCE.fullmatch(text):
        text = html.unescape(text)
    if part.tag == "mtext":
        text = _ESCAPED.sub(r"\1", text.replace(_BLANK, "\u00a0"))
    alphabet = _ALPHABETS.get(part.get("mathvariant", ""))
    if alphabet is not None and part.tag in ("mi", "mn"):
        del part.attrib["mathvariant"]
        text = "".join(_styled(sign, alphabet) for sign in text)
    for escape, shield in _SHIELDS.items():
        text = text.replace(shield, escape[1])
    part.text = text


def _styled(sign: str, alphabet: str) -> str:
    """Return a letter or digit of another alphabet.

    >>> _styled("1", "BOLD"), _styled("F", "SCRIPT"), _styled("N", "SCRIPT"), _styled("+", "BOLD")
    ('𝟏', 'ℱ', '𝒩', '+')
    """
    name = unicodedata.name(sign, "").replace("LATIN ", "").replace("LETTER ", "")
    # Some letters were in Unicode before the alphabets were: ℱ, ℝ.
    for full in (f"{alphabet} {name}", f"MATHEMATICAL {alphabet} {name}"):
        try:
            return unicodedata.lookup(full)
        except KeyError:
            continue
    return sign


def _place_prime(part: Element) -> None:
    """Write f′ as a letter and a prime: raised once more, the sign would be too small to see."""
    if part.tag != "msup" or len(part) != 2:
        return
    text = html.unescape("".join(part[1].itertext()))
    if text and not text.strip(_PRIMES):
        part.tag = "mrow"
        base = part[0]
        part.clear()
        prime = Element("mo", {"lspace": "0", "rspace": "0"})
        prime.text = text
        part.extend([base, prime])


def _widen_accent(part: Element) -> None:
    """Stretch a hat, tilde or bar over all that it belongs to: only combining signs stretch."""
    if part.tag == "mover" and len(part) == 2 and part[1].text in _COMBINING:
        wide = len(part[0]) > 1
        part.set("accent", "true")
        part[1].set("stretchy", "true" if wide else "false")
        if wide:
            part[1].text = _COMBINING[part[1].text]


def _fit_brackets(part: Element) -> None:
    """Keep brackets around a line of signs small: those that stretch have blanks at their sides."""
    if any(inner.tag in _TALL for inner in part.iter()):
        return
    for bracket in (part[:1] + part[-1:]) if part.tag == "mrow" else ():
        if bracket.get("fence") == "true":
            bracket.set("stretchy", "false")


def _space_functions(parent: Element) -> None:
    """Set the name of a function as TeX does: close to a bracket, a little off anything else."""
    if parent.tag in _SCRIPTS:
        return
    for place, child in enumerate(parent):
        core = child[0] if child.tag in _SCRIPTS and len(child) else child
        name = core.text or ""
        if core.tag not in ("mo", "mi") or len(name) < 2 or not name.isalpha():
            continue
        core.tag = "mo"
        after = parent[place + 1 : place + 2]
        close = not after or "".join(after[0].itertext())[:1] in ("", "(", "[", *_PRIMES)
        core.set("lspace", "0")
        core.set("rspace", "0" if close else "0.167em")
