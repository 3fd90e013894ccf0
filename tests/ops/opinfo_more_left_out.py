"""The operators that differ from PyTorch beyond their OpInfo samples, by kind, and why."""

from __future__ import annotations

_INTERNAL = "an internal function of PyTorch, with no name for users"
_SPARSE = "samples are sparse tensors"
_LACKING = "NumPy has no such dtype"
_MEMORY = "speaks of the memory, which is another one here"
_FRACTION = "PyTorch cuts the factors of integers to integers, ours gives fractions"
_NAN = "PyTorch gives NaN where ours gives 0"
_OVERLAP = "out= is written when all is computed: that it overlaps an operand does no harm"
_OUT_DTYPE = "out= takes the rounded result; PyTorch asks here for the very dtype"
_TWICE = "the sample is wrong in two ways, ours names the other"
_WINDOWS = "half precision serves too; there is no bfloat16, and a layout is not looked at"

#: Kind (see `opinfo_more`) -> operator -> why it is left out.
LEFT_OUT: dict[str, dict[str, str]] = {
    "errors": {
        "__rdiv__": "a number serves as an operand, as in NumPy",
        "_chunk_cat": _INTERNAL,
        "amax": "the samples have 65 axes, NumPy has 64",
        "amin": "the samples have 65 axes, NumPy has 64",
        "aminmax": "the samples have 65 axes, NumPy has 64",
        "arange": _OUT_DTYPE,
        "bernoulli": _OVERLAP,
        "cat": _OVERLAP,
        "complex": _OUT_DTYPE,
        "gather": _OVERLAP,
        "gradient": "the samples are on the device meta",
        "index_select": _OVERLAP,
        "jiterator_binary": _INTERNAL,
        "jiterator_binary_return_by_ref": _INTERNAL,
        "kthvalue": _OVERLAP,
        "masked_select": _OVERLAP,
        "narrow": "a truth is a number, as in Python",
        "narrow_copy": "ours raises the IndexError that PyTorch raises elsewhere",
        "nn.functional.multi_margin_loss": _TWICE,
        "nn.functional.multilabel_margin_loss": _TWICE,
        "signal.windows.bartlett": _WINDOWS,
        "signal.windows.blackman": _WINDOWS,
        "signal.windows.cosine": _WINDOWS,
        "signal.windows.exponential": _WINDOWS,
        "signal.windows.gaussian": _WINDOWS,
        "signal.windows.general_cosine": _WINDOWS,
        "signal.windows.general_hamming": _WINDOWS,
        "signal.windows.hamming": _WINDOWS,
        "signal.windows.hann": _WINDOWS,
        "signal.windows.kaiser": _WINDOWS,
        "signal.windows.nuttall": _WINDOWS,
        "take": _OVERLAP,
    },
    "in_place": {
        "addbmm": "PyTorch gives a target of one element another shape; ours refuses",
        "addmv": _FRACTION,
        "baddbmm": _FRACTION,
        "nextafter": "PyTorch records a node whose backward raises; ours has no gradient",
        "nn.functional.hardsigmoid": _INTERNAL,
        "nn.functional.mish": _INTERNAL,
    },
    "layouts": {
        "_segment_reduce:lengths": _INTERNAL,
        "_segment_reduce:offsets": _INTERNAL,
        "_softmax_backward_data": _INTERNAL,
        "as_strided": _MEMORY,
        "as_strided_copy": _MEMORY,
        "chalf": _LACKING,
        "hash_tensor": _INTERNAL,
        "jiterator_2inputs_2outputs": _INTERNAL,
        "jiterator_4inputs_with_extra_args": _INTERNAL,
        "jiterator_binary": _INTERNAL,
        "jiterator_binary_return_by_ref": _INTERNAL,
        "jiterator_unary": _INTERNAL,
        "max_pool2d_with_indices_backward": _INTERNAL,
        "sparse.mm:reduce": _SPARSE,
        "sparse.sampled_addmm": _SPARSE,
        "torch.ops.aten._safe_softmax.default": _INTERNAL,
    },
    "second": {
        "_softmax_backward_data": _INTERNAL,
        "as_strided:partial_views": _MEMORY,
        "as_strided_scatter": "PyTorch's gradient fails its own gradcheck; ours passes ours",
        "bfloat16": _LACKING,
        "chalf": _LACKING,
        "linalg.norm:subgradients_at_zero": _NAN,
        "masked.logaddexp": _NAN,
        "max_pool2d_with_indices_backward": _INTERNAL,
        "nextafter": "PyTorch records a node whose backward raises; ours has no gradient",
        "nn.functional.linear_cross_entropy:chunked": "PyTorch has no second gradient of it",
        "sparse.sampled_addmm": _SPARSE,
        "torch.ops.aten._safe_softmax.default": _INTERNAL,
    },
}
