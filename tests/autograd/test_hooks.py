"""Hooks on gradients: they see, replace, go away, and never spoil another gradient."""

import pytest

import tinygrad_bp as tgb


def leaf(*values: float) -> tgb.Tensor:
    return tgb.tensor([float(v) for v in values], requires_grad=True)


@pytest.mark.parametrize("create_graph", [False, True])
def test_hooks_replace_in_the_order_of_registration(create_graph):
    x = leaf(1, 2)
    y = x * 3
    seen = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: g + 1)
    x.register_hook(lambda g: g / 2)
    y.sum().backward(create_graph=create_graph)
    assert seen == [[1, 1]]
    assert x.grad.tolist() == [16.5, 16.5]


def test_a_removed_hook_is_silent():
    x = leaf(1, 2)
    handle = x.register_hook(lambda g: g * 100)
    handle.remove()
    handle.remove()
    with x.register_hook(lambda g: g * 2):
        (x * 1).sum().backward()
    (x * 1).sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_a_hook_sees_the_whole_gradient_once():
    x = leaf(1, 2)
    y = x * 1
    calls = []
    y.register_hook(lambda g: calls.append(g.tolist()))
    (y * 2 + y * 3).sum().backward()
    assert calls == [[5, 5]]


def test_retain_grad_sees_what_hooks_made_of_it():
    x = leaf(1, 2)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    y.sum().backward()
    assert y.grad.tolist() == [10, 10] and x.grad.tolist() == [20, 20]


def test_changing_the_gradient_in_a_hook_changes_no_other():
    x, y = leaf(1, 2), leaf(3, 4)
    a, b = x * 1, y * 1
    a.register_hook(lambda g: (g.mul_(2), None)[1])
    seed = tgb.ones(2)
    (a + b).backward(seed)
    assert x.grad.tolist() == [2, 2]  # as in PyTorch, which passes on what the hook changed
    assert y.grad.tolist() == [1, 1] and seed.tolist() == [1, 1]


def test_a_gradient_kept_by_a_hook_does_not_change_later():
    x = leaf(1, 2)
    kept = []
    x.register_hook(kept.append)
    x.register_hook(lambda g: kept[-1])
    (x * 2).sum().backward()
    (x * 2).sum().backward()
    assert kept[0].tolist() == [2, 2] and x.grad.tolist() == [4, 4]


def test_hooks_in_a_graph_of_gradients():
    x = leaf(1, 2)
    y = x * x
    y.register_hook(lambda g: g * x)
    (g,) = tgb.autograd.grad(y.sum(), x, create_graph=True)  # 2 x²
    assert g.tolist() == [2, 8]
    assert tgb.autograd.grad(g.sum(), x)[0].tolist() == [4, 8]


def test_a_wrong_result_raises():
    x = leaf(1, 2)
    x.register_hook(lambda g: tgb.ones(3))
    with pytest.raises(RuntimeError, match=r"shape \(2,\)"):
        x.sum().backward()
    with pytest.raises(RuntimeError, match="does not require a gradient"):
        tgb.ones(2).register_hook(print)


def test_an_exception_in_a_hook_comes_out():
    x = leaf(1, 2)
    x.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        (x * 2).sum().backward()
    assert tgb.is_grad_enabled()


def test_post_accumulate_hooks():
    x = leaf(1, 2)
    seen = []

    def step(p):
        seen.append(p.grad.tolist())
        with tgb.no_grad():
            p -= p.grad
        p.grad = None

    handle = x.register_post_accumulate_grad_hook(step)
    (x * 2 + x).sum().backward()
    assert seen == [[3, 3]] and x.tolist() == [-2, -1] and x.grad is None
    handle.remove()
    x.sum().backward()
    assert len(seen) == 1 and x.grad.tolist() == [1, 1]
    with pytest.raises(RuntimeError, match="leaves"):
        (x * 2).register_post_accumulate_grad_hook(step)
