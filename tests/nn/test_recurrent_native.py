"""Recurrent layers as machine code in steps that are not compiled: the numbers of NumPy's calls."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.rules import native as door

pytest.importorskip("llvmlite")


@pytest.fixture(autouse=True)
def _afresh(tmp_path_factory: pytest.TempPathFactory,
          monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Put code in a folder of its own; forget it afterwards."""
    monkeypatch.setenv("TINYGRAD_BP_CACHE", str(tmp_path_factory.getbasetemp() / "code"))
    for name, value in {"_kernels": {}, "_asked": {}, "_taken": {}, "_spent": 0, "EACH": 0}.items():
        monkeypatch.setattr(door, name, value)


KINDS: dict[str, Any] = {
    "LSTM": (nn.LSTM, {}),
    "GRU": (nn.GRU, {}),
    "RNN": (nn.RNN, {}),
    "RNN, ReLU": (nn.RNN, {"nonlinearity": "relu"}),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def use(native: bool) -> None:
    door._spent = door.WORTH if native else 0


def made(kind: str, dtype: Any, **more: Any) -> Any:
    layer, options = KINDS[kind]
    tgb.manual_seed(0)
    return layer(3, 8, **options, **more).to(dtype), tgb.randn(5, 11, 3).to(dtype)


def run(layer: Any, x: Any) -> list[Any]:
    """Return outputs, final states and all gradients."""
    x = x.detach().clone().requires_grad_()
    layer.zero_grad()
    out, last = layer(x)
    last = last if isinstance(last, tuple) else (last,)
    ((out * out).mean() + sum((s * s * s).sum() for s in last)).backward()
    found = [out, *last, x.grad, *(p.grad for p in layer.parameters())]
    return [t.detach().numpy().copy() for t in found]


@pytest.mark.parametrize("more", [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False}],
                         ids=str)  # fmt: skip
@pytest.mark.parametrize("dtype", [tgb.float32, tgb.float64], ids=str)
@every_kind
def test_the_same_numbers(kind: str, dtype: Any, more: Any) -> None:
    layer, x = made(kind, dtype, **more)
    use(native=False)
    expected = run(layer, x)
    assert not door._kernels
    use(native=True)
    found = run(layer, x)
    # Forward and backward, in each direction: both layers are alike.
    assert len(door._kernels) == (4 if "bidirectional" in more else 2)
    assert all(door._kernels.values())
    for want, got in zip(expected, found, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


@every_kind
def test_gradients_of_gradients(kind: str) -> None:
    layer, x = made(kind, tgb.float64)

    def second() -> Any:
        start = x.detach().clone().requires_grad_()
        (g,) = tgb.autograd.grad(layer(start)[0].sin().sum(), start, create_graph=True)
        layer.zero_grad()
        (g * g).sum().backward()
        return [start.grad.numpy().copy(), *(p.grad.numpy().copy() for p in layer.parameters())]

    use(native=False)
    expected = second()
    use(native=True)
    for want, got in zip(expected, second(), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


@every_kind
def test_results_that_are_kept_stay(kind: str) -> None:
    layer, x = made(kind, tgb.float32)
    use(native=True)
    first = layer(x)[0]
    numbers = first.detach().numpy().copy()
    layer(x * 2)
    assert (first.detach().numpy() == numbers).all()


def test_sequences_of_several_lengths_are_left_to_numpy() -> None:
    layer, x = made("LSTM", tgb.float32)
    use(native=True)
    packed = nn.utils.rnn.pack_padded_sequence(x[:, :3], [5, 4, 1])
    layer(packed)[0].data.sum().backward()
    assert not door._kernels


def test_several_threads() -> None:
    layer, x = made("GRU", tgb.float64)
    use(native=True)
    expected = layer(x)[0].detach().numpy()
    wrong = []

    def work() -> None:
        for _ in range(50):
            with tgb.no_grad():
                if not np.allclose(layer(x)[0].numpy(), expected):
                    wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_only_what_pays_is_compiled() -> None:
    layer, x = made("RNN", tgb.float32)
    use(native=False)
    layer(x)
    assert door._spent == 8 * 8 * 55
    assert not door._kernels
    door._spent = door.WORTH - 1
    layer(x)
    layer(x)
    assert len(door._kernels) == 1
