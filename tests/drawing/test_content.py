"""What is in the DOT text, parsed back into boxes and arrows."""

import html
import re
from collections import Counter

import pytest

import tinygrad_bp as tgb
from tests.drawing.reading import arrows, boxes
from tinygrad_bp import nn
from tinygrad_bp.drawing import dot_text, trace


def test_a_scalar_expression():
    a = tgb.tensor(2.0, requires_grad=True).named("a")
    b = tgb.tensor(-3.0, requires_grad=True).named("b")
    c = (a * b).named("c")
    source = dot_text(c)
    assert sorted(boxes(source).values()) == ["a | 2", "b | -3", "c = a × b | -6"]
    assert sorted(arrows(source)) == [("a", "c = a × b", ""), ("b", "c = a × b", "")]
    assert source.startswith("digraph {") and 'rankdir="LR"' in source


def test_gradients_appear_once_backward_has_run():
    a = tgb.tensor(2.0, requires_grad=True).named("a")
    b = (a * a).named("b")
    c = b * 3
    assert "grad" not in dot_text(c)
    c.backward()
    texts = set(boxes(dot_text(c)).values())
    # Of b nobody asked to retain a gradient: it is computed for the picture, and only for it.
    assert texts == {
        "a | value 2 | grad 12",
        "b = a × a | value 4 | grad 3",
        "b × 3 | value 12 | grad 1",
    }
    assert b.node.extra is None or b.node.extra.grad is None


def test_gradients_of_a_freed_graph_equal_those_that_backward_found(two_layers):
    before = dot_text(two_layers["L"], direction="backward")
    two_layers["L"].backward()
    after = dot_text(two_layers["L"], direction="backward")
    assert after.replace(" (freed)", "") == before
    row = [f"{x:.4g}" for x in two_layers["b2"].grad.numpy().ravel()]
    assert all(number in after for number in row)


def test_the_notes_network(two_layers):
    texts = list(boxes(dot_text(two_layers["L"])).values())
    heads = [text.split(" | ")[0] for text in texts]
    assert heads == [
        "W1", "X", "W1 @ X", "b1", "Z1 = · + b1", "A1 = ReLU(Z1)", "W2", "W2 @ A1", "b2",
        "Z2 = · + b2", "log softmax(Z2, axis=0)", "Y", "Y × ·", "Σ", "negative", "L = · / 3",
    ]  # fmt: skip
    assert any(text.startswith("X | (4, 3) | [") for text in texts)


def test_backward_arrows_carry_the_notes_names_and_the_sum_of_the_bias(two_layers):
    source = dot_text(two_layers["L"], direction="backward")
    found = arrows(source)
    assert ("Z1 = · + b1", "b1", "db1 Σ (3, 3) → (3, 1)") in found
    assert ("W2 @ A1", "A1 = ReLU(Z1)", "dA1 (3, 3)") in found
    assert "X" not in {head for _, head, _ in found}  # nobody wants dX
    assert any("keeps A1, W2" in text for text in boxes(source).values())
    two_layers["L"].backward()
    freed = boxes(dot_text(two_layers["L"], direction="backward")).values()
    assert any("keeps A1, W2 (freed)" in text for text in freed)


def test_contributions_are_shown_where_a_gradient_forks():
    a = tgb.tensor(3.0, requires_grad=True).named("a")
    b = (a * a).named("b")
    found = arrows(dot_text(b - 2 * a, direction="backward"))
    labels = sorted(label for _, head, label in found if head == "a")
    assert labels == ["da + 3", "da + 3", "da − 2"]


def test_both_directions_draw_each_way_once(two_layers):
    forward = arrows(dot_text(two_layers["L"]))
    backward = arrows(dot_text(two_layers["L"], direction="backward"))
    both = arrows(dot_text(two_layers["L"], direction="both"))
    assert len(both) == len(forward) + len(backward)


def test_names_given_go_first():
    a = tgb.ones(2, requires_grad=True).named("a")
    assert "theta" in boxes(dot_text(a.sum(), names={"theta": a}))["n0"]


def test_a_tensor_used_twice_is_one_box():
    x = tgb.ones(2, 2).named("x")
    w = tgb.ones(2, 2, requires_grad=True).named("w")
    source = dot_text((w @ x) * (w @ x))
    heads = Counter(text.split(" | ")[0] for text in boxes(source).values())
    assert heads == {"w": 1, "x": 1, "w @ x": 2, "×": 1}


