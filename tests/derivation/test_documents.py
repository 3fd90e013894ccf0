"""A derivation as text, TeX, Markdown and HTML."""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from latex2mathml.converter import convert

import tinygrad_bp as tgb
from tinygrad_bp.derivation import explain
from tinygrad_bp.derivation.chain import slope_op
from tinygrad_bp.derivation.documents import layout
from tinygrad_bp.derivation.documents import pages as documents
from tinygrad_bp.derivation.documents.rows import broken
from tinygrad_bp.derivation.documents.terminal import derivation_text
from tinygrad_bp.derivation.lines import Line, Step
from tinygrad_bp.derivation.lines import Path as Way
from tinygrad_bp.expr import Expr, symbol
from tinygrad_bp.rules import elementwise as ew
from tinygrad_bp.rules import reduce as rd

GOLDEN = Path(__file__).parent / "golden"


def line(name: str, *steps: Any, **more: Any) -> Line:
    forms = tuple(s if isinstance(s, Step) else Step(s) for s in steps)
    return Line(name, forms, recorded=forms[-1].formula.value, **more)


def network() -> Any:
    """Return what is written of two layers, without what would derive it."""
    rng = np.random.default_rng(0)

    def named(name: str, *shape: int) -> Expr:
        return symbol(name, np.round(rng.standard_normal(shape), 2))

    X, W1, b1, W2 = named("X", 2, 3), named("W1", 2, 2), named("b1", 2, 1), named("W2", 4, 2)
    dZ2, dZ3, A2, Y = named("dZ2", 4, 3), named("dZ3", 4, 3), named("A2", 4, 3), named("Y", 4, 3)
    dA2, Z1, W3 = named("dA2", 4, 3), named("Z1", 2, 3), named("W3", 4, 2)
    m = symbol("m", np.array(3.0))
    slope = slope_op(ew.relu)(Z1)
    raw = A2 * (dA2 - rd.sum(dA2 * A2, axis=(0,), keepdims=True))
    dZ1 = symbol("dZ1", ((W2.T @ dZ2 + W3.T @ dZ3) * slope).value)
    return SimpleNamespace(
        title="J",
        legend=(("m", "3, the samples of the batch"), ("W1", "0.weight")),
        forward=(
            line("Z1", W1 @ X + b1, source="net.py:7"),
            line("A1", ew.relu(Z1), source="net.py:8"),
        ),
        backward=(
            line("dZ2", Step(raw), Step((A2 - Y) / m, "each column of Y adds up to 1 & is ≥ 0")),
            line(
                "dZ1",
                (W2.T @ dZ2 + W3.T @ dZ3) * slope,
                where=(("ReLU′(Z1)", Z1 > 0),),
                paths=(Way("Z2", W2.T @ dZ2), Way("Z3", W3.T @ dZ3)),
            ),
            line("dW1", dZ1 @ X.T),
            line("db1", rd.sum(dZ1, axis=(1,), keepdims=True), notes=("one number a unit",)),
        ),
    )


