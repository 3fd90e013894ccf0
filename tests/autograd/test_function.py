"""autograd.Function: PyTorch's contract, and an error for every way of breaking it."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.autograd import Function, grad
from tinygrad_bp.autograd.function import once_differentiable


def leaf(*values: float) -> tgb.Tensor:
    return tgb.tensor([float(v) for v in values], requires_grad=True)


class Square(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * x * g


class Exp(Function):
    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]


class SinCos(Function):
    """Both outputs are kept, and each is the other's derivative."""

    @staticmethod
    def forward(ctx, x):
        s, c = x.sin(), x.cos()
        ctx.save_for_backward(s, c)
        return s, c

    @staticmethod
    def backward(ctx, gs, gc):
        s, c = ctx.saved_tensors
        return gs * c - gc * s


@pytest.mark.parametrize(("function", "first", "second"), [
    (Square.apply, lambda v: 2 * v, lambda v: 2 + 0 * v),
    (Exp.apply, np.exp, np.exp),
    (lambda x: SinCos.apply(x)[0], np.cos, lambda v: -np.sin(v)),
    (lambda x: SinCos.apply(x)[1], lambda v: -np.sin(v), lambda v: -np.cos(v)),
])  # fmt: skip
def test_first_and_second_derivative_through_saved_inputs_and_outputs(function, first, second):
    values = np.array([0.3, 1.1])
    x = tgb.tensor(values, requires_grad=True)
    (g,) = grad(function(x).sum(), x, create_graph=True)
    (h,) = grad(g.sum(), x)
    np.testing.assert_allclose(g.detach().numpy(), first(values), rtol=1e-12)
    np.testing.assert_allclose(h.numpy(), second(values), rtol=1e-12)


def test_gradcheck_agrees():
    x = tgb.tensor([0.3, 1.1], dtype=tgb.float64, requires_grad=True)
    assert tgb.autograd.gradcheck(lambda x: SinCos.apply(Exp.apply(x))[0], (x,))
    assert tgb.autograd.gradgradcheck(lambda x: SinCos.apply(Exp.apply(x))[1], (x,))


def test_setup_context_style():
    class Scale(Function):
        @staticmethod
        def forward(x, k):
            return x * k

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.k = inputs[1]

        @staticmethod
        def backward(ctx, g):
            return g * ctx.k, None

    x = leaf(1, 2)
    Scale.apply(x, 3).sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_needs_input_grad_and_none():
    seen = []

    class Times(Function):
        @staticmethod
        def forward(ctx, x, y, number, nothing):
            ctx.save_for_backward(x, y, None)
            return x * y * number

        @staticmethod
        def backward(ctx, g):
            seen.append(ctx.needs_input_grad)
            x, y, none = ctx.saved_tensors
            assert none is None
            return g * y, (g * x if ctx.needs_input_grad[1] else None), None, None

    x, y = leaf(1, 2), tgb.tensor([3.0, 4.0])
    Times.apply(x, y, 1, None).sum().backward()
    assert seen == [(True, False, False, False)]
    assert x.grad.tolist() == [3, 4] and y.grad is None


def test_forward_is_not_recorded_and_constants_stay_constants():
    seen = []

    class Look(Function):
        @staticmethod
        def forward(ctx, x):
            seen.append(tgb.is_grad_enabled())
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    assert not Look.apply(tgb.ones(2)).requires_grad
    with tgb.no_grad():
        assert not Look.apply(leaf(1, 2)).requires_grad
    assert Look.apply(leaf(1, 2)).requires_grad
    assert seen == [False] * 3


