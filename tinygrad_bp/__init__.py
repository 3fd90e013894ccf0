"""tinygrad_bp: backpropagation with PyTorch's names, on NumPy alone.

Imported as ``tgb``, and laid out like ``torch``. Not affiliated with tinygrad.

>>> import tinygrad_bp as tgb
>>> w = tgb.tensor([1.0, 2.0], requires_grad=True)
>>> loss = (w**2).sum()
>>> loss.backward()
>>> w.grad
tensor([2., 4.])

To understand how it works, read `op`, `rules.elementwise`, `graph` and `tensor`, in this order.
"""

from __future__ import annotations

from math import e, inf, nan, pi
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from .creation import (
    as_tensor, asarray, empty, empty_like, empty_permuted, empty_strided, eye, from_dlpack,
    from_numpy, frombuffer, full, full_like, is_tensor, ones, ones_like, scalar_tensor, tensor,
    zeros, zeros_like,
)  # fmt: skip
from .devices import (
    channels_last, channels_last_3d, contiguous_format, device, get_default_device, layout,
    memory_format, preserve_format, set_default_device, sparse_bsc, sparse_bsr, sparse_coo,
    sparse_csc, sparse_csr, strided,
)  # fmt: skip
from .dtype import (
    bfloat16, bool, can_cast, cdouble, cfloat, complex64, complex128, double, dtype, finfo, float,
    float16, float32, float64, get_default_dtype, half, iinfo, int, int8, int16, int32, int64, long,
    promote_types, result_type, set_default_dtype, short, uint8, uint16, uint32, uint64,
)  # fmt: skip
from .functions.elementwise import (
    add, addcdiv, addcmul, allclose, clamp, clamp_max, clamp_min, div, equal, isclose, lerp, pow,
    round, sub,
)  # fmt: skip
from .functions.index import gather, index_select, nonzero, take, take_along_dim, unravel_index
from .functions.linalg import (
    addbmm, addmm, addmv, addr, baddbmm, bmm, cross, dot, einsum, ger, inner, kron, matmul, mm, mv,
    outer, tensordot, vdot,
)  # fmt: skip
from .functions.masks import masked_fill, masked_scatter, masked_select, where
from .functions.reduce import (
    all, amax, amin, any, argmax, argmin, count_nonzero, cumprod, cumsum, log_softmax,
    logcumsumexp, logsumexp, max, mean, min, norm, prod, softmax, std, sum, var,
)  # fmt: skip
from .functions.shape import (
    adjoint, atleast_1d, atleast_2d, atleast_3d, block_diag, broadcast_shapes, broadcast_tensors,
    broadcast_to, cartesian_prod, cat, chunk, clone, column_stack, combinations, constant_pad_nd,
    diag, diag_embed, diagflat, diagonal, dsplit, dstack, flatten, flip, fliplr, flipud, hsplit,
    hstack, meshgrid, movedim, narrow, narrow_copy, permute, ravel, repeat_interleave, reshape,
    roll, rot90, select, split, split_with_sizes, squeeze, stack, swapaxes, swapdims, t,
    tensor_split, tile, trace, transpose, tril, triu, unbind, unflatten, unsafe_split, unsqueeze,
    vander, vsplit, vstack,
)  # fmt: skip
from .functions.sorting import (
    argsort, cummax, cummin, kthvalue, mode, msort, sort, topk, unique, unique_consecutive,
)  # fmt: skip
from .mode import (
    enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad,
    set_grad_enabled,
)  # fmt: skip
from .printing import set_printoptions
from .questions import (
    detach, get_device, is_complex, is_conj, is_floating_point, is_neg, is_nonzero, is_signed,
    is_storage, numel,
)  # fmt: skip
from .random import (
    Generator, default_generator, fork_rng, get_rng_state, initial_seed, manual_seed, seed,
    set_rng_state,
)  # fmt: skip
from .ranges import arange, linspace, logspace, range, tril_indices, triu_indices
from .rules.elementwise import (
    absolute, arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, bitwise_and, bitwise_or,
    bitwise_xor, ceil, cos, cosh, divide, erf, exp, exp2, expm1, floor, floor_divide, fmod,
    greater, greater_equal, hypot, isfinite, isinf, isnan, less, less_equal, log, log1p, log2,
    log10, logaddexp, logical_and, logical_not, logical_or, logical_xor, maximum, minimum,
    multiply, negative, not_equal, positive, reciprocal, relu, remainder, rsqrt, sigmoid, sign,
    signbit, sin, sinh, sqrt, square, subtract, tan, tanh, trunc,
)  # fmt: skip
from .rules.elementwise import equal as eq
from .rules.elementwise import invert as bitwise_not
from .rules.elementwise import left_shift as bitwise_left_shift
from .rules.elementwise import right_shift as bitwise_right_shift
from .sampling import (
    bernoulli, binomial, multinomial, normal, poisson, rand, rand_like, randint, randint_like,
    randn, randn_like, randperm,
)  # fmt: skip
from .tensor import Size, Tensor