def test_several_roots():
    w = tgb.ones(2, requires_grad=True).named("w")
    u, v = (w + 1).named("u"), (w * 2).named("v")
    source = dot_text([u, v])
    assert len(boxes(source)) == 3 and source.count("penwidth=2") == 2


def test_a_leaf_alone():
    w = tgb.ones(2, requires_grad=True).named("w")
    assert list(boxes(dot_text(w)).values()) == ["w | (2,) | [1 1]"]


def test_large_tensors_show_their_shape_only():
    w = tgb.ones(5, 5, requires_grad=True).named("w")
    assert boxes(dot_text(w.sum()))["n0"] == "w | (5, 5)"
    assert "[1 1 1 1 1]" in boxes(dot_text(w.sum(), max_elements=25))["n0"]
    small = tgb.ones(2, requires_grad=True).named("w")
    assert boxes(dot_text(small.sum(), max_elements=0))["n0"] == "w | (2,)"


def test_a_large_picture_shows_single_numbers_only():
    w = tgb.ones(2, requires_grad=True).named("w")
    y = w
    for _ in range(110):
        y = y + 1
    assert boxes(dot_text(y.sum()))["n0"] == "w | (2,)"
    assert "222" in dot_text(y.sum())
    assert boxes(dot_text(y.sum(), max_elements=2))["n0"] == "w | (2,) | [1 1]"


def test_another_dtype_is_named():
    w = tgb.ones(2, requires_grad=True, dtype=tgb.float64).named("w")
    assert boxes(dot_text(w.sum()))["n0"].startswith("w | (2,) float64")


@pytest.mark.parametrize(
    "name", ['say "x"', "a<b>&c", "two\nlines", "back\\slash", "nul\x00", "<i>", "层", "\\N", "}"]
)
def test_any_name_is_taken_literally(name):
    w = tgb.ones(2, requires_grad=True).named(name)
    picture = tgb.draw((w * 2).sum(), direction="both")
    shown = " ".join(name.replace("\x00", "\ufffd").split())
    assert boxes(picture.source)["n0"].startswith(shown + " |")
    svg = html.unescape(picture.pipe(format="svg", encoding="utf-8")).replace("\xa0", " ")
    assert shown in svg


# ------------------------------------------------------------------------------------ large graphs


@pytest.fixture
def fifty():
    return nn.Sequential(*[layer for _ in range(50) for layer in (nn.Linear(4, 4), nn.ReLU())])


def test_fifty_layers_stay_readable(fifty, batch):
    with trace(fifty):
        loss = fifty(batch).sum()
    folded = tgb.draw(loss, model=fifty, depth=1)
    assert len(boxes(folded.source)) == 102  # the input, a hundred modules, the sum
    for picture in (folded, tgb.draw(loss, model=fifty)):
        svg = picture.pipe(format="svg", encoding="utf-8")
        width, height = map(
            float, re.search(r'<svg width="(\d+)pt" height="(\d+)pt"', svg).groups()
        )
        assert 1 / 3 < width / height < 3 and max(width, height) < 3000


def test_too_large_a_graph_is_refused_with_the_remedy():
    x = tgb.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 1
    with pytest.raises(ValueError, match=r"100,001 boxes.*depth=1"):
        tgb.draw(y)


def test_a_very_deep_graph_collapses():
    class Deep(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(tgb.ones(2))

        def forward(self, x):
            x = x * self.scale
            for _ in range(20_000):
                x = x + 1
            return x * self.scale

    net = nn.Sequential(Deep())
    x = tgb.ones(2).named("x")
    loss = net(x).sum()
    texts = list(boxes(dot_text(loss, model=net, depth=1)).values())
    assert "0 | Deep | 20,002 operations, 2 parameters" in texts and len(texts) == 3


# ------------------------------------------------------------------------------------------ errors


def test_nothing_recorded_is_an_error():
    with pytest.raises(RuntimeError, match=r"nothing to draw.*does not require a gradient"):
        tgb.draw(tgb.ones(2))


def test_bad_arguments():
    w = tgb.ones(2, requires_grad=True)
    with pytest.raises(TypeError, match="draw takes a Tensor"):
        tgb.draw([1.0])
    with pytest.raises(ValueError, match="at least one"):
        tgb.draw([])
    with pytest.raises(ValueError, match="direction is"):
        tgb.draw(w, direction="up")
    with pytest.raises(ValueError, match="needs model"):
        tgb.draw(w, depth=1)
    with pytest.raises(ValueError, match="rankdir is"):
        tgb.draw(w, rankdir="up")
