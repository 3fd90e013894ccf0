"""What objects tell of themselves: the same public attributes, with the same values, as PyTorch."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pytest

import tinygrad_bp as tgb

pytestmark = pytest.mark.peers

_OPT = "L.optim.SGD(L.nn.Linear(3, 2).parameters(), lr=0.1, momentum=0.9)"
_DATA = "L.utils.data.TensorDataset(L.ones(4, 2), L.ones(4))"

_LAYERS = """
    Linear(3,2) Identity() Bilinear(2,3,4) LazyLinear(2) Conv1d(2,4,3) Conv2d(2,4,3)
    Conv3d(2,4,3) ConvTranspose1d(2,4,3) ConvTranspose2d(2,4,3) LazyConv2d(4,3) BatchNorm1d(3)
    BatchNorm2d(3) SyncBatchNorm(3) LazyBatchNorm2d() InstanceNorm2d(3) GroupNorm(2,4)
    LayerNorm(3) RMSNorm(3) LocalResponseNorm(2) RNN(3,4) LSTM(3,4,2,dropout=0.5) GRU(3,4)
    RNNCell(3,4) LSTMCell(3,4) GRUCell(3,4) Embedding(5,3,0) EmbeddingBag(5,3)
    MultiheadAttention(4,2) TransformerEncoderLayer(4,2) TransformerDecoderLayer(4,2)
    Transformer(4,2,1,1) Dropout() Dropout2d(0.2) AlphaDropout() MaxPool1d(2) MaxPool2d(2)
    MaxUnpool2d(2) AvgPool2d(2) LPPool2d(2,2) FractionalMaxPool2d(2,3) AdaptiveAvgPool2d(2)
    AdaptiveMaxPool2d(2) ReLU() ReLU6() LeakyReLU() PReLU() RReLU() ELU() CELU() SELU()
    GELU() GLU() SiLU() Mish() Sigmoid() Hardsigmoid() Hardswish() Hardtanh() Tanh() Softplus()
    Softshrink() Hardshrink() Softsign() LogSigmoid() Threshold(1.0,2.0) Softmax(1) LogSoftmax(1)
    AdaptiveLogSoftmaxWithLoss(4,10,[5]) Flatten() Unflatten(1,(2,2)) Fold(4,2) Unfold(2)
    PixelShuffle(2) ChannelShuffle(2) Upsample() CosineSimilarity() PairwiseDistance()
    ZeroPad2d(1) ConstantPad1d(1,0.0) ReflectionPad2d(1) CrossEntropyLoss() NLLLoss() MSELoss()
    L1Loss() SmoothL1Loss() HuberLoss() BCELoss() BCEWithLogitsLoss() KLDivLoss() CTCLoss()
    GaussianNLLLoss() PoissonNLLLoss() MarginRankingLoss() HingeEmbeddingLoss()
    CosineEmbeddingLoss() TripletMarginLoss() MultiMarginLoss() SoftMarginLoss()
"""
_OPTIMIZERS = """
    SGD Adam AdamW Adagrad Adadelta Adamax NAdam RAdam RMSprop Rprop ASGD LBFGS Adafactor
"""
_SCHEDULERS = """
    LambdaLR({},abs) StepLR({},2) MultiStepLR({},[2,3]) ConstantLR({}) LinearLR({})
    ExponentialLR({},0.9) PolynomialLR({}) CosineAnnealingLR({},5)
    CosineAnnealingWarmRestarts({},5) CyclicLR({},0.1,0.2) OneCycleLR({},0.1,10)
    ReduceLROnPlateau({})
"""
_DISTRIBUTIONS = """
    Normal(0.0,1.0) Bernoulli(0.5) Categorical(L.tensor([0.2,0.8])) Beta(1.5,2.0)
    Binomial(3,L.tensor(0.5)) Chi2(2.0) Dirichlet(L.tensor([1.0,2.0])) Exponential(1.0)
    Gamma(1.0,1.0) Geometric(L.tensor(0.3)) Gumbel(0.0,1.0) HalfNormal(1.0) Laplace(0.0,1.0)
    LogNormal(0.0,1.0) MultivariateNormal(L.zeros(2),L.eye(2)) Pareto(1.0,1.0) Poisson(1.0)
    StudentT(3.0) Uniform(0.0,1.0) VonMises(L.tensor(0.0),L.tensor(1.0)) Weibull(1.0,1.0)
"""
_SAMPLING = """
    DataLoader({},2,shuffle=True) Subset({},[0]) ConcatDataset([{}]) RandomSampler({})
    SequentialSampler({}) WeightedRandomSampler([0.1,0.9],2) SubsetRandomSampler([1,2])
"""

#: How to make them; `L` is the library.
OBJECTS = [
    *(f"L.nn.{layer}" for layer in _LAYERS.split()),
    *(f"L.optim.{name}(L.nn.Linear(3, 2).parameters(), lr=0.1)" for name in _OPTIMIZERS.split()),
    *(f"L.optim.lr_scheduler.{name.format(_OPT)}" for name in _SCHEDULERS.split()),
    *(f"L.distributions.{name}" for name in _DISTRIBUTIONS.split()),
    _DATA,
    *(f"L.utils.data.{name.format(_DATA)}" for name in _SAMPLING.split()),
    "L.nn.utils.rnn.pack_sequence([L.ones(2, 1)])", "L.ones(2).shape", "L.device('cpu')",
    "L.finfo(L.float32)", "L.iinfo(L.int32)", "L.optim.swa_utils.AveragedModel(L.nn.Linear(3, 2))",
    "L.amp.GradScaler('cpu', enabled=False)",
]  # fmt: skip

#: Public attributes that are left out, and why.
LEFT_OUT = {
    "ipu": "a device", "mtia": "a device", "abbr": "short names of dtypes in PyTorch's compiler",
    "profile_hook_step": "a decorator for PyTorch's profiler", "OptimizerPreHook": "a type",
    "OptimizerPostHook": "a type", "share_memory": "of Adagrad's state alone",
    "check_worker_number_rationality": "counts the machine's cores",
    "check_forward_args": "a step of RNN.forward", "check_hidden_size": "a step of RNN.forward",
    "get_expected_hidden_size": "a step of RNN.forward", "permute_hidden": "a step of RNN.forward",
    "get_expected_cell_size": "a step of RNN.forward", "merge_masks": "a step of forward",
    "activation_relu_or_gelu": "which fused kernel to take",
    "use_nested_tensor": "which fused kernel to take",
}  # fmt: skip


def _plain(value: Any) -> Any:
    """Return what can be compared of a value; its kind otherwise."""
    if "Uninitialized" in type(value).__name__:
        return "uninitialized"
    if hasattr(value, "requires_grad") and hasattr(value, "tolist"):
        return (tuple(value.shape), value.requires_grad)
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value
    if value is None or isinstance(value, (int, str)):
        return str(value).replace("tinygrad_bp.", "torch.")
    return type(value).__name__


@pytest.mark.parametrize("spelling", OBJECTS)
def test_the_same_attributes(spelling: str) -> None:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = (eval(spelling, {"L": library}) for library in (tgb, torch))
        missing, different = [], []
        for name in dir(theirs):
            if name.startswith("_") or name in LEFT_OUT:
                continue
            try:
                value = getattr(theirs, name)
            except Exception:  # not for this kind: no mean, no length
                continue
            if not hasattr(ours, name):
                missing.append(name)
            elif not callable(value) and _plain(getattr(ours, name)) != _plain(value):
                different.append(f"{name}: {getattr(ours, name)!r}, not {value!r}")
    assert not missing
    assert not different
