"""Updates as machine code: the same bits as NumPy's calls, whatever the options and the arrays."""

from __future__ import annotations

import copy
import gc
import warnings
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_bp as tgb
from tinygrad_bp.optim import batch, fused

pytest.importorskip("llvmlite")

#: Strange numbers among ordinary ones: an update has to carry them on as NumPy does.
_ODD = [0.0, -0.0, 1e-40, -1e-40, 1e-30, 1e30, np.inf, -np.inf, np.nan]

_rate = st.sampled_from([0.0, 1e-3, 0.1, 0.7])
_decay = st.sampled_from([0.0, 0.01, 0.5])
_beta = st.sampled_from([0.0, 0.5, 0.9, 0.999])
_eps = st.sampled_from([0.0, 1e-8, 1e-3])
_flag = st.booleans()
_adam = {"lr": _rate, "betas": st.tuples(_beta, _beta), "eps": _eps, "weight_decay": _decay,
         "maximize": _flag}  # fmt: skip
_plain = {"lr": _rate, "weight_decay": _decay, "maximize": _flag}

OPTIMIZERS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "SGD": {**_plain, "momentum": _beta, "dampening": _decay},
    "Adam": {**_adam, "amsgrad": _flag, "decoupled_weight_decay": _flag},
    "AdamW": {**_adam, "amsgrad": _flag},
    "Adagrad": {**_plain, "lr_decay": _decay, "initial_accumulator_value": _decay, "eps": _eps},
    "RMSprop": {**_plain, "alpha": _beta, "eps": _eps, "momentum": _beta, "centered": _flag},
    "Adadelta": {**_plain, "rho": _beta, "eps": _eps},
    "Adamax": _adam,
    "NAdam": {**_adam, "decoupled_weight_decay": _flag},
    "RAdam": {**_adam, "decoupled_weight_decay": _flag},
    "ASGD": {**_plain, "lambd": _decay, "t0": st.sampled_from([1.0, 1e6])},
    "Rprop": {"lr": _rate, "maximize": _flag},
}


def _numbers(rng: np.random.Generator, shape: tuple[int, ...], kind: Any, odd: bool) -> Any:
    array = np.asarray(rng.standard_normal(shape).astype(kind))
    if odd and array.size:
        array.reshape(-1)[: len(_ODD)] = _ODD[: array.size]
        rng.shuffle(array.reshape(-1))
    return array


def _trained(name: str, options: dict[str, Any], how: bool, kind: Any, odd: bool,
             steps: int = 3) -> list[Any]:  # fmt: skip
    """Return the parameters and the state after some steps, `how` being the value of `fused`."""
    rng = np.random.default_rng(0)
    shapes = [(3, 7), (33,), (), (1,), (0,), (130,)]
    parameters = [tgb.tensor(_numbers(rng, s, kind, odd=False), requires_grad=True) for s in shapes]
    optimizer = getattr(tgb.optim, name)(parameters, **options)
    optimizer.param_groups[0]["fused"] = how
    for step in range(steps):
        for p, shape in zip(parameters, shapes, strict=True):
            p.grad = tgb.tensor(_numbers(rng, shape, kind, odd and step == 1))
        optimizer.step()
    state = [v for p in parameters for v in optimizer.state[p].values()]
    return [t._array for t in (*parameters, *state) if isinstance(t, tgb.Tensor)]