abs, neg, mul, true_divide, clip = absolute, negative, multiply, div, clamp
acos, asin, atan, atan2, acosh, asinh, atanh = (
    arccos, arcsin, arctan, arctan2, arccosh, arcsinh, arctanh,
)  # fmt: skip
fix = trunc
ne, lt, le, gt, ge = not_equal, less, less_equal, greater, greater_equal
concat = concatenate = cat
moveaxis, row_stack = movedim, vstack
unsafe_chunk, unsafe_split_with_sizes = chunk, split_with_sizes

newaxis = None

__version__ = "0.1.0"

__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "Generator",
    "GradScaler", "HalfTensor", "IntTensor", "LongTensor", "ShortTensor", "Size", "Tensor",
    "__version__", "abs", "absolute", "accelerator", "acos", "acosh", "add", "addbmm", "addcdiv",
    "addcmul", "addmm", "addmv", "addr", "adjoint", "affine_grid_generator", "alias_copy", "all",
    "allclose", "alpha_dropout", "amax", "amin", "aminmax", "amp", "angle", "any", "arange",
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh",
    "are_deterministic_algorithms_enabled", "argmax", "argmin", "argsort", "argwhere", "as_strided",
    "as_strided_copy", "as_strided_scatter", "as_tensor", "asarray", "asin", "asinh", "atan",
    "atan2", "atanh", "atleast_1d", "atleast_2d", "atleast_3d", "autocast", "autograd", "backends",
    "baddbmm", "bartlett_window", "bernoulli", "bfloat16", "bilinear",
    "binary_cross_entropy_with_logits", "bincount", "binomial", "bitwise_and", "bitwise_left_shift",
    "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "blackman_window",
    "block_diag", "bmm", "bool", "broadcast_shapes", "broadcast_tensors", "broadcast_to",
    "bucketize", "can_cast", "cartesian_prod", "cat", "cdist", "cdouble", "ceil", "celu", "celu_",
    "cfloat", "chain_matmul", "channels_last", "channels_last_3d", "cholesky", "cholesky_inverse",
    "cholesky_solve", "chunk", "clamp", "clamp_max", "clamp_min", "clip", "clone", "column_stack",
    "combinations", "compile", "complex", "complex128", "complex64", "concat", "concatenate",
    "conj", "conj_physical", "constant_pad_nd", "contiguous_format", "copysign", "corrcoef", "cos",
    "cosh", "cosine_embedding_loss", "cosine_similarity", "count_nonzero", "cov", "cpu", "cross",
    "ctc_loss", "cuda", "cummax", "cummin", "cumprod", "cumsum", "cumulative_trapezoid", "datasets",
    "default_generator", "deg2rad", "derivation", "det", "detach", "device", "diag", "diag_embed",
    "diagflat", "diagnose", "diagnosis", "diagonal", "diagonal_copy", "diagonal_scatter", "diff",
    "digamma", "dist", "distributed", "distributions", "div", "divide", "dot", "double", "draw",
    "drawing", "dropout", "dropout_", "dsplit", "dstack", "dtype", "e", "einsum", "empty",
    "empty_like", "empty_permuted", "empty_strided", "enable_grad", "eq", "equal", "erf", "erfc",
    "erfinv", "exp", "exp2", "expand_copy", "explain", "expm1", "eye", "feature_alpha_dropout",
    "feature_dropout", "fft", "fill", "fill_", "finfo", "fix", "flatten", "flip", "fliplr",
    "flipud", "float", "float16", "float32", "float64", "float_power", "floor", "floor_divide",
    "fmax", "fmin", "fmod", "fork_rng", "frac", "frexp", "from_dlpack", "from_numpy", "frombuffer",
    "full", "full_like", "func", "functional", "gather", "gcd", "ge", "geqrf", "ger",
    "get_autocast_dtype", "get_default_device", "get_default_dtype", "get_deterministic_debug_mode",
    "get_device", "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads",
    "get_rng_state", "gradient", "gradient_flow", "greater", "greater_equal", "gt", "half",
    "hamming_window", "hann_window", "hardshrink", "heaviside", "hinge_embedding_loss", "histc",
    "histogram", "histogramdd", "hsplit", "hstack", "hypot", "i0", "igamma", "igammac", "iinfo",
    "imag", "index_add", "index_copy", "index_fill", "index_put", "index_reduce", "index_select",
    "inf", "inference_mode", "initial_seed", "inner", "int", "int16", "int32", "int64", "int8",
    "inverse", "is_autocast_available", "is_autocast_enabled", "is_complex", "is_conj",
    "is_deterministic_algorithms_warn_only_enabled", "is_floating_point", "is_grad_enabled",
    "is_inference_mode_enabled", "is_neg", "is_nonzero", "is_same_size", "is_signed", "is_storage",
    "is_tensor", "is_warn_always_enabled", "isclose", "isfinite", "isin", "isinf", "isnan",
    "isneginf", "isposinf", "isreal", "istft", "jit", "kaiser_window", "kl_div", "kron", "kthvalue",
    "layout", "lcm", "ldexp", "le", "lerp", "less", "less_equal", "lgamma", "linalg", "linspace",
    "load", "log", "log10", "log1p", "log2", "log_softmax", "logaddexp", "logaddexp2",
    "logcumsumexp", "logdet", "logical_and", "logical_not", "logical_or", "logical_xor", "logit",
    "logspace", "logsumexp", "long", "lt", "lu", "lu_solve", "lu_unpack", "manual_seed",
    "margin_ranking_loss", "masked", "masked_fill", "masked_scatter", "masked_select", "matmul",
    "matrix_exp", "matrix_power", "max", "maximum", "mean", "median", "memory_format", "meshgrid",
    "min", "minimum", "mm", "mode", "moveaxis", "movedim", "mps", "msort", "mul", "multinomial",
    "multiply", "multiprocessing", "mv", "mvlgamma", "nan", "nan_to_num", "nanmean", "nanmedian",
    "nanquantile", "nansum", "narrow", "narrow_copy", "native_dropout", "native_dropout_backward",
    "ne", "neg", "negative", "newaxis", "nextafter", "nn", "no_grad", "nonzero", "nonzero_static",
    "norm", "normal", "not_equal", "numel", "ones", "ones_like", "op", "optim", "orgqr", "ormqr",
    "outer", "pairwise_distance", "pca_lowrank", "pdist", "permute", "permute_copy", "pi",
    "pinverse", "poisson", "poisson_nll_loss", "polar", "polygamma", "positive", "pow", "prelu",
    "preserve_format", "prod", "profiler", "promote_types", "put", "qr", "quantile", "rad2deg",
    "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "range",
    "ravel", "real", "reciprocal", "relu", "remainder", "renorm", "repeat_interleave", "reshape",
    "resolve_conj", "resolve_neg", "result_type", "roll", "rot90", "round", "row_stack", "rrelu",
    "rrelu_", "rsqrt", "rsub", "save", "scalar_tensor", "scatter", "scatter_add", "scatter_reduce",
    "searchsorted", "seed", "select", "select_copy", "select_scatter", "selu", "selu_",
    "serialization", "set_default_device", "set_default_dtype", "set_default_tensor_type",
    "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal",
    "set_grad_enabled", "set_num_interop_threads", "set_num_threads", "set_printoptions",
    "set_rng_state", "set_warn_always", "sgn", "short", "sigmoid", "sign", "signal", "signbit",
    "sin", "sinc", "sinh", "slice_copy", "slice_scatter", "slogdet", "softmax", "sort", "sparse",
    "sparse_bsc", "sparse_bsr", "sparse_coo", "sparse_coo_tensor", "sparse_csc", "sparse_csr",
    "special", "split", "split_copy", "split_with_sizes", "split_with_sizes_copy", "spmm", "sqrt",
    "square", "squeeze", "squeeze_copy", "stack", "std", "std_mean", "stepping", "stft", "strided",
    "sub", "subtract", "sum", "svd", "svd_lowrank", "swapaxes", "swapdims", "t", "t_copy", "take",
    "take_along_dim", "tan", "tanh", "tensor", "tensor_split", "tensordot", "testing", "textbook",
    "threshold", "threshold_", "tile", "topk", "trace", "train", "transforms", "transpose",
    "transpose_copy", "trapezoid", "trapz", "triangular_solve", "tril", "tril_indices",
    "triplet_margin_loss", "triu", "triu_indices", "true_divide", "trunc", "typename", "types",
    "uint16", "uint32", "uint64", "uint8", "unbind", "unbind_copy", "unflatten", "unfold_copy",
    "unique", "unique_consecutive", "unravel_index", "unsafe_chunk", "unsafe_split",
    "unsafe_split_with_sizes", "unsqueeze", "unsqueeze_copy", "use_deterministic_algorithms",
    "utils", "vander", "var", "var_mean", "vdot", "version", "view_as_complex", "view_as_real",
    "view_copy", "vmap", "vsplit", "vstack", "where", "xlogy", "xpu", "zero_", "zeros",
    "zeros_like",
]  # fmt: skip