@pytest.mark.parametrize("materialize", [True, False])
def test_outputs_that_nobody_used(materialize):
    class Two(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(materialize)
            return x * 2, x.reshape(2, 1) * 3

        @staticmethod
        def backward(ctx, a, b):
            if not materialize:
                assert b is None
                return a * 2
            assert b.shape == (2, 1) and b.abs().sum().item() == 0
            return a * 2 + b.reshape(2) * 3

    x = leaf(1, 2)
    Two.apply(x)[0].sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_outputs_without_a_gradient_keep_their_places():
    class Mixed(Function):
        @staticmethod
        def forward(ctx, x):
            where, copy = x.argmax(), x * 5
            ctx.mark_non_differentiable(copy)
            return where, x * 2, copy, "text"

        @staticmethod
        def backward(ctx, where, doubled, copy, text):
            assert text is None and copy.tolist() == [0, 0] and where.item() == 0
            return doubled * 2

    x = leaf(1, 2)
    where, doubled, copy, text = Mixed.apply(x)
    assert text == "text"
    assert [t.requires_grad for t in (where, doubled, copy)] == [False, True, False]
    doubled.sum().backward()
    assert x.grad.tolist() == [2, 2]


class Triple(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        x.mul_(3)
        return x

    @staticmethod
    def backward(ctx, g):
        return g * 3


def test_mark_dirty():
    x = leaf(1, 2)
    y = x * 2
    assert Triple.apply(y) is y
    y.sum().backward()
    assert x.grad.tolist() == [6, 6] and y.tolist() == [6, 12]


def test_mark_dirty_on_a_view_reaches_the_base():
    x = leaf(1, 2)
    y = x * 2
    Triple.apply(y[0:1])
    y.sum().backward()
    assert x.grad.tolist() == [6, 2]


def test_mark_dirty_is_noticed_and_refused_on_leaves():
    x = leaf(1, 2)
    y = x * 2
    kept = (y * y).sum()
    Triple.apply(y)
    with pytest.raises(RuntimeError, match="changed in place"):
        kept.backward()
    with pytest.raises(RuntimeError, match=r"Triple.*leaf"):
        Triple.apply(leaf(1, 2))


def test_what_is_dirty_has_to_be_returned():
    class Lost(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2) * 1

        @staticmethod
        def backward(ctx, g):
            return g

    with pytest.raises(RuntimeError, match=r"Lost.forward marked.*has to return"):
        Lost.apply(leaf(1, 2) * 1)


class Same(Function):
    @staticmethod
    def forward(ctx, x):
        return x

    @staticmethod
    def backward(ctx, g):
        return g * 3


def test_returning_an_input():
    x = leaf(1, 2)
    y = Same.apply(x)
    assert y is not x and x.is_leaf and not y.is_leaf
    (y * 2).sum().backward()
    assert x.grad.tolist() == [6, 6]
    with pytest.raises(RuntimeError, match="custom Function"):
        y *= 2
    assert x.tolist() == [1, 2]
    z = x * 1
    w = Same.apply(z)
    z *= 2
    with pytest.raises(RuntimeError, match="custom Function"):
        w.sum().backward()


def test_a_second_backward_and_changed_saved_values_name_the_line():
    x = leaf(1, 2)
    y = Square.apply(x).sum()  # recorded here
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(RuntimeError, match=r"second time") as error:
        y.backward()
    assert "'Square'" in str(error.value) and "# recorded here" in str(error.value)
    assert x.grad.tolist() == [4, 8]

    h = x * 1
    y = Square.apply(h).sum()  # keeps h
    h += 1
    with pytest.raises(RuntimeError, match=r"\(2,\).*'Square'.*# keeps h.*changed in place"):
        y.backward()

    array = np.ones(2, np.float32)
    y = Square.apply(tgb.from_numpy(array).requires_grad_()).sum()
    array[0] = 5
    with pytest.raises(RuntimeError, match="NumPy array"):
        y.backward()

    y = Exp.apply(x)
    y += 1
    with pytest.raises(RuntimeError, match="changed in place"):
        y.sum().backward()


def _returning(result, operands=1):
    class Wrong(Function):
        @staticmethod
        def forward(ctx, *xs):
            return sum(xs) * 1

        @staticmethod
        def backward(ctx, g):
            return result(g)

    return Wrong.apply(*[leaf(1, 2) for _ in range(operands)]).sum()


@pytest.mark.parametrize(("result", "operands", "error", "message"), [
    (lambda g: g, 2, RuntimeError, "1 gradients for 2 operands"),
    (lambda g: (g, g), 1, RuntimeError, "2 gradients for 1 operands"),
    (lambda g: tgb.ones(3), 1, RuntimeError, r"\(3,\).*operand 1.*\(2,\)"),
    (lambda g: np.ones(2), 1, TypeError, "ndarray.*Tensor or None"),
    (lambda g: 1.0, 1, TypeError, "float.*Tensor or None"),
])  # fmt: skip
def test_wrong_gradients(result, operands, error, message):
    with pytest.raises(error, match=message) as caught:
        _returning(result, operands).backward()
    assert "'Wrong'" in caught.value.__notes__[0]


def test_gradients_are_brought_to_the_operands_shape_and_dtype():
    x = leaf(1, 2)

    class Wide(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return tgb.ones(3, 2, dtype=tgb.float64)

    Wide.apply(x).sum().backward()
    assert x.grad.tolist() == [3, 3] and x.grad.dtype == tgb.float32
    _returning(lambda g: (g, None)).backward()  # a surplus None is fine, as in PyTorch


def test_one_array_for_two_operands_is_two_gradients():
    class Both(Function):
        @staticmethod
        def forward(ctx, a, b):
            return a + b

        @staticmethod
        def backward(ctx, g):
            once = g * 2
            return once, once

    a, b = leaf(1, 2), leaf(3, 4)
    Both.apply(a, b).sum().backward()
    a.grad.mul_(10)
    assert b.grad.tolist() == [2, 2]


def test_once_differentiable():
    class Once(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            return 2 * ctx.saved_tensors[0] * g

    x = leaf(1, 2)
    Once.apply(x).sum().backward()
    assert x.grad.tolist() == [2, 4]
    (g,) = grad(Once.apply(x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        g.sum().backward()


def test_misuse():
    with pytest.raises(TypeError, match="keyword arguments"):
        Square.apply(x=leaf(1, 2))

    class Half(Function):
        @staticmethod
        def forward(ctx, x):
            return x

    with pytest.raises(RuntimeError, match="'backward'"):
        Half.apply(leaf(1, 2))


def test_an_exception_in_forward_restores_the_mode():
    class Fails(Function):
        @staticmethod
        def forward(ctx, x):
            raise KeyError

        @staticmethod
        def backward(ctx, g):
            return g

    with pytest.raises(KeyError):
        Fails.apply(leaf(1, 2))
    assert tgb.is_grad_enabled()
