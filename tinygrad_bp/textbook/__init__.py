"""The notes, by hand: every formula as NumPy code, without any automatic differentiation.

Here are the networks, losses, optimizers and rules of "Understanding Backpropagation" and
"Classification by Backpropagation", in the notes' own names and with samples as columns. Nothing
here knows the rest of `tinygrad_bp`: these are the answers that its engine is checked against.
`docs/notes.md` goes through both notes formula by formula and says where they are wrong.
"""

from .activations import (
    leaky_relu,
    leaky_relu_derivative,
    relu,
    relu_derivative,
    sigmoid,
    sigmoid_derivative,
    softmax,
    softmax_jacobian,
    tanh,
    tanh_derivative,
)
from .delta_rule import DeltaRuleNetwork, hidden_error, output_error
from .descent import batch, mini_batch, stochastic
from .dropout import dropout_at_test, dropout_at_train, dropout_mask, inverted_dropout
from .initialization import glorot_normal, glorot_uniform, he_normal, lecun_normal
from .labels import one_hot
from .losses import (
    binary_cross_entropy,
    binary_cross_entropy_derivative,
    categorical_cross_entropy,
    categorical_cross_entropy_derivative,
    half_squared_error,
    half_squared_error_derivative,
    mean_squared_error,
)
from .optimizers import adagrad, adam, adamw, gradient_descent, momentum, rmsprop
from .practical_example import WorkedExample, worked_example
from .regularization import (
    clip_gradient,
    decoupled_weight_decay,
    l1_gradient,
    l1_penalty,
    l2_gradient,
    l2_penalty,
)
from .simple_nn import SimpleNN, SimpleNNGradients
from .two_layer_softmax import TwoLayerGradients, TwoLayerSoftmax

__all__ = [
    "DeltaRuleNetwork",
    "SimpleNN",
    "SimpleNNGradients",
    "TwoLayerGradients",
    "TwoLayerSoftmax",
    "WorkedExample",
    "adagrad",
    "adam",
    "adamw",
    "batch",
    "binary_cross_entropy",
    "binary_cross_entropy_derivative",
    "categorical_cross_entropy",
    "categorical_cross_entropy_derivative",
    "clip_gradient",
    "decoupled_weight_decay",
    "dropout_at_test",
    "dropout_at_train",
    "dropout_mask",
    "glorot_normal",
    "glorot_uniform",
    "gradient_descent",
    "half_squared_error",
    "half_squared_error_derivative",
    "he_normal",
    "hidden_error",
    "inverted_dropout",
    "l1_gradient",
    "l1_penalty",
    "l2_gradient",
    "l2_penalty",
    "leaky_relu",
    "leaky_relu_derivative",
    "lecun_normal",
    "mean_squared_error",
    "mini_batch",
    "momentum",
    "one_hot",
    "output_error",
    "relu",
    "relu_derivative",
    "rmsprop",
    "sigmoid",
    "sigmoid_derivative",
    "softmax",
    "softmax_jacobian",
    "stochastic",
    "tanh",
    "tanh_derivative",
    "worked_example",
]
