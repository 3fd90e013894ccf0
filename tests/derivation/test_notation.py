"""Formulas as text and TeX: every operation has a template, and brackets stand where they must."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from latex2mathml.converter import convert

from tests.derivation.reading import Reader, from_tex
from tests.ops.case import Case, table
from tests.ops.cases import CASES
from tinygrad_bp.derivation.chain import slope_op
from tinygrad_bp.derivation.notation import formulas as notation
from tinygrad_bp.derivation.notation.formulas import latex, text
from tinygrad_bp.derivation.notation.signs import signs
from tinygrad_bp.derivation.notation.templates import TEMPLATES
from tinygrad_bp.expr import Expr, parts, symbol, value_of
from tinygrad_bp.op import elementwise
from tinygrad_bp.rules import activation as ac
from tinygrad_bp.rules import attention as at
from tinygrad_bp.rules import conv as cv
from tinygrad_bp.rules import elementwise as ew
from tinygrad_bp.rules import index as ix
from tinygrad_bp.rules import layer_norm as ln
from tinygrad_bp.rules import linalg as la
from tinygrad_bp.rules import loss as lo
from tinygrad_bp.rules import reduce as rd
from tinygrad_bp.rules import shape as sh
from tinygrad_bp.rules import solve as so


def named(name: str, *shape: int) -> Expr:
    return symbol(name, np.random.default_rng(len(name)).standard_normal(shape))


A, B, C = named("A", 3, 4), named("B", 3, 4), named("C", 4, 3)
W1, X, b1, Z1 = named("W1", 3, 2), named("X", 2, 4), named("b1", 3, 1), named("Z1", 3, 4)
W2, dZ2, A2, Y = named("W2", 5, 3), named("dZ2", 5, 4), named("A2", 5, 4), named("Y", 5, 4)
v, w, s, m = named("v", 4), named("w", 4), named("s"), symbol("m", np.array(4.0))
y = symbol("y", np.array([0, 2, 1]))


def test_every_operation_of_the_table_has_a_template_of_its_own() -> None:
    names = {op.name for op in table()}
    assert names - set(TEMPLATES) == set()
    assert set(TEMPLATES) - names == set(), "templates of operations that don't exist"


# --------------------------------------------------------------------------- what a textbook writes

WRITTEN = [
    (W1 @ X + b1, "W1 X + b1", "W_1 X + b_1"),
    (la.linear(X.T, W1, v[:3]), "Xᵀ W1ᵀ + v[:3]", r"X^{\top} W_1^{\top} + v[{:}3]"),
    ((A2 - Y) / m, "(A2 − Y)/m", r"\frac{A_2 - Y}{m}"),
    ((W2.T @ dZ2) * ew.greater(Z1, 0), "W2ᵀ dZ2 ⊙ [Z1 > 0]",
     r"W_2^{\top} dZ_2 \odot [Z_1 > 0]"),
    (ew.gate(Z1 > 0, A), "A ⊙ [Z1 > 0]", r"A \odot [Z_1 > 0]"),
    (ew.gate(Z1, A), "A ⊙ [Z1 ≠ 0]", r"A \odot [Z_1 \neq 0]"),
    ((W2.T @ dZ2) * slope_op(ew.relu)(Z1), "W2ᵀ dZ2 ⊙ ReLU′(Z1)",
     r"W_2^{\top} dZ_2 \odot \operatorname{ReLU}'(Z_1)"),
    (slope_op(ew.sigmoid)(A), "σ′(A)", r"\sigma'(A)"),
    (slope_op(ew.leaky_relu)(A, slope=0.1), "LeakyReLU′(A; α = 0.1)",
     r"\operatorname{LeakyReLU}'(A;\, \alpha = 0.1)"),
    (slope_op(ew.square)(A), "square′(A)", r"\operatorname{square}'(A)"),
    (dZ2.sum(axis=1, keepdims=True), "Σ dZ2", r"\sum_{j} dZ_2"),
    (sh.sum_to(A, shape=(4,)), "Σ A", r"\sum_{i} A"),
    (dZ2.sum(axis=1) / m, "(Σ dZ2)/m", r"\frac{\sum_{j} dZ_2}{m}"),
    (A - A.sum(axis=0), "A − Σᵢ A", r"A - \sum_{i} A"),
    (A.sum(), "Σ A", r"\sum A"),
    (rd.sum(named("T", 2, 3, 4), axis=(0, 2)), "Σ₀₂ T", r"\sum_{0,2} T"),
    (-(Y * np.log(A2)).sum() / m, "−(Σ Y ⊙ log(A2))/m", r"-\frac{\sum Y \odot \log(A_2)}{m}"),
    (((A - B) ** 2).mean(), "mean((A − B)²)", r"\operatorname{mean}((A - B)^{2})"),
    (lo.softmax(A2, axis=0), "softmax(A2)", r"\operatorname{softmax}_{i}(A_2)"),
    (lo.softmax(A2, axis=1), "softmax(A2)", r"\operatorname{softmax}(A_2)"),
    (lo.softmax_cross_entropy(A, y), "−mean(log(softmax(A)[y]))",
     r"-\operatorname{mean}(\log(\operatorname{softmax}(A)[y]))"),
    (at.attention_weights(A @ C, np.zeros(()), scale=1 / 2**0.5), "softmax(A C / √2)",
     r"\operatorname{softmax}\left(\frac{A C}{\sqrt{2}}\right)"),
    (A[0], "A[0]", "A[0]"),
    (A[:, 1:3], "A[:, 1:3]", r"A[{:},\, 1{:}3]"),
    (ix.index(A, y, template=(ix.ARRAY,)), "A[y]", "A[y]"),
    (so.solve(A @ C, B @ C), "(A C)⁻¹ B C", "(A C)^{-1} B C"),
    (la.einsum(A, C, subscripts="ij,jk->ik"), "einsum(ij,jk→ik; A, C)",
     r"\left[\sum_{j} A_{ij} \, C_{jk}\right]_{ik}"),
    (v @ w, "v · w", r"v \cdot w"),
    (v @ C, "vᵀ C", r"v^{\top} C"),
    (np.where(A > 0, A, 0.1 * B), "A if A > 0 else 0.1 B",
     r"\begin{cases} A & \text{if } A > 0 \\ 0.1 B & \text{else} \end{cases}"),
    (np.where(A > 0, np.ones_like(A), np.zeros_like(A)), "[A > 0]", "[A > 0]"),
    (1 - A * A, "1 − A ⊙ A", r"1 - A \odot A"),
    (ew.log1p(-A), "log(1 − A)", r"\log(1 - A)"),
    (np.ones((2, 3)) @ A, "𝟏 A", r"\mathbf{1} A"),
    (np.eye(3) @ A, "I A", "I A"),
    (rd.spread(s, shape=(2, 2), axis=None), "s 𝟏", r"s \, \mathbf{1}"),
    (rd.spread(v, shape=(3, 4), axis=0), "𝟏 vᵀ", r"\mathbf{1} v^{\top}"),
    (A * rd.spread(v, shape=(3, 4), axis=0), "A ⊙ v", r"A \odot v"),
    (ac.hardtanh(A, lower=-1, upper=2), "hardtanh(A; lower = −1, upper = 2)",
     r"\operatorname{hardtanh}(A;\, \text{lower} = -1, \text{upper} = 2)"),
    (ix.concatenate(A, B, axis=1), "[A, B]", r"\begin{bmatrix} A & B \end{bmatrix}"),
    (named("g") * named("out"), "g out", r"g \, \mathrm{out}"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "expected", "tex"), WRITTEN, ids=[w[1] for w in WRITTEN])
def test_formulas_are_written_as_in_a_textbook(formula: Expr, expected: str, tex: str) -> None:
    assert text(formula) == expected
    assert latex(formula) == tex


def test_a_convolution_says_what_is_special_about_it() -> None:
    x, k, b = named("x", 1, 2, 5, 5), named("K", 3, 2, 3, 3), named("b", 3)
    how = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
    assert text(cv.conv_bias(x, k, b, **how)) == "x ∗ K + b"
    special = cv.conv(x, k, **{**how, "stride": (2, 2), "padding": (1, 0)})
    assert text(special) == "x ∗[s = 2, p = 1×0] K"
    assert latex(special) == r"x \ast_{s=2,\, p=1 \times 0} K"


def test_the_heads_of_attention_are_named() -> None:
    x = named("Q", 2, 5, 6)
    heads = sh.transpose(x.reshape(2, 5, 3, 2), axes=(0, 2, 1, 3))
    assert text(heads @ sh.transpose(heads, axes=(0, 1, 3, 2))) == "heads(Q) heads(Q)ᵀ"
    joined = sh.transpose(heads, axes=(0, 2, 1, 3)).reshape(2, 5, 6)
    assert text(joined) == "join(heads(Q))"
    assert latex(joined) == r"\operatorname{join}(\operatorname{heads}(Q))"
    # Axes that change places otherwise are told as they are.
    assert text(sh.transpose(x.reshape(2, 5, 3, 2), axes=(3, 0, 1, 2))) == (
        "permute(reshape(Q); 3,0,1,2)"
    )
    images = sh.transpose(named("T", 2, 5, 6, 7), axes=(0, 2, 1, 3))
    assert text(images) == "permute(T; 0,2,1,3)"


def test_other_shapes_are_named_where_they_matter() -> None:
    x, w = named("T", 2, 5, 6), named("W", 6, 4)
    rows = x.reshape(10, 6)
    assert text(rows @ w) == "rows(T) W"
    # Back to the first axes: the shape beside the formula says so.
    assert text((rows @ w).reshape(2, 5, 4)) == "rows(T) W"
    assert text(x.reshape(2, 30)) == "flat(T)" and text(x.reshape(60)) == "vec(T)"
    assert text(x.reshape(60).reshape(3, 20)) == "reshape(T)"
    assert text(x.reshape(60).reshape(2, 5, 6)) == "T"
    assert text(v.reshape(4, 1) @ w[:1]) == "v W[:1]" and text(v.reshape(1, 4) @ C) == "vᵀ C"


def test_what_a_norm_carries_back_is_a_formula() -> None:
    g, x, weight = named("g", 4, 3), named("x", 4, 3), named("w", 3)
    pulled = ln.layer_norm_pull(g, x, weight, eps=1e-5)
    assert text(pulled[:-2]) == (
        "(g ⊙ w − meanⱼ(g ⊙ w) − norm(x) ⊙ meanⱼ(g ⊙ w ⊙ norm(x)))/stdⱼ(x)"
    )
    assert text(pulled[-2]) == "Σ g ⊙ norm(x)" and text(pulled[-1]) == "Σ g"
    assert latex(pulled[-2]) == r"\sum_{i} g \odot \widehat{x}"


def test_attributes_that_matter_tell_formulas_apart() -> None:
    one, other = ew.leaky_relu(A, slope=0.1), ew.leaky_relu(A, slope=0.2)
    assert text(one) != text(other) and latex(one) != latex(other)
    assert latex(A.sum(axis=0)) != latex(A.sum(axis=1))
    assert latex(lo.softmax(A, axis=0)) != latex(lo.softmax(A, axis=1))


def test_an_operation_that_a_user_declares_is_written_as_a_function() -> None:
    swish2 = elementwise(lambda x, y, *, beta=1.0: x * y * beta, name="swish_2", x=lambda g: g)
    formula = swish2(A, B - A, beta=3.0)
    assert text(formula) == "swish_2(A, B − A; β = 3)"
    assert latex(formula) == r"\text{swish\_2}(A, B - A;\, \beta = 3)"


# ---------------------------------------------------------------------------------- every operation


def gradients(case: Case) -> list[Expr]:
    """Return a case's formula, and those that its rules give."""
    inside = case.into(*case.arrays) if case.into else case.arrays
    names = ["X", "W_hh", "fc1.weight", "alpha", "y_hat", "Z1", "b", "c"]
    operands = [
        symbol(names[i % 8], a) if isinstance(a, np.ndarray) else a for i, a in enumerate(inside)
    ]
    found = [case.op(*operands, **case.attrs)]
    if not case.floating:
        return found
    mask = 1
    for i in range(len(inside)):
        mask = 2 * mask + (i in case.floating)
    plan = case.op.plan(mask)
    assert plan is not None
    with np.errstate(all="ignore"):
        out = np.asarray(case.op.forward(*inside, **case.attrs))
        saved = list(plan.keep(list(inside), out)) if plan.keep else []
    for slot, source in plan.kept:
        saved[slot] = symbol("Z[l]" if source < 0 else names[source % 8], saved[slot])
    g = symbol("dZ[l]", np.ones(out.shape, out.dtype))
    return [*found, *plan.pull_all(g, tuple(saved), case.attrs)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_written_is_whole(case: Case) -> None:
    for formula in gradients(case):
        written, tex = text(formula), latex(formula)
        assert written and tex
        assert "<" not in re.sub(r"(?<= )<(?= )", "", written), "a place that nothing was put into"
        assert re.search(r"Expr|array\(|object at|dtype", written + tex) is None
        for opening, closing in ("()", "[]", "⌊⌋"):
            assert written.count(opening) == written.count(closing)
        bare = re.sub(r"\\.", lambda m: m[0] if m[0][1].isalpha() else "", tex)
        assert bare.count("{") == bare.count("}")
        assert bare.count(r"\left") - bare.count(r"\leftarrow") == bare.count(r"\right")
        assert convert(tex).startswith("<math")
        assert "−" not in tex and "⊙" not in tex, "text in TeX"


# ----------------------------------------------------------------------------------------- brackets

N = 3
SQUARE = {name: named(name, N, N) for name in ("A", "B", "W1")}
SCALAR = {name: symbol(name, np.array(value)) for name, value in (("m", 4.0), ("t", 1.7))}
ROOM = np.random.default_rng(3)
for square in SQUARE.values():
    square.value[...] = ROOM.uniform(0.5, 2.0, (N, N))

Operation = Callable[..., Any]
BINARY: list[Operation] = [
    ew.add, ew.subtract, ew.multiply, ew.divide, la.matmul, lambda a, b: ew.multiply(b, a),
]  # fmt: skip
UNARY: list[Operation] = [
    ew.negative,
    lambda a: sh.transpose(a, axes=(1, 0)),
    ew.square,
    lambda a: a * 2.0,
    lambda a: 0.5 * a,
    lambda a: a / SCALAR["m"],
    lambda a: SCALAR["t"] * a,
    lambda a: a * (1 / 64),
    lambda a: -3 * a,
    lambda a: rd.sum(a, axis=(0,), keepdims=True) + a * 0.5,
    lambda a: a - rd.sum(a, axis=(1,), keepdims=True),
    lambda a: rd.sum(a, axis=None) * a,
    lambda a: a / rd.sum(a, axis=None),
    lambda a: (1 / SCALAR["m"]) * a,
    lambda a: 1 - a,
]
leaves = st.sampled_from([*SQUARE.values()])
formulas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda f, a, b: f(a, b), st.sampled_from(BINARY), inner, inner),
        st.builds(lambda f, a: f(a), st.sampled_from(UNARY), inner),
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(formulas)
def test_what_is_written_reads_as_what_it_stands_for(formula: Expr) -> None:
    for inner in parts(formula):
        assume(np.max(np.abs(inner.value)) < 1e6)
        if inner.op is ew.divide:
            assume(np.min(np.abs(value_of(inner.args[1]))) > 1e-3)
    values = {name: leaf.value for name, leaf in {**SQUARE, **SCALAR}.items()}
    written = notation.phrase(formula)
    scale = max(np.max(np.abs(inner.value)) for inner in parts(formula))
    for form in (written.text, from_tex(written.tex)):
        found = Reader(form, values).read()
        np.testing.assert_allclose(found, formula.value, rtol=1e-9, atol=1e-9 * scale, err_msg=form)


