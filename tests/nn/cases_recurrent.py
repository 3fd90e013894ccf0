"""Recurrent layers and cells."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.nn.layer_case import LayerCase, draw

OPTIONS: list[dict[str, Any]] = [
    {}, {"batch_first": True}, {"num_layers": 2}, {"bidirectional": True}, {"bias": False},
    {"num_layers": 2, "bidirectional": True, "batch_first": True},
]  # fmt: skip
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("RNN", {}), ("RNN", {"nonlinearity": "relu"}), ("GRU", {}), ("LSTM", {}),
    ("LSTM", {"proj_size": 2}),
]  # fmt: skip

X = draw(4, 3, 2)  # three sequences of four steps, or the other way round
LENGTHS = np.array([4, 2, 1])


def build(name: str, **options: Any) -> Any:
    return lambda m: getattr(m.nn, name)(2, 3, **options)


def packing(sorted_: bool, batch_first: bool = False, **padding: Any) -> Any:
    """Pack, run, and pad again."""

    def run(module: Any, x: Any, lengths: Any) -> Any:
        rnn = peer(x).nn.utils.rnn
        packed = rnn.pack_padded_sequence(x, lengths, batch_first, enforce_sorted=sorted_)
        output, final = module(packed)
        padded, again = rnn.pad_packed_sequence(output, batch_first, **padding)
        assert again.tolist() == lengths.tolist()
        return padded, output.data, final

    return run


def peer(x: Any) -> Any:
    """Return the library that a tensor is of."""
    import importlib

    return importlib.import_module(type(x).__module__.split(".")[0])


def stepped(module: Any, x: Any) -> Any:
    """Run a cell over all steps of a sequence by hand."""
    state, outputs = None, []
    for step in x:
        state = module(step, state)
        outputs.append(state)
    return outputs


def given(name: str, width: int) -> Any:
    """Pass first states."""

    def run(module: Any, x: Any, h: Any, c: Any) -> Any:
        return module(x, (h, c[..., :width]) if name == "LSTM" else h)

    return run


def projections(name: str, more: dict[str, Any]) -> int:
    return more.get("proj_size", 3)


CASES = [
    *[LayerCase(f"{name} {more | options}", build(name, **more, **options), (X,))
      for name, more in KINDS for options in OPTIONS],
    *[LayerCase(f"{name} {more} unbatched", build(name, **more), (draw(4, 2),))
      for name, more in KINDS],
    *[LayerCase(f"{name} {more} given states", build(name, **more, num_layers=2),
                (X, draw(2, 3, projections(name, more)), draw(2, 3, 3, seed=1)), given(name, 3))
      for name, more in KINDS],
    *[LayerCase(f"{name} {more} given states, unbatched", build(name, **more),
                (draw(4, 2), draw(1, projections(name, more)), draw(1, 3, seed=1)), given(name, 3))
      for name, more in KINDS],
    *[LayerCase(f"{name} {more | options} packed", build(name, **more, **options), (X, LENGTHS),
                packing(True))
      for name, more in KINDS for options in ({}, {"num_layers": 2, "bidirectional": True})],
    *[LayerCase(f"{name} {more} packed, unsorted", build(name, **more, bidirectional=True),
                (X, np.array([2, 4, 3])), packing(False, padding_value=0.5, total_length=6))
      for name, more in KINDS],
    LayerCase("GRU packed, batch first", build("GRU"), (X, np.array([3, 3, 2, 1])),
              packing(True, True)),
    *[LayerCase(f"{name} dropout in evaluation",
                build(name, num_layers=2, dropout=0.5), (X,), training=False)
      for name in ("RNN", "GRU", "LSTM")],
    *[LayerCase(f"{name} {options} stepped", build(name, **options), (X,), stepped)
      for name, options in (
          ("RNNCell", {}), ("RNNCell", {"nonlinearity": "relu"}), ("RNNCell", {"bias": False}),
          ("LSTMCell", {}), ("LSTMCell", {"bias": False}), ("GRUCell", {}),
          ("GRUCell", {"bias": False}))],
    *[LayerCase(f"{name} unbatched", build(name), (draw(4, 2),), stepped)
      for name in ("RNNCell", "LSTMCell", "GRUCell")],
]  # fmt: skip
