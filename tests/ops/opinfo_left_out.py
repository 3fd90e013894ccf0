"""The OpInfo operators whose samples do not all agree with PyTorch, and why."""

from __future__ import annotations

_INTERNAL = "an internal function of PyTorch, with no name for users"
_JITERATOR = "compiles CUDA source given as text"
_SPARSE = "samples are compressed sparse tensors"
_BESSEL = "PyTorch's own values are off by up to 9e-7 beyond 5; ours agree with SciPy to 1e-15"

#: Operator (with the variant of its record) -> why it is left out.
LEFT_OUT: dict[str, str] = {
    "_segment_reduce:lengths": _INTERNAL,
    "_segment_reduce:offsets": _INTERNAL,
    "_softmax_backward_data": _INTERNAL,
    "as_strided:partial_views": "the samples are views of a larger memory, which a copy loses",
    "as_strided_scatter": "PyTorch's gradient fails its own gradcheck; ours passes ours",
    "bfloat16": "NumPy has no bfloat16",
    "chalf": "NumPy has no complex of half precision",
    "hash_tensor": "a checksum for debugging, of PyTorch's own making",
    "jiterator_2inputs_2outputs": _JITERATOR,
    "jiterator_4inputs_with_extra_args": _JITERATOR,
    "jiterator_binary": _JITERATOR,
    "jiterator_binary_return_by_ref": _JITERATOR,
    "jiterator_unary": _JITERATOR,
    "max_pool2d_with_indices_backward": _INTERNAL,
    "nextafter": "PyTorch records a node whose backward raises; ours has no gradient",
    "sparse.mm:reduce": _SPARSE,
    "sparse.sampled_addmm": _SPARSE,
    "special.bessel_j0": _BESSEL,
    "special.bessel_j1": _BESSEL,
    "special.bessel_y1": _BESSEL,
    "torch.ops.aten._safe_softmax.default": _INTERNAL,
}
