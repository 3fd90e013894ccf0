"""Formulas as MathML that browsers draw, and whose text is never markup."""

import sys
from importlib import import_module
from xml.etree import ElementTree

import pytest

from tinygrad_bp.derivation.documents.mathml import mathml
from tinygrad_bp.derivation.notation.formulas import name_latex


def words(tex):
    return "".join(ElementTree.fromstring(mathml(tex)).itertext())


@pytest.mark.parametrize(
    "name", ["<script>", "a & b", "x<y>z", "100%", "$x$", "a_b c", "{data}", "#1", '"', "fc1.bias"]
)
def test_a_name_is_text(name):
    plain = words(name_latex(name)).replace("\u00a0", " ")
    assert plain == name


def test_signs_are_themselves():
    assert words(r"W_2^\top dZ \odot A") == "W2⊤dZ⊙A"
    assert "&#" not in mathml(r"\sum_i \frac{a}{b} \leq \left(x\right) \text{a b}")


def test_a_prime_stands_beside_its_function():
    element = ElementTree.fromstring(mathml(r"\mathrm{ReLU}'\left(Z\right)"))
    assert element.find(".//msup") is None
    assert "".join(element.itertext()) == "ReLU′(Z)"
    assert words("f''") == "f″"
    assert ElementTree.fromstring(mathml("x^2")).find(".//msup") is not None


def test_letters_of_other_alphabets():
    assert words(r"\mathbf{1}") == "𝟏"
    assert words(r"\mathcal{F}\mathcal{N}") == "ℱ𝒩"


def test_the_name_of_a_function_is_close_to_its_bracket():
    called = ElementTree.fromstring(mathml(r"\operatorname{put}\left(x\right)"))
    bare = ElementTree.fromstring(mathml(r"\log x"))
    assert called.find(".//mo").get("rspace") == "0"
    assert bare.find(".//mo").get("rspace") == "0.167em"


def test_on_a_line_of_its_own():
    assert mathml("x", block=True).startswith('<math display="block">')


@pytest.mark.parametrize(
    "module", ["tinygrad_bp.derivation.documents.mathml", "tinygrad_bp.stepping.walk"]
)
def test_without_the_package_the_extra_is_named(module, monkeypatch):
    for name in [n for n in sys.modules if n.split(".")[0] == "latex2mathml"]:
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("tinygrad_bp.derivation.documents.mathml", module):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(ImportError, match=r"tinygrad_bp\[viz\]") as caught:
        import_module(module)
    assert caught.value.name.split(".")[0] == "latex2mathml"
