"""Recurrent layers: compiled steps equal eager ones, whatever runs them."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_bp as tgb
from tests.compiler.pairs import BACKENDS, train_both
from tinygrad_bp import nn

optim = tgb.optim

KINDS: dict[str, Any] = {
    "LSTM": (nn.LSTM, {}),
    "GRU": (nn.GRU, {}),
    "RNN": (nn.RNN, {}),
    "RNN, ReLU": (nn.RNN, {"nonlinearity": "relu"}),
}
VARIANTS: dict[str, Any] = {
    "as it is": {},
    "batch first": {"batch_first": True},
    "two layers, two directions, dropout": {
        "num_layers": 2, "bidirectional": True, "dropout": 0.3,
    },
    "no bias": {"bias": False},
    "wide": {"hidden_size": 33},
}  # fmt: skip


class Reader(nn.Module):
    """A recurrent layer whose outputs, and final states too, are read."""

    def __init__(self, kind: Any, **options: Any) -> None:
        super().__init__()
        options = {"hidden_size": 8, **options}
        self.layer = kind(3, **options)
        wide = options.get("proj_size") or options["hidden_size"]
        self.head = nn.Linear(wide * (2 if options.get("bidirectional") else 1), 2)

    def forward(self, x: Any, *states: Any) -> Any:
        out, last = self.layer(x, *states)
        last = last if isinstance(last, tuple) else (last,)
        return self.head(out).mean((0, 1)) + sum((s * s).mean() for s in last)


def target(*shape: int) -> Any:
    return tgb.randn(*shape), tgb.randn(2)


def trained(make: Any, backend: str, dtype: Any = tgb.float64, count: int = 19, **more: Any) -> Any:
    rate = 0.1 if dtype is tgb.float64 else 0.01
    return train_both(make, lambda p: optim.SGD(p, rate, momentum=0.9), nn.MSELoss(),
                      lambda: target(5, count, 3), backend, dtype=dtype, **more)  # fmt: skip


def left_to_numpy(step: Any) -> list[str]:
    entries = getattr(step.specialised[0].execute, "entries", [])
    names = [e.op.name for e in entries if not isinstance(e, str)]
    return [name for name in names if name.startswith(("lstm", "gru", "rnn", "recurrence"))]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_layer(kind: str, variant: str, backend: str) -> None:
    layer, options = KINDS[kind]
    step = trained(lambda: Reader(layer, **options, **VARIANTS[variant]), backend)
    assert not left_to_numpy(step)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_in_single_precision(kind: str, backend: str) -> None:
    layer, options = KINDS[kind]
    step = trained(lambda: Reader(layer, **options), backend, tgb.float32)
    assert step.traces == 1
    assert not left_to_numpy(step)


@pytest.mark.parametrize("count", [1, 8, 16, 17])
@pytest.mark.parametrize("kind", KINDS)
def test_every_number_of_sequences(kind: str, count: int) -> None:
    layer, options = KINDS[kind]
    backend = BACKENDS[-1]
    assert not left_to_numpy(trained(lambda: Reader(layer, **options), backend, count=count))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_projection(backend: str) -> None:
    assert trained(lambda: Reader(nn.LSTM, proj_size=4), backend).traces == 1


class Started(Reader):
    """One that learns the states that it begins with."""

    def __init__(self, kind: Any) -> None:
        super().__init__(kind)
        self.first = nn.Parameter(tgb.randn(2, 1, 19, 8) / 4)

    def forward(self, x: Any, *states: Any) -> Any:
        h, c = self.first
        return super().forward(x, (h, c) if isinstance(self.layer, nn.LSTM) else h + c)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN], ids=lambda kind: kind.__name__)
def test_first_states_are_learnt(kind: Any, backend: str) -> None:
    assert not left_to_numpy(trained(lambda: Started(kind), backend))


class Packed(Reader):
    """One that reads sequences of several lengths."""

    def forward(self, x: Any, *states: Any) -> Any:
        rnn = nn.utils.rnn
        packed = rnn.pack_padded_sequence(x, [5, 4, 4, 2, 1])
        out, last = self.layer(packed)
        last = last if isinstance(last, tuple) else (last,)
        return self.head(out.data).mean(0) + sum((s * s).mean() for s in last)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN], ids=lambda kind: kind.__name__)
def test_sequences_of_several_lengths(kind: Any, backend: str) -> None:
    assert trained(lambda: Packed(kind, bidirectional=True), backend, count=5).traces == 1


class Alone(Reader):
    """One that reads a single sequence, without an axis for samples."""

    def forward(self, x: Any, *states: Any) -> Any:
        out, _ = self.layer(x[:, 0])
        return self.head(out).mean(0)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN], ids=lambda kind: kind.__name__)
def test_a_single_sequence(kind: Any, backend: str) -> None:
    assert not left_to_numpy(trained(lambda: Alone(kind), backend, count=1))


class Stepped(nn.Module):
    """A cell that is run step by step."""

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.cell, self.head = kind(3, 8), nn.Linear(8, 2)

    def forward(self, x: Any) -> Any:
        state = None
        for now in x:
            state = self.cell(now, state)
        return self.head(state[0] if isinstance(state, tuple) else state).mean(0)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", [nn.LSTMCell, nn.GRUCell, nn.RNNCell], ids=lambda k: k.__name__)
def test_cells(kind: Any, backend: str) -> None:
    assert not left_to_numpy(trained(lambda: Stepped(kind), backend))


def test_a_wide_layer_is_left_to_blas() -> None:
    def data() -> Any:
        return target(2, 3, 3)

    step = train_both(lambda: Reader(nn.LSTM, hidden_size=300), lambda p: optim.SGD(p, 0.1),
                      nn.MSELoss(), data, BACKENDS[-1], steps=3)  # fmt: skip
    assert step.traces == 1
