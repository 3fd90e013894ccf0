"""The losses: values by hand, gradients by central differences, extremes, errors."""

import math

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.autograd import gradcheck, gradgradcheck
from tinygrad_bp.nn import functional as F
from tinygrad_bp.rules import loss as ops


def f64(values):
    return tgb.tensor(values, dtype=tgb.float64)


def random(*shape, seed=0):
    return tgb.tensor(np.random.default_rng(seed).normal(size=shape))


LOG2 = math.log(2)
REDUCTIONS = ["none", "sum", "mean"]


def reduced(values, reduction, weights=None):
    values = np.asarray(values)
    if reduction == "none":
        return values
    total = values.sum()
    return total if reduction == "sum" else total / (values.size if weights is None else weights)


# -------------------------------------------------------------------------------------- regression


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_squared_and_absolute_error(reduction):
    x, y = f64([1.0, 2.0, 4.0]).requires_grad_(), f64([1.0, 4.0, 1.0])
    out = nn.MSELoss(reduction=reduction)(x, y)
    np.testing.assert_allclose(out.detach().numpy(), reduced([0, 4, 9], reduction))
    out = nn.L1Loss(reduction=reduction)(x, y)
    np.testing.assert_allclose(out.detach().numpy(), reduced([0, 2, 3], reduction))
    out.sum().backward()
    m = 3 if reduction == "mean" else 1
    np.testing.assert_allclose(x.grad.numpy(), np.array([0, -1, 1]) / m)  # slope 0 at 0


@pytest.mark.parametrize("function", [F.mse_loss, F.l1_loss])
def test_regression_gradients_and_weights(function):
    x, y, w = random(2, 3), random(2, 3, seed=1), random(2, 3, seed=2).abs()
    assert gradcheck(function, (x, y))
    weighted = function(x, y, weight=w)
    plain = function(x, y, reduction="none")
    assert tgb.allclose(weighted, (plain * w).sum() / w.sum())
    assert tgb.allclose(function(x, y, weight=w, reduction="sum"), (plain * w).sum())


@pytest.mark.parametrize("loss", [nn.MSELoss(), nn.L1Loss()])
def test_regression_warns_of_broadcasting(loss):
    with pytest.warns(UserWarning, match=r"size \(3,\) differs from the input's size \(3, 1\)"):
        out = loss(tgb.ones(3, 1), tgb.ones(3))
    assert out.item() == 0
    with pytest.warns(UserWarning, match="Broadcasting"), pytest.raises(RuntimeError):
        loss(tgb.ones(3), tgb.ones(2))


# -------------------------------------------------------------------------------------- yes or no


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_binary_cross_entropy(reduction):
    p, y = f64([0.5, 0.25, 1.0]), f64([1.0, 0.0, 1.0])
    values = [LOG2, -math.log(0.75), 0.0]
    out = nn.BCELoss(reduction=reduction)(p, y)
    np.testing.assert_allclose(out.numpy(), reduced(values, reduction))
    weight = f64([2.0, 1.0, 1.0])
    out = nn.BCELoss(weight, reduction=reduction)(p, y)
    np.testing.assert_allclose(out.numpy(), reduced(np.array(values) * [2, 1, 1], reduction))


def test_binary_cross_entropy_at_the_ends_is_cut_off():
    p = f64([0.0, 1.0, 0.0, 1.0]).requires_grad_()
    out = F.binary_cross_entropy(p, f64([1.0, 0.0, 0.0, 1.0]), reduction="none")
    assert out.tolist() == [100.0, 100.0, 0.0, 0.0]
    out.sum().backward()
    assert p.grad.tolist() == [-1e12, 1e12, 0.0, 0.0]


def test_binary_cross_entropy_gradients():
    p, y = f64([0.2, 0.7, 0.4]), f64([0.3, 1.0, 0.0])
    assert gradcheck(lambda p: F.binary_cross_entropy(p, y), (p,))
    assert gradcheck(lambda y: F.binary_cross_entropy(p, y), (f64([0.3, 0.6, 0.5]),))
    assert gradgradcheck(lambda p: F.binary_cross_entropy(p, y), (p,))


