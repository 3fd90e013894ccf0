"""Which numbers a picture shows, and that drawing has no effect on anything."""

import gc
import weakref

import numpy as np

import tinygrad_bp as tgb
from tests.drawing.reading import boxes
from tinygrad_bp.drawing import dot_text


def test_values_of_tensors_that_are_gone_are_computed_again():
    x = tgb.tensor([1.0, 2.0], requires_grad=True).named("x")
    loss = (tgb.exp(x) + 1).sum()
    loss.backward()
    gc.collect()
    assert any("[2.718 7.389]" in text for text in boxes(dot_text(loss)).values())


def test_no_value_is_shown_that_was_not_there():
    x = tgb.tensor([1.0, 2.0], requires_grad=True).named("x")
    loss = (tgb.exp(x) + 1).sum()
    loss.backward()
    with tgb.no_grad():
        x += 1.0  # as an optimizer's step
    texts = boxes(dot_text(loss)).values()
    assert "x | (2,) | value [2 3] | grad [2.718 7.389]" in texts  # what it is now
    assert any(text.startswith("exp(x)") and "value" not in text for text in texts)
    assert any("12.11" in text for text in texts)  # the loss as it was
    # What no changed value enters is still known: the gradient through a sum.
    assert "exp(x) | (2,) | grad [1 1]" in texts


def test_a_kept_value_that_was_changed_is_not_shown():
    x = tgb.tensor([1.0, 2.0], requires_grad=True).named("x")
    y = tgb.exp(x).named("y")
    loss = (y * y).sum()
    with tgb.no_grad():
        y += 5.0
    texts = boxes(dot_text(loss, direction="backward")).values()
    assert not any(text.startswith("x |") and "grad" in text for text in texts)


def test_a_custom_function_is_not_run_for_a_picture():
    calls = []

    class Times(tgb.autograd.Function):
        @staticmethod
        def forward(ctx, x, k):
            calls.append("forward")
            return x * k

        @staticmethod
        def backward(ctx, g):
            calls.append("backward")
            return g * 2, None

    x = tgb.tensor([1.0, 2.0], requires_grad=True).named("x")
    loss = (Times.apply(x, 2) + x).sum()
    texts = boxes(dot_text(loss, direction="both")).values()
    assert calls == ["forward"]
    assert "Times" in [text.split(" | ")[0] for text in texts]
    assert "x | (2,) | [1 2]" in texts  # a part of the gradient is not the gradient
    loss.backward()
    texts = boxes(dot_text(loss, direction="both")).values()
    assert calls == ["forward", "backward"]
    assert "x | (2,) | value [1 2] | grad [3 3]" in texts


def test_drawing_leaves_everything_as_it_was():
    x = tgb.tensor([1.0, 2.0], requires_grad=True)
    seen = []
    x.register_hook(seen.append)
    middle = tgb.exp(x)
    loss = middle.sum()
    dot_text(loss, direction="both")
    assert x.grad is None and seen == []
    gone = weakref.ref(middle)
    del middle
    gc.collect()
    assert gone() is None
    loss.backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp([1.0, 2.0]), rtol=1e-6)
