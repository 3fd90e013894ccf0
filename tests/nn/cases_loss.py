"""Records of the losses."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tests.nn.layer_case import LayerCase, draw

X, Y = draw(4, 3, seed=31), draw(4, 3, seed=32)
SIGNS = np.array([1.0, -1.0, 1.0, -1.0])
CLASSES = np.array([2, 0, 1, 1])
BITS = (draw(4, 3, seed=33) > 0).astype(np.float64)
POSITIVE = np.abs(draw(4, 3, seed=34)) + 0.2
WEIGHTS = np.array([0.5, 2.0, 1.25])
REDUCTIONS = ("mean", "sum", "none")


def probabilities(module: Any, x: Any, *rest: Any) -> Any:
    return module(x.sigmoid(), *rest)


def log_probabilities(module: Any, x: Any, *rest: Any) -> Any:
    return module(x.log_softmax(1), *rest)


def two_log_probabilities(module: Any, x: Any, y: Any) -> Any:
    return module(x.log_softmax(1), y.log_softmax(1))


def averaged(call: Any) -> Any:
    """Do not listen to the warning about averages."""

    def quiet(module: Any, *inputs: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return call(module, *inputs)

    return quiet


def target_probabilities(module: Any, x: Any, y: Any) -> Any:
    return module(x.log_softmax(1), y.softmax(1))


def soft_targets(module: Any, x: Any, y: Any) -> Any:
    return module(x, y.softmax(1))


def sequences(module: Any, x: Any, *rest: Any) -> Any:
    return module(x.log_softmax(2), *rest)


def made_positive(module: Any, x: Any, y: Any, v: Any) -> Any:
    return module(x, y, v.exp())


def each(name: str, kind: str, *inputs: Any, frozen: Any = (), call: Any = None,
         **arguments: Any) -> list[LayerCase]:  # fmt: skip
    """One record for each reduction."""
    more = {} if call is None else {"call": call}
    return [
        LayerCase(f"{name} {how}", lambda m, how=how: getattr(m.nn, kind)(
                  reduction=how, **_tensors(m, arguments)), inputs, frozen=frozen, **more)
        for how in REDUCTIONS
    ]  # fmt: skip


def _tensors(m: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        name: m.tensor(value) if isinstance(value, np.ndarray) else value
        for name, value in arguments.items()
    }


T, N, C = 6, 3, 4
SCORES = draw(T, N, C, seed=35)
LABELS = np.array([[1, 2, 2], [3, 1, 0], [1, 0, 0]])
JOINED = np.array([1, 2, 2, 3, 1, 1])
LENGTHS = (np.array([6, 5, 4]), np.array([3, 2, 1]))

CASES: list[LayerCase] = [
    *each("MSELoss", "MSELoss", X, Y),
    *each("L1Loss", "L1Loss", X, Y),
    *each("SmoothL1Loss", "SmoothL1Loss", X, Y),
    *each("SmoothL1Loss beta", "SmoothL1Loss", X, Y, beta=0.3),
    *each("HuberLoss", "HuberLoss", X, Y),
    *each("HuberLoss delta", "HuberLoss", X, Y, delta=0.3),
    *each("KLDivLoss", "KLDivLoss", X, Y, call=averaged(target_probabilities)),
    *each("KLDivLoss log_target", "KLDivLoss", X, Y, call=averaged(two_log_probabilities),
          log_target=True),
    LayerCase("KLDivLoss batchmean", lambda m: m.nn.KLDivLoss(reduction="batchmean"), (X, Y),
              call=target_probabilities),
    *each("PoissonNLLLoss", "PoissonNLLLoss", X, POSITIVE * 2, frozen=(1,)),
    *each("PoissonNLLLoss full", "PoissonNLLLoss", POSITIVE, POSITIVE[::-1] * 2, frozen=(1,),
          log_input=False, full=True, eps=1e-3),
    *each("GaussianNLLLoss", "GaussianNLLLoss", X, Y, draw(4, 3), call=made_positive),
    *each("GaussianNLLLoss one variance", "GaussianNLLLoss", X, Y, draw(4, 1), call=made_positive,
          full=True),
    *each("BCELoss", "BCELoss", X, BITS, frozen=(1,), call=probabilities),
    *each("BCELoss weight", "BCELoss", X, BITS, frozen=(1,), call=probabilities, weight=WEIGHTS),
    *each("BCEWithLogitsLoss", "BCEWithLogitsLoss", X, BITS, frozen=(1,)),
    *each("BCEWithLogitsLoss weights", "BCEWithLogitsLoss", X, BITS, frozen=(1,), weight=WEIGHTS,
          pos_weight=WEIGHTS[::-1].copy()),
    *each("NLLLoss", "NLLLoss", X, CLASSES, call=log_probabilities),
    *each("NLLLoss weight", "NLLLoss", X, CLASSES, call=log_probabilities, weight=WEIGHTS,
          ignore_index=0),
    *each("NLLLoss2d", "NLLLoss2d", draw(2, 3, 2, 2), np.array([[[0, 1], [2, 1]]] * 2),
          call=log_probabilities),
    *each("CrossEntropyLoss", "CrossEntropyLoss", X, CLASSES),
    *each("CrossEntropyLoss weight", "CrossEntropyLoss", X, CLASSES, weight=WEIGHTS,
          ignore_index=0, label_smoothing=0.2),
    *each("CrossEntropyLoss probabilities", "CrossEntropyLoss", X, Y, call=soft_targets,
          weight=WEIGHTS, label_smoothing=0.1),
    *each("CrossEntropyLoss of pictures", "CrossEntropyLoss", draw(2, 3, 2, 2),
          np.array([[[0, 1], [2, 1]]] * 2)),
    *each("LinearCrossEntropyLoss", "LinearCrossEntropyLoss", X, CLASSES, in_features=3,
          num_classes=3, bias=True),
    *each("LinearCrossEntropyLoss axes", "LinearCrossEntropyLoss", X,
          np.array([[0, 1], [2, 1], [0, 0], [1, 2]]), in_features=3, num_classes=3,
          out_features=(2,), label_smoothing=0.1),
    *each("CTCLoss", "CTCLoss", SCORES, LABELS, *LENGTHS, call=sequences),
    *each("CTCLoss joined", "CTCLoss", SCORES, JOINED, *LENGTHS, call=sequences, blank=0,
          zero_infinity=True),
    *each("CTCLoss impossible", "CTCLoss", SCORES, np.array([[1, 2, 2]] * 3),
          np.array([6, 3, 5]), np.array([3, 3, 0]), call=sequences, zero_infinity=True),
    *each("HingeEmbeddingLoss", "HingeEmbeddingLoss", POSITIVE, BITS * 2 - 1, frozen=(1,),
          margin=0.7),
    *each("CosineEmbeddingLoss", "CosineEmbeddingLoss", X, Y, SIGNS, frozen=(2,), margin=0.1),
    *each("MarginRankingLoss", "MarginRankingLoss", X[:, 0], Y[:, 0], SIGNS, frozen=(2,),
          margin=0.3),
    *each("SoftMarginLoss", "SoftMarginLoss", X, BITS * 2 - 1, frozen=(1,)),
    *each("MultiMarginLoss", "MultiMarginLoss", X, CLASSES),
    *each("MultiMarginLoss weight", "MultiMarginLoss", X, CLASSES, p=2, margin=0.8,
          weight=WEIGHTS),
    *each("MultiLabelMarginLoss", "MultiLabelMarginLoss", X,
          np.array([[2, 0, -1], [1, -1, 0], [-1, 1, 2], [0, 1, 2]])),
    *each("MultiLabelSoftMarginLoss", "MultiLabelSoftMarginLoss", X, BITS, frozen=(1,),
          weight=WEIGHTS),
    *each("TripletMarginLoss", "TripletMarginLoss", X, Y, draw(4, 3)),
    *each("TripletMarginLoss swap", "TripletMarginLoss", X, Y, draw(4, 3), swap=True, p=1.0,
          margin=2.0),
    *each("TripletMarginWithDistanceLoss", "TripletMarginWithDistanceLoss", X, Y, draw(4, 3),
          margin=1.5, distance_function=lambda x, y: (x - y).abs().sum(-1)),
    LayerCase("AdaptiveLogSoftmaxWithLoss", lambda m: m.nn.AdaptiveLogSoftmaxWithLoss(
              8, 12, [3, 7], div_value=2.0, head_bias=True),
              (draw(6, 8), np.array([0, 5, 11, 2, 7, 3]))),
    LayerCase("AdaptiveLogSoftmaxWithLoss log_prob", lambda m: m.nn.AdaptiveLogSoftmaxWithLoss(
              8, 12, [3, 7], div_value=2.0), (draw(6, 8),),
              call=lambda module, x: module.log_prob(x)),
]  # fmt: skip
