"""Deep and large graphs: linear work, and memory that goes when the last tensor goes.

The cycle collector is off in every test here, so that what is freed is freed by reference counting.
A ``leaf.grad`` made with ``create_graph=True`` holds a graph that reaches the leaf: that cycle is
inherent (PyTorch documents it too); `autograd.grad` has no such cycle.
"""

import gc
import weakref

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.autograd import Function
from tinygrad_bp.graph import Node, backprop, topological_order


@pytest.fixture(autouse=True)
def _no_cycle_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def living_nodes() -> int:
    # Objects of other libraries may warn when they are asked for their class.
    return sum(issubclass(type(thing), Node) for thing in gc.get_objects())


def leaf(*values: float) -> tgb.Tensor:
    return tgb.tensor([float(v) for v in values], requires_grad=True)


def test_a_chain_of_100_000_operations():
    before = living_nodes()
    x = tgb.tensor(0.5, requires_grad=True)
    y = x
    for _ in range(50_000):
        y = -(y * 1.0)
    y.backward()
    assert x.grad.item() == 1.0
    last = weakref.ref(y.grad_fn)
    del y
    assert last() is None and living_nodes() == before + 1


def test_a_graph_of_a_million_nodes_is_freed_without_the_cycle_collector():
    x = tgb.tensor(0.5, requires_grad=True)
    y = x
    for _ in range(1_000_000):
        y = -y
    y.backward()
    assert x.grad.item() == 1.0
    last = weakref.ref(y.grad_fn)
    beside = weakref.ref(y.grad_fn.inputs[0].inputs[0])
    del y
    assert last() is None and beside() is None


def test_a_ladder_of_shared_values_is_visited_once_a_node():
    # y = y + y doubles the number of paths at each step: 2**500 of them, 501 nodes.
    x = tgb.tensor(1.0, dtype=tgb.float64, requires_grad=True)
    y = x
    for _ in range(500):
        y = y + y
    assert len(topological_order([y.node])) == 501
    y.backward()
    assert x.grad.item() == 2.0**500


@pytest.mark.parametrize("n", [10, 100, 1000])
def test_the_work_is_linear_in_the_nodes(n):
    x = leaf(1, 2)
    y = x
    for _ in range(n):
        y = (y * 2.0).tanh().sin() / 2.0 + x
    calls = []
    root = y.sum()
    backprop({root.node: np.float32(1)}, watch=lambda node, *_: calls.append(node))
    assert len(calls) == 6 * n + 1  # one call an edge: six a step, and the sum


def _plain():
    x = leaf(1, 2)
    return x, ((x * x).exp() + x).sum()


def _views_and_changes():
    x = leaf(1, 2)
    y = x * x
    view, other = y[0:1], y.reshape(2, 1)
    view *= 3
    y += 1
    other[0] = 5
    z = view.exp() + other
    return x, z.sum() + y.sum()


class _Exp(Function):
    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y, x)
        return y

    @staticmethod
    def backward(ctx, g):
        y, _ = ctx.saved_tensors
        return g * y


class _Two(Function):
    @staticmethod
    def forward(ctx, x):
        y, z = x.exp(), x * 2
        ctx.save_for_backward(y, z)
        return y, z

    @staticmethod
    def backward(ctx, a, b):
        y, _ = ctx.saved_tensors
        return a * y + b * 2


def _custom():
    x = leaf(1, 2)
    y, z = _Two.apply(_Exp.apply(x))
    return x, (y * z).sum()


def _hooks():
    x = leaf(1, 2)
    y = x * x
    y.register_hook(lambda g: g * 2)
    y.retain_grad()
    x.register_post_accumulate_grad_hook(lambda p: None)
    return x, y.sum()


GRAPHS = [_plain, _views_and_changes, _custom, _hooks]


