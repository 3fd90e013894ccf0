"""Normalising layers and tables of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.nn.layer_case import LayerCase, draw

RNG = np.random.Generator(np.random.PCG64(5))


def twice(module: Any, x: Any) -> Any:
    """Use the layer on two batches, so that running statistics matter, then evaluate."""
    module(x)
    module(2 * x + 1)
    return module(x), module.eval()(x), module.train().running_var


def evaluated(module: Any, x: Any) -> Any:
    with_statistics = module.train()(x).detach()
    return module.eval()(x) + with_statistics


SHAPES = {"1d": (4, 3, 5), "2d": (3, 3, 2, 4), "3d": (2, 3, 2, 2, 3)}

BATCH = [
    LayerCase(f"BatchNorm{d} {note}", lambda m, d=d, o=options: getattr(m.nn, f"BatchNorm{d}")(
        3, **o), (draw(*shape),), training=training)
    for d, shape in SHAPES.items()
    for note, options, training in (
        ("", {}, True), ("evaluation", {}, False), ("momentum None", {"momentum": None}, True),
        ("plain", {"affine": False}, True), ("no bias", {"bias": False, "eps": 1e-2}, True),
        ("untracked", {"track_running_stats": False}, False))
]  # fmt: skip

INSTANCE = [
    LayerCase(f"InstanceNorm{d} {note}", lambda m, d=d, o=options: getattr(
        m.nn, f"InstanceNorm{d}")(3, **o), (draw(*shape[start:]),), training=training)
    for d, shape in SHAPES.items()
    for note, options, training, start in (
        ("", {}, True, 0), ("affine", {"affine": True}, True, 0), ("one", {}, True, 1),
        ("tracked", {"affine": True, "track_running_stats": True}, True, 0),
        ("tracked, evaluation", {"track_running_stats": True}, False, 0),
        ("no bias", {"affine": True, "bias": False}, True, 0))
]  # fmt: skip

OTHERS = [
    LayerCase(f"{name} {args} {options}", lambda m, n=name, a=args, o=options: getattr(m.nn, n)(
        *a, **o), (draw(*shape),))
    for name, args, options, shape in (
        ("BatchNorm1d", (4,), {}, (5, 4)),
        ("SyncBatchNorm", (3,), {}, (4, 3, 2)),
        ("LayerNorm", (4,), {}, (2, 3, 4)),
        ("LayerNorm", ((3, 4),), {"eps": 1e-3}, (2, 3, 4)),
        ("LayerNorm", (4,), {"bias": False}, (3, 4)),
        ("LayerNorm", (4,), {"elementwise_affine": False}, (3, 4)),
        ("LayerNorm", (16,), {}, (5, 16)),
        ("RMSNorm", (4,), {}, (2, 3, 4)),
        ("RMSNorm", ((3, 4),), {"eps": 1e-2}, (2, 3, 4)),
        ("RMSNorm", (4,), {"elementwise_affine": False}, (3, 4)),
        ("GroupNorm", (2, 4), {}, (3, 4, 5)),
        ("GroupNorm", (1, 4), {"affine": False}, (3, 4, 2, 2)),
        ("GroupNorm", (4, 4), {"bias": False}, (3, 4, 2)),
        ("LocalResponseNorm", (3,), {"alpha": 0.5}, (2, 5, 3)),
        ("LocalResponseNorm", (4,), {"alpha": 0.5, "beta": 0.5, "k": 2.0}, (2, 5, 3, 2)))
]  # fmt: skip

# Running statistics depend on the input too, but count as constants: no true derivative.
RUNNING = [
    LayerCase("BatchNorm2d over several batches", lambda m: m.nn.BatchNorm2d(3),
              (draw(3, 3, 2, 4),), twice, smooth=False),
    LayerCase("BatchNorm2d averaging", lambda m: m.nn.BatchNorm2d(3, momentum=None),
              (draw(3, 3, 2, 4),), twice, smooth=False),
    LayerCase("InstanceNorm2d over several batches",
              lambda m: m.nn.InstanceNorm2d(3, track_running_stats=True), (draw(3, 3, 2, 4),),
              twice, smooth=False),
    LayerCase("BatchNorm1d trained, then evaluated", lambda m: m.nn.BatchNorm1d(3),
              (draw(6, 3),), evaluated, smooth=False),
]  # fmt: skip

LAZY = [
    LayerCase(f"Lazy{kind}{d}", lambda m, kind=kind, d=d: getattr(m.nn, f"Lazy{kind}{d}")(),
              (draw(*shape),))
    for kind in ("BatchNorm", "InstanceNorm") for d, shape in SHAPES.items()
]  # fmt: skip

INDICES = RNG.integers(0, 6, (3, 4))
FLAT, OFFSETS = RNG.integers(0, 6, 9), np.array([0, 2, 2, 7])


def pretrained(m: Any, name: str, **options: Any) -> Any:
    return getattr(m.nn, name).from_pretrained(m.tensor(draw(6, 3)), freeze=False, **options)


TABLES = [
    *[LayerCase(f"Embedding {options}", lambda m, o=options: m.nn.Embedding(6, 3, **o), (INDICES,),
                smooth=not options)
      for options in ({}, {"padding_idx": 2}, {"padding_idx": -1}, {"max_norm": 0.4},
                      {"max_norm": 0.6, "norm_type": 1.0}, {"scale_grad_by_freq": True},
                      {"padding_idx": 1, "scale_grad_by_freq": True})],
    LayerCase("Embedding from_pretrained", lambda m: pretrained(m, "Embedding", padding_idx=0),
              (INDICES,), smooth=False),
    *[LayerCase(f"EmbeddingBag {mode} {options}",
                lambda m, mode=mode, o=options: m.nn.EmbeddingBag(6, 3, mode=mode, **o), (INDICES,),
                smooth="max_norm" not in options)
      for mode in ("sum", "mean", "max")
      for options in ({}, {"padding_idx": 2}, {"max_norm": 0.4})],
    *[LayerCase(f"EmbeddingBag {mode}, flat",
                lambda m, mode=mode: m.nn.EmbeddingBag(6, 3, mode=mode), (FLAT, OFFSETS))
      for mode in ("sum", "mean", "max")],
    LayerCase("EmbeddingBag, last offset",
              lambda m: m.nn.EmbeddingBag(6, 3, include_last_offset=True),
              (FLAT, np.array([0, 2, 5, 9]))),
    LayerCase("EmbeddingBag, weights of samples", lambda m: m.nn.EmbeddingBag(6, 3, mode="sum"),
              (INDICES, draw(3, 4)),
              lambda module, i, w: module(i, per_sample_weights=w)),
    LayerCase("EmbeddingBag, weights of samples, padding",
              lambda m: m.nn.EmbeddingBag(6, 3, mode="sum", padding_idx=1),
              (FLAT, OFFSETS, draw(9)), lambda module, i, o, w: module(i, o, w)),
    LayerCase("EmbeddingBag from_pretrained",
              lambda m: pretrained(m, "EmbeddingBag", mode="sum"), (INDICES,)),
]  # fmt: skip

CASES = [*BATCH, *INSTANCE, *OTHERS, *RUNNING, *LAZY, *TABLES]
