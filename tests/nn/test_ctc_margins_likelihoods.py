"""CTC, margins, likelihoods: values by hand, second derivatives, and bad input."""

import itertools
import math

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.nn.layer_case import draw
from tinygrad_bp import nn
from tinygrad_bp.autograd import gradcheck, gradgradcheck

F = nn.functional


def collapsed(path, blank=0):
    """Leave out repetitions, then blanks."""
    return [a for a, before in zip(path, [None, *path], strict=False) if a != before and a != blank]


@pytest.mark.parametrize("labels", [[], [1], [1, 2], [1, 1], [2, 1, 2]], ids=str)
def test_ctc_is_the_sum_over_all_alignments(labels):
    scores = tgb.tensor(draw(4, 1, 3)).log_softmax(2)
    p = scores.exp().numpy()[:, 0]
    total = sum(
        math.prod(p[t, a] for t, a in enumerate(path))
        for path in itertools.product(range(3), repeat=4)
        if collapsed(path) == labels
    )
    loss = F.ctc_loss(
        scores, tgb.tensor([labels], dtype=tgb.int64), (4,), (len(labels),), reduction="sum"
    )
    assert float(loss) == pytest.approx(-math.log(total))


def test_ctc_has_derivatives_of_every_order():
    targets = tgb.tensor([[1, 2], [2, 2]])

    def loss(x):
        return F.ctc_loss(x.log_softmax(2), targets, (4, 3), (2, 1))

    x = tgb.tensor(draw(4, 2, 3), requires_grad=True)
    assert gradcheck(loss, x) and gradgradcheck(loss, x)


def test_ctc_without_an_alignment():
    scores = tgb.tensor(draw(2, 1, 3)).log_softmax(2).requires_grad_()
    impossible = (tgb.tensor([[1, 1]]), (2,), (2,))  # equal labels need a blank between them
    assert float(F.ctc_loss(scores, *impossible, reduction="sum")) == math.inf
    loss = F.ctc_loss(scores, *impossible, zero_infinity=True)
    loss.backward()
    assert float(loss) == 0 and not scores.grad.any()
    unread = F.ctc_loss(scores, tgb.tensor([[1, 1]]), (0,), (0,), reduction="none")
    assert unread.tolist() == [0.0]
    assert F.ctc_loss(scores, tgb.tensor([[1]]), (0,), (1,), reduction="none").tolist() == [
        math.inf
    ]


def test_ctc_of_one_sample_and_other_blanks():
    scores = tgb.tensor(draw(5, 4)).log_softmax(1)
    one = F.ctc_loss(scores, tgb.tensor([0, 1]), tgb.tensor(5), tgb.tensor(2), 3, "none")
    batch = F.ctc_loss(
        scores.unsqueeze(1), tgb.tensor([[0, 1]]), tgb.tensor([5]), tgb.tensor([2]), 3, "none"
    )
    assert one.shape == () and one.item() == batch.item()


def test_ctc_bad_input():
    scores, y = tgb.randn(4, 2, 3).log_softmax(2), tgb.tensor([[1, 2], [1, 2]])
    for arguments, text in [
        ((scores[0, 0], y, (4, 4), (2, 2)), "T, N, C"),
        ((scores, y, (4,), (2, 2)), "input_lengths must be of size 2"),
        ((scores, y, (5, 4), (2, 2)), "at most 4"),
        ((scores, y, (-1, 4), (2, 2)), "negative"),
        ((scores, y, (4, 4), (2, 3)), "do not fit 2 samples"),
        ((scores, y.reshape(-1), (4, 4), (2, 1)), "joined targets"),
        ((scores, y + 1, (4, 4), (2, 2)), "there are 3 classes"),
        ((scores, y, (4.0, 4.0), (2, 2)), "lengths are integers"),
        ((scores, y.float(), (4, 4), (2, 2)), "class indices"),
        ((scores, y, (4, 4), (2, 2), 3), "blank"),
        ((scores.long(), y, (4, 4), (2, 2)), "floating"),
    ]:
        with pytest.raises(RuntimeError, match=text):
            F.ctc_loss(*arguments)


def test_kl_div_of_equal_distributions_is_zero():
    p = tgb.tensor([[0.2, 0.3, 0.5]], dtype=tgb.float64)
    assert float(F.kl_div(p.log(), p, reduction="batchmean")) == pytest.approx(0, abs=1e-15)
    with pytest.warns(UserWarning, match="batchmean"):
        F.kl_div(p.log(), p)
    assert float(F.kl_div(p[0, 0].log(), p[0, 0], reduction="batchmean")) == pytest.approx(0)
    with pytest.warns(UserWarning, match="reduction='sum'"):
        F.kl_div(p.log(), p, size_average=False)


