"""Convolutions and pools as machine code in steps that are not compiled: NumPy's numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.rules import native as door

pytest.importorskip("llvmlite")


@pytest.fixture(autouse=True)
def _afresh(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put code in a folder of its own; forget it afterwards."""
    monkeypatch.setenv("TINYGRAD_BP_CACHE", str(tmp_path_factory.getbasetemp() / "code"))
    for name, value in {"_kernels": {}, "_asked": {}, "_taken": {}, "_spent": 0, "EACH": 0}.items():
        monkeypatch.setattr(door, name, value)


def use(native: bool) -> None:
    door._spent = door.WORTH if native else 0


def kernels() -> set[str]:
    """Name the operations for which there is machine code."""
    return {key[0].name for key, kernel in door._kernels.items() if kernel is not None}


#: Layers, and the shapes of their inputs.
LAYERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "plain": (lambda: nn.Conv2d(3, 5, 3), (4, 3, 9, 8)),
    "padded": (lambda: nn.Conv2d(3, 5, (3, 2), padding=(1, 1)), (2, 3, 7, 9)),
    "strided": (lambda: nn.Conv2d(4, 6, 3, stride=2, padding=1, bias=False), (3, 4, 11, 10)),
    "dilated": (lambda: nn.Conv2d(2, 3, 3, dilation=2), (2, 2, 12, 13)),
    "groups": (lambda: nn.Conv2d(4, 8, 3, groups=2), (3, 4, 8, 8)),
    "depthwise": (lambda: nn.Conv2d(6, 6, 3, groups=6, padding=1), (2, 6, 9, 9)),
    "one element": (lambda: nn.Conv2d(4, 3, 1, stride=2), (2, 4, 7, 7)),
    "one axis": (lambda: nn.Conv1d(3, 4, 5, padding=2), (3, 3, 40)),
    "three axes": (lambda: nn.Conv3d(2, 3, 2), (2, 2, 5, 6, 7)),
    "adjoint": (lambda: nn.ConvTranspose2d(4, 3, 3, stride=2), (2, 4, 6, 5)),
    "pool": (lambda: nn.MaxPool2d(2), (3, 4, 8, 10)),
    "overlapping pool": (lambda: nn.MaxPool2d(3, stride=2), (2, 3, 9, 11)),
    "padded pool": (lambda: nn.MaxPool2d(3, stride=2, padding=1), (2, 3, 9, 11)),
}  # fmt: skip
#: For which operations there is machine code, where it is not all three.
KERNELS: dict[str, set[str]] = {
    "strided": {"conv", "conv_transpose"},  # the weight's gradient is a sum of few numbers
    "adjoint": {"conv", "conv_transpose"},
    "one element": {"conv_transpose"},  # and one product forward
    "pool": {"max_pool", "place_largest"},
    "overlapping pool": {"max_pool", "place_largest"},
    "padded pool": set(),
}
every_layer = pytest.mark.parametrize("name", LAYERS)


def made(name: str, dtype: Any) -> tuple[Any, Any]:
    build, shape = LAYERS[name]
    tgb.manual_seed(0)
    return build().to(dtype), tgb.randn(*shape).to(dtype)


def run(layer: Any, x: Any) -> list[Any]:
    """Return the output and all gradients."""
    x = x.detach().clone().requires_grad_()
    layer.zero_grad()
    out = layer(x)
    (out * out.detach().sin()).sum().backward()
    found = [out, x.grad, *(p.grad for p in layer.parameters())]
    return [t.detach().numpy().copy() for t in found]


@pytest.mark.parametrize("dtype", [tgb.float32, tgb.float64], ids=str)
@every_layer
def test_the_same_numbers(name: str, dtype: Any) -> None:
    layer, x = made(name, dtype)
    use(native=False)
    expected = run(layer, x)
    assert not door._kernels
    use(native=True)
    found, again = run(layer, x), run(layer, x)
    assert kernels() == KERNELS.get(name, {"conv", "conv_transpose", "conv_weight"})
    limit = {"rtol": 1e-4, "atol": 1e-4} if dtype is tgb.float32 else {"rtol": 1e-11, "atol": 1e-12}
    for want, got, once_more in zip(expected, found, again, strict=True):
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, **limit)
        assert (got == once_more).all()


@every_layer
def test_gradients_of_gradients(name: str) -> None:
    layer, x = made(name, tgb.float64)

    def second() -> list[Any]:
        start = x.detach().clone().requires_grad_()
        (g,) = tgb.autograd.grad(layer(start).sin().sum(), start, create_graph=True)
        layer.zero_grad()
        (g * g).sum().backward()
        found = [start.grad, *(p.grad for p in layer.parameters())]
        return [t.numpy().copy() for t in found if t is not None]

    use(native=False)
    expected = second()
    use(native=True)
    for want, got in zip(expected, second(), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-11)


def test_ties_and_nan() -> None:
    pool = nn.MaxPool2d(2)
    x = tgb.tensor([[[[1.0, 1.0, float("nan"), 2.0], [1.0, 0.0, float("nan"), 3.0]]]])

    def place() -> Any:
        start = x.clone().requires_grad_()
        pool(start).backward(tgb.tensor([[[[5.0, 7.0]]]]))
        return start.grad.numpy()

    use(native=False)
    expected = place()
    use(native=True)
    assert (place() == expected).all()
    assert expected[0, 0, 0].tolist() == [5, 0, 7, 0]
    assert kernels() == {"max_pool", "place_largest"}


def test_views_are_read_as_they_are() -> None:
    layer, x = made("plain", tgb.float32)
    turned = x.transpose(2, 3)
    use(native=False)
    expected = run(layer, turned)
    use(native=True)
    for want, got in zip(expected, run(layer, turned), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)


def test_outputs_that_are_kept_stay() -> None:
    layer, x = made("plain", tgb.float32)
    use(native=True)
    first = layer(x)
    numbers = first.detach().numpy().copy()
    layer(x * 2)
    assert (first.detach().numpy() == numbers).all()


def test_the_same_numbers_by_one_thread_and_by_many() -> None:
    tgb.manual_seed(0)
    layer, x = nn.Conv2d(8, 16, 3), tgb.randn(16, 8, 20, 20)
    use(native=True)
    before = tgb.get_num_threads()
    try:
        tgb.set_num_threads(1)
        alone = run(layer, x)
        door._kernels.clear()
        tgb.set_num_threads(2)
        together = run(layer, x)
    finally:
        tgb.set_num_threads(before)
    assert kernels() >= {"conv_transpose", "conv_weight"}
    for want, got in zip(alone, together, strict=True):
        assert (got == want).all()
