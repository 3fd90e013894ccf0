"""More of PyTorch's records: errors, dtypes, second order, in place, `out`, layouts.

    python -m tests.ops.opinfo_more KIND [NAME …]

prints, for the operators named (all by default), where we differ from PyTorch. The kinds are the
keys of `KINDS`; `test_opinfo_more` asserts some of them, the others are to look into.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from itertools import islice, zip_longest
from typing import Any

import numpy as np

import tinygrad_bp as tgb
from tests.ops import opinfo
from tests.ops.opinfo import DisagreementError, leaves, ours, parts, translate

#: How many samples of an operator are run; the rest are variations of the same.
MOST = 12

#: Refusals of PyTorch's whose calls have an answer here.
PERMITTED = (
    "must be Tensor, not int",  # a number serves as an operand, as in NumPy
    "invalid combination of arguments - got (int, ",
    "doesn't apply to a 'int' object",
)

DTYPES = ("float32", "float16", "complex128", "int64", "int32", "uint8", "bool")


#: How far apart numbers of a kind may be, relative to the largest.
CLOSE = {2: 2e-2, 4: 2e-5, 8: 1e-7}


def _compare(what: str, mine: Any, theirs: Any, numbers: bool) -> None:
    a, b = opinfo._array(mine), opinfo._array(theirs)
    if a.shape != b.shape:
        raise DisagreementError(f"{what}: shape {a.shape}, PyTorch {b.shape}")
    if a.dtype != b.dtype:
        raise DisagreementError(f"{what}: dtype {a.dtype}, PyTorch {b.dtype}")
    if not numbers:
        return
    rtol = 0.0
    if a.dtype.kind in "fc":
        rtol = CLOSE[a.dtype.itemsize // (2 if a.dtype.kind == "c" else 1)]
    with np.errstate(all="ignore"):
        finite = np.abs(b[np.isfinite(b)]) if rtol else np.zeros(0)
        atol = rtol * min(1.0, finite.max(initial=0.0)) + 1e-9 * bool(rtol)
        same = np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True)
    if not same:
        at = np.argwhere(~np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True))
        place = tuple(at[0].tolist())
        raise DisagreementError(
            f"{what}: {len(at)} of {a.size} values differ, at {place} {a[place]!r}, "
            f"PyTorch {b[place]!r}"
        )


def _quietly(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return what a call gives, or the error that it raises."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function(*args, **kwargs)
        except Exception as error:
            return error


def _same_refusal(expected: Exception, found: Any) -> None:
    if isinstance(expected, TypeError) and any(text in str(expected) for text in PERMITTED):
        return
    if not isinstance(found, Exception):
        raise DisagreementError(
            f"answers; PyTorch raises {type(expected).__name__}: {str(expected)[:200]}"
        )
    kind = RuntimeError if isinstance(expected, NotImplementedError) else type(expected)
    if not isinstance(found, kind):
        raise DisagreementError(
            f"raises {type(found).__name__}: {str(found)[:300]}\n"
            f"   PyTorch {type(expected).__name__}: {str(expected)[:200]}"
        )


def _same(expected: Any, found: Any, numbers: bool, what: str = "output") -> None:
    """Hold two outputs together, or two refusals."""
    import torch

    if isinstance(expected, Exception):
        _same_refusal(expected, found)
        return
    if isinstance(found, Exception):
        raise DisagreementError(f"raises {type(found).__name__}: {str(found)[:300]}")
    theirs, mine = parts(expected), parts(found)
    if len(theirs) != len(mine):
        raise DisagreementError(f"{len(mine)} outputs, PyTorch {len(theirs)}")
    for i, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        if isinstance(b, torch.Tensor) and not isinstance(a, tgb.Tensor):
            raise DisagreementError(f"{what} {i}: a {type(a).__name__}, not a Tensor")
        if not isinstance(b, (torch.dtype, torch.device)):
            _compare(f"{what} {i}", a, b, numbers)


def _numbers(op: Any, sample: Any) -> bool:
    drawn = sample.kwargs.get("dropout_p") or (sample.kwargs.get("p") and "dropout" in op.name)
    return op.name not in opinfo.RANDOM and not drawn


def _samples(op: Any, dtype: Any = None, *, requires_grad: bool = False, most: int = MOST) -> Any:
    """Yield the first samples; nothing where the record can't make any of this dtype."""
    import torch

    torch.manual_seed(0)
    try:
        made = iter(op.sample_inputs("cpu", dtype or torch.float64, requires_grad=requires_grad))
    except Exception:
        return
    for _ in range(most):
        try:
            yield next(made)
        except StopIteration:
            return
        except Exception:
            return


