"""Every layer's record: a compiled step on fresh inputs gives what the eager one gives.

What a layer computes behind the operations' back (an index array, a mask, running statistics) is
noticed by this: it would be that of the first batch in every later one.
"""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.compiler.pairs import BACKENDS
from tests.nn.layer_case import LayerCase, all_cases
from tinygrad_bp.compiler import TraceError
from tinygrad_bp.nn.parameter import is_lazy

#: Layers that can't be compiled, by the beginning of the record's name (! ends it).
REFUSED = (
    "CTCLoss", "AdaptiveLogSoftmaxWithLoss!", "Embedding {'max_norm'", "EmbeddingBag max",
    "EmbeddingBag sum {'padding_idx'", "EmbeddingBag sum {'max_norm'",
    "EmbeddingBag mean {'padding_idx'", "EmbeddingBag mean {'max_norm'", "spectral_norm by a hook",
    "BatchNorm1d trained, then evaluated",
)  # fmt: skip

#: Records whose inputs can't be shuffled, or whose module can't be copied.
LEFT_OUT = ("weight_norm by a hook", "EmbeddingBag")


def comparable(case: LayerCase) -> bool:
    if "packed" in case.name or any(is_lazy(p) for p in case.build(tgb).parameters()):
        return False
    return not any(
        case.name.startswith(name) and not f"{case.name}!".startswith(REFUSED)
        and (name != "EmbeddingBag" or "flat" in case.name or "offset" in case.name
             or "padding" in case.name)
        for name in LEFT_OUT
    )  # fmt: skip


CASES = [case for case in all_cases() if comparable(case)]


def _natively() -> set[str]:
    """Choose what is compiled to native code, which takes a while: a record of each layer."""
    chosen: dict[str, list[str]] = {}
    for case in CASES:
        names = chosen.setdefault(case.name.partition(" ")[0], [])
        names += [case.name] if not names else []
    return {name for names in chosen.values() for name in names}


NATIVE = _natively()


def fresh(x: Any, rng: Any) -> Any:
    """Make another input like this one: of other numbers, with the same indices shuffled."""
    if not isinstance(x, np.ndarray):
        return x
    if x.dtype.kind == "f":
        return tgb.tensor(x * rng.uniform(0.6, 1.0, x.shape))
    if x.dtype.kind in "iu" and x.ndim:
        return tgb.tensor(rng.permutation(x.ravel()).reshape(x.shape))
    return tgb.tensor(x)


def tensors(x: Any) -> list[Any]:
    if isinstance(x, tgb.Tensor):
        return [x]
    if isinstance(x, dict):
        x = x.values()
    elif not isinstance(x, (tuple, list)):
        return []
    return [t for y in x for t in tensors(y)]


def is_floating(x: Any) -> bool:
    return isinstance(x, tgb.Tensor) and x.is_floating_point()


def trained(case: LayerCase, model: Any, data: Any, backend: str = "") -> Any:
    # What has no parameters learns how large its inputs are to be: backward runs through all.
    factors = [tgb.ones((), dtype=tgb.float64, requires_grad=True) for _ in case.inputs]
    learnt = list(model.parameters()) or [f for f, x in zip(factors, data[0], strict=True)
                                          if is_floating(x)]  # fmt: skip
    opt = tgb.optim.Adam(learnt, 0.01) if learnt else None

    def step(*inputs: Any) -> Any:
        if opt:
            opt.zero_grad()
        if learnt and learnt[0] is not None and any(learnt[0] is f for f in factors):
            inputs = tuple([x * f if any(f is p for p in learnt) else x
                            for x, f in zip(inputs, factors, strict=True)])  # fmt: skip
        outputs = tensors(case.call(model, *inputs))
        loss = sum((t * t).sum() for t in outputs if t.is_floating_point())
        if opt and loss.requires_grad:
            loss.backward()
            opt.step()
        return loss, [t.detach() for t in outputs]

    run = tgb.compile(step, backend=backend) if backend else step
    tgb.manual_seed(5)
    found = [[t.detach().numpy().copy() for t in tensors(run(*inputs))] for inputs in data]
    found += [[p.detach().numpy(), *([] if p.grad is None else [p.grad.numpy()])] for p in learnt]
    found.append([b.numpy() for b in model.buffers()])
    return [*found, [tgb.get_rng_state().numpy()]]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_compiled_is_eager(case: LayerCase) -> None:
    """Over twenty steps, by NumPy and by native code."""
    tgb.manual_seed(3)
    rng = np.random.Generator(np.random.PCG64(0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what layers warn about is tested with them
        ours = case.build(tgb).double().train(case.training)
        with tgb.no_grad():
            for p in ours.parameters():
                p.copy_(tgb.tensor(rng.normal(size=p.shape) * case.scale))
        theirs = copy.deepcopy(ours)
        data = [[fresh(x, rng) for x in case.inputs] for _ in range(20)]
        if f"{case.name}!".startswith(REFUSED):
            with pytest.raises(TraceError):
                trained(case, theirs, data, "reference")
            return
        backends = ["numpy", *(b for b in BACKENDS if b == "native" and case.name in NATIVE)]
        copies = [(backend, copy.deepcopy(theirs)) for backend in backends]
        expected = trained(case, ours, data)
        for backend, model in copies:
            found = trained(case, model, data, backend)
            for mine, his in zip(expected, found, strict=True):
                assert len(mine) == len(his)
                for a, b in zip(mine, his, strict=True):
                    np.testing.assert_allclose(b, a, rtol=1e-7, atol=1e-9, err_msg=backend)
