"""Checkpoints of a graph: the same gradients, random numbers included, from less memory."""

import pytest

import tinygrad_bp as tgb
from tinygrad_bp.utils.checkpoint import checkpoint, checkpoint_sequential


@pytest.fixture
def net():
    tgb.manual_seed(0)
    layers = [tgb.nn.Linear(4, 4), tgb.nn.Tanh(), tgb.nn.Dropout(0.5), tgb.nn.Linear(4, 4)]
    return tgb.nn.Sequential(*layers)


def gradients(net, run):
    net.zero_grad()
    tgb.manual_seed(7)
    x = tgb.linspace(-1, 1, 12).reshape(3, 4).requires_grad_()
    loss = (run(x) ** 2).sum()
    after = tgb.rand(1).item()
    loss.backward()
    return [x.grad, *(p.grad.clone() for p in net.parameters())], after


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("how", ["whole", "segments"])
def test_same_gradients_and_random_numbers(net, reentrant, how):
    plain, after = gradients(net, net)
    if how == "whole":
        run = lambda x: checkpoint(net, x, use_reentrant=reentrant)
    else:
        run = lambda x: checkpoint_sequential(net, 2, x, use_reentrant=reentrant)
    kept, after_kept = gradients(net, run)
    assert after == after_kept
    for a, b in zip(plain, kept, strict=True):
        tgb.testing.assert_close(a, b)


def test_parameters_learn_though_the_input_wants_no_gradient(net):
    checkpoint(net, tgb.ones(1, 4), use_reentrant=False).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    with pytest.warns(UserWarning, match="None of the inputs"):
        assert not checkpoint(net, tgb.ones(1, 4), use_reentrant=True).requires_grad


def test_several_results_and_keywords():
    x = tgb.ones(2, requires_grad=True)
    a, b = checkpoint(lambda x, scale: [x * scale, x + 1], x, scale=3, use_reentrant=False)
    (a.sum() + 2 * b.sum()).backward()
    assert x.grad.tolist() == [5, 5]
    with pytest.raises(ValueError, match="keyword"):
        checkpoint(lambda x, scale: x, x, scale=3, use_reentrant=True)


def test_without_recording_it_is_the_function(net):
    with tgb.no_grad():
        assert not checkpoint(net, tgb.ones(1, 4), use_reentrant=False).requires_grad


def test_a_function_that_changes_is_noticed():
    sizes = iter([2, 3])
    x = tgb.ones(3, requires_grad=True)
    y = checkpoint(lambda x: x[: next(sizes)], x, use_reentrant=False)
    with pytest.raises(RuntimeError, match="run again"):
        y.sum().backward()
