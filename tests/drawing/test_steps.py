"""Pictures of compiled steps: kernels, the states they read and write, what repeats."""

from importlib.util import find_spec

import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.drawing import dot_text
from tinygrad_bp.drawing.repeats import fold

BACKENDS = ["numpy", *(["native"] if find_spec("llvmlite") else [])]


def trained(backend, layers=0):
    """Return a step of a small classifier that ran once."""
    tgb.manual_seed(0)
    hidden = [layer for _ in range(layers) for layer in (nn.Linear(32, 32), nn.ReLU())]
    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), *hidden, nn.Linear(32, 10))
    optimizer = tgb.optim.Adam(model.parameters())

    @tgb.compile(backend=backend)
    def step(pixels, digit):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(pixels), digit)
        loss.backward()
        optimizer.step()
        return loss

    step(tgb.randn(64, 16), tgb.randint(0, 10, (64,)))
    return step


@pytest.mark.parametrize("backend", BACKENDS)
def test_inputs_and_states_are_named(backend):
    text = dot_text(trained(backend))
    for word in ("<B>pixels</B>", "<B>digit</B>", "(64, 16)", "0.weight", "→ 2.bias.grad"):
        assert word in text, word


@pytest.mark.skipif("native" not in BACKENDS, reason="the extra `compile` is not installed")
def test_what_is_fused_stands_in_one_box():
    lines = dot_text(trained("native")).splitlines()
    box = next(line for line in lines if "loop 64 × 10" in line)
    assert "amax" in box and "exp" in box and "2.bias" in box
    update = next(line for line in lines if "exp_avg" in line)
    assert "and 3 like it" in update and "sqrt" in update


@pytest.mark.parametrize("backend", BACKENDS)
def test_layers_that_repeat_are_drawn_once(backend):
    shallow, deep = (dot_text(trained(backend, n)) for n in (2, 12))
    assert "× 1" in deep and "in a row" in deep and "style=dashed" in deep
    assert deep.count("matmul") < 2 * shallow.count("matmul") + 4


def test_what_comes_from_far_away_is_written_in_a_large_picture():
    small, large = (dot_text(trained("numpy", n)) for n in (0, 3))
    assert "← " in large and "(64, 16)" in large
    assert large.count(" -> ") < 2 * large.count("[label=<<TABLE")
    assert "rankdir" in small


def test_a_compiled_module_is_drawn():
    model = tgb.compile(nn.Sequential(nn.Linear(4, 3), nn.Tanh()), backend="numpy")
    model(tgb.randn(5, 4))
    assert "tanh" in dot_text(model)


def test_a_step_that_was_not_called_has_no_picture():
    with pytest.raises(RuntimeError, match="Call it first"):
        dot_text(tgb.compile(lambda x: x + 1))


def test_too_large_a_picture_is_refused():
    with pytest.raises(ValueError, match="max_nodes=3"):
        dot_text(trained("numpy"), max_nodes=3)


def test_a_picture_is_written(tmp_path):
    tgb.draw(trained("numpy"), path=tmp_path / "step.svg")
    assert "0.weight" in (tmp_path / "step.svg").read_text(encoding="utf-8")


def test_a_page_to_step_through_is_of_a_tensor(tmp_path):
    with pytest.raises(TypeError, match="one tensor"):
        tgb.draw(trained("numpy"), path=tmp_path / "step.html")


@pytest.mark.parametrize(
    ("sequence", "found"),
    [
        ("", []),
        ("abc", []),
        ("xababab", [(1, 2, 3)]),
        ("abcabcyabab", [(0, 3, 2), (7, 2, 2)]),
        ("aaaa", [(0, 2, 2)]),
    ],
)
def test_repetitions_are_found(sequence, found):
    folds = fold(sequence)
    assert [(run.start, run.period, run.count) for run in folds.runs] == found
    shown = [sequence[folds.shown(i)] for i in range(len(sequence))]
    assert "".join(shown) == sequence
