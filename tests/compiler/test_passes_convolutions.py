"""Convolutions as kernels: what eager computes, for every back end, whatever the geometry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.compiler.building import Building, agree, native, vectors_of
from tests.compiler.pairs import BACKENDS, train_both
from tinygrad_bp.compiler.kernels import convolutions, filter_gradients, lines
from tinygrad_bp.rules import conv, pool
from tinygrad_bp.rules import elementwise as ew

# channels of x, of y, groups, spatial lengths, kernel, stride, padding, dilation
GEOMETRIES: dict[str, tuple[Any, ...]] = {
    "plain": (2, 4, 1, (9, 8), (3, 3), (1, 1), (0, 0), (1, 1)),
    "one position": (3, 5, 1, (5, 7), (1, 1), (1, 1), (0, 0), (1, 1)),
    "more channels than sums in work": (3, 50, 1, (9, 20), (3, 3), (1, 1), (1, 1), (1, 1)),
    "lines longer than a tile": (1, 2, 1, (11, 41), (3, 2), (1, 1), (0, 1), (1, 1)),
    "stride": (2, 3, 1, (9, 9), (3, 3), (2, 2), (1, 1), (1, 1)),
    "stride and rows left over": (2, 3, 1, (10, 8), (3, 2), (2, 1), (1, 0), (1, 1)),
    "stride beyond the kernel": (2, 3, 1, (11, 12), (1, 2), (3, 3), (0, 0), (1, 1)),
    "dilation": (2, 3, 1, (9, 12), (3, 2), (1, 1), (2, 1), (2, 3)),
    "stride and dilation": (2, 3, 1, (13, 12), (2, 3), (2, 3), (2, 3), (3, 2)),
    "padding beyond the kernel": (2, 3, 1, (7, 6), (2, 3), (1, 2), (2, 3), (2, 1)),
    "groups": (4, 6, 2, (8, 9), (3, 3), (1, 1), (1, 1), (1, 1)),
    "a group a channel": (5, 5, 5, (8, 9), (3, 3), (1, 1), (1, 1), (1, 1)),
    "groups and stride": (6, 9, 3, (9, 11), (3, 3), (2, 2), (0, 0), (1, 1)),
    "a row": (3, 4, 1, (23,), (5,), (1,), (2,), (1,)),
    "a row with stride and dilation": (4, 6, 2, (31,), (3,), (2,), (3,), (2,)),
    "space": (2, 3, 1, (5, 6, 7), (2, 3, 2), (1, 1, 1), (1, 0, 1), (1, 1, 1)),
    "space with stride": (2, 4, 2, (7, 6, 9), (3, 2, 3), (2, 1, 2), (1, 0, 0), (1, 2, 1)),
}


def _built(geometry: tuple[Any, ...], dtype: Any, count: int) -> Building:
    inner, outer, groups, size, kernel, stride, padding, dilation = geometry
    built = Building()
    how: dict[str, Any] = {
        "stride": stride, "padding": padding, "dilation": dilation, "groups": groups,
    }  # fmt: skip
    x = built.input(built.normal(count, inner, *size, dtype=dtype))
    w = built.state(built.normal(outer, inner // groups, *kernel, dtype=dtype))
    b = built.state(built.normal(outer, dtype=dtype))
    y = built(conv.conv_bias, x, w, b, **how)
    g = built(ew.tanh, y)
    back = built(conv.conv_transpose, g, w, size=size, **how)
    to_weight = built(conv.conv_weight, x, g, kernel=kernel, **how)
    built.output(y, built(conv.conv, x, w, **how), back, to_weight)
    built.store(w, built(ew.subtract, w, built(ew.multiply, to_weight, 0.01)))
    return built


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_a_convolution_and_its_adjoints(name: str, dtype: Any) -> None:
    built = _built(GEOMETRIES[name], dtype, 3)
    agree(built)
    assert all(isinstance(e, str) for e in native(built.program).entries)


@pytest.mark.parametrize("name", ["stride", "groups"])
def test_vectors_of_half_the_length(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors_of(256, monkeypatch, lines, convolutions, filter_gradients)
    agree(_built(GEOMETRIES[name], np.float32, 2), "native")


@pytest.mark.parametrize("totals", [1 << 20, 0], ids=["by samples", "by outputs"])
def test_what_threads_share(totals: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filter_gradients, "_TOTALS", totals)
    geometry = (4, 18, 2, (40, 40), (3, 3), (1, 1), (1, 1), (1, 1))
    agree(_built(geometry, np.float32, 23))


def test_windows_of_whole_planes_are_left_to_numpy() -> None:
    built = _built((3, 4, 1, (6, 6), (6, 6), (1, 1), (0, 0), (1, 1)), np.float32, 2)
    agree(built)
    assert not all(isinstance(e, str) for e in native(built.program).entries)


LAYERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "Conv1d": (lambda nn: nn.Conv1d(3, 4, 3, padding=1), (2, 3, 12)),
    "Conv2d": (lambda nn: nn.Conv2d(2, 6, (3, 5), stride=(2, 1), padding=2), (3, 2, 11, 9)),
    "Conv2d in groups": (lambda nn: nn.Conv2d(4, 8, 3, groups=4, bias=False), (2, 4, 9, 8)),
    "Conv2d dilated": (lambda nn: nn.Conv2d(2, 3, 3, dilation=2), (2, 2, 11, 12)),
    "Conv2d padded same": (lambda nn: nn.Conv2d(2, 3, (3, 4), padding="same"), (2, 2, 8, 9)),
    "Conv2d reflecting": (
        lambda nn: nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), (2, 2, 8, 9)
    ),
    "Conv3d": (lambda nn: nn.Conv3d(2, 3, (2, 3, 3), stride=(1, 2, 1)), (2, 2, 5, 8, 7)),
    "ConvTranspose1d": (lambda nn: nn.ConvTranspose1d(3, 2, 4, stride=2, padding=1), (2, 3, 9)),
    "ConvTranspose2d": (
        lambda nn: nn.ConvTranspose2d(4, 3, 3, stride=2, padding=1, output_padding=1), (2, 4, 6, 7)
    ),
    "ConvTranspose2d in groups": (
        lambda nn: nn.ConvTranspose2d(4, 6, 3, groups=2, dilation=2), (2, 4, 6, 7)
    ),
    "ConvTranspose3d": (lambda nn: nn.ConvTranspose3d(2, 3, 2, stride=2), (2, 2, 4, 5, 6)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_trains_alike(layer: str, backend: str, dtype: str) -> None:
    make, shape = LAYERS[layer]

    def build() -> Any:  # a layer before it, so that a gradient goes through
        return tgb.nn.Sequential(tgb.nn.PReLU(), make(tgb.nn))

    def data() -> Any:
        return tgb.randn(*shape), tgb.zeros(1)

    train_both(
        build, lambda ps: tgb.optim.SGD(ps, lr=0.1), lambda y, t: ((y - t) ** 2).mean(), data,
        backend=backend, steps=3, dtype=getattr(tgb, dtype),
    )  # fmt: skip


@pytest.mark.parametrize(("kernel", "stride"), [((2, 2), (2, 2)), ((3, 2), (1, 2))])
def test_a_relu_before_a_pool_is_done_after_it(kernel: Any, stride: Any) -> None:
    built = Building()
    numbers = built.rng.integers(-4, 3, (2, 3, 7, 8)).astype(np.float32)  # with ties
    numbers[0, 0, :2] = np.nan
    numbers[0, 1] = -1
    numbers[1, 2, 3:5] = [[np.inf], [-np.inf]]
    x = built.input(numbers)
    size = tuple((n - k) // s + 1 for n, k, s in zip((7, 8), kernel, stride, strict=True))
    how: dict[str, Any] = {
        "kernel": kernel, "stride": stride, "padding": (0, 0), "dilation": (1, 1),
    }  # fmt: skip
    plane = built(ew.relu, built(ew.multiply, x, 2.0))
    top = built(pool.max_pool, plane, size=size, **how)
    g = built.input(built.normal(2, 3, *size))
    back = built(ew.gate, plane, built(pool.place_largest, g, plane, top, **how))
    built.output(built(ew.exp, built(ew.negative, top)), back, built(conv.channel_sums, back))
    agree(built)
    step = native(built.program)
    relus = [c for c in step.lowered.program.calls if c.op is ew.relu]
    assert [c.out.shape for c in relus] == [top.shape]


@pytest.mark.parametrize("name", ["plain", "stride beyond the kernel", "groups"])
def test_a_relu_or_a_gate_is_done_by_the_convolution(name: str) -> None:
    inner, outer, groups, size, kernel, stride, padding, dilation = GEOMETRIES[name]
    built = Building()
    how: dict[str, Any] = {
        "stride": stride, "padding": padding, "dilation": dilation, "groups": groups,
    }  # fmt: skip
    numbers = built.normal(3, inner, *size)
    numbers[0, 0, 2, 2] = np.nan
    x = built(ew.relu, built.input(numbers))
    w = built.state(built.normal(outer, inner // groups, *kernel))
    b = built.state(built.normal(outer))
    y = built(ew.relu, built(conv.conv_bias, x, w, b, **how))
    bare = built(ew.relu, built(conv.conv, x, w, **how))
    back = built(conv.conv_transpose, built(ew.tanh, bare), w, size=size, **how)
    built.output(y, bare, built(ew.gate, x, back))
    agree(built)
    ops = [c.op.name for c in native(built.program).lowered.program.calls]
    assert sorted(ops) == ["conv_relu", "conv_relu", "conv_transpose_gated", "relu", "tanh"]


def test_a_convolution_that_others_read_too_stays_as_it_is() -> None:
    built = _built(GEOMETRIES["plain"], np.float32, 2)
    y = built.program.outputs[0]
    built.output(built(ew.relu, y), built(ew.gate, built(ew.exp, y), y))
    agree(built)
    names = {c.op.name for c in native(built.program).lowered.program.calls}
    assert "conv_relu" not in names


def test_dropout_leaves_nothing_to_numpy(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("llvmlite")
    step = train_both(
        lambda: tgb.nn.Sequential(tgb.nn.Linear(4, 5), tgb.nn.Dropout(0.3), tgb.nn.Linear(5, 1)),
        lambda ps: tgb.optim.SGD(ps, lr=0.1), tgb.nn.MSELoss(),
        lambda: (tgb.randn(8, 4), tgb.randn(8, 1)), backend="native", steps=3,
    )  # fmt: skip
    step.explain()
    text = capsys.readouterr().out
    assert "greater_equal" in text
    assert "numpy_multiply" not in text