WRITERS = {
    "two_layers.txt": lambda d: derivation_text(d, sources=True) + "\n",
    "two_layers.tex": lambda d: documents.to_latex(d, document=True),
    "two_layers.md": documents.to_markdown,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_document_is_the_one_that_was_read_by_eye(name: str) -> None:
    assert WRITERS[name](network()) == (GOLDEN / name).read_text(encoding="utf-8")


def deep(layers: int) -> Any:
    x, parameters = tgb.ones(4, 3), []
    for _ in range(layers):
        w = tgb.full((3, 3), 0.3, requires_grad=True)
        parameters.append(w)
        x = tgb.tanh(x @ w)
    return explain((x**2).mean()), parameters


def test_no_line_of_a_terminal_is_longer_than_80_columns() -> None:
    d, _ = deep(6)
    for text in (str(d), derivation_text(network(), sources=True)):
        assert max(map(layout.width_of, text.splitlines())) <= 80
    narrow = derivation_text(network(), width=60)
    assert max(map(layout.width_of, narrow.splitlines())) <= 60


def test_layers_that_are_alike_are_written_once() -> None:
    d, _ = deep(8)
    text = str(d)
    assert "for l = " in text
    assert len(re.findall(r"dW\[l\] = ", text)) == 1
    assert "W^{[l+1]\\top}" in d.to_latex()


def test_a_long_formula_hangs_below_its_beginning() -> None:
    names = [symbol(f"long_name_{i}", np.ones((9, 9))) for i in range(12)]
    total: Any = names[0]
    for other in names[1:]:
        total = total + other * other
    d = SimpleNamespace(title="J", legend=(), forward=(), backward=(line("dX", total),))
    lines = derivation_text(d).splitlines()
    body = [text for text in lines if "long_name" in text]
    assert len(body) > 2 and all(layout.width_of(text) <= 80 for text in body)
    assert {len(text) - len(text.lstrip()) for text in body[1:]} == {body[0].index("long_name_0")}
    assert " ".join(text.strip() for text in body).count("long_name") == 23
    assert body[-1].endswith("(9×9)")


def test_a_formula_is_broken_at_its_outermost_signs() -> None:
    assert layout.wrapped("f(A + B, C + D) + g(E ⊙ F)", 20) == ["f(A + B, C + D)", "+ g(E ⊙ F)"]
    whole = "A_name_that_is_longer_than_the_line"
    assert layout.wrapped(whole, 10) == [whole]
    pieces = broken(r"\left(\frac{A}{B} + C\right) \odot D + E", 10)
    assert pieces[0] == r"\left(\frac{A}{B} + C\right)"
    assert " ".join(pieces) == r"\left(\frac{A}{B} + C\right) \odot D + E"


# ------------------------------------------------------------------------------------------ numbers


def test_small_tensors_are_written_with_their_numbers() -> None:
    A = symbol("A", np.array([[1.0, 2.0], [3.0, 4.0]]))
    x = symbol("x", np.array([[0.5], [-1.0]]))
    d = SimpleNamespace(title="J", legend=(), forward=(line("y", A @ x),), backward=())
    assert derivation_text(d).splitlines()[2:5] == [
        "  y = A x" + " " * 66 + "(2×1)",
        "      = ⎡1 2⎤ ⎡ 0.5⎤ = ⎡−1.5⎤",
        "        ⎣3 4⎦ ⎣−1.0⎦   ⎣−2.5⎦",
    ]


def test_matrices_of_one_number_are_written_as_numbers() -> None:
    dZ2, A1 = symbol("dZ2", np.array([[-0.072]])), symbol("A1", np.array([[0.5]]))
    d = SimpleNamespace(title="J", legend=(), forward=(), backward=(line("dW2", dZ2 @ A1.T),))
    assert "= −0.072 · 0.5 = −0.036" in derivation_text(d)
    assert r"-0.072 \cdot 0.5 = -0.036" in documents.to_latex(d)


def test_brackets_grow_with_what_they_hold() -> None:
    A = symbol("A", np.array([[1.0, 2.0], [3.0, 4.0]]))
    d = SimpleNamespace(title="J", legend=(), forward=(line("y", (A + A) @ A),), backward=())
    assert "⎛⎡1 2⎤ + ⎡1 2⎤⎞ ⎡1 2⎤" in derivation_text(d)
    assert "⎝⎣3 4⎦   ⎣3 4⎦⎠ ⎣3 4⎦" in derivation_text(d)


def test_of_a_large_tensor_no_numbers_are_written() -> None:
    A = symbol("A", np.ones((5, 5)) * 0.37)
    d = SimpleNamespace(title="J", legend=(), forward=(line("y", A @ A),), backward=())
    assert "0.37" not in derivation_text(d)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ([1e-9, 2.5e-9], "[1.00e−9 2.50e−9]"),
        ([0.0, -0.0], "[0 0]"),
        ([np.nan, np.inf, -np.inf], "[NaN ∞ −∞]"),
        ([1234.5, 0.25], "[1234.5 0.2]"),
        ([True, False], "[True False]"),
        ([3, -4], "[3 −4]"),
    ],
    ids=["tiny", "zeros", "not finite", "large", "bool", "integer"],
)
def test_how_numbers_are_written(value: Any, shown: str) -> None:
    assert layout.matrix(np.array(value)).rows[0] == shown


