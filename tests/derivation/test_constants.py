"""What a loss makes inside and nobody holds is still known when backward is over."""

import gc
import weakref

import numpy as np

import tinygrad_bp as tgb
from tinygrad_bp.nn import functional as F


def test_after_backward_the_small_constants_are_still_known() -> None:
    tgb.manual_seed(0)
    net = tgb.nn.Linear(3, 2).double()
    x = tgb.randn(4, 3, dtype=tgb.float64)
    hidden = tgb.where(net(x) > 0, net(x), tgb.full((), 0.1, dtype=tgb.float64) * net(x))
    weights = tgb.tensor([1.0, 2.0], dtype=tgb.float64)
    loss = F.cross_entropy(hidden, tgb.tensor([0, 1, 1, 0]), weights)
    loss.backward()
    d = tgb.explain(loss, model=net)
    np.testing.assert_allclose(d["W1"].value, net.weight.grad.numpy(), rtol=1e-12)
    report = tgb.diagnose(loss, {net.weight: net.weight.grad.numpy()}, model=net)
    assert report[net.weight].verdict == "right"


def test_a_graph_keeps_no_large_constant_alive() -> None:
    w = tgb.ones(300, 300, requires_grad=True)
    mask = tgb.ones(300, 300)
    gone = weakref.ref(mask)
    loss = (w + mask).sum()
    gc.disable()
    try:
        del mask
        assert gone() is None
    finally:
        gc.enable()
    loss.backward()
    assert w.grad.sum().item() == 90000