def test_gaussian_variances():
    x, y = tgb.randn(2, 3), tgb.randn(2, 3)
    full = F.gaussian_nll_loss(x, y, tgb.full((2, 3), 2.0))
    for var in (2.0, tgb.full((2,), 2.0), tgb.full((2, 1), 2.0)):
        assert float(F.gaussian_nll_loss(x, y, var)) == pytest.approx(float(full))
    with pytest.raises(ValueError, match="incorrect size"):
        F.gaussian_nll_loss(x, y, tgb.ones(3))
    with pytest.raises(ValueError, match="negative"):
        F.gaussian_nll_loss(x, y, -tgb.ones(2, 3))
    with pytest.raises(ValueError, match="not valid"):
        F.gaussian_nll_loss(x, y, 1.0, reduction="average")
    var = tgb.zeros(2, 3, requires_grad=True)
    F.gaussian_nll_loss(x, y, var).backward()  # the least variance counts, with its slope
    assert (var.grad != 0).all()


def test_poisson_nll_counts_stirling_above_one():
    rate, counts = tgb.tensor([2.0, 2.0]), tgb.tensor([1.0, 3.0])
    plain = F.poisson_nll_loss(rate, counts, log_input=False, reduction="none")
    full = F.poisson_nll_loss(rate, counts, log_input=False, full=True, reduction="none")
    stirling = 3 * math.log(3) - 3 + 0.5 * math.log(6 * math.pi)
    assert (full - plain).tolist() == pytest.approx([0, stirling], rel=1e-5)
    with pytest.raises(ValueError, match="average"):
        F.poisson_nll_loss(rate, counts, reduction="average")


def test_margins_by_hand():
    scores = tgb.tensor([[0.1, 0.2, 0.4, 0.8]], dtype=tgb.float64)
    expected = sum(max(0, 1 - 0.8 + v) for v in (0.1, 0.2, 0.4)) / 4
    assert float(F.multi_margin_loss(scores, tgb.tensor([3]))) == pytest.approx(expected)
    assert float(F.multi_margin_loss(scores[0], tgb.tensor(3))) == pytest.approx(expected)
    loss = F.multilabel_margin_loss(scores, tgb.tensor([[3, 0, -1, 1]]))
    assert float(loss) == pytest.approx(0.25 * sum(1 - (a - b) for a in (0.8, 0.1)
                                                   for b in (0.2, 0.4)))  # fmt: skip
    assert float(F.multilabel_margin_loss(scores[0], tgb.tensor([3, 0, -1, 1]))) == float(loss)
    assert float(F.soft_margin_loss(tgb.tensor([1e4]), tgb.tensor([-1.0]))) == 1e4


def test_margin_losses_bad_input():
    x = tgb.ones(2, 3)
    for function, arguments, kind, text in [
        (F.multi_margin_loss, (x, tgb.tensor([0, 3])), RuntimeError, "out of range"),
        (
            F.multi_margin_loss,
            (x, tgb.tensor([0, 1]), 1, 1.0, x[:, 0]),
            RuntimeError,
            "weight size",
        ),
        (F.multi_margin_loss, (x, tgb.tensor([0])), RuntimeError, "inconsistent target size"),
        (F.multi_margin_loss, (x, tgb.tensor([0, 1]), 3), ValueError, "p == 1"),
        (F.multi_margin_loss, (x, tgb.tensor([0, 1]), 1, 1.0, x), ValueError, "one-dimensional"),
        (F.multilabel_margin_loss, (x, tgb.tensor([0])), RuntimeError, "inconsistent"),
        (F.multilabel_margin_loss, (x, tgb.full((2, 3), -2)), RuntimeError, "out of range"),
        (F.margin_ranking_loss, (x, x, tgb.ones(3)), RuntimeError, "same dimension"),
        (F.cosine_embedding_loss, (x, x, x), RuntimeError, "multi-target"),
        (F.cosine_embedding_loss, (x, x, tgb.tensor(1.0)), RuntimeError, "1D input"),
        (F.triplet_margin_loss, (x, x, x, -1.0), ValueError, "greater than 0"),
        (F.triplet_margin_loss, (x, x, x[0]), RuntimeError, "same number of dimensions"),
        (F.hinge_embedding_loss, (x, x, 1.0, None, None, "all"), ValueError, "not a valid value"),
        (F.huber_loss, (x, x, "mean", 0.0), RuntimeError, "non-positive"),
        (F.smooth_l1_loss, (x, x, None, None, "mean", -1.0), RuntimeError, "negative"),
        (F.huber_loss, (x, x, "mean", 1.0, tgb.ones(3)), ValueError, "same size"),
        (F.cosine_similarity, (x.long(), x.long()), RuntimeError, "floating"),
        (F.cosine_similarity, (x, tgb.ones(4)), RuntimeError, "broadcast"),
    ]:
        with pytest.raises(kind, match=text):
            function(*arguments)
    with pytest.raises(ValueError, match="valid value"):
        F.triplet_margin_with_distance_loss(x, x, x, reduction="all")
    for build in (nn.TripletMarginLoss, nn.TripletMarginWithDistanceLoss):
        with pytest.raises(ValueError, match="greater than 0"):
            build(margin=0.0)
    with pytest.raises(ValueError, match="p == 1"):
        nn.MultiMarginLoss(p=3)
    with pytest.raises(ValueError, match="1 axis"):
        nn.MultiMarginLoss(weight=x)


