"""PyTorch's own test inputs (OpInfo), run through PyTorch and through us.

    python -m tests.ops.opinfo [NAME …]

prints, for the operators named (all by default), whether every float64 sample agrees with PyTorch,
forward and gradient, and the first difference where one does not. `test_opinfo` asserts the same.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

import numpy as np

import tinygrad_bp as tgb

RTOL, ATOL = 1e-7, 1e-9

#: Operators whose values are drawn: shapes and dtypes are compared, not numbers.
RANDOM = {
    "bernoulli", "cauchy", "empty", "empty_like", "empty_permuted", "empty_strided", "exponential",
    "geometric", "log_normal", "multinomial", "new_empty", "new_empty_strided", "normal",
    "nn.functional.alpha_dropout", "nn.functional.dropout", "nn.functional.dropout2d",
    "nn.functional.dropout3d", "nn.functional.feature_alpha_dropout",
    "nn.functional.fractional_max_pool2d", "nn.functional.fractional_max_pool3d",
    "nn.functional.multi_head_attention_forward",  # the samples have dropout
    "nn.functional.rrelu", "rand_like", "randint", "randint_like", "randn", "randn_like",
    "resize_", "resize_as_", "svd_lowrank", "uniform",
}  # fmt: skip


class DisagreementError(AssertionError):
    """One sample on which we differ from PyTorch."""


def operators() -> list[Any]:
    """Return PyTorch's OpInfo records that support float64 on a CPU."""
    import torch
    from torch.testing._internal.common_methods_invocations import op_db

    return [op for op in op_db if torch.float64 in op.supported_dtypes("cpu")]


def label(op: Any) -> str:
    return f"{op.name}:{op.variant_test_name}" if op.variant_test_name else str(op.name)


def _names_torch(code: Any) -> bool:
    return "torch" in code.co_names or any(
        _names_torch(inner) for inner in code.co_consts if isinstance(inner, CodeType)
    )


def ours(op: Any) -> Any:
    """Return what we have for an operator: what its name says, a function or else a method.

    Where the record wraps the call in a lambda, to reorder the arguments, say, the same lambda is
    used, with our functions in place of PyTorch's.
    """
    name, wrapped = op.name, getattr(op.op, "__name__", "") == "<lambda>"
    if wrapped and _names_torch(op.op.__code__):
        code = op.op
        return FunctionType(
            code.__code__, {**code.__globals__, "torch": tgb}, name, code.__defaults__,
            code.__closure__,
        )  # fmt: skip
    found: Any = tgb
    for part in name.split("."):
        found = getattr(found, part, None)
        if found is None or isinstance(found, tgb.dtype):
            break
    else:
        if callable(found):
            return found
    member = getattr(tgb.Tensor, name, None)
    if member is None:
        raise DisagreementError("missing")
    if isinstance(member, property):
        return member.fget
    return member


def translate(value: Any) -> Any:
    """Turn PyTorch's tensors, dtypes and devices inside an argument into ours."""
    import torch

    if isinstance(value, torch.Tensor):
        array = np.array(value.detach().resolve_conj().resolve_neg().numpy())
        made = tgb.tensor(array)
        return made.requires_grad_() if value.requires_grad else made
    if isinstance(value, torch.dtype):
        return getattr(tgb, str(value).removeprefix("torch."))
    if isinstance(value, (torch.memory_format, torch.layout)):
        return getattr(tgb, str(value).removeprefix("torch."))
    if isinstance(value, torch.device):
        return tgb.device(str(value))
    if isinstance(value, torch.Generator):
        return tgb.Generator()
    if isinstance(value, torch.nn.Module):
        return getattr(tgb.nn, type(value).__name__)()
    if isinstance(value, (tuple, list)):
        parts = [translate(part) for part in value]
        return type(value)(parts) if type(value) in (tuple, list) else tuple(parts)
    if isinstance(value, dict):
        return {key: translate(part) for key, part in value.items()}
    return value


def leaves(value: Any) -> Iterator[Any]:
    """Yield the tensors inside nested tuples, lists and dicts, in order."""
    if hasattr(value, "requires_grad"):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from leaves(part)
    elif isinstance(value, dict):
        for key in value:
            yield from leaves(value[key])


def parts(value: Any) -> list[Any]:
    """Flatten an output into tensors and Python values."""
    if isinstance(value, (tuple, list)) and not hasattr(value, "numel"):
        return [leaf for part in value for leaf in parts(part)]
    return [value]


def _array(value: Any) -> Any:
    if hasattr(value, "detach") and not isinstance(value, tgb.Tensor):
        return value.detach().resolve_conj().resolve_neg().numpy(force=True)
    return np.asarray(value.detach()) if hasattr(value, "detach") else np.asarray(value)


def _compare(what: str, mine: Any, theirs: Any, numbers: bool) -> None:
    a, b = _array(mine), _array(theirs)
    if a.shape != b.shape:
        raise DisagreementError(f"{what}: shape {a.shape}, PyTorch {b.shape}")
    if a.dtype != b.dtype:
        raise DisagreementError(f"{what}: dtype {a.dtype}, PyTorch {b.dtype}")
    single = a.dtype.itemsize == 4 or a.dtype == np.complex64
    rtol, atol = (1e-5, 1e-6) if single else (RTOL, ATOL)
    if numbers and not np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True):
        raise DisagreementError(f"{what}: values differ\nours {a!r}\nPyTorch {b!r}"[:1500])


