"""PyTorch's public names are here, with its signatures; what is left out is listed with why."""

from __future__ import annotations

import importlib
import inspect
import re
import types
from typing import Any

import pytest

pytestmark = pytest.mark.peers

_MODULES = """
    . nn nn.functional nn.init nn.utils nn.utils.rnn nn.utils.parametrizations nn.utils.parametrize
    nn.utils.prune nn.parameter optim optim.lr_scheduler optim.swa_utils distributions
    distributions.constraints utils.data func autograd autograd.functional linalg fft special amp
    random signal.windows
"""
MODULES = _MODULES.split()

#: Names that are left out, by pattern, and why.
LEFT_OUT = {
    r".*(quantiz|fbgemm|qparams|moving_avg_obs|int_repr).*|q_.*|qu?int.*|qscheme|per_(tensor|channel)_.*":
        "quantisation",
    r"(cudnn|miopen|mkldnn|batch_norm)_.*|.*_cuda.*|segment_reduce|native_norm|convolution":
        "kernels behind other names",
    r".*(_csr|_csc|_bsr|_bsc|sparse_compressed|sparse_coo|indices|values).*|h?s?s?p?addmm|hs?p?mm|smm"
    r"|dsmm|sspaddmm|resize_as_sparse_": "compressed sparse tensors",
    r"[su]?u?int\d|bits.*|bit|float[48]_.*|complex32|chalf": "numbers that NumPy has not",
    r"sym_.*|Sym.*|cond|while_loop|export|compile.*|thread_safe_generator|py_sym_types|functionalize":
        "programs as data, for PyTorch's compiler",
    r".*_copy": "copies of views, for PyTorch's compiler",
    r"[A-Z]\w*(Type|Storage|Tensor|Context|Graph|Graph\w+|Set|Guard|Function\w*|Table)"
    r"|Script.*|.*ScriptModule|JIT.*|.*IODescriptor|.*(parse|import_ir|type_comment|type_list).*|fork|wait"
    r"|ConcreteModule.*|.*Argument.*|AliasDb|AggregationType|AVG|SUM|Block|Code|CallStack|Capsule"
    r"|CompilationUnit|DispatchKey|ErrorReport|FatalError|FileCheck|FunctionSchema|Future|Graph\w*"
    r"|Gradient|IODescriptor|ListIterator|Module(Dict|Serializer)|Node|OperatorInfo|PRIVATE_OPS"
    r"|ParameterDict|PyTorchFile\w+|StaticModule|Storage|StorageBase|Stream\w*|Tag|Throughput\w+|TracingState|Type|Use"
    r"|Value|BufferDict|Benchmark\w+|DeepCopyMemoTable|DisableTorchFunction\w*|Execution\w+|Event"
    r"|USE_.*|\w*Logger\w*|InferredType|LiteScriptModule|classproperty": "PyTorch's own machinery",
    r".*autocast.*|get_device_module|get_file_path|has_(lapack|mkl|openmp|spectral)|init_num_threads"
    r"|is_vulkan_available|is_distributed|is_inference|is_anomaly_check_nan_enabled|cpp"
    r"|prepare_multiprocessing_environment|profiler_.*|from_file|hash_tensor|slice_inverse"
    r"|legacy_contiguous_format|jagged": "questions about another build or device",
    r"eig|lstsq|matrix_rank|solve|symeig": "names that raise in PyTorch: removed",
    r"lobpcg|frobenius_norm|nuclear_norm|norm_except_dim|embedding_(bag|renorm_)|.*dropout_":
        "twins of what `linalg`, `nn.functional` and the parametrizations have",
    r"(scaled_)?(grouped_)?mm|scaled_grouped_mm|assert_int_or_pair|boolean_dispatch|handle_torch_.*"
    r"|has_torch_.*|.*[a-z]_notes|GRID_.*|Scaling.*|Swizzle.*|Broadcasting.*|DType":
        "helpers of a module",
    r".*DataPipe\w*|DataChunk|argument_validation|functional_datapipe|.*determini\w+|runtime_val\w+":
        "data pipes, which PyTorch has given up",
    r"Container|common_types|factory_kwargs|bind|copy_method_params|PackedSequence_|Opaque\w+|get_swap\w+"
    r"|is_opaque\w+|is_traceable\w+|deepcopy|swap_in_optimizer\w+|EPOCH_.*|common_(args|notes)"
    r"|factory_common_args|multi_dim_common|debug_unwrap|rearrange|replace_all_batch_norm_modules_"
    r"|NestedIOFunction|Profiler.*|DeviceType|SavedTensor|enforce_\w+|is_multithreading_enabled"
    r"|is_tensor_like|is_view_replay_enabled|kineto_available|set_multithreading_enabled|.*multithreading.*"
    r"|LinearCrossEntropyOptions": "helpers of a module",
}  # fmt: skip