if _TYPE_CHECKING:
    from . import (
        accelerator, amp, autograd, backends, cpu, cuda, datasets, derivation, diagnosis,
        distributed, distributions, drawing, fft, func,
        functional, jit, linalg, masked, mps, multiprocessing, nn, op, optim, profiler,
        serialization, signal, sparse, special, stepping, testing, textbook, train, transforms,
        types, utils, version, xpu,
    )  # fmt: skip
    from .amp import (
        GradScaler, autocast, get_autocast_dtype, is_autocast_available, is_autocast_enabled,
    )  # fmt: skip
    from .compiler import compile
    from .derivation import explain
    from .flow import gradient_flow
    from .diagnosis import diagnose
    from .drawing import draw
    from .environment import (
        are_deterministic_algorithms_enabled, get_deterministic_debug_mode,
        get_float32_matmul_precision, get_num_interop_threads, get_num_threads,
        is_deterministic_algorithms_warn_only_enabled, is_warn_always_enabled,
        set_deterministic_debug_mode, set_float32_matmul_precision, set_flush_denormal,
        set_num_interop_threads, set_num_threads, set_warn_always, typename,
        use_deterministic_algorithms,
    )  # fmt: skip
    from .func import vmap
    from .fft.spectrogram import istft, stft
    from .functions.distances import cdist
    from .functions.calculus import (
        cumulative_trapezoid, diff, gradient, trapezoid, trapz,
    )  # fmt: skip
    from .functions.complex import (
        angle, complex, conj, conj_physical, imag, isreal, polar, real, resolve_conj, resolve_neg,
        sgn, view_as_complex, view_as_real,
    )  # fmt: skip
    from .functions.fill import (
        fill, fill_, zero_,
    )  # fmt: skip
    from .functions.floating import (
        copysign, deg2rad, float_power, fmax, fmin, frac, frexp, gcd, heaviside, isneginf, isposinf,
        lcm, ldexp, nan_to_num, nextafter, rad2deg, rsub,
    )  # fmt: skip
    from .functions.special import (
        digamma, erfc, erfinv, i0, igamma, igammac, lgamma, logaddexp2, logit, mvlgamma, polygamma,
        sinc, xlogy,
    )  # fmt: skip
    from .functions.scatter import (
        index_add, index_copy, index_fill, index_put, index_reduce, put, scatter, scatter_add,
        scatter_reduce,
    )  # fmt: skip
    from .functions.searching import (
        argwhere, bincount, bucketize, histc, histogram, histogramdd, isin, nonzero_static,
        searchsorted,
    )  # fmt: skip
    from .functions.strided import (
        alias_copy, as_strided, as_strided_copy, as_strided_scatter, diagonal_copy,
        diagonal_scatter, expand_copy, is_same_size, permute_copy, select_copy, select_scatter,
        slice_copy, slice_scatter, split_copy, split_with_sizes_copy, squeeze_copy, t_copy,
        transpose_copy, unbind_copy, unfold_copy, unsqueeze_copy, view_copy,
    )  # fmt: skip
    from .functions.strided import slice_axis as slice  # noqa: F401  for `getattr` alone
    from .functions.statistics import (
        aminmax, corrcoef, cov, dist, median, nanmean, nanmedian, nanquantile, nansum, quantile,
        renorm, std_mean, var_mean,
    )  # fmt: skip
    from .legacy import (
        BoolTensor, ByteTensor, CharTensor, DoubleTensor, FloatTensor, HalfTensor, IntTensor,
        LongTensor, ShortTensor, set_default_tensor_type,
    )  # fmt: skip
    from .linalg.decompositions import lu_unpack
    from .linalg.legacy import (
        chain_matmul, cholesky, det, geqrf, inverse, logdet, lu, lu_solve, matrix_exp,
        matrix_power, orgqr, ormqr, pca_lowrank, pinverse, qr, slogdet, svd, svd_lowrank,
        triangular_solve,
    )  # fmt: skip
    from .linalg.solvers import cholesky_inverse, cholesky_solve
    from .signal.windows import (
        bartlett_window, blackman_window, hamming_window, hann_window, kaiser_window,
    )  # fmt: skip
    from .serialization import load, save
    from .sparse import sparse_coo_tensor, spmm
    from .nn.functional import (
        alpha_dropout, bilinear, celu, celu_, cosine_similarity, dropout, feature_alpha_dropout,
        hardshrink, pairwise_distance, prelu, rrelu, rrelu_, selu, selu_, threshold, threshold_,
    )  # fmt: skip
    from .nn.native_losses import (
        affine_grid_generator, binary_cross_entropy_with_logits, cosine_embedding_loss, ctc_loss,
        hinge_embedding_loss, kl_div, margin_ranking_loss, pdist, poisson_nll_loss,
        triplet_margin_loss,
    )  # fmt: skip
    from .nn.dropouts import (
        dropout_, feature_dropout, native_dropout, native_dropout_backward,
    )  # fmt: skip