def _backward(outputs: list[Any], library: Any, operands: list[Any]) -> list[Any]:
    rng = np.random.default_rng(0)
    loss = None
    for output in outputs:
        if getattr(output, "requires_grad", False):
            weights = library.tensor(rng.standard_normal(tuple(output.shape)))
            part = (output * weights.to(output.dtype)).sum()
            loss = part if loss is None else loss + part
    if loss is None:
        return [None] * len(operands)
    if not isinstance(loss, tgb.Tensor) and loss.is_complex():
        loss = abs(loss)
    elif isinstance(loss, tgb.Tensor) and loss.is_complex():
        loss = loss.abs()
    loss.backward()
    return [operand.grad for operand in operands]


def check_sample(op: Any, sample: Any) -> None:
    """Compare one sample; raise DisagreementError (or what our call raised) where it differs."""
    import torch

    args = (sample.input, *sample.args)
    mine_args, mine_kwargs = translate(args), translate(sample.kwargs)
    theirs = [t for t in leaves((args, sample.kwargs)) if t.requires_grad and t.is_leaf]
    mine = [
        m for m, t in zip(leaves((mine_args, mine_kwargs)), leaves((args, sample.kwargs)),
                          strict=True) if t.requires_grad and t.is_leaf
    ]  # fmt: skip
    for t in theirs:
        t.grad = None
    function = ours(op)
    if op.name.endswith("_") and not op.name.endswith("__"):
        mine_args = (mine_args[0].clone(), *mine_args[1:])  # a leaf can't be changed in place
        args = (sample.input.clone(), *sample.args)
    numbers = op.name not in RANDOM
    if sample.kwargs.get("dropout_p") or (sample.kwargs.get("p") and "dropout" in op.name):
        numbers = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = op(*args, **sample.kwargs)
        with np.errstate(all="ignore"):
            found = function(*mine_args, **mine_kwargs)
        if sample.output_process_fn_grad is not None:
            expected = sample.output_process_fn_grad(expected)
            found = sample.output_process_fn_grad(found)
        flat, flat_mine = parts(expected), parts(found)
        if len(flat) != len(flat_mine):
            raise DisagreementError(f"{len(flat_mine)} outputs, PyTorch {len(flat)}")
        for i, (a, b) in enumerate(zip(flat_mine, flat, strict=True)):
            if isinstance(b, torch.Tensor) and not isinstance(a, tgb.Tensor):
                raise DisagreementError(f"output {i}: a {type(a).__name__}, not a Tensor")
            if isinstance(b, (torch.dtype, torch.device)):
                continue
            _compare(f"output {i}", a, b, numbers)
            if isinstance(b, torch.Tensor) and a.requires_grad != b.requires_grad:
                raise DisagreementError(f"output {i}: requires_grad {a.requires_grad}")
        if not numbers or not op.supports_autograd:
            return
        gradients = _backward(flat, torch, theirs)
        with np.errstate(all="ignore"):
            mine_gradients = _backward(flat_mine, tgb, mine)
        for i, (a, b) in enumerate(zip(mine_gradients, gradients, strict=True)):
            if b is None:
                if a is not None and _array(a).any():
                    raise DisagreementError(f"gradient {i}: given, PyTorch None")
            elif a is None:
                if _array(b).any():
                    raise DisagreementError(f"gradient {i}: None, PyTorch {_array(b)!r}"[:300])
            else:
                _compare(f"gradient {i}", a, b, True)


def describe(sample: Any) -> str:
    """Say in a line what a sample is."""

    def short(value: Any) -> str:
        if hasattr(value, "requires_grad"):
            return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
        if isinstance(value, (tuple, list)):
            return "(" + ", ".join(short(v) for v in value) + ")"
        return repr(value)

    inside = [short(v) for v in (sample.input, *sample.args)]
    inside += [f"{k}={short(v)}" for k, v in sample.kwargs.items()]
    return ", ".join(inside)[:300]


def check(op: Any) -> tuple[int, int, str]:
    """Run all samples of an operator: how many, how many failed, and the first failure."""
    import torch

    torch.manual_seed(0)
    count = failed = 0
    first = ""
    for sample in op.sample_inputs("cpu", torch.float64, requires_grad=op.supports_autograd):
        count += 1
        try:
            check_sample(op, sample)
        except Exception as error:
            failed += 1
            if not first:
                first = f"{type(error).__name__}: {error}\n   on ({describe(sample)})"
            if str(error) == "missing":
                break
    return count, failed, first


def main() -> None:
    wanted = set(sys.argv[1:])
    good = total = 0
    for op in operators():
        if wanted and op.name not in wanted and label(op) not in wanted:
            continue
        total += 1
        count, failed, first = check(op)
        good += not failed
        if failed or wanted:
            print(f"{label(op)}: {count - failed} of {count} samples agree. {first}", flush=True)
    print(f"{good} of {total} operators agree on every sample")


if __name__ == "__main__":
    main()