def test_binary_cross_entropy_errors():
    loss = nn.BCELoss()
    for bad in ([1.5], [-0.1], [float("nan")]):
        with pytest.raises(RuntimeError, match=r"input should be between 0 and 1.*with_logits"):
            loss(f64(bad), f64([1.0]))
        with pytest.raises(RuntimeError, match="target should be between 0 and 1"):
            loss(f64([0.5]), f64(bad))
    with pytest.raises(ValueError, match=r"\(2,\) does not fit the input's size \(1,\)"):
        loss(f64([0.5]), f64([1.0, 0.0]))
    with pytest.raises(RuntimeError, match="floating"):
        loss(tgb.tensor([1]), tgb.tensor([1]))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("pos_weight", [None, 3.0])
def test_binary_cross_entropy_with_logits(reduction, pos_weight):
    z, y = [0.0, math.log(3), -1e4, 1e4, 1e4], [1.0, 0.0, 1.0, 1.0, 0.0]
    factor = pos_weight or 1
    values = [LOG2 * factor, math.log(4), 1e4 * factor, 0.0, 1e4]
    loss = nn.BCEWithLogitsLoss(
        reduction=reduction, pos_weight=None if pos_weight is None else f64([pos_weight])
    )
    x = f64(z).requires_grad_()
    out = loss(x, f64(y))
    np.testing.assert_allclose(out.detach().numpy(), reduced(values, reduction), rtol=1e-12)
    out.sum().backward()
    slopes = np.array([-0.5 * factor, 0.75, -1 * factor, 0.0, 1.0])
    m = 5 if reduction == "mean" else 1
    np.testing.assert_allclose(x.grad.numpy(), slopes / m, rtol=1e-12, atol=1e-15)


def test_logits_loss_gradients_weights_errors():
    z, y = random(2, 3), tgb.tensor(np.random.default_rng(1).random((2, 3)))
    pw = f64([1.0, 2.0, 0.5])
    for kwargs in ({}, {"pos_weight": pw}, {"weight": pw}):
        assert gradcheck(lambda z, k=kwargs: F.binary_cross_entropy_with_logits(z, y, **k), (z,))
        assert gradcheck(lambda y, k=kwargs: F.binary_cross_entropy_with_logits(z, y, **k), (y,))
    with pytest.raises(
        ValueError, match=r"Target size \(3,\) must be the same as input size \(2,\)"
    ):
        nn.BCEWithLogitsLoss()(tgb.ones(2), tgb.ones(3))
    loss = nn.BCEWithLogitsLoss(weight=pw, pos_weight=pw)
    assert list(loss.state_dict()) == ["weight", "pos_weight"]


# ----------------------------------------------------------------------------------------- classes

P = np.array([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75], [0.2, 0.3, 0.5]])
Y = np.array([0, 2, 1])
CHOSEN = -np.log([0.5, 0.75, 0.3])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("what", ["logits", "log-probabilities"])
def test_class_losses_by_hand(reduction, what):
    module = nn.CrossEntropyLoss if what == "logits" else nn.NLLLoss
    scores = f64(np.log(P) + (7.0 if what == "logits" else 0.0))
    target = tgb.tensor(Y)
    out = module(reduction=reduction)(scores, target)
    np.testing.assert_allclose(out.numpy(), reduced(CHOSEN, reduction), rtol=1e-12)
    w = np.array([1.0, 2.0, 4.0])
    out = module(f64(w), reduction=reduction)(scores, target)
    np.testing.assert_allclose(
        out.numpy(), reduced(CHOSEN * w[Y], reduction, w[Y].sum()), rtol=1e-12
    )
    ignoring = module(ignore_index=2, reduction=reduction)(scores, target)
    np.testing.assert_allclose(
        ignoring.numpy(), reduced(CHOSEN * [1, 0, 1], reduction, 2), rtol=1e-12
    )
    both = module(f64(w), ignore_index=2, reduction=reduction)(scores, target)
    np.testing.assert_allclose(both.numpy(), reduced(CHOSEN * [1, 0, 2], reduction, 3), rtol=1e-12)