#: Signatures that differ on purpose, and why.
OTHERWISE = {
    "autograd.backward": "grad_variables is an older name of grad_tensors",
    "autograd.enable_grad": "as enable_grad",
    "autograd.gradcheck": "there are neither batched nor forward-mode checks",
    "autograd.gradgradcheck": "as gradcheck",
    "enable_grad": "in PyTorch too it is a class, and this argument is its decorator's",
    "meshgrid": "'ij' is what PyTorch takes for None, with a warning",
    "norm": "`out` by name alone",
    "save": "one number for all formats",
    "signal.windows": "the layout is accepted, strided or left out",
    "tensordot": "`out` by name alone",
    "TypedStorage": "ours shows the memory of a tensor, and is not made by itself",
    "utils.data.random_split": "None stands for the default generator",
}


def _module(package: str, name: str) -> Any:
    return importlib.import_module(package if name == "." else f"{package}.{name}")


def _own(value: Any) -> bool:
    home = getattr(value, "__module__", None) or "torch"
    return not isinstance(value, types.ModuleType) and str(home).startswith("torch")


def _names(name: str) -> list[str]:
    theirs = _module("torch", name)
    listed = set(getattr(theirs, "__all__", None) or ())
    listed |= {n for n in dir(theirs) if _own(getattr(theirs, n))}
    return sorted(n for n in listed if not n.startswith("_"))


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_here(name: str) -> None:
    ours, theirs = _module("tinygrad_bp", name), _module("torch", name)
    missing = [
        n
        for n in _names(name)
        if not hasattr(ours, n)
        and not any(re.fullmatch(pattern, n) for pattern in LEFT_OUT)
        and (callable(getattr(theirs, n)) or name == ".")
        and not (n in ("Optimizer", "Tensor") or n.isupper())
    ]
    assert not missing, f"{name}: {' '.join(missing)}"


def _word(default: Any) -> str:
    if callable(default):
        return str(getattr(default, "__name__", default))
    text = re.sub(r"(torch|tinygrad_bp)\.|Size\(\[\]\)|<.*>", "", str(default))
    return "()" if text == "" else text


def _refused(theirs: Any, ours: Any) -> str | None:
    """Say which of PyTorch's arguments our function would not take as PyTorch does."""
    mine = list(inspect.signature(ours).parameters.values())
    kinds = {p.kind for p in mine}
    any_name, any_place = inspect.Parameter.VAR_KEYWORD in kinds, inspect.Parameter.VAR_POSITIONAL
    by_name = {p.name: p for p in mine}
    for place, p in enumerate(inspect.signature(theirs).parameters.values()):
        if p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) or p.name.startswith("_"):
            continue
        same = by_name.get(p.name)
        if same is None:
            if not (any_name or p.name in ("self", "cls") or any_place in kinds):
                return f"no {p.name}"
        elif p.default is not p.empty and _word(p.default) != _word(same.default):
            return f"{p.name}={same.default!r}, not {p.default!r}"
        elif (
            p.kind is p.POSITIONAL_OR_KEYWORD
            and any_place not in kinds
            and mine.index(same) != place
        ):
            return f"{p.name} at place {mine.index(same)}, not {place}"
    return None


@pytest.mark.parametrize("name", MODULES)
def test_signatures_written_in_python(name: str) -> None:
    ours, theirs = _module("tinygrad_bp", name), _module("torch", name)
    refused = []
    for n in _names(name):
        a, b = getattr(theirs, n), getattr(ours, n, None)
        what = n if name == "." else f"{name}.{n}"
        if not callable(a) or not callable(b) or what in OTHERWISE or name in OTHERWISE:
            continue
        try:
            found = _refused(a, b)
        except (TypeError, ValueError):  # written in C: `test_signatures_peers` calls those
            continue
        refused += [f"{what}: {found}"] if found else []
    assert not refused, "\n".join(refused)