def errors(op: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    """What has to be refused."""
    if op.error_inputs_func is None:
        return
    for case in op.error_inputs("cpu"):
        sample = case.sample_input

        def run(sample: Any = sample, case: Any = case) -> None:
            expected = _quietly(op, sample.input, *sample.args, **sample.kwargs)
            if not isinstance(expected, Exception):
                return  # raised by a check that only PyTorch's own test does
            # Only now: a look from NumPy makes PyTorch refuse to resize the memory.
            args, kwargs = translate((sample.input, *sample.args)), translate(sample.kwargs)
            found = _quietly(ours(op), *args, **kwargs)
            _same_refusal(expected, found)

        yield opinfo.describe(sample), run


def reference(op: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    """More samples: broadcasting, no elements, extreme values, strides."""
    import torch

    if op.reference_inputs_func is None:
        return
    torch.manual_seed(0)
    made = op.reference_inputs("cpu", torch.float64, requires_grad=op.supports_autograd)
    try:
        samples = list(islice(made, 60))
    except ValueError:  # some records ask for a gradient of integers
        samples = list(islice(op.reference_inputs("cpu", torch.float64), 60))
    for sample in samples:
        tensors = list(leaves((sample.input, sample.args, sample.kwargs)))
        if not tensors or any(t.dtype in (torch.bfloat16, torch.complex32) for t in tensors):
            continue  # numbers alone, of which PyTorch makes a tensor; dtypes that NumPy lacks

        def run(sample: Any = sample) -> None:
            opinfo.check_sample(op, _fresh(sample))

        yield opinfo.describe(sample), run


def _fresh(value: Any) -> Any:
    """Make leaves of PyTorch's tensors: some records give views, which get no gradient."""
    import torch

    if isinstance(value, torch.Tensor):
        return value.detach().requires_grad_() if value.requires_grad else value
    if isinstance(value, (tuple, list)):
        return type(value)([_fresh(part) for part in value])
    if isinstance(value, dict):
        return {key: _fresh(part) for key, part in value.items()}
    if hasattr(value, "output_process_fn_grad"):
        value.input, value.args = _fresh(value.input), _fresh(value.args)
        value.kwargs = _fresh(value.kwargs)
    return value


def dtypes(op: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    """Every dtype: the same answer of the same dtype, or the same refusal."""
    import torch

    for name in DTYPES:
        dtype = getattr(torch, name)
        if not op.supports_dtype(dtype, "cpu"):
            continue
        for sample in _samples(op, dtype, most=3):

            def run(sample: Any = sample) -> None:
                mine = translate((sample.input, *sample.args)), translate(sample.kwargs)
                args = (sample.input, *sample.args)
                expected = _quietly(op, *args, **sample.kwargs)
                found = _quietly(ours(op), *mine[0], **mine[1])
                _same(expected, found, _numbers(op, sample))

            yield f"{name}: {opinfo.describe(sample)}", run


def _gradients(library: Any, outputs: Any, operands: list[Any], process: Any) -> list[Any]:
    """Return the gradients of the gradients, in all operands."""
    rng = np.random.default_rng(0)

    def drawn(tensors: list[Any]) -> list[Any]:
        made = []
        for tensor in tensors:
            values = rng.standard_normal(tuple(tensor.shape))
            if tensor.is_complex():
                values = values + 1j * rng.standard_normal(tuple(tensor.shape))
            made.append(library.tensor(values).to(tensor.dtype))
        return made

    flat = [out for out in parts(process(outputs)) if getattr(out, "requires_grad", False)]
    seeds = [seed.requires_grad_() for seed in drawn(flat)]
    first = library.autograd.grad(flat, operands, seeds, create_graph=True, allow_unused=True)
    again = [g for g in first if g is not None and g.requires_grad]
    if not again:
        return list(first)
    second = library.autograd.grad(again, [*operands, *seeds], drawn(again), allow_unused=True)
    return [*first, *second]


def second(op: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    """The gradient of the gradient."""
    if not op.supports_gradgrad or not op.supports_autograd:
        return
    for sample in _samples(op, requires_grad=True, most=4):

        def run(sample: Any = sample) -> None:
            args = (sample.input, *sample.args)
            mine_args, mine_kwargs = translate(args), translate(sample.kwargs)
            wanted = [t.requires_grad and t.is_leaf for t in leaves((args, sample.kwargs))]
            theirs, mine = (
                [t for t, w in zip(leaves(of), wanted, strict=True) if w]
                for of in ((args, sample.kwargs), (mine_args, mine_kwargs))
            )
            if not _numbers(op, sample) or not theirs:
                return
            if op.name.endswith("_") and not op.name.endswith("__"):
                mine_args, args = (
                    (mine_args[0].clone(), *mine_args[1:]),
                    (args[0].clone(), *args[1:]),
                )
            process = sample.output_process_fn_grad or (lambda out: out)
            import torch

            def do(library: Any, function: Any, a: Any, k: Any, operands: Any) -> Any:
                return _gradients(library, function(*a, **k), operands, process)

            expected = _quietly(do, torch, op, args, sample.kwargs, theirs)
            found = _quietly(do, tgb, ours(op), mine_args, mine_kwargs, mine)
            if isinstance(expected, Exception):
                return
            if isinstance(found, Exception):
                raise DisagreementError(f"raises {type(found).__name__}: {str(found)[:300]}")
            # Where one of us has no second order at all, it has to be 0 for the other.
            for i, (a, b) in enumerate(zip_longest(found, expected)):
                if a is None or b is None:
                    there = b if a is None else a
                    if there is not None and opinfo._array(there).any():
                        whose = "ours" if a is None else "PyTorch's"
                        raise DisagreementError(f"gradient {i}: {whose} is None")
                else:
                    _compare(f"gradient {i}", a, b, True)

        yield opinfo.describe(sample), run


def in_place(op: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    """The in-place twin: on a clone, on a leaf, and where the target would have to broadcast."""
    import torch

    twin = op.inplace_variant
    name = getattr(twin, "__name__", "")
    if twin is None or name == "<lambda>":
        return
    for dtype in (torch.float64, torch.int64):
        if not op.supports_dtype(dtype, "cpu"):
            continue
        differentiable = op.supports_autograd and dtype.is_floating_point
        for sample in _samples(op, dtype, requires_grad=differentiable):

            def run(sample: Any = sample, leaf: bool = False) -> None:
                if not isinstance(sample.input, torch.Tensor):
                    return
                args = (sample.input, *sample.args)
                mine_args, mine_kwargs = translate(args), translate(sample.kwargs)
                member = getattr(tgb.Tensor, name, None)
                if member is None:
                    member = getattr(tgb.nn.functional, name, None)
                if member is None:
                    raise DisagreementError("missing")
                wanted = [t.requires_grad and t.is_leaf for t in leaves((args, sample.kwargs))]
                theirs, mine = (
                    [t for t, w in zip(leaves(of), wanted, strict=True) if w]
                    for of in ((args, sample.kwargs), (mine_args, mine_kwargs))
                )
                a, b = (args[0], mine_args[0]) if leaf else (args[0].clone(), mine_args[0].clone())
                expected = _quietly(twin, a, *args[1:], **sample.kwargs)
                found = _quietly(member, b, *mine_args[1:], **mine_kwargs)
                _same(expected, found, _numbers(op, sample))
                if isinstance(expected, Exception):
                    if not leaf:
                        _compare("target after the refusal", b, a, _numbers(op, sample))
                    return
                if found is not b:
                    raise DisagreementError("does not return its target")
                if not _numbers(op, sample) or leaf:
                    return
                for t in theirs:
                    t.grad = None
                want = _quietly(opinfo._backward, [expected], torch, theirs)
                have = _quietly(opinfo._backward, [found], tgb, mine)
                if isinstance(want, Exception):
                    return
                if isinstance(have, Exception):
                    raise DisagreementError(f"backward raises {type(have).__name__}: {have}")
                for i, (x, y) in enumerate(zip(have, want, strict=True)):
                    if x is None or y is None:
                        there = y if x is None else x
                        if there is not None and opinfo._array(there).any():
                            raise DisagreementError(f"gradient {i}: {x is None=}, {y is None=}")
                    else:
                        _compare(f"gradient {i}", x, y, True)

            yield f"{dtype}: {opinfo.describe(sample)}", run
            if differentiable:
                yield f"a leaf: {opinfo.describe(sample)}", lambda s=sample, r=run: r(s, True)


def out(op: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    """`out=`: of the right shape, of another, of another dtype, with a history."""
    import torch

    if not op.supports_out:
        return
    for sample in _samples(op, most=4):

        def run(sample: Any = sample, kind: str = "") -> None:
            args = (sample.input, *sample.args)
            mine_args, mine_kwargs = translate(args), translate(sample.kwargs)
            plain = _quietly(op, *args, **sample.kwargs)
            if isinstance(plain, Exception):
                return
            several = not isinstance(plain, torch.Tensor)
            if several and not (
                isinstance(plain, tuple) and all(isinstance(p, torch.Tensor) for p in plain)
            ):
                return

            def target(library: Any, like: Any) -> Any:
                shape, dtype = tuple(like.shape), str(like.dtype).removeprefix("torch.")
                if kind == "resized":
                    shape = (0,)
                elif kind == "turned":
                    made = library.zeros(shape[::-1], dtype=getattr(library, dtype))
                    return made.permute(tuple(range(len(shape)))[::-1])
                return library.zeros(shape, dtype=getattr(library, dtype))

            theirs, mine = (
                tuple(target(library, p) for p in plain) if several else target(library, plain)
                for library in (torch, tgb)
            )
            expected = _quietly(op, *args, **sample.kwargs, out=theirs)
            found = _quietly(ours(op), *mine_args, **mine_kwargs, out=mine)
            _same(expected, found, _numbers(op, sample))
            if isinstance(expected, Exception):
                return
            _same(theirs, mine, _numbers(op, sample), "out")
            for a, b in zip(parts(found), parts(mine), strict=True):
                if a is not b:
                    raise DisagreementError("does not return `out` itself")

        for kind in ("", "resized", "turned"):
            yield f"{kind} {opinfo.describe(sample)}", lambda s=sample, k=kind, r=run: r(s, k)


def layouts(op: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    """Transposed, strided and reversed memory: the numbers that a contiguous copy gives."""
    if op.name in opinfo.RANDOM:
        return
    for sample in _samples(op, requires_grad=op.supports_autograd, most=4):
        for how in ("turned", "strided", "reversed"):

            def run(sample: Any = sample, how: str = how) -> None:
                plain = translate((sample.input, *sample.args)), translate(sample.kwargs)
                laid = (
                    _laid_out(translate((sample.input, *sample.args)), how),
                    _laid_out(translate(sample.kwargs), how),
                )
                if not _numbers(op, sample):
                    return
                function = ours(op)
                process = sample.output_process_fn_grad or (lambda out: out)
                results = []
                for args, kwargs in (plain, laid):
                    if op.name.endswith("_") and not op.name.endswith("__"):
                        operands = [t for t in leaves((args, kwargs)) if t.requires_grad]
                        args = (args[0].clone(), *args[1:])
                    else:
                        operands = [t for t in leaves((args, kwargs)) if t.requires_grad]
                    made = _quietly(function, *args, **kwargs)
                    if isinstance(made, Exception):
                        results.append(made)
                        continue
                    flat = parts(process(made))
                    grads = (
                        _quietly(opinfo._backward, flat, tgb, operands)
                        if op.supports_autograd
                        else []
                    )
                    results.append((flat, grads))
                if isinstance(results[0], Exception):
                    return
                if isinstance(results[1], Exception):
                    raise DisagreementError(f"raises {type(results[1]).__name__}: {results[1]}")
                (flat, grads), (flat2, grads2) = results
                if isinstance(grads, Exception):
                    return
                if isinstance(grads2, Exception):
                    raise DisagreementError(f"raises {type(grads2).__name__}: {grads2}")
                for a, b in zip([*flat2, *grads2], [*flat, *grads], strict=True):
                    if a is None or b is None:
                        if a is not b:
                            raise DisagreementError("a gradient is None")
                    elif hasattr(b, "shape"):
                        _compare("", a, b, True)

            yield f"{how} {opinfo.describe(sample)}", run


def _laid_out(value: Any, how: str) -> Any:
    if isinstance(value, tgb.Tensor):
        array = np.asarray(value.detach())
        if how == "turned":
            array = np.array(array.T, order="C").T
        elif how == "strided":
            wide = np.zeros(
                (*array.shape[:-1], 2 * array.shape[-1]) if array.ndim else (), array.dtype
            )
            if array.ndim:
                wide[..., ::2] = array
                array = wide[..., ::2]
        else:
            turned = (slice(None, None, -1),) * array.ndim
            array = np.ascontiguousarray(array[turned])[turned] if array.ndim else array
        made = tgb.from_numpy(array) if array.ndim else tgb.tensor(array)
        return made.requires_grad_() if value.requires_grad else made
    if isinstance(value, (tuple, list)):
        return type(value)([_laid_out(part, how) for part in value])
    if isinstance(value, dict):
        return {key: _laid_out(part, how) for key, part in value.items()}
    return value


KINDS: dict[str, Callable[[Any], Iterator[tuple[str, Callable[[], None]]]]] = {
    "errors": errors,
    "reference": reference,
    "dtypes": dtypes,
    "second": second,
    "in_place": in_place,
    "out": out,
    "layouts": layouts,
}


def check(kind: str, op: Any) -> tuple[int, list[str]]:
    """Run all cases of a kind: how many, and what differs."""
    count, differences = 0, []
    for what, run in KINDS[kind](op):
        count += 1
        try:
            run()
        except Exception as error:
            if not isinstance(error, DisagreementError):
                error = AssertionError(f"{type(error).__name__}: {error}")
            differences.append(f"{error}\n   on ({what})")
            if str(error) == "missing":
                break
    return count, differences


def main() -> None:
    from torch.testing._internal.common_methods_invocations import op_db

    kind, wanted = sys.argv[1], set(sys.argv[2:])
    good = total = cases = 0
    for op in op_db if kind in ("errors", "dtypes") else opinfo.operators():
        if wanted and op.name not in wanted and opinfo.label(op) not in wanted:
            continue
        try:
            count, differences = check(kind, op)
        except Exception as error:
            print(f"### {opinfo.label(op)}: the record fails: {error!r}"[:300], flush=True)
            continue
        cases += count
        total += bool(count)
        good += bool(count) and not differences
        if differences:
            print(f"### {opinfo.label(op)}: {len(differences)} of {count} differ", flush=True)
            seen: set[str] = set()
            for text in differences:
                head = text.split("\n")[0][:40]
                if wanted or (head not in seen and len(seen) < 4):
                    print(text[:600])
                seen.add(head)
    print(f"{good} of {total} operators agree on all of {cases} cases")


if __name__ == "__main__":
    main()
