"""Attention and transformers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.nn.cases_recurrent import peer
from tests.nn.layer_case import LayerCase, draw

Q, K, V = draw(4, 2, 6), draw(5, 2, 6, seed=1), draw(5, 2, 6, seed=2)
PADDING = np.array([[False, False, False, True, True], [False] * 5])
MASK = np.triu(np.ones((4, 5), bool), 2)
PER_HEAD = np.random.Generator(np.random.PCG64(1)).random((4, 4, 5)) < 0.3
PER_HEAD[..., 0] = False  # somebody is seen


def heads(**options: Any) -> Any:
    return lambda m: m.nn.MultiheadAttention(6, 2, **options)


def attend(**options: Any) -> Any:
    """Call with masks by name; boolean arrays among the inputs are these masks, in order."""

    def run(module: Any, q: Any, k: Any, v: Any, *masks: Any) -> Any:
        names = options.get("names", ())
        given = {name: value for name, value in options.items() if name != "names"}
        return module(q, k, v, **dict(zip(names, masks, strict=True)), **given)

    return run


def to_itself(**options: Any) -> Any:
    def run(module: Any, x: Any) -> Any:
        m = peer(x)
        length = x.shape[1 if module.batch_first else 0]
        mask = m.triu(m.ones(length, length), diagonal=1).bool()
        return module(x, x, x, attn_mask=mask, **options)

    return run


BOTH = ("key_padding_mask", "attn_mask")

ATTENTION = [
    *[LayerCase(f"MultiheadAttention {options}", heads(**options), (Q, K, V), attend())
      for options in ({}, {"bias": False}, {"add_bias_kv": True}, {"add_zero_attn": True},
                      {"add_bias_kv": True, "add_zero_attn": True})],
    *[LayerCase(f"MultiheadAttention {note}", heads(add_bias_kv=bias), (Q, K, V, *masks),
                attend(names=names, **options))
      for note, bias, names, masks, options in (
          ("padding", False, BOTH[:1], (PADDING,), {}),
          ("mask", False, BOTH[1:], (MASK,), {}),
          ("mask without weights", False, BOTH[1:], (MASK,), {"need_weights": False}),
          ("mask a head", False, BOTH[1:], (PER_HEAD,), {"average_attn_weights": False}),
          ("bias as mask", False, BOTH[1:], (draw(4, 5),), {"need_weights": False}),
          ("bias as mask, shown", False, BOTH[1:], (draw(4, 5),), {}),
          ("both", False, BOTH, (PADDING, MASK), {}),
          ("both, further key", True, BOTH, (PADDING, MASK), {"need_weights": False}),
          ("no weights", False, (), (), {"need_weights": False}))],
    LayerCase("MultiheadAttention other widths", heads(kdim=3, vdim=4),
              (Q, draw(5, 2, 3), draw(5, 2, 4)), attend()),
    LayerCase("MultiheadAttention batch first", heads(batch_first=True),
              (draw(2, 4, 6), draw(2, 5, 6), draw(2, 5, 6, seed=1)), attend()),
    LayerCase("MultiheadAttention unbatched", heads(), (draw(4, 6), draw(5, 6), draw(5, 6, seed=1)),
              attend()),
    *[LayerCase(f"MultiheadAttention to itself {options}", heads(batch_first=first),
                (draw(3, 4, 6),), to_itself(**options))
      for first, options in ((True, {}), (False, {"need_weights": False}),
                             (True, {"need_weights": False, "is_causal": True}))],
]  # fmt: skip


def layer(kind: str, **options: Any) -> Any:
    return lambda m: getattr(m.nn, f"Transformer{kind}Layer")(4, 2, 6, dropout=0.0, **options)


def layer_with_tanh(m: Any) -> Any:
    return m.nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, activation=m.tanh)


def named(**arguments: Any) -> Any:
    """Call with the last inputs by name."""
    names = arguments.pop("names")

    def run(module: Any, *inputs: Any) -> Any:
        count = len(inputs) - len(names)
        by_name = dict(zip(names, inputs[count:], strict=True))
        return module(*inputs[:count], **by_name, **arguments)

    return run


def causal(module: Any, src: Any, tgt: Any) -> Any:
    mask = type(module).generate_square_subsequent_mask(tgt.shape[0]).to(tgt.dtype)
    return module(src, tgt, tgt_mask=mask)


def whole(**options: Any) -> Any:
    return lambda m: m.nn.Transformer(4, 2, 1, 2, 6, dropout=0.0, **options)


def encoder(norm: bool) -> Any:
    def build(m: Any) -> Any:
        one = m.nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True)
        return m.nn.TransformerEncoder(one, 2, norm=m.nn.LayerNorm(4) if norm else None)

    return build


def decoder(m: Any) -> Any:
    one = m.nn.TransformerDecoderLayer(4, 2, 6, dropout=0.0)
    return m.nn.TransformerDecoder(one, 2)


S, T = draw(5, 3, 4), draw(4, 3, 4)
LATE = np.array([[False] * 5, [False] * 4 + [True], [False, False, True, True, True]])

TRANSFORMERS = [
    *[LayerCase(f"TransformerEncoderLayer {options}", layer("Encoder", **options), (S,),
                smooth="gelu" in str(options))
      for options in ({}, {"norm_first": True}, {"activation": "gelu"}, {"batch_first": True},
                      {"bias": False, "norm_first": True, "activation": "gelu"})],
    LayerCase("TransformerEncoderLayer masks", layer("Encoder", activation="gelu"),
              (S, np.triu(np.ones((5, 5), bool), 1), LATE),
              named(names=("src_mask", "src_key_padding_mask"))),
    LayerCase("TransformerEncoderLayer own activation",
              layer_with_tanh, (S,)),
    LayerCase("TransformerEncoderLayer unbatched", layer("Encoder", activation="gelu"),
              (draw(5, 4),)),
    *[LayerCase(f"TransformerDecoderLayer {options}", layer("Decoder", **options), (T, S),
                smooth="gelu" in str(options))
      for options in ({}, {"norm_first": True, "activation": "gelu"}, {"bias": False})],
    LayerCase("TransformerDecoderLayer masks", layer("Decoder", activation="gelu"),
              (T, S, np.triu(np.ones((4, 4), bool), 1), LATE),
              named(names=("tgt_mask", "memory_key_padding_mask"), tgt_is_causal=True)),
    *[LayerCase(f"TransformerEncoder norm={norm}", encoder(norm), (draw(3, 5, 4),), smooth=False)
      for norm in (True, False)],
    LayerCase("TransformerEncoder padding", encoder(True), (draw(3, 5, 4), LATE),
              named(names=("src_key_padding_mask",)), smooth=False),
    LayerCase("TransformerDecoder", decoder, (T, S), smooth=False),
    *[LayerCase(f"Transformer {options}", whole(**options), (S, T), causal, smooth=False)
      for options in ({}, {"norm_first": True}, {"activation": "gelu", "bias": False})],
]  # fmt: skip

CASES = [*ATTENTION, *TRANSFORMERS]
