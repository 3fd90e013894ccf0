"""Every argument of every operator by its name, by its place and with its default, as PyTorch."""

from __future__ import annotations

import itertools
import re
import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.ops.keyword_calls import Call, schemas, spellings
from tests.ops.opinfo import RANDOM, operators, parts, translate

pytestmark = pytest.mark.peers

#: Operators whose calls are not compared, and why.
LEFT_OUT = {
    "chalf": "NumPy has no complex of half precision",
    "hash_tensor": "a checksum for debugging, of PyTorch's own making",
    "histogramdd": "a schema with places that PyTorch's own function takes by name only",
    "linalg.eig": "vectors have a sign of the library's choice; the names are in CALLS",
    "linalg.eigh": "as eig",
    "linalg.pinv": "a schema of numbers takes a sample's tensor: for the tensor it has another",
    "rsub": "PyTorch itself takes alpha by place only where the operand has no axes",
    "tensor_split": "one argument has three names; `tensor_indices_or_sections` no script says",
    "to_sparse": "the result has no array to compare",
}
_INTERNAL = ("_", "ops.", "torch.", "jiterator", "sparse", "masked")


def _found(library: Any, name: str) -> Any:
    for part in name.split("."):
        library = getattr(library, part, None)
    return library if callable(library) else None


def _forms(library: Any, name: str) -> dict[str, Any]:
    return {
        "function": _found(library, name),
        "method": _found(library.Tensor, name),
        "in place": _found(library.Tensor, f"{name}_"),
    }


def _copied(value: Any) -> Any:
    if hasattr(value, "detach"):
        return value.detach().clone()
    if type(value) in (tuple, list):
        return type(value)(map(_copied, value))
    return {k: _copied(v) for k, v in value.items()} if isinstance(value, dict) else value


def _values(result: Any) -> list[np.ndarray[Any, Any]]:
    return [
        np.asarray(part.detach().resolve_conj().numpy() if hasattr(part, "detach") else part)
        for part in parts(result)
        if isinstance(part, (int, float, bool)) or hasattr(part, "detach")
    ]


def _difference(name: str, call: Call, theirs: Any, ours: Any) -> str | None:
    """Say how our answer to a call differs from PyTorch's, if PyTorch accepts it at all."""
    try:
        expected = theirs(*_copied(call.args), **_copied(call.kwargs))
    except Exception:  # PyTorch's own refusal, of whatever type
        return None
    spelt = f"{call.form} of {len(call.args)} arguments and {', '.join(call.kwargs) or 'no names'}"
    if ours is None:
        return f"{spelt}: missing"
    try:
        with np.errstate(all="ignore"):
            found = ours(*translate(_copied(call.args)), **translate(_copied(call.kwargs)))
    except Exception as error:
        return f"{spelt}: {type(error).__name__}: {error}"
    if name in RANDOM or "dropout" in name:
        return None
    a, b = _values(found), _values(expected)
    if [x.shape for x in a] != [x.shape for x in b] or [x.dtype for x in a] != [x.dtype for x in b]:
        return f"{spelt}: shapes or dtypes differ"
    same = all(np.allclose(x, y, 1e-5, 1e-6, True) for x, y in zip(a, b, strict=True))
    return None if same else f"{spelt}: values differ"


def _calls(op: Any) -> list[Call]:
    """Return the calls of an operator's samples, one of each pattern of arguments."""
    import torch

    patterns, calls = set(), []
    known = schemas(op.name)
    for sample in itertools.islice(op.sample_inputs("cpu", torch.float64), 40):
        args = (sample.input, *sample.args)
        pattern = (tuple(type(a).__name__ for a in args), tuple(sorted(sample.kwargs)))
        if pattern in patterns or len(patterns) >= 4:
            continue
        patterns.add(pattern)
        for schema in known:
            calls += spellings(schema, args, sample.kwargs)
    return calls