def _assert_same(left: list[Any], right: list[Any]) -> None:
    for a, b in zip(left, right, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_array_equal(a, b)
        there = ~np.isnan(a.real)
        np.testing.assert_array_equal(np.signbit(a.real[there]), np.signbit(b.real[there]))


@pytest.mark.parametrize("name", OPTIMIZERS)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(data=st.data())
def test_the_same_bits(name: str, data: Any) -> None:
    options = {option: data.draw(values, option) for option, values in OPTIMIZERS[name].items()}
    if name == "SGD" and options["momentum"] and not options["dampening"]:
        options["nesterov"] = data.draw(_flag, "nesterov")
    kind = data.draw(st.sampled_from([np.float32, np.float64]), "kind")
    # Rprop asks for signs, and those of numbers that machine code takes for zero are other ones.
    odd = data.draw(_flag, "odd") and name != "Rprop"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a sum of ∞ and −∞, in NumPy
        native, by_numpy = (_trained(name, options, how, kind, odd) for how in (True, False))
    _assert_same(native, by_numpy)


def _watched(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Note for each run whether it is machine code."""
    seen: list[bool] = []

    def choose(*args: Any) -> Any:
        found = fused.native_update(*args)
        seen.append(found is not None)
        return found

    monkeypatch.setattr(batch, "native_update", choose)
    return seen


def _one(kind: Any = tgb.float32, **options: Any) -> tuple[Any, Any]:
    w = tgb.tensor([1.0, 2.0], dtype=kind, requires_grad=True)
    w.grad = tgb.tensor([0.5, -0.5], dtype=kind)
    return w, tgb.optim.Adam([w], **options)


@pytest.mark.parametrize(
    ("how", "spent", "native"),
    [(True, 0, True), (False, 1 << 40, False), (None, 0, False), (None, 1 << 40, True)],
    ids=["asked for", "forbidden", "not worth it yet", "worth it"],
)
def test_when_it_is_machine_code(how: Any, spent: int, native: bool,
                                 monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(fused, "_native", {})
    monkeypatch.setattr(fused, "_spent", spent)
    seen = _watched(monkeypatch)
    w, optimizer = _one(fused=how)
    optimizer.step()
    assert seen == [native]
    np.testing.assert_allclose(w.tolist(), [0.999, 2.001], rtol=1e-6)


def test_what_was_updated_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "_native", {})
    monkeypatch.setattr(fused, "_spent", fused.WORTH - 2 * fused._EACH)
    seen = _watched(monkeypatch)
    _, optimizer = _one()
    for _ in range(4):
        optimizer.step()
    assert seen == [False, True]  # the further ones are as the second


def test_without_llvmlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "find_spec", lambda name: None)
    monkeypatch.setattr(fused, "_native", {})
    monkeypatch.setattr(fused, "_spent", 1 << 40)
    with pytest.raises(ImportError, match=r"tinygrad_bp\[compile\]"):
        _one(fused=True)
    w, optimizer = _one()
    optimizer.step()
    np.testing.assert_allclose(w.tolist(), [0.999, 2.001], rtol=1e-6)


def test_where_llvm_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise AttributeError("LLVM is too old")

    monkeypatch.setattr(fused, "import_module", fail)
    monkeypatch.setattr(fused, "_native", {})
    monkeypatch.setattr(fused, "_spent", 1 << 40)
    for _ in range(2):
        w, optimizer = _one()
        optimizer.step()
        np.testing.assert_allclose(w.tolist(), [0.999, 2.001], rtol=1e-6)
        _, asking = _one(fused=True)
        with pytest.raises(AttributeError, match="too old"):
            asking.step()


def test_an_option_of_a_later_group_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    _, optimizer = _one()
    monkeypatch.setattr(fused, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="llvmlite"):
        optimizer.add_param_group({"params": [tgb.zeros(1, requires_grad=True)], "fused": True})


def test_fused_and_foreach() -> None:
    with pytest.raises(RuntimeError, match="cannot be `True` together"):
        _one(fused=True, foreach=True)


@pytest.mark.parametrize("kind", [np.float16, np.complex64], ids=["float16", "complex64"])
def test_other_dtypes_are_numpys(kind: Any) -> None:
    options = {"lr": 0.1}
    _assert_same(*(_trained("Adam", options, how, kind, odd=False) for how in (True, False)))


def _laid_out(how: bool) -> list[Any]:
    """Update parameters, gradients and states that lie in memory in unusual ways."""
    rng = np.random.default_rng(0)
    turned = tgb.tensor(rng.standard_normal((4, 3)).astype(np.float32), requires_grad=True)
    turned.data = tgb.tensor(rng.standard_normal((3, 4)).astype(np.float32)).T
    plain, wide, double = (
        tgb.tensor(rng.standard_normal((4, 3)).astype(k), requires_grad=True)
        for k in (np.float32, np.float32, np.float64)
    )
    parameters = [plain, turned, wide, double]
    optimizer = tgb.optim.Adam(parameters, lr=0.1, fused=how)
    for _ in range(3):
        plain.grad = tgb.tensor(rng.standard_normal((3, 4)).astype(np.float32)).T
        turned.grad = tgb.tensor(rng.standard_normal((4, 3)).astype(np.float32))
        wide.grad = tgb.tensor(rng.standard_normal(3).astype(np.float32)).expand(4, 3)
        double.grad = tgb.tensor(rng.standard_normal((4, 3)))
        optimizer.step()
        state = optimizer.state[wide]
        state["exp_avg"] = tgb.tensor(state["exp_avg"]._array.astype(np.float64))
    return [p._array for p in parameters]


def test_unusual_arrays() -> None:
    _assert_same(_laid_out(True), _laid_out(False))


def test_memory_that_may_not_be_written_is_not() -> None:
    w, optimizer = _one(fused=True)
    w._array.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        optimizer.step()
    assert w.tolist() == [1.0, 2.0]


def test_parameters_at_different_steps() -> None:
    def run(how: bool) -> list[Any]:
        rng = np.random.default_rng(0)
        parameters = [tgb.tensor(rng.standard_normal(5), requires_grad=True) for _ in range(4)]
        optimizer = tgb.optim.AdamW(parameters, lr=0.1, fused=how)
        for step in range(6):
            for i, p in enumerate(parameters):
                p.grad = None if (step + i) % 3 == 0 else tgb.tensor(rng.standard_normal(5))
            optimizer.param_groups[0]["lr"] *= 0.9
            optimizer.step()
        return [p._array for p in parameters]

    _assert_same(run(True), run(False))


def test_a_changed_parameter_is_noticed() -> None:
    w, optimizer = _one(fused=True)
    out = (w * w).sum()
    optimizer.step()
    with pytest.raises(RuntimeError, match="changed in place"):
        out.backward()


def test_a_copy_steps_by_itself() -> None:
    w, optimizer = _one(fused=True)
    optimizer.step()
    twin = copy.deepcopy(optimizer)
    (other,) = twin.param_groups[0]["params"]
    other.grad = tgb.tensor([0.5, -0.5])
    twin.step()
    np.testing.assert_allclose(w.tolist(), [0.999, 2.001], rtol=1e-6)
    np.testing.assert_allclose(other.tolist(), [0.998, 2.002], rtol=1e-6)


def test_a_subclass_updates_by_its_own_rule() -> None:
    class Twice(tgb.optim.Adam):
        def _update(self, group: Any, parameter: Any, gradient: Any) -> None:
            super()._update(group, parameter, gradient)
            super()._update(group, parameter, gradient)

    w = tgb.tensor([1.0], requires_grad=True)
    optimizer = Twice([w], lr=0.1, fused=True)
    for _ in range(3):
        w.grad = tgb.tensor([1.0])
        optimizer.step()
    assert optimizer.state[w]["step"].item() == 6
    np.testing.assert_allclose(w.tolist(), [0.4], rtol=1e-5)


def test_an_optimizer_that_is_gone_leaves_nothing_behind() -> None:
    w, optimizer = _one(fused=True)
    for _ in range(3):
        optimizer.step()
    noticed = weakref.ref(optimizer)
    gc.disable()
    try:
        del optimizer
        assert noticed() is None
    finally:
        gc.enable()
    assert w.grad is not None


def test_compiled_and_other_steps_may_be_mixed() -> None:
    def trained(compiles: bool) -> list[Any]:
        tgb.manual_seed(0)
        model = tgb.nn.Sequential(tgb.nn.Linear(4, 8), tgb.nn.ReLU(), tgb.nn.Linear(8, 1))
        optimizer = tgb.optim.AdamW(model.parameters(), lr=0.01, fused=True)
        x, y = tgb.randn(16, 4), tgb.randn(16, 1)

        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = tgb.nn.functional.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        compiled = tgb.compile(step)
        for i in range(20):
            (compiled if compiles and i % 3 else step)(x, y)
        state = [v._array for s in optimizer.state.values() for v in s.values()]
        return [*(p._array for p in model.parameters()), *state]

    for mixed, eager in zip(trained(True), trained(False), strict=True):
        np.testing.assert_allclose(mixed, eager, rtol=1e-5, atol=1e-6)
