"""Hooks, optimizers of the user's own, saving, and what has no twin to compare with."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.optim import problem
from tinygrad_bp import optim
from tinygrad_bp.optim.line_search import Point, strong_wolfe
from tinygrad_bp.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    required,
)


def leaf(*values):
    return tgb.tensor(values, dtype=tgb.float64, requires_grad=True)


def with_gradient(*values):
    w = leaf(*values)
    w.grad = tgb.ones_like(w)
    return w


class Mine(Optimizer):
    """Adam, as scripts write it: in place, on `.data`."""

    def __init__(self, params, lr=required, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("eps", 1e-8)

    def step(self, closure=None):
        loss = None if closure is None else closure()
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                grad, state = p.grad.data, self.state[p]
                if len(state) == 0:
                    state["step"] = 0
                    state["exp_avg"] = tgb.zeros_like(p.data)
                    state["exp_avg_sq"] = tgb.zeros_like(p.data)
                state["step"] += 1
                m, v = state["exp_avg"], state["exp_avg_sq"]
                m.mul_(beta1).add_(grad, alpha=1 - beta1)
                v.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
                scale = (1 - beta2 ** state["step"]) ** 0.5
                denominator = v.sqrt().div_(scale).add_(group["eps"])
                step_size = group["lr"] / (1 - beta1 ** state["step"])
                p.data.addcdiv_(m, denominator, value=-step_size)
        return loss


def test_an_optimizer_of_the_users_own(monkeypatch):
    monkeypatch.setattr(optim, "Mine", Mine, raising=False)
    ours, optimizer = problem.train(tgb, "Mine", {"lr": 0.1})
    expected, _ = problem.train(tgb, "Adam", {"lr": 0.1})
    np.testing.assert_allclose(ours, expected, rtol=1e-12)
    again = Mine(problem.parameters(tgb), lr=0.5)
    again.load_state_dict(optimizer.state_dict())
    assert again.param_groups[0]["lr"] == 0.1
    assert again.state[again.param_groups[0]["params"][0]]["step"] == problem.STEPS
    with pytest.raises(ValueError, match="required option 'lr'"):
        Mine([leaf(1.0)])
    assert repr(required) == "<required parameter>"


def test_an_optimizer_around_another_one():
    class Lookahead(Optimizer):
        def __init__(self, optimizer):
            self.optimizer = optimizer
            self.param_groups = optimizer.param_groups
            self.state = optimizer.state
            self.defaults = optimizer.defaults

        def step(self, closure=None):
            return self.optimizer.step(closure)

    w = with_gradient(1.0)
    outer = Lookahead(optim.SGD([w], lr=0.5))
    scheduler = optim.lr_scheduler.StepLR(outer, 1, gamma=0.5)
    outer.step()
    scheduler.step()
    outer.step()
    outer.zero_grad()
    assert w.item() == 0.25 and w.grad is None
    assert outer.state_dict()["param_groups"][0]["lr"] == 0.25


def test_the_group_that_was_given_is_the_group():
    group = {"params": [with_gradient(1.0)], "lr": 0.5}
    optimizer = optim.SGD([group], lr=0.1)
    assert optimizer.param_groups[0] is group and group["momentum"] == 0
    group["lr"] = 0.25
    optimizer.step()
    assert group["params"][0].item() == 0.75


def test_step_hooks():
    w = with_gradient(1.0)
    optimizer = optim.SGD([w], lr=0.5)
    seen = []
    handles = [
        register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append("all before")),
        optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("before")),
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(w.item())),
        register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append(o is optimizer)),
    ]
    optimizer.step()
    assert seen == ["all before", "before", 0.5, True]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert len(seen) == 4
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: 7), {}))
    assert optimizer.step() == 7
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="None or a tuple"):
        optimizer.step()


def test_hooks_around_saving():
    optimizer = optim.SGD([leaf(1.0)], lr=0.5)
    seen = []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("second"))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "note": 1})
    saved = optimizer.state_dict()
    assert seen == ["first", "second"] and saved["note"] == 1

    def halved(o, state):
        groups = [{**group, "lr": group["lr"] / 2} for group in state["param_groups"]]
        return {**state, "param_groups": groups}

    optimizer.register_load_state_dict_pre_hook(halved)
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
    optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["lr"] == 0.25 and seen[-1] == "loaded"


@pytest.mark.parametrize(("name", "options"), problem.OPTIMIZERS)
def test_a_saved_optimizer_continues(name, options):
    _, optimizer = problem.train(tgb, name, options)
    twin = copy.deepcopy(optimizer)
    again = pickle.loads(pickle.dumps(optimizer))
    weights = [o.param_groups[0]["params"] for o in (optimizer, twin, again)]
    fresh = [tgb.tensor(w.detach().numpy(), requires_grad=True) for w in weights[0]]
    other = getattr(optim, name)(fresh, **options)
    # As from a file: numbers and arrays.
    saved = optimizer.state_dict()
    other.load_state_dict(
        {**saved, "state": {n: arrays(state) for n, state in saved["state"].items()}}
    )
    weights.append(fresh)
    for o, params in zip((optimizer, twin, again, other), weights, strict=True):

        def closure(o=o, params=params):
            o.zero_grad()
            loss = sum((w**2).sum() for w in params)
            loss.backward()
            return loss

        for _ in range(3):
            o.step(closure)
    for params in weights[1:]:
        for a, b in zip(weights[0], params, strict=True):
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-6)


def arrays(value):
    if isinstance(value, dict):
        return {key: arrays(v) for key, v in value.items()}
    if isinstance(value, list):
        return [arrays(v) for v in value]
    return value.detach().numpy().copy() if isinstance(value, tgb.Tensor) else value


def test_sparse_adam_leaves_rows_alone():
    rng = np.random.default_rng(0)
    start = rng.normal(size=(4, 3))
    sparse, dense = (tgb.tensor(start, requires_grad=True) for _ in range(2))
    ours, adam = optim.SparseAdam([sparse], lr=0.1), optim.Adam([dense], lr=0.1)
    for _ in range(3):
        gradient = np.zeros((4, 3))
        gradient[[0, 2]] = rng.normal(size=(2, 3))
        sparse.grad, dense.grad = tgb.tensor(gradient), tgb.tensor(gradient)
        ours.step()
        adam.step()
    np.testing.assert_array_equal(sparse.detach().numpy()[[1, 3]], start[[1, 3]])
    np.testing.assert_allclose(
        sparse.detach().numpy()[[0, 2]], dense.detach().numpy()[[0, 2]], rtol=1e-6
    )
    assert set(ours.state[sparse]) == {"step", "exp_avg", "exp_avg_sq"}
    for options in ({"lr": 0.0}, {"eps": 0.0}, {"betas": (1.0, 0.9)}):
        with pytest.raises(ValueError, match="Invalid"):
            optim.SparseAdam([sparse], **options)


def test_muon_steps_are_orthogonal():
    rng = np.random.default_rng(0)
    for shape in ((6, 4), (4, 6)):
        w = tgb.tensor(np.zeros(shape), requires_grad=True)
        w.grad = tgb.tensor(rng.normal(size=shape))
        optim.Muon([w], lr=1.0, weight_decay=0.0, adjust_lr_fn="match_rms_adamw").step()
        sizes = np.linalg.svd(w.detach().numpy())[1] / (0.2 * 6**0.5)
        assert sizes.min() > 0.6 and sizes.max() < 1.3
    with pytest.raises(ValueError, match="2D"):
        optim.Muon([leaf(1.0)])
    with pytest.raises(ValueError, match="not supported"):
        optim.Muon([w], adjust_lr_fn="other")
    for options in ({"ns_steps": 100}, {"ns_coefficients": (1.0, 2.0)}):
        with pytest.raises(ValueError, match="ns_"):
            optim.Muon([w], **options).step()


def test_lbfgs_finds_the_bottom_of_rosenbrocks_valley():
    for search in (None, "strong_wolfe"):
        w = leaf(-1.0, 1.5)
        optimizer = optim.LBFGS([w], lr=0.5 if search is None else 1, line_search_fn=search)

        def closure(w=w, optimizer=optimizer):
            optimizer.zero_grad()
            loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
            loss.backward()
            return loss

        for _ in range(20):
            optimizer.step(closure)
        assert tgb.allclose(w, tgb.ones_like(w), atol=1e-3), search
        assert optimizer.state[w]["n_iter"] > 5


def test_lbfgs_checks_its_arguments():
    w = leaf(1.0)
    with pytest.raises(ValueError, match="parameter groups"):
        optim.LBFGS([{"params": [w]}, {"params": [leaf(2.0)]}])
    with pytest.raises(RuntimeError, match="strong_wolfe"):
        optim.LBFGS([w], line_search_fn="other").step(lambda: w.sum())
    optimizer = optim.LBFGS([w, leaf(3.0)])

    def closure():
        optimizer.zero_grad()
        loss = (w**2).sum()  # the second parameter has no gradient
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 1
    assert abs(w.item()) < 1e-6


def test_the_line_search_meets_the_conditions():
    for scale, step in ((1.0, 1.0), (50.0, 1.0), (0.01, 0.1)):
        f = lambda t, s=scale: (np.cosh(s * t - 1), s * np.sinh(s * t - 1))
        start = Point(0.0, float(f(0.0)[0]), None, float(f(0.0)[1]))
        found, count = strong_wolfe(
            lambda t, f=f: Point(t, float(f(t)[0]), None, float(f(t)[1])), start, step, length=1.0
        )
        assert found.loss <= start.loss + 1e-4 * found.step * start.slope
        assert abs(found.slope) <= 0.9 * abs(start.slope) and count >= 1


WRONG = [
    (lambda p: optim.Adadelta(p, rho=1.5), "rho"),
    (lambda p: optim.Adamax(p, betas=(0.9, 1.0)), "index 1"),
    (lambda p: optim.NAdam(p, momentum_decay=-1.0), "momentum_decay"),
    (lambda p: optim.RAdam(p, eps=-1.0), "epsilon"),
    (lambda p: optim.ASGD(p, weight_decay=-1.0), "weight_decay"),
    (lambda p: optim.Rprop(p, etas=(1.5, 2.0)), "eta"),
    (lambda p: optim.Adafactor(p, beta2_decay=0.5), "beta2_decay"),
    (lambda p: optim.Adafactor(p, d=0.5), "threshold d"),
    (lambda p: optim.Adafactor(p, eps=(-1.0, 0.1)), "epsilon1"),
    (lambda p: optim.SGD(p, lr=tgb.ones(2)), "one element"),
]


@pytest.mark.parametrize(("make", "words"), WRONG)
def test_options_are_checked(make, words):
    with pytest.raises(ValueError, match=words):
        make([leaf(1.0)])


def test_paths_of_modules_that_scripts_import():
    from tinygrad_bp.optim.adam import Adam
    from tinygrad_bp.optim.adamw import AdamW
    from tinygrad_bp.optim.lr_scheduler import StepLR
    from tinygrad_bp.optim.sgd import SGD

    assert (Adam, AdamW, SGD) == (optim.Adam, optim.AdamW, optim.SGD)
    assert StepLR is optim.lr_scheduler.StepLR


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (tgb.optim.SGD, {"momentum": 0.9}), (tgb.optim.Adam, {"amsgrad": True}),
        (tgb.optim.AdamW, {}), (tgb.optim.RMSprop, {"centered": True}),
        (tgb.optim.Adagrad, {"initial_accumulator_value": 0.5}), (tgb.optim.Adadelta, {}),
        (tgb.optim.Rprop, {}), (tgb.optim.NAdam, {}), (tgb.optim.RAdam, {}),
        (tgb.optim.Adamax, {}), (tgb.optim.ASGD, {}), (tgb.optim.LBFGS, {"max_iter": 3}),
    ],
)  # fmt: skip
def test_a_complex_parameter_moves_as_its_two_real_parts(make, options):
    pairs = np.random.default_rng(4).normal(size=(3, 2, 2))
    target = tgb.tensor(np.random.default_rng(5).normal(size=(3, 2)))
    turned = tgb.nn.Parameter(tgb.tensor((pairs[..., 0] + 1j * pairs[..., 1]).T.copy().T))
    plain = tgb.nn.Parameter(tgb.tensor(pairs))

    def losses(w, parts):
        optimizer = make([w], lr=0.1, **options)

        def closure():
            optimizer.zero_grad()
            real, imag = parts(w)
            loss = ((real - target) ** 2).sum() + (imag**4).sum()
            loss.backward()
            return loss

        return [optimizer.step(closure).item() for _ in range(4)]

    expected = losses(plain, lambda w: w.unbind(-1))
    assert losses(turned, lambda w: (w.real, w.imag)) == pytest.approx(expected, rel=1e-12)
