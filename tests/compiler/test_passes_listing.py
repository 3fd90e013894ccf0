"""The program as text names what runs together, and where it lies."""

from __future__ import annotations

from tests.compiler.building import Building
from tinygrad_bp.compiler.explaining.listing import Names, plain_text, program_text
from tinygrad_bp.compiler.kernels.emit import lower
from tinygrad_bp.rules import elementwise as ew
from tinygrad_bp.rules import linalg, loss, shape


def test_a_program_is_written_down() -> None:
    built = Building()
    x, y = built.input(built.normal(8, 5)), built.input(built.normal(8, 4))
    w, b = built.state(built.normal(4, 5)), built.state(built.normal(4))
    w.name = "W1"
    rate = built.scalar(0.1)
    rate.name = "lr"
    z = built(ew.relu, built(linalg.linear, x, w, b))
    mean = built(loss.mean_squared_error, z, y)
    g = built(shape.transpose, built(ew.subtract, z, y), axes=(1, 0))
    built.store(w, built(ew.subtract, w, built(ew.multiply, rate, built(linalg.matmul, g, x))))
    built.output(mean)
    text = program_text(built.program, lower(built.program), Names())
    assert text.startswith("inputs: x1 [8, 5], x2 [8, 4]\n")
    assert "asked for in each step: lr []" in text
    assert "transpose(W1, axes=(1, 0))" in text
    assert "in W1" in text
    assert "loop over (8, 4)" in text
    assert "view of W1" in text
    assert text.splitlines()[-4].startswith("8 operations as traced, 10 once taken apart")
    assert text.splitlines()[-2].startswith("memory: ")


def test_long_names_keep_their_line_within_a_page() -> None:
    built = Building()
    w = built.state(built.normal(4, 5))
    w.name = "encoder.layers.11.attention.in_proj_weight.exp_avg"
    built.store(w, built(ew.add, w, built(ew.multiply, w, w)))
    for text in (
        program_text(built.program, lower(built.program), Names()),
        plain_text(built.program, Names()),
    ):
        assert f"multiply({w.name}," in text and max(map(len, text.splitlines())) <= 80