@pytest.mark.parametrize("build", GRAPHS)
def test_a_dropped_graph_is_gone(build):
    before = living_nodes()
    x, loss = build()
    assert living_nodes() > before + 1
    del loss
    assert living_nodes() == before + 1  # the leaf
    del x
    assert living_nodes() == before


@pytest.mark.parametrize("build", GRAPHS)
@pytest.mark.parametrize("retain", [False, True])
def test_it_is_gone_after_backward(build, retain):
    before = living_nodes()
    x, loss = build()
    loss.backward(retain_graph=retain)
    assert x.grad is not None
    del loss
    assert living_nodes() == before + 1


@pytest.mark.parametrize("build", GRAPHS)
def test_it_is_gone_after_gradients_of_gradients(build):
    before = living_nodes()
    x, loss = build()
    (g,) = tgb.autograd.grad(loss, x, create_graph=True)
    tgb.autograd.grad(g.sum(), x)
    del g, loss
    assert living_nodes() == before + 1


def test_a_differentiable_grad_holds_its_graph_until_it_is_cleared():
    before = living_nodes()
    x = leaf(1, 2)
    (x**3).sum().backward(create_graph=True)
    assert living_nodes() > before + 1
    x.grad = None
    assert living_nodes() == before + 1


def test_anomaly_detection_keeps_nothing():
    before = living_nodes()
    with tgb.autograd.detect_anomaly():
        x, loss = _plain()
        loss.backward()
        del loss
    assert living_nodes() == before + 1
    del x


def test_an_error_in_forward_leaves_nothing_behind():
    before = living_nodes()
    x = leaf(1, 2)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            (x * 2) @ (tgb.ones(3, requires_grad=True) * 1)
    assert living_nodes() == before + 1


def test_an_error_in_backward_leaves_nothing_behind():
    class Fails(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 1

        @staticmethod
        def backward(ctx, g):
            raise KeyError("no")

    before = living_nodes()
    x = leaf(1, 2)
    loss = (Fails.apply(x * 2) * 3).sum()
    notes = []
    try:
        loss.backward()
    except KeyError as error:
        notes = error.__notes__
    assert "'Fails'" in notes[0] and "Fails.apply(x * 2)" in notes[0]
    del loss
    assert living_nodes() == before + 1


def test_backward_frees_the_arrays_that_rules_kept():
    x = leaf(1, 2)
    h = x * 2
    kept = weakref.ref(h.detach().numpy())
    loss = (h * h).sum()
    del h
    assert kept() is not None
    loss.backward()
    assert kept() is None


def test_a_gradient_is_freed_with_its_leaf():
    x = leaf(1, 2)
    (x * 2).sum().backward()
    array = weakref.ref(x.grad.numpy())
    del x
    assert array() is None


def test_a_running_total_of_detached_losses_does_not_grow():
    w = leaf(1, 2)
    total = tgb.zeros(())
    mean = tgb.zeros(2)
    before = living_nodes()
    for i in range(300):
        loss = (w * w).sum()
        total = total + loss.detach()
        mean[i % 2] = loss.detach()
        with tgb.no_grad():
            mean += loss
    del loss
    assert living_nodes() == before
    for tensor in (total, mean):
        assert len(tensor._origin) <= 8
        assert all(len(cut.leaves) == 1 for cut in tensor._origin)


def test_a_detach_in_every_step_of_a_growing_graph_looks_back_a_bounded_way():
    w = leaf(1, 2)
    h, looked = w, 0
    for _ in range(1000):
        h = h * 1.0
        cut = h.detach()._origin[-1]
        looked += len(cut.leaves) + len(cut.unseen)
    assert looked <= 3000


def test_exporting_metrics_does_not_pile_up():
    from tinygrad_bp import origin, storage

    w = leaf(1, 2)
    known = len(storage.KNOWN)
    for _ in range(500):
        (w * w).sum().detach().numpy()
        w.detach().numpy()
    assert len(storage.KNOWN) <= known + 1
    assert len(origin.exports) <= 64
