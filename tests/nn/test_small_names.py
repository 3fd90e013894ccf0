"""Names that scripts import from PyTorch's inner modules."""

import importlib
from collections import OrderedDict

import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.nn.modules import utils

NAMES = {
    "nn.common_types": ["_size_1_t", "_size_2_t", "_size_any_t", "_ratio_3_t"],
    "nn.modules.activation": ["ReLU", "PReLU", "Softmax", "MultiheadAttention", "GLU"],
    "nn.modules.adaptive": ["AdaptiveLogSoftmaxWithLoss"],
    "nn.modules.container": ["Sequential", "ModuleList", "ParameterDict", "ParameterList"],
    "nn.modules.distance": ["CosineSimilarity", "PairwiseDistance"],
    "nn.modules.dropout": ["Dropout2d", "_DropoutNd"],
    "nn.modules.flatten": ["Flatten", "Unflatten"],
    "nn.modules.lazy": ["LazyModuleMixin"],
    "nn.modules.linear": ["Linear", "Bilinear", "LazyLinear", "NonDynamicallyQuantizableLinear"],
    "nn.modules.loss": ["_Loss", "_WeightedLoss", "CTCLoss", "TripletMarginLoss", "MSELoss"],
    "nn.modules.module": ["Module", "register_module_forward_hook"],
    "nn.modules.utils": ["_pair", "_triple", "_ntuple", "consume_prefix_in_state_dict_if_present"],
    "nn.parallel": ["DataParallel", "data_parallel"],
    "nn.parallel.data_parallel": ["DataParallel"],
    "nn.parameter": ["Parameter", "Buffer", "UninitializedParameter", "is_lazy"],
    "nn.utils.clip_grad": ["clip_grad_norm_", "clip_grad_value_", "clip_grad_norm"],
    "nn.utils.convert_parameters": ["parameters_to_vector", "vector_to_parameters"],
    "nn.utils.fusion": ["fuse_conv_bn_eval", "fuse_linear_bn_weights"],
    "nn.utils.parametrizations": ["orthogonal", "spectral_norm", "weight_norm"],
    "nn.utils.parametrize": ["cached", "register_parametrization", "ParametrizationList"],
    "nn.utils.prune": ["l1_unstructured", "global_unstructured", "remove", "is_pruned"],
    "nn.utils.spectral_norm": ["SpectralNorm", "remove_spectral_norm", "spectral_norm"],
    "nn.utils.stateless": ["functional_call"],
    "nn.utils.weight_norm": ["WeightNorm", "remove_weight_norm", "weight_norm"],
}


@pytest.mark.parametrize("path", NAMES)
def test_paths_are_those_of_pytorch(path):
    module = importlib.import_module(f"tinygrad_bp.{path}")
    assert [name for name in NAMES[path] if not hasattr(module, name)] == []


@pytest.mark.peers
@pytest.mark.parametrize("path", NAMES)
def test_the_paths_exist_in_pytorch(path):
    module = importlib.import_module(f"torch.{path}")
    assert [name for name in NAMES[path] if not hasattr(module, name)] == []


def test_tuples_of_sizes():
    assert utils._pair(2) == (2, 2) and utils._triple([1, 2, 3]) == (1, 2, 3)
    assert utils._single(1) == (1,) and utils._quadruple(0) == (0,) * 4
    assert utils._reverse_repeat_tuple((1, 2), 2) == (2, 2, 1, 1)
    assert utils._list_with_default([None, 5], [1, 2, 3]) == [2, 5]
    with pytest.raises(ValueError, match="at least 3"):
        utils._list_with_default([None, 5], [1, 2])


def test_the_prefix_of_data_parallel_can_be_taken_off():
    net = nn.Sequential(nn.Linear(2, 1))
    state = nn.DataParallel(net).state_dict()
    utils.consume_prefix_in_state_dict_if_present(state, "module.")
    assert list(state) == ["0.weight", "0.bias"] and "" in state._metadata
    net.load_state_dict(state)
    plain = OrderedDict(a=tgb.ones(1))
    utils.consume_prefix_in_state_dict_if_present(plain, "module.")
    assert list(plain) == ["a"]