def test_ignored_targets_may_lie_out_of_range_and_take_no_gradient():
    z = random(3, 4).requires_grad_()
    out = F.cross_entropy(z, tgb.tensor([1, -100, 3]))
    out.backward()
    assert tgb.allclose(out, F.cross_entropy(z[::2], tgb.tensor([1, 3])))
    assert z.grad[1].tolist() == [0.0] * 4
    masked = tgb.tensor([[-np.inf, 0.0], [-np.inf, 1.0]], requires_grad=True)
    assert F.cross_entropy(masked, tgb.tensor([-100, 1])).item() == 0.0  # no 0 · ∞
    assert F.cross_entropy(z, tgb.tensor([-100] * 3)).isnan()  # a mean of nothing, as in PyTorch
    assert F.cross_entropy(z, tgb.tensor([-100] * 3), reduction="sum").item() == 0


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_label_smoothing_is_a_target_of_probabilities(reduction):
    z, smoothing = random(4, 5), 0.2
    target = tgb.tensor([0, 4, 2, 2])
    smooth = F.one_hot(target, 5).to(tgb.float64) * (1 - smoothing) + smoothing / 5
    by_index = nn.CrossEntropyLoss(reduction=reduction, label_smoothing=smoothing)(z, target)
    by_probability = F.cross_entropy(z, smooth, reduction=reduction)
    assert tgb.allclose(by_index, by_probability)
    hard = F.one_hot(target, 5).to(tgb.float64)
    again = F.cross_entropy(z, hard, reduction=reduction, label_smoothing=smoothing)
    assert tgb.allclose(again, by_probability)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_probabilities_by_hand(reduction):
    y = np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [0.1, 0.2, 0.7]])
    w = np.array([1.0, 2.0, 4.0])
    out = F.cross_entropy(f64(np.log(P)), f64(y), reduction=reduction)
    np.testing.assert_allclose(out.numpy(), reduced(-(y * np.log(P)).sum(1), reduction), rtol=1e-12)
    out = F.cross_entropy(f64(np.log(P)), f64(y), f64(w), reduction=reduction)
    np.testing.assert_allclose(
        out.numpy(), reduced(-(w * y * np.log(P)).sum(1), reduction), rtol=1e-12
    )


@pytest.mark.parametrize("axes", [(), (6,), (2, 3)])
def test_axes_behind_the_classes(axes):
    z = random(4, 3, *axes)
    target = tgb.tensor(np.random.default_rng(1).integers(0, 3, (4, *axes)))
    whole = F.cross_entropy(z, target, reduction="none")
    assert whole.shape == (4, *axes)
    rows = z.movedim(1, -1).reshape(-1, 3)
    flat = F.cross_entropy(rows, target.reshape(-1), reduction="none")
    assert tgb.allclose(whole.reshape(-1), flat)
    assert tgb.allclose(F.cross_entropy(z, target), flat.mean())
    one = F.cross_entropy(rows[0], target.reshape(-1)[0])
    assert one.shape == () and tgb.allclose(one, flat[0])
    assert tgb.allclose(F.nll_loss(F.log_softmax(z, 1), target), flat.mean())


GRADIENT_CASES = [
    {},
    {"reduction": "sum"},
    {"weight": f64([1.0, 2.0, 0.5, 3.0])},
    {"ignore_index": 2},
    {"label_smoothing": 0.3},
    {"weight": f64([1.0, 2.0, 0.5, 3.0]), "label_smoothing": 0.3, "ignore_index": 1},
]


@pytest.mark.parametrize("options", GRADIENT_CASES, ids=lambda o: ",".join(o) or "plain")
def test_cross_entropy_gradients(options):
    target = tgb.tensor([0, 1, 2, 3, 2])
    assert gradcheck(lambda z: F.cross_entropy(z, target, **options), (random(5, 4),))
    assert gradgradcheck(lambda z: F.cross_entropy(z, target, **options), (random(5, 4),))
    if "ignore_index" not in options:
        y = F.softmax(random(5, 4, seed=3), 1)
        assert gradcheck(lambda z, y: F.cross_entropy(z, y, **options), (random(5, 4), y))


def test_the_fused_loss_is_its_composition():
    z, y = random(64, 10), np.random.default_rng(0).integers(0, 10, 64)
    a, b = z.clone().requires_grad_(), z.clone().requires_grad_()
    fused = ops.softmax_cross_entropy(a, tgb.tensor(y))
    composed = -F.log_softmax(b, 1)[np.arange(64), y].mean()
    assert tgb.allclose(fused, composed, rtol=1e-14)
    fused.backward()
    composed.backward()
    assert tgb.allclose(a.grad, b.grad, rtol=1e-12, atol=1e-16)
    # The notes' formula, (softmax(Z) − Y) / m.
    assert tgb.allclose(
        a.grad, (F.softmax(z, 1) - F.one_hot(tgb.tensor(y), 10)) / 64, rtol=1e-12, atol=1e-16
    )


def test_the_default_takes_the_fused_path():
    z = random(2, 3).requires_grad_()
    assert F.cross_entropy(z, tgb.tensor([0, 2])).grad_fn.name() == "CrossEntropyBackward"
    assert F.nll_loss(z, tgb.tensor([0, 2])).grad_fn.name() == "NllLossBackward"