# ---------------------------------------------------------------------------------------------- TeX


def balanced(tex: str) -> bool:
    stack = []
    for kind, name in re.findall(r"\\(begin|end)\{([a-z*]+)\}", tex):
        if kind == "begin":
            stack.append(name)
        elif not stack or stack.pop() != name:
            return False
    return not stack


def test_tex_is_an_environment_or_a_whole_document() -> None:
    body, whole = documents.to_latex(network()), documents.to_latex(network(), document=True)
    assert body.startswith(r"\begin{align*}") and body.endswith(r"\end{align*}")
    assert whole.startswith(r"\documentclass") and whole.rstrip().endswith(r"\end{document}")
    assert balanced(body) and balanced(whole)
    assert re.findall(r"\\usepackage(?:\[.*?\])?\{(.*?)\}", whole) == [
        "inputenc",
        "amsmath,amssymb",
    ]
    # What TeX's own fonts lack would stop pdflatex.
    assert all(ord(sign) < 256 for sign in whole)
    assert r"\&" in whole


def test_what_a_notebook_shows_is_within_dollars() -> None:
    tex = documents.repr_latex(network())
    assert tex.startswith("$$\n\\begin{aligned}") and tex.endswith("\\end{aligned}\n$$")
    assert r"\tag" not in tex
    assert convert(tex.strip("$\n")).startswith("<math")


def test_markdown_keeps_its_backslashes() -> None:
    text = documents.to_markdown(network())
    formulas = re.findall(r"\$\$\n(.*?)\n\$\$", text, flags=re.DOTALL)
    assert len(formulas) >= 6
    # Markdown reads a backslash before a sign as an escape, and takes it away.
    assert [f for f in formulas if re.search(r"\\[^A-Za-z]", f)] == []
    assert text.count("$$") == 2 * len(formulas)


# --------------------------------------------------------------------------------------------- HTML


class Page(HTMLParser):
    """Checks that elements are closed, and collects them."""

    VOID = ("meta", "br", "img", "link", "hr", "input")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    d, _ = deep(5)
    html = d.to_html(tmp_path / "d.html")
    assert (tmp_path / "d.html").read_text(encoding="utf-8") == html
    for text in (html, documents.to_html(network())):
        page = Page(text)
        tags = [tag for tag, _ in page.seen]
        assert "math" in tags and not {"script", "link", "img", "iframe"} & set(tags)
        assert not any(k in attrs for _, attrs in page.seen for k in ("src", "href", "onclick"))
        assert "url(" not in text and "@import" not in text
        assert "prefers-color-scheme: dark" in text and "width=device-width" in text
        assert "\\" not in "".join(page.words).split("</style>")[-1].replace("\\n", "")


def test_a_name_is_never_markup() -> None:
    bad = "<script>alert(1)</script>"
    A = symbol(bad, np.ones((2, 2)))
    d = SimpleNamespace(
        title=bad, legend=((bad, bad),), forward=(line(bad, A @ A, source=bad),), backward=()
    )
    for html in (documents.to_html(d), documents.repr_html(d)):
        assert "script" not in {tag for tag, _ in Page(html).seen}
        assert "alert(1)" in html


def test_without_latex2mathml_a_page_says_what_to_install(monkeypatch: Any) -> None:
    monkeypatch.delitem(sys.modules, "tinygrad_bp.derivation.documents.mathml", raising=False)
    for name in [n for n in sys.modules if n.split(".")[0] == "latex2mathml"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "latex2mathml", None)
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    with pytest.raises(ImportError, match=r"tinygrad_bp\[viz\]"):
        documents.to_html(network())
    # A notebook asks for HTML whenever it shows the object: it gets the text.
    d, _ = deep(2)
    assert documents.repr_html(d).startswith("<pre>")