# Loaded when first used: importing the package takes little longer than importing NumPy.
_ROOMS: tuple[str, ...] = (
    "autograd", "datasets", "derivation", "diagnosis", "distributions", "drawing", "fft", "linalg",
    "masked", "nn", "op", "optim", "signal", "sklearn", "special", "stepping",
    "textbook", "train", "transforms",
)  # fmt: skip
_ROOMS += (
    "accelerator", "amp", "backends", "compiler", "cpu", "cuda", "distributed", "func",
    "functional", "jit", "mps", "multiprocessing", "profiler", "serialization", "sparse", "testing",
    "types", "utils", "version", "xpu", "_dynamo",
)  # fmt: skip
_VERBS = {"compile": "compiler", "draw": "drawing", "GradScaler": "amp", "spmm": "sparse",
          "sparse_coo_tensor": "sparse", "vmap": "func"}  # fmt: skip
_VERBS.update(dict.fromkeys((
    "autocast", "get_autocast_dtype", "is_autocast_available", "is_autocast_enabled",
), "amp"))  # fmt: skip
_VERBS.update(dict.fromkeys(("load", "save"), "serialization"))
_VERBS.update(dict.fromkeys((
    "are_deterministic_algorithms_enabled", "get_deterministic_debug_mode",
    "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads",
    "is_deterministic_algorithms_warn_only_enabled", "is_warn_always_enabled",
    "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal",
    "set_num_interop_threads", "set_num_threads", "set_warn_always", "typename",
    "use_deterministic_algorithms",
), "environment"))  # fmt: skip
_VERBS.update(dict.fromkeys((
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor",
    "IntTensor", "LongTensor", "ShortTensor", "set_default_tensor_type",
), "legacy"))  # fmt: skip
_VERBS["cdist"] = "functions.distances"
_VERBS.update({"diagnose": "diagnosis", "explain": "derivation", "gradient_flow": "flow"})
_VERBS.update(dict.fromkeys(("AcceleratorError", "OutOfMemoryError"), "devices"))
_VERBS.update(dict.fromkeys(("TypedStorage", "UntypedStorage"), "memory"))
_VERBS.update(dict.fromkeys((
    "get_autocast_cpu_dtype", "get_autocast_gpu_dtype", "is_autocast_cpu_enabled",
), "amp"))  # fmt: skip
_VERBS.update(dict.fromkeys(("is_anomaly_enabled", "set_anomaly_enabled"), "autograd.anomaly_mode"))
_VERBS["to_dlpack"] = "utils.dlpack"
_VERBS.update(dict.fromkeys((
    "bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window",
), "signal.windows"))  # fmt: skip
_VERBS.update(dict.fromkeys(("istft", "stft"), "fft.spectrogram"))
_VERBS.update(dict.fromkeys(("cholesky_inverse", "cholesky_solve"), "linalg.solvers"))
_VERBS["lu_unpack"] = "linalg.decompositions"
_VERBS.update(dict.fromkeys((
    "chain_matmul", "cholesky", "det", "geqrf", "inverse", "logdet", "lu", "lu_solve",
    "matrix_exp", "matrix_power", "orgqr", "ormqr", "pca_lowrank", "pinverse", "qr", "slogdet",
    "svd", "svd_lowrank", "triangular_solve",
), "linalg.legacy"))  # fmt: skip
_VERBS.update(dict.fromkeys((
    "digamma", "erfc", "erfinv", "i0", "igamma", "igammac", "lgamma", "logaddexp2", "logit",
    "mvlgamma", "polygamma", "sinc", "xlogy",
), "functions.special"))  # fmt: skip
_VERBS.update(dict.fromkeys((
    "copysign", "deg2rad", "float_power", "fmax", "fmin", "frac", "frexp", "gcd", "heaviside",
    "isneginf", "isposinf", "lcm", "ldexp", "nan_to_num", "nextafter", "rad2deg", "rsub",
), "functions.floating"))  # fmt: skip
_VERBS.update(dict.fromkeys((
    "angle", "complex", "conj", "conj_physical", "imag", "isreal", "polar", "real", "resolve_conj",
    "resolve_neg", "sgn", "view_as_complex", "view_as_real",
), "functions.complex"))  # fmt: skip
_VERBS.update(dict.fromkeys((
    "aminmax", "corrcoef", "cov", "dist", "median", "nanmean", "nanmedian", "nanquantile", "nansum",
    "quantile", "renorm", "std_mean", "var_mean",
), "functions.statistics"))  # fmt: skip
_VERBS.update(dict.fromkeys((
    "cumulative_trapezoid", "diff", "gradient", "trapezoid",
), "functions.calculus"))  # fmt: skip
_VERBS.update(dict.fromkeys((
    "fill", "fill_", "zero_",
), "functions.fill"))  # fmt: skip
_VERBS.update(dict.fromkeys((
    "index_add", "index_copy", "index_fill", "index_put", "index_reduce", "put", "scatter",
    "scatter_add", "scatter_reduce",
), "functions.scatter"))  # fmt: skip
_VERBS.update(dict.fromkeys((
    "argwhere", "bincount", "bucketize", "histc", "histogram", "histogramdd", "isin",
    "nonzero_static", "searchsorted",
), "functions.searching"))  # fmt: skip
_VERBS.update(dict.fromkeys((
    "alias_copy", "as_strided", "as_strided_copy", "as_strided_scatter", "diagonal_copy",
    "diagonal_scatter", "expand_copy", "is_same_size", "permute_copy", "select_copy",
    "select_scatter", "slice_copy", "slice_scatter", "split_copy", "split_with_sizes_copy",
    "squeeze_copy", "t_copy", "transpose_copy", "unbind_copy", "unfold_copy", "unsqueeze_copy",
    "view_copy",
), "functions.strided"))  # fmt: skip
_VERBS.update(dict.fromkeys((
    "_chunk_cat", "_unsafe_masked_index", "_unsafe_masked_index_put_accumulate", "slice",
), "functions.underscored"))  # fmt: skip
_VERBS["trapz"] = "functions.calculus"
_VERBS.update(dict.fromkeys((
    "alpha_dropout", "bilinear", "celu", "celu_", "cosine_similarity", "dropout",
    "feature_alpha_dropout", "hardshrink", "pairwise_distance", "prelu", "rrelu", "rrelu_", "selu",
    "selu_", "threshold", "threshold_",
), "nn.functional"))  # fmt: skip
_VERBS.update(dict.fromkeys((
    "_batch_norm_with_update", "_native_batch_norm_legit", "batch_norm", "embedding", "group_norm",
    "instance_norm", "layer_norm", "native_batch_norm", "native_group_norm", "native_layer_norm",
), "nn.natives"))  # fmt: skip
_VERBS.update(dict.fromkeys((
    "dropout_", "feature_dropout", "native_dropout", "native_dropout_backward",
), "nn.dropouts"))  # fmt: skip
_VERBS["rms_norm"] = "nn.norms"
_VERBS.update(dict.fromkeys((
    "affine_grid_generator", "binary_cross_entropy_with_logits", "cosine_embedding_loss",
    "ctc_loss", "hinge_embedding_loss", "kl_div", "margin_ranking_loss", "pdist",
    "poisson_nll_loss", "triplet_margin_loss",
), "nn.native_losses"))  # fmt: skip
_VERBS.update(dict.fromkeys((
    "gru", "gru_cell", "lstm", "lstm_cell", "rnn_relu", "rnn_relu_cell", "rnn_tanh",
    "rnn_tanh_cell",
), "nn.recurrent"))  # fmt: skip
_VERBS.update(dict.fromkeys((
    "adaptive_avg_pool1d", "adaptive_max_pool1d", "avg_pool1d", "conv1d", "conv2d", "conv3d",
    "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "max_pool1d",
    "max_pool1d_with_indices", "max_pool2d", "max_pool3d", "channel_shuffle",
    "native_channel_shuffle", "pixel_shuffle", "pixel_unshuffle",
), "nn.functional"))  # fmt: skip
_VERBS.update(dict.fromkeys((
    "grid_sampler", "grid_sampler_2d", "grid_sampler_3d",
), "nn.sampling_grids"))  # fmt: skip
_VERBS["_upsample_bilinear2d_aa"] = "nn.resampling"
# In-place twins that PyTorch has as functions too.
_TWINS = frozenset((
    "abs_", "acos_", "acosh_", "addmv_", "arccos_", "arccosh_", "arcsin_", "arcsinh_", "arctan_",
    "arctanh_", "as_strided_", "asin_", "asinh_", "atan_", "atanh_", "ceil_", "clamp_",
    "clamp_max_", "clamp_min_", "clip_", "conj_physical_", "cos_", "cosh_", "deg2rad_", "detach_",
    "erf_", "erfc_", "exp2_", "exp_", "expm1_", "fix_", "floor_", "frac_", "gcd_", "i0_",
    "index_put_", "lcm_", "ldexp_", "log10_", "log1p_", "log2_", "log_", "logit_", "nan_to_num_",
    "neg_", "negative_", "rad2deg_", "reciprocal_", "relu_", "resize_as_", "round_", "rsqrt_",
    "sigmoid_", "sin_", "sinc_", "sinh_", "sqrt_", "square_", "tan_", "tanh_", "trunc_", "xlogy_",
))  # fmt: skip


def __getattr__(name: str) -> _Any:
    from importlib import import_module

    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    if name in _VERBS:
        value = globals()[name] = getattr(import_module(f".{_VERBS[name]}", __name__), name)
        return value
    if name in _TWINS:
        return getattr(Tensor, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *_VERBS, *_TWINS})