def test_the_fused_likelihood_is_its_composition():
    z, y = random(64, 10), np.random.default_rng(0).integers(0, 10, 64)
    a, b = z.clone().requires_grad_(), z.clone().requires_grad_()
    fused, composed = F.nll_loss(a, tgb.tensor(y)), -b[np.arange(64), y].mean()
    assert tgb.allclose(fused, composed, rtol=1e-14)
    fused.backward()
    composed.backward()
    assert tgb.equal(a.grad, b.grad)


@pytest.mark.parametrize("kind", [tgb.float32, tgb.float64])
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"reduction": "none"}])
def test_cross_entropy_at_extreme_logits(options, kind):
    z = tgb.tensor([[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4]], dtype=kind, requires_grad=True)
    out = F.cross_entropy(z, tgb.tensor([1, 1]), **options)
    out.sum().backward()
    assert tgb.isfinite(out).all() and tgb.isfinite(z.grad).all()
    if options == {}:
        assert out.item() == pytest.approx((2e4 + LOG2) / 2)


def test_empty_batches():
    z = tgb.ones(0, 3, requires_grad=True)
    target = tgb.zeros(0, dtype=tgb.int64)
    assert F.cross_entropy(z, target, reduction="sum").item() == 0
    assert F.cross_entropy(z, target).isnan()
    assert F.mse_loss(tgb.ones(0), tgb.ones(0)).isnan()


Z = tgb.ones(3, 4)
WRONG = [
    (Z, tgb.tensor([0, 1, 7]), {}, IndexError, r"Target 7 is out of bounds: there are 4 classes"),
    (Z, tgb.tensor([0, -1, 2]), {}, IndexError, r"Target -1 is out of bounds"),
    (Z, tgb.tensor([0, 1]), {}, ValueError, r"batch_size \(3\) to match target batch_size \(2\)"),
    (Z, tgb.tensor([0.0, 1.0, 2.0]), {}, RuntimeError, r"int64, but found float32.*\.long\(\)"),
    (Z, tgb.tensor([0, 1, 2]).int(), {}, RuntimeError, "int64, but found int32"),
    (Z, tgb.zeros(3, 4, dtype=tgb.int64), {}, RuntimeError, "probabilities.*int64"),
    (Z, tgb.zeros(3, 1, dtype=tgb.int64), {}, RuntimeError, r"shape \(3,\), not \(3, 1\)"),
    (Z, tgb.tensor([0, 1, 2]), {"weight": tgb.ones(2)}, RuntimeError, "each of the 4 classes"),
    (Z, Z, {"weight": tgb.ones(2)}, RuntimeError, "each of the 4 classes"),
    (Z, tgb.tensor([0, 1, 2]), {"reduction": "avg"}, ValueError, "avg is not a valid value"),
    (Z, tgb.tensor([0, 1, 2]), {"label_smoothing": 1.5}, RuntimeError, "between 0.0 and 1.0"),
    (Z, Z, {"ignore_index": 1}, RuntimeError, "ignore_index is not supported"),
    (Z.long(), tgb.tensor([0, 1, 2]), {}, RuntimeError, "floating-point type, not int64"),
    (tgb.tensor(1.0), tgb.tensor(0), {}, RuntimeError, "axis of classes"),
]


@pytest.mark.parametrize(
    ("z", "target", "options", "error", "words"), WRONG, ids=[w[-1] for w in WRONG]
)
def test_class_loss_errors(z, target, options, error, words):
    with pytest.raises(error, match=words):
        F.cross_entropy(z, target, **options)


def test_bytes_are_class_indices_too():
    z = random(2, 3)
    target = tgb.tensor([2, 0])
    assert tgb.equal(F.cross_entropy(z, target), F.cross_entropy(z, target.to(tgb.uint8)))


@pytest.mark.parametrize(
    ("old", "new"),
    [({"size_average": False}, "sum"), ({"reduce": False}, "none"), ({"reduce": True}, "mean")],
)
def test_replaced_arguments_warn_and_work(old, new):
    with pytest.warns(UserWarning, match=f"reduction='{new}'"):
        loss = nn.MSELoss(**old)
    assert loss.reduction == new
    with pytest.warns(UserWarning, match=f"reduction='{new}'"):
        out = F.cross_entropy(random(2, 3), tgb.tensor([0, 1]), **old)
    assert tgb.allclose(out, F.cross_entropy(random(2, 3), tgb.tensor([0, 1]), reduction=new))