def test_brackets_stand_only_where_they_must() -> None:
    assert text((A + B) - (A - B)) == "A + B − (A − B)"
    assert text(A + (B + A)) == "A + B + A"
    assert text((A @ C) @ (B @ C)) == "A C B C"
    assert text(((A * B) * A) / m) == "A ⊙ B ⊙ A / m"
    assert text(A * (B / m)) == "A ⊙ B/m"
    assert text(-(A / B)) == "−A/B"
    assert text((A @ C).T) == "(A C)ᵀ"
    assert text(A.T.T) == "A"
    assert latex((A / B) ** 2) == r"\left(\frac{A}{B}\right)^{2}"
    assert latex((A + B) / (A - B)) == r"\frac{A + B}{A - B}"
    assert text((A + B) / (A - B)) == "(A + B)/(A − B)"


# ------------------------------------------------------------------------------------ long formulas


def test_a_long_formula_names_what_it_has_several_times() -> None:
    state = A
    for _ in range(40):
        state = np.tanh(state) * (1 - np.tanh(state))
    written, definitions = notation.spelled(state)
    names = [name.text for name, _ in definitions]
    assert names[0] == "u1" and len(set(names)) == len(names)
    assert len(text(state)) < 4000
    known: set[str] = set()
    for name, formula in definitions:
        assert set(re.findall(r"u\d+", formula.text)) <= known, "used before it is defined"
        known.add(name.text)
    assert set(re.findall(r"u\d+", written.text)) <= known
    assert convert(latex(state)).startswith("<math")


