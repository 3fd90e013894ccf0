"""Records of the activation functions and of dropout in evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.nn.layer_case import LayerCase, draw

X = draw(3, 4, seed=11) * 2
PICTURE = draw(2, 4, 3, 3, seed=12)


def case(name: str, build: Any, *inputs: Any, **more: Any) -> LayerCase:
    return LayerCase(name, build, inputs or (X,), **more)


PLAIN = [
    "CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU",
    "LogSigmoid", "Mish", "PReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softplus",
    "Softshrink", "Softsign", "Tanh", "Tanhshrink",
]  # fmt: skip

#: PyTorch's slope of the hard sigmoid is 1/6 in single precision.
RTOL = {"Hardsigmoid": 1e-7}

CASES: list[LayerCase] = [
    *[
        case(name, lambda m, name=name: getattr(m.nn, name)(), rtol=RTOL.get(name, 1e-9))
        for name in PLAIN
    ],
    *[
        case(f"{name} in place", lambda m, name=name: _after_a_layer(m, name),
             rtol=RTOL.get(name, 1e-9))
        for name in [
            "CELU", "ELU", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "Mish", "ReLU",
            "ReLU6", "SELU", "SiLU",
        ]
    ],
    case("CELU alpha", lambda m: m.nn.CELU(0.5)),
    case("ELU alpha", lambda m: m.nn.ELU(0.5)),
    case("GELU tanh", lambda m: m.nn.GELU("tanh")),
    case("GLU of channels", lambda m: m.nn.GLU(1), PICTURE),
    case("Hardshrink lambda", lambda m: m.nn.Hardshrink(1.25)),
    case("Softshrink lambda", lambda m: m.nn.Softshrink(1.25)),
    case("Hardtanh interval", lambda m: m.nn.Hardtanh(-0.5, 2.0)),
    case("Threshold", lambda m: m.nn.Threshold(0.3, -2.0)),
    case("PReLU of channels", lambda m: m.nn.PReLU(4), PICTURE),
    case("RReLU in evaluation", lambda m: m.nn.RReLU(0.1, 0.4), training=False),
    case("Softplus beta", lambda m: m.nn.Softplus(2.0, 3.0)),
    case("Softmax", lambda m: m.nn.Softmax(1)),
    case("Softmin", lambda m: m.nn.Softmin(1)),
    case("LogSoftmax", lambda m: m.nn.LogSoftmax(0)),
    case("Softmax2d", lambda m: m.nn.Softmax2d(), PICTURE),
    case("Softmax2d of one picture", lambda m: m.nn.Softmax2d(), PICTURE[0]),
    *[
        case(f"{name} in evaluation", lambda m, name=name: getattr(m.nn, name)(0.3), PICTURE,
             training=False)
        for name in ["AlphaDropout", "Dropout", "Dropout2d", "FeatureAlphaDropout"]
    ],
    case("Dropout1d in evaluation", lambda m: m.nn.Dropout1d(0.3), draw(2, 3, 4), training=False),
    case("Dropout3d in evaluation", lambda m: m.nn.Dropout3d(0.3), draw(2, 3, 2, 2, 2),
         training=False),
    case("Dropout of nothing", lambda m: m.nn.Dropout(0.0)),
    case("Dropout of all", lambda m: m.nn.Dropout(1.0)),
]  # fmt: skip


def _after_a_layer(m: Any, name: str) -> Any:
    """In place, behind a layer: the input of a record is a leaf, which may not change."""
    return m.nn.Sequential(m.nn.Linear(4, 4), getattr(m.nn, name)(inplace=True))


assert np.abs(X % 0.5).min() > 1e-3, "an input lies at a kink"
