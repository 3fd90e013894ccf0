"""Functions called around a module, forward and backward."""

import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn


class Product(nn.Module):
    def forward(self, x, y, *, power=1):
        return x * y**power


def test_forward_hooks_see_and_replace():
    module = Product()
    seen = []
    first = module.register_forward_pre_hook(lambda m, args: (args[0] + 1, args[1]))
    module.register_forward_hook(lambda m, args, out: seen.append((m, args[0].item())) or out * 10)
    x, y = tgb.tensor(2.0), tgb.tensor(3.0)
    assert module(x, y).item() == 90
    assert seen == [(module, 3.0)]
    first.remove()
    assert module(x, y).item() == 60
    with module.register_forward_pre_hook(lambda m, args: None):
        assert module(x, y).item() == 60
    assert len(module._call_hooks) == 1


def test_hooks_with_keyword_arguments_and_order():
    module = Product()
    seen = []
    module.register_forward_pre_hook(
        lambda m, args, kwargs: (args, {**kwargs, "power": 2}), with_kwargs=True
    )
    module.register_forward_hook(
        lambda m, args, kwargs, out: seen.append(kwargs["power"]), with_kwargs=True
    )
    module.register_forward_hook(lambda m, args, out: seen.append("first"), prepend=True)
    assert module(tgb.tensor(1.0), tgb.tensor(3.0), power=1).item() == 9
    assert seen == ["first", 2]
    bad = nn.ReLU()
    bad.register_forward_pre_hook(lambda m, a, k: a, with_kwargs=True)
    with pytest.raises(RuntimeError, match="args, kwargs"):
        bad(tgb.ones(1))


def test_a_single_value_from_a_pre_hook_is_the_argument():
    module = nn.ReLU()
    module.register_forward_pre_hook(lambda m, args: -args[0])
    assert module(tgb.tensor([-2.0])).tolist() == [2.0]


def test_backward_hook_gets_the_modules_own_gradients():
    module, seen = nn.Linear(2, 1, bias=False), []
    module.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go)))
    x = tgb.tensor([[1.0, 2.0]], requires_grad=True)
    # x is used outside of the module too: that share is no gradient of the module's input.
    (module(x).sum() * 3 + (x * 100).sum()).backward()
    ((grad_input,), (grad_output,)) = seen[0]
    assert grad_output.tolist() == [[3.0]]
    assert tgb.allclose(grad_input, 3 * module.weight.detach())
    assert tgb.allclose(x.grad, 3 * module.weight.detach() + 100)
    assert module.weight.grad.tolist() == [[3.0, 6.0]]
    assert len(seen) == 1


def test_backward_hook_of_several_inputs_and_outputs():
    class Two(nn.Module):
        def forward(self, x, n, y):
            return x * y, n, x + y

    module, seen = Two(), []
    module.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go)))
    x = tgb.tensor([1.0, 2.0], requires_grad=True)
    y = tgb.tensor([[3.0], [4.0]], requires_grad=True)
    product, n, total = module(x, 7, y)
    assert n == 7
    (product.sum() + 2 * total.sum()).backward()
    (grad_input, grad_output) = seen[0]
    assert len(seen) == 1 and grad_input[1] is None and grad_output[1] is None
    assert grad_input[0].tolist() == x.grad.tolist() == [11.0, 11.0]
    assert grad_input[2].tolist() == y.grad.tolist() == [[7.0], [7.0]]
    assert grad_output[2].tolist() == [[2.0, 2.0], [2.0, 2.0]]


def test_backward_hooks_replace_gradients():
    module = nn.Identity()
    module.register_full_backward_pre_hook(lambda m, go: (go[0] * 2,))
    module.register_full_backward_hook(lambda m, gi, go: gi[0] + go[0])
    x = tgb.tensor([1.0], requires_grad=True)
    module(x).sum().backward()
    assert x.grad.tolist() == [4.0]
    wrong = nn.Identity()
    wrong.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    with pytest.raises(RuntimeError, match="2 gradients, but 1"):
        wrong(x).sum().backward()


def test_backward_hook_where_no_input_wants_a_gradient():
    module, seen = nn.Linear(2, 1), []
    module.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go)))
    module(tgb.ones(1, 2)).sum().backward()
    assert seen[0][0] == (None,) and seen[0][1][0].tolist() == [[1.0]]


def test_backward_hook_in_a_second_derivative():
    module, seen = nn.Tanh(), []
    module.register_full_backward_hook(lambda m, gi, go: seen.append(gi[0]))
    x = tgb.tensor([0.5], requires_grad=True, dtype=tgb.float64)
    (slope,) = tgb.autograd.grad(module(x).sum(), x, create_graph=True)
    (curvature,) = tgb.autograd.grad(slope.sum(), x)
    t = x.detach().tanh()
    assert tgb.allclose(curvature, -2 * t * (1 - t * t))
    assert len(seen) >= 1


def test_no_hooks_after_removal_means_the_fast_path():
    module = nn.ReLU()
    handle = module.register_full_backward_hook(lambda m, gi, go: None)
    handle.remove()
    assert not module._call_hooks
    x = tgb.ones(1, requires_grad=True)
    assert module(x).grad_fn.name() == "ReluBackward"


@pytest.mark.peers
def test_backward_hooks_as_pytorch():
    import torch

    records = []
    for lib in (tgb, torch):
        net = lib.nn.Sequential(lib.nn.Linear(3, 2), lib.nn.Tanh())
        with lib.no_grad():
            net[0].weight.copy_(lib.tensor([[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]]))
            net[0].bias.copy_(lib.tensor([0.1, -0.1]))
        record = []
        for module in net.modules():
            module.register_full_backward_hook(
                lambda m, gi, go, record=record: record.append(
                    [type(m).__name__]
                    + [None if g is None else g.detach().tolist() for g in (*gi, *go)]
                )
            )
        net(lib.tensor([[1.0, 2.0, 3.0]], requires_grad=True)).sum().backward()
        records.append(record)
    ours, theirs = records
    assert sorted(r[0] for r in ours) == sorted(r[0] for r in theirs)
    for mine in ours:
        other = next(r for r in theirs if r[0] == mine[0])
        assert len(mine) == len(other)
        for a, b in zip(mine[1:], other[1:], strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                assert tgb.allclose(tgb.tensor(a), tgb.tensor(b), atol=1e-6)


def test_hooks_where_pytorch_shows_them():
    module = nn.Tanh()
    handle = module.register_forward_hook(lambda m, args, out: out * 2)
    module.register_forward_pre_hook(print)
    assert list(module._forward_hooks) == [handle.id] and len(module._forward_pre_hooks) == 1
    assert list(module._forward_pre_hooks.values()) == [print] and not module._backward_hooks
    assert "print" in repr(module._forward_pre_hooks) and not module._backward_pre_hooks
    with pytest.raises(KeyError):
        module._forward_pre_hooks[handle.id]
    module._forward_pre_hooks.clear()
    module._forward_hooks[handle.id] = lambda m, args, out: out + 1
    assert module(tgb.zeros(1)).tolist() == [1.0]
    del module._forward_hooks[handle.id]
    assert module(tgb.zeros(1)).tolist() == [0.0] and not module._call_hooks