def test_a_name_that_is_taken_is_not_given_again() -> None:
    state = named("u1", 2, 2)
    for _ in range(12):
        state = np.tanh(state) * (1 - np.tanh(state))
    assert "u1" not in [name.text for name, _ in notation.spelled(state)[1]]


# -------------------------------------------------------------------------------- names and numbers

NAMES = [
    ("Z1", "Z_1"), ("dZ2", "dZ_2"), ("dZ12", "dZ_{12}"), ("W_hh", "W_{hh}"), ("x", "x"),
    ("dx", "dx"), ("alpha", r"\alpha"), ("dalpha", r"d\alpha"), ("β1", r"\beta_1"),
    ("loss", r"\mathrm{loss}"), ("data", r"\mathrm{data}"), ("d_model", r"d_{\mathrm{model}}"),
    ("y_hat", r"\hat{y}"), ("y_true", r"y_{\mathrm{true}}"), ("Z[l]", "Z^{[l]}"),
    ("dZ[l+1]", "dZ^{[l+1]}"), ("W[l−1]", "W^{[l-1]}"), ("fc1.weight", r"\text{fc1.weight}"),
    ("a b_c", r"\text{a b\_c}"), ("$x%", r"\text{\$x\%}"), ("θ.w", r"\theta\text{.w}"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "tex"), NAMES, ids=[name for name, _ in NAMES])
