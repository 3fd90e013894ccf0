"""What a page is made of, read without a browser."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.stepping.conftest import read
from tests.stepping.test_numbers import cells
from tinygrad_bp.graph import backprop
from tinygrad_bp.stepping import page, write


def named(data, name):
    return next(item for item in data["items"] if item["name"] == name)


def test_the_steps_are_those_of_backprop(two_layers):
    t = two_layers
    data = read(page(t["L"]))
    pulled = []
    backprop(
        {t["L"].node: np.ones(())}, keep=True, watch=lambda node, *_: pulled.append(node.op.name)
    )
    walked = []
    for number, item in enumerate(data["items"][: data["steps"]]):
        passed_on = [e for other in data["items"] for e in other.get("ledger", ())]
        walked += [item["op"]] * sum(e["from"] == number for e in passed_on)
    assert walked == pulled
    assert data["items"][0]["name"] == "L"


def test_values_and_gradients_are_those_of_backward(two_layers):
    t = two_layers
    data = read(page(t["L"]))
    for name in ("Z1", "A1", "Z2", "A2"):
        t[name].retain_grad()
    t["L"].backward()
    for name in ("W1", "b1", "W2", "b2", "Z1", "A1", "Z2", "A2"):
        item = named(data, name)
        np.testing.assert_allclose(cells(item["value"]), t[name].detach().numpy(), rtol=1e-5)
        gradient = t[name].grad.numpy()
        np.testing.assert_allclose(cells(item["gradient"]), gradient, rtol=1e-5, atol=1e-12)
        assert item["gradient"]["norm"] == pytest.approx(np.linalg.norm(gradient), rel=1e-5)
        assert item["ledger"][-1]["total"] == item["gradient"]["norm"]


def test_the_ledger_has_every_contribution():
    rng = np.random.default_rng(0)
    x = tgb.tensor(rng.standard_normal((3, 4)), requires_grad=True).named("x")
    y = tgb.tensor(rng.standard_normal((3, 4))).named("y")
    loss = ((x * y).sum() + (x * x).sum() + x.exp().sum()).named("L")
    item = named(read(page(loss)), "x")
    parts = [cells(entry["numbers"]) for entry in item["ledger"]]
    value = x.detach().numpy()
    expected = [np.exp(value), value, value, y.numpy()]
    for part, wanted in zip(parts, expected, strict=True):
        np.testing.assert_allclose(part, wanted, rtol=1e-5)
    totals = [np.linalg.norm(np.sum(expected[: i + 1], axis=0)) for i in range(4)]
    assert [e["total"] for e in item["ledger"]] == pytest.approx(totals, rel=1e-5)
    assert [e.get("operand") for e in item["ledger"]] == [None, 1, 2, None]
    np.testing.assert_allclose(sum(parts), cells(item["gradient"]), rtol=1e-5)


def test_the_lines_of_the_derivation_are_shown(two_layers):
    derivation = tgb.explain(two_layers["L"])
    data = read(page(derivation))
    shown = {item["name"] for item in data["items"] if "derived" in item}
    assert {f"d{name}" for name in shown} == {line.name for line in derivation.backward}
    assert data == read(page(two_layers["L"]))


def test_a_derivation_with_closed_modules(residual):
    net, loss, _ = residual
    data = read(page(tgb.explain(loss, model=net, depth=1)))
    assert data["steps"] == read(page(loss, model=net))["steps"]
    assert len(data["levels"]) == 4


def test_lines_in_columns_of_a_graph_in_rows():
    tgb.manual_seed(0)
    x, w = tgb.randn(6, 4), tgb.randn(4, 3, requires_grad=True)
    loss = ((x @ w).relu() ** 2).mean()
    assert not read(page(loss))["turned"]
    data = read(page(tgb.explain(loss, layout="columns")))
    assert data["turned"]
    assert any("derived" in item for item in data["items"])


def test_nothing_is_asked_of_a_network(two_layers, residual):
    for html in (page(two_layers["L"]), page(residual[1], model=residual[0])):
        assert set(re.findall(r"\w+://[^\s\"]+", html)) == {"http://www.w3.org/2000/svg"}
        assert not re.search(r"\b(src|href)\s*=|@import|url\(|fetch\(|XMLHttp|import\(", html)
        assert "default-src 'none'" in html


class Elements(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


NAMES = [
    "<script>alert(1)</script>", "</script><b>", 'a"b\'c', "Å&amp;&lt;", "{{data}}", "$&\\1",
    "<!--", "x\u2028y", "W_1^{2}\\frac", "名前", "<img src=x onerror=alert(1)>", "",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_is_never_markup(name):
    def html(name):
        x = tgb.tensor([1.0, 2.0], requires_grad=True).named(name)
        y = tgb.tensor([3.0, 4.0]).named(f"{name}2")
        return page((x * y).sum().named(f"{name}3"), title=f"Of {name}")

    plain, odd = html("x"), html(name)
    assert read(odd)["steps"] == 2
    assert [tag for tag, _ in Elements(odd).found] == [tag for tag, _ in Elements(plain).found]
    formulas = "".join(read(odd)["formulas"])
    assert {tag for tag, _ in Elements(formulas).found} <= {
        "math", "mrow", "mi", "mo", "mn", "mtext", "mspace", "msub", "msup", "msubsup", "munder",
        "mstyle", "mfrac", "mover",
    }  # fmt: skip
    assert all(not attrs.get("onerror") for _, attrs in Elements(formulas + odd).found)


def test_every_level_of_modules_is_laid_out(residual):
    net, loss, _ = residual
    html = page(loss, model=net)
    data = read(html)
    labels = [level["label"] for level in data["levels"]]
    assert labels == [
        "every operation", "2 levels open", "1 level open", "the model as a box"
    ]  # fmt: skip
    assert html.count("<svg viewBox") == html.count("<template") + html.count('<svg viewBox="0 0 2')
    operations = set(range(data["steps"]))
    for number, level in enumerate(data["levels"]):
        svg = re.search(rf'id="picture-{number}">(.*?)</template>', html, re.S)[1]
        drawn = set(re.findall(r'data-box="(\w+)"', svg))
        assert drawn == set(level["boxes"]) | set(level["modules"])
        inside = [item for module in level["modules"].values() for item in module["items"]]
        outside = [item for item in level["boxes"].values() if item in operations]
        assert sorted(inside + outside) == sorted(operations)
    whole = data["levels"][-1]["modules"]
    assert [module["kind"] for module in whole.values()] == ["Sequential"]


def test_names_of_parameters_modules_and_lines(residual):
    net, loss, _ = residual
    data = read(page(loss, model=net))
    paths = {item.get("path") for item in data["items"] if item["kind"] == "leaf"}
    assert paths == {name for name, _ in net.named_parameters()}
    lines = [item["line"] for item in data["items"] if item["kind"] == "op"]
    assert all(line.startswith("conftest.py:") for line in lines)
    assert any(item.get("module") == "1 Block" for item in data["items"])


def test_a_graph_of_500_boxes_is_a_file_of_less_than_three_megabytes(long_chain, tmp_path):
    path = write(long_chain[0], tmp_path / "long.html")
    data = read(path.read_text(encoding="utf-8"))
    assert len(data["levels"][0]["boxes"]) == 500
    assert path.stat().st_size < 3e6
    weight = named(data, "W")
    assert len(weight["ledger"]) == 124


def test_what_is_no_single_number_has_values_alone():
    x = tgb.tensor([1.0, 2.0], requires_grad=True).named("x")
    data = read(page((x * 3).named("z")))
    assert data["steps"] == 0
    assert "single number" in data["note"]
    assert named(data, "z")["value"]["exact"] == [3.0, 6.0]


def test_a_gradient_may_be_given():
    x = tgb.tensor([1.0, 2.0], requires_grad=True).named("x")
    data = read(page(tgb.explain((x * 3).named("z"), gradient=np.array([1.0, 10.0]))))
    assert named(data, "x")["gradient"]["exact"] == [3.0, 30.0]


def test_after_backward_has_freed_the_graph(two_layers):
    before = read(page(two_layers["L"]))
    two_layers["L"].backward()
    assert named(read(page(two_layers["L"])), "W1")["gradient"] == named(before, "W1")["gradient"]


def test_what_is_not_known_any_more_is_left_out():
    w = tgb.tensor([1.0, 2.0], requires_grad=True).named("w")
    loss = (w * w).exp().sum().named("L")
    loss.backward()
    with tgb.no_grad():
        w.mul_(2.0)
    data = read(page(loss))
    assert data["steps"] == 0
    assert "forward pass again" in data["note"]
    assert named(data, "w")["value"]["exact"] == [2.0, 4.0]


def test_a_function_of_the_user_with_several_outputs():
    class Both(tgb.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 2, a * 3

        @staticmethod
        def backward(ctx, g, k):
            return g * 2 + k * 3

    x = tgb.tensor([1.0, 2.0], requires_grad=True).named("x")
    p, q = Both.apply(x)
    data = read(page((p * q).sum().named("L")))
    assert named(data, "x")["gradient"]["exact"] == [12.0, 24.0]
    (both,) = (item for item in data["items"] if item.get("apart"))
    assert len(both["ledger"]) == 2


def test_the_page_leaves_no_trace(two_layers):
    t = two_layers
    page(t["L"])
    assert all(t[name].grad is None for name in ("W1", "b1", "W2", "b2"))
    t["L"].backward()
    assert t["W1"].grad is not None


def test_too_many_boxes_or_operations_are_refused(long_chain, monkeypatch):
    with pytest.raises(ValueError, match="max_nodes=100"):
        page(long_chain[0], max_nodes=100)
    monkeypatch.setattr("tinygrad_bp.stepping._MOST", 300)
    with pytest.raises(ValueError, match="more than a browser likes"):
        page(long_chain[0])


def test_levels_with_too_many_boxes_are_left_out(residual):
    net, loss, _ = residual
    data = read(page(loss, model=net, max_nodes=4))
    assert [level["label"] for level in data["levels"]] == ["the model as a box"]


def test_what_was_not_recorded_is_told():
    with pytest.raises(RuntimeError, match="nothing was recorded"):
        page(tgb.tensor(1.0))
    with pytest.raises(TypeError, match="Tensor"):
        page(1.0)


def test_interactive_pages_of_a_derivation(two_layers, tmp_path):
    derivation = tgb.explain(two_layers["L"])
    html = derivation.to_html(tmp_path / "page.html", interactive=True)
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == html
    assert read(html)["steps"] == 11