@pytest.mark.parametrize("function", [F.smooth_l1_loss, F.huber_loss, F.mse_loss, F.l1_loss])
def test_broadcasting_is_warned_of(function):
    with pytest.warns(UserWarning, match="size"):
        function(tgb.ones(3, 1), tgb.ones(3))


def test_distances_at_their_corners():
    x = tgb.zeros(2, 3, requires_grad=True)
    F.pairwise_distance(x, tgb.zeros(2, 3)).sum().backward()
    assert np.isfinite(x.grad.numpy()).all() and x.grad.any()
    x.grad = None
    similarity = F.cosine_similarity(x, tgb.ones(2, 3))
    similarity.sum().backward()
    assert similarity.tolist() == [0.0, 0.0] and np.isfinite(x.grad.numpy()).all()
    assert F.cosine_similarity(tgb.ones(1, 3), tgb.ones(4, 1, 3), dim=-1).shape == (4, 1)
    out = tgb.empty(1, 2)
    assert F.normalize(tgb.tensor([[3.0, 4.0]]), out=out) is out
    assert out.tolist() == [pytest.approx([0.6, 0.8])]


def test_linear_cross_entropy():
    x, weight, y = tgb.randn(4, 3), tgb.randn(5, 3), tgb.tensor([0, 4, 2, 2])
    expected = F.cross_entropy(x @ weight.T, y)
    options = nn.LinearCrossEntropyOptions(batch_chunk_size=2)
    assert float(F.linear_cross_entropy(x, weight, y, options=options)) == pytest.approx(
        float(expected)
    )
    for arguments, more, text in [
        ((tgb.ones(2, 2, 3), weight, y), {}, "dimensionality 1 or 2"),
        ((x, weight[0], y), {}, "at least 2"),
        ((x[:, :2], weight, y), {}, "in_features"),
        ((x, weight, y), {"linear_bias": tgb.ones(2)}, "linear_bias shape"),
        ((x[0], tgb.ones(5, 2, 3), y), {}, "batched"),
        ((x, weight, tgb.ones(4, 5)), {"ignore_index": 1}, "probabilities"),
    ]:
        with pytest.raises(RuntimeError, match=text):
            F.linear_cross_entropy(*arguments, **more)
    with pytest.raises(RuntimeError, match="weight shape"):
        nn.LinearCrossEntropyLoss(3, 5, weight=tgb.ones(2))
    with pytest.raises(RuntimeError, match="label_smoothing"):
        nn.LinearCrossEntropyLoss(3, 5, label_smoothing=2.0)


def test_adaptive_softmax():
    layer = nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3, 7], div_value=2.0)
    x, y = tgb.randn(12, 8), tgb.arange(12)
    scores = layer.log_prob(x)
    np.testing.assert_allclose(scores.exp().sum(1).detach().numpy(), 1, rtol=1e-5)
    result = layer(x, y)
    picked = scores.detach().numpy()[np.arange(12), np.arange(12)]
    np.testing.assert_allclose(result.output.detach().numpy(), picked, rtol=1e-5)
    assert float(result.loss) == pytest.approx(-picked.mean(), rel=1e-5)
    assert layer(x[0], y[0]).output.shape == ()
    assert tgb.equal(layer.predict(x), scores.argmax(1))
    layer.reset_parameters()
    for cutoffs in ([], [7, 3], [3, 3], [0, 3], [3, 12]):
        with pytest.raises(ValueError, match="cutoffs"):
            nn.AdaptiveLogSoftmaxWithLoss(8, 12, cutoffs)
    for arguments, text in [
        ((x, y.reshape(3, 4)), "multi-target"),
        ((x[0], y), "1D target"),
        ((x[:3], y), "batch dimension"),
        ((x, y + 1), r"should be in \[0, 11\]"),
    ]:
        with pytest.raises(RuntimeError, match=text):
            layer(*arguments)


def test_bilinear_bad_input():
    with pytest.raises(RuntimeError, match="do not fit a weight"):
        F.bilinear(tgb.ones(2, 3), tgb.ones(2, 4), tgb.ones(5, 4, 3))
    with pytest.raises(ValueError, match="in1_features"):
        nn.Bilinear(0, 1, 1)