def test_every_argument_by_name_and_by_place() -> None:
    import torch

    torch.manual_seed(0)
    differences, count = [], 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for op in operators():
            if op.name in LEFT_OUT or op.name.startswith(_INTERNAL):
                continue
            theirs, ours = _forms(torch, op.name), _forms(tgb, op.name)
            for call in _calls(op):
                if theirs[call.form] is not None:
                    count += 1
                    found = _difference(op.name, call, theirs[call.form], ours[call.form])
                    differences += [f"{op.name}, {found}"] if found else []
    assert count > 5000
    assert not differences, "\n".join(dict.fromkeys(differences))


#: Calls with names that no schema tells, or that old scripts still have. `L` is the library.
CALLS = """
    L.add(x, 2, y)
    x.clone().add_(2, y)
    x.clone().sub_(2, y)
    x.clone().addcmul_(2, x, y)
    x.clone().addcdiv_(-2, x, y)
    L.addcmul(x, 2, x, y)
    L.addmm(2, x, 3, x, y)
    L.addmm(2, x, x, y)
    x.clone().addmm_(2, 3, x, y)
    L.addmv(2, x[0], 3, x, y[0])
    L.baddbmm(2, x[None], 3, x[None], y[None])
    L.linalg.eigh(input=x)[0]
    L.linalg.eigvalsh(input=x)
    L.linalg.vector_norm(x=x, ord=1, axis=0)
    L.linalg.lstsq(input=y, b=x)[0]
    L.zeros(size=(2, 3))
    L.ones((2, 3))
    L.full(size=(2,), fill_value=1.5)
    x.new_zeros(size=(2,))
    x.repeat(repeats=(1, 2))
    x.expand(size=(2, 2, 2))
    x.view(size=(4,))
    x.reshape(shape=(4,))
    x.permute(dims=(1, 0))
    x.permute(1, 0)
    x.flip(0, 1)
    x.sum((0, 1))
    x.sum(axis=0, keepdims=True)
    x.mean(axis=-1, keepdims=True)
    x.std(0, unbiased=False)
    x.argmax(axis=0)
    x.softmax(axis=0)
    L.softmax(x, axis=1)
    L.cat((x, y), axis=1)
    L.stack(tensors=[x, y], dim=1)
    L.concat((x, y), axis=0)
    L.squeeze(x[None], axis=0)
    L.unsqueeze(x, axis=0)
    L.swapaxes(x, axis0=0, axis1=1)
    L.arange(start=0, end=3)
    L.arange(end=3)
    L.linspace(start=0, end=1, steps=3)
    L.eye(n=2)
    L.randn(size=(2, 0))
    L.randint(high=3, size=(0, 2))
    L.where(condition=x > 0, input=x, other=y)
    x.clone(memory_format=L.contiguous_format)
    L.fft.fft(x, axis=0).real
    L.nn.functional.cosine_similarity(x, y, axis=0)
    L.nn.Embedding.from_pretrained(x, True, 0).padding_idx
    L.nn.EmbeddingBag.from_pretrained(x, False, None, 2.0, False, "sum").mode
    L.finfo(L.float32).resolution
    x.dim_order()
    x.T.dim_order()
    x.is_set_to(x.view(4).view(2, 2))
    x.is_set_to(x.T)
    x.output_nr
    x.sparse_dim()
    x.dense_dim()
"""


@pytest.mark.parametrize("call", [line.strip() for line in CALLS.strip().splitlines()])
def test_a_call_that_scripts_make(call: str) -> None:
    import torch

    results = []
    for library in (tgb, torch):
        names = {
            "L": library,
            "x": library.tensor([[1.0, 2.0], [2.0, 5.0]]),
            "y": library.tensor([[3.0, 1.0], [0.5, -2.0]]),
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = eval(call, names)
        results.append(result.tolist() if hasattr(result, "tolist") else result)
    mine, theirs = results
    if isinstance(mine, list):
        assert np.shape(mine) == np.shape(theirs)
        assert np.allclose(mine, theirs, 1e-5, 1e-6)
    else:
        assert mine == theirs


def test_the_old_order_of_arguments_warns() -> None:
    x = tgb.ones(2)
    with pytest.warns(UserWarning, match=re.escape("order of the arguments of add is deprecated")):
        x.add(2, x)
    with pytest.raises(TypeError, match="too many arguments"):
        x.add(2, x, x)
