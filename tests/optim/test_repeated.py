"""A step on the same arrays as the last one: what is kept of that must not be out of date."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.optim import fused

SMALL, LARGE = [(3, 4), (5,), (), (2, 2)], [(60, 50), (5,)]


def _kinds() -> list[tuple[str, dict[str, Any]]]:
    return [("SGD", {}), ("SGD", {"momentum": 0.9, "dampening": 0.1}), ("Adam", {}),
            ("AdamW", {"amsgrad": True}), ("Adagrad", {"lr_decay": 0.1})]  # fmt: skip


def _disturb(optimizer: Any, how: str) -> None:
    """Change something between two steps."""
    group = optimizer.param_groups[0]
    p = group["params"][0]
    state = optimizer.state.get(p, {})
    tensors = [name for name in state if name != "step"]
    match how:
        case "the rate":
            group["lr"] *= 0.5
        case "weight decay":
            group["weight_decay"] = 0.25
        case "the sign":
            group["maximize"] = True
        case "an array":
            p.data = tgb.tensor(p._array * 2)
        case "a gradient away":
            p.grad = None
        case "a gradient turned":
            p.grad = tgb.tensor(p.grad._array.T.copy()).T
        case "a state":
            for name in tensors:
                state[name] = tgb.tensor(state[name]._array + 1)
        case "a count":
            if "step" in state:
                state["step"]._array += 3
        case "no state":
            optimizer.state.clear()
        case "loaded":
            optimizer.load_state_dict(optimizer.state_dict())
        case "the order":
            group["params"].reverse()
        case "one more":
            more = tgb.tensor([1.0, 2.0], requires_grad=True)
            more.grad = tgb.tensor([0.5, 0.5])
            group["params"].append(more)


@pytest.mark.parametrize(
    "how",
    ["nothing", "the rate", "weight decay", "the sign", "an array", "a gradient away",
     "a gradient turned", "a state", "a count", "no state", "loaded", "the order", "one more"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("name", "options"), _kinds(), ids=["sgd", "momentum", "adam", "amsgrad", "adagrad"]
)
@pytest.mark.parametrize("shapes", [SMALL, LARGE], ids=["joined", "alone"])
@pytest.mark.parametrize("machine_code", [False, True], ids=["numpy", "native"])
def test_a_step_is_not_what_the_last_one_was(name: str, options: Any, how: str, shapes: Any,
                                             machine_code: bool) -> None:  # fmt: skip
    kind = getattr(tgb.optim, name)

    def run(kind: Any, fused: bool) -> Any:
        rng = np.random.default_rng(0)
        parameters = [tgb.tensor(rng.standard_normal(s), requires_grad=True) for s in shapes]
        optimizer = kind(parameters, lr=0.1, fused=fused, **options)
        for step in range(7):
            for p in parameters:
                p.grad = tgb.tensor(rng.standard_normal(p.shape))
            if step == 4:
                _disturb(optimizer, how)
            optimizer.step()
        state = [v for s in optimizer.state.values() for v in s.values()]
        everything = [*optimizer.param_groups[0]["params"], *state]
        return optimizer, [t._array for t in everything if isinstance(t, tgb.Tensor)]

    # Of a subclass nothing is kept from step to step.
    _, expected = run(type("Sub", (kind,), {}), False)
    optimizer, found = run(kind, machine_code)
    assert 0 in optimizer._prepared
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_machine_code_takes_over_when_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "_native", {})
    monkeypatch.setattr(fused, "_spent", fused.WORTH - 5 * fused._EACH)
    w = tgb.tensor([1.0, 2.0], requires_grad=True)
    optimizer = tgb.optim.Adam([w])
    by_numpy = []
    for _ in range(8):
        w.grad = tgb.tensor([0.5, -0.5])
        optimizer.step()
        by_numpy.append(optimizer._prepared[0].by_numpy is not None)
    assert by_numpy == [True] * 4 + [False] * 4
    np.testing.assert_allclose(w.tolist(), [0.992, 2.008], rtol=1e-6)


def test_a_changed_parameter_is_noticed() -> None:
    w = tgb.tensor([1.0, 2.0], requires_grad=True)
    optimizer = tgb.optim.Adam([w], fused=False)
    w.grad = tgb.tensor([0.5, -0.5])
    optimizer.step()
    out = (w * w).sum()
    optimizer.step()
    with pytest.raises(RuntimeError, match="changed in place"):
        out.backward()


def test_a_parameter_twice_is_updated_twice() -> None:
    def run(kind: Any) -> Any:
        w, v = (tgb.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
        with pytest.warns(UserWarning, match="duplicate"):
            optimizer = kind([w, v, w], lr=0.1)
        for _ in range(3):
            w.grad, v.grad = tgb.tensor([0.5, -0.5]), tgb.tensor([1.0, 1.0])
            optimizer.step()
        return w.tolist(), v.tolist()

    assert run(tgb.optim.SGD) == run(type("Sub", (tgb.optim.SGD,), {}))
    np.testing.assert_allclose(run(tgb.optim.SGD)[0], [0.7, 2.3], rtol=1e-6)