def test_names_in_tex(name: str, tex: str) -> None:
    formula = symbol(name, np.ones((2, 2)))
    assert text(formula) == name
    assert latex(formula) == tex
    # No superscript on a superscript, no subscript on a subscript.
    assert convert(latex(formula.T @ formula**2)).startswith("<math")


def test_the_transpose_of_a_layers_value_has_one_superscript() -> None:
    assert latex(named("W[l+1]", 2, 2).T @ named("dZ[l+1]", 2, 2)) == (r"W^{[l+1]\top} dZ^{[l+1]}")


NUMBERS = [
    (2.0, "2", "2"), (-1, "−1", "-1"), (0.5, "½", r"\frac{1}{2}"), (1 / 64, "1/64", None),
    (-0.25, "−¼", None), (2 / 3, "⅔", None), (1e-12, "10⁻¹²", "10^{-12}"),
    (1.5e-7, "1.5·10⁻⁷", r"1.5 \cdot 10^{-7}"), (0.123456, "0.1235", "0.1235"),
    (np.float32(1 / 3), "⅓", None), (np.float32(0.1), "0.1", "0.1"), (1 / 8**0.5, "1/√8", None),
    (np.pi, "π", r"\pi"), (2 / np.sqrt(np.pi), "2/√π", r"\frac{2}{\sqrt{\pi}}"),
    (float("inf"), "∞", r"\infty"), (-np.inf, "−∞", None), (float("nan"), "NaN", None),
    (True, "True", None), (1 + 2j, "1 + 2i", "1 + 2 i"), (-1j, "−i", "-i"), (10**9, "10⁹", None),
    (0.0447151, "0.04472", None), (100.0, "100", "100"), (0, "0", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected", "tex"), NUMBERS, ids=[n[1] for n in NUMBERS])
def test_numbers(value: Any, expected: str, tex: str | None) -> None:
    assert text(value) == expected
    assert tex is None or latex(value) == tex
    assert convert(latex(value)).startswith("<math")


def test_arrays_without_a_name() -> None:
    assert text(np.array([1.0, 2.5])) == "[1, 5/2]"
    assert text(np.array([[1, 0], [2, 3]])) == "[1 0; 2 3]"
    assert latex(np.array([[1, 0], [2, 3]])) == r"\begin{bmatrix} 1 & 0 \\ 2 & 3 \end{bmatrix}"
    assert text(np.arange(12.0).reshape(3, 4) * 7) != "[3×4 array]"
    assert text(np.arange(20.0).reshape(4, 5) * 7) == "[4×5 array]"
    assert latex(np.arange(20.0).reshape(4, 5) * 7) == r"[4 \times 5 \text{ array}]"
    assert text(np.ones((2, 2))) == "𝟏" and text(np.zeros((2, 2))) == "0"
    assert text(3 * np.ones((2, 2))) == "3 𝟏"
    assert text(A * np.ones((3, 4)) * 2) == "2 A"


def test_the_signs_that_are_used_are_explained() -> None:
    found = [sign for sign, _, _ in signs(text(A * (B > 0)))]
    assert set(found) == {"⊙", "[…]"}
    assert signs(text(A @ C)) == ()
    assert [s for s, _, _ in signs("X ∗[p = 1] W + b")] == ["∗"]
    assert [s for s, _, _ in signs("g ∗ᵀ W + log₂(x) + Z[y, 1:3]")] == ["∗ᵀ"]
    assert {s: m for s, _, m in signs("Σ₀₂₃ dZ")} == {
        "Σ₀₂₃": "sum over the axes 0, 2, 3, counted from 0"
    }
    assert all(convert(tex).startswith("<math") for _, tex, _ in signs("Σ₀ x + mean₁(x) ⊙ 𝟏"))
    assert notation.hidden_index(A.sum(axis=0)) == "ᵢ"
    assert notation.hidden_index(A.sum(axis=1)) == "ⱼ"
    assert notation.hidden_index(A.sum()) == ""
