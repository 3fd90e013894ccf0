"""backward() and grad(): leaves collect, memory is nobody else's, freed graphs say so."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.autograd import backward, grad


def leaf(*values: float) -> tgb.Tensor:
    return tgb.tensor([float(v) for v in values], requires_grad=True)


def test_gradients_accumulate_in_leaves_only():
    x = leaf(1, 2)
    y = x * x
    y.sum().backward()
    assert x.grad.tolist() == [2, 4] and y.grad is None
    (3 * x).sum().backward()
    assert x.grad.tolist() == [5, 7]
    x.grad = None
    (3 * x).sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_a_single_number_accumulates_too():
    x = tgb.tensor(2.0, requires_grad=True)
    for times in (1, 2, 3):
        (x * x).backward()
        assert x.grad.item() == 4 * times and isinstance(x.grad.numpy(), np.ndarray)


def test_a_leaf_is_a_root():
    x = leaf(1, 2)
    seed = tgb.tensor([5.0, 6.0])
    x.backward(seed)
    assert x.grad.tolist() == [5, 6]
    assert not np.shares_memory(x.grad.numpy(), seed.numpy())


@pytest.mark.parametrize("combine", [
    lambda x, y: x + y,
    lambda x, y: x.reshape(2, 1) + y.reshape(2, 1),
    lambda x, y: tgb.cat([x, y]),
    lambda x, y: tgb.stack([x, y]),
    lambda x, y: x - y,
    lambda x, y: (x + y).T,
    lambda x, y: tgb.where(tgb.tensor([True, False]), x, y) + x + y,
])  # fmt: skip
@pytest.mark.parametrize("create_graph", [False, True])
def test_no_two_gradients_share_memory_nor_with_the_seed(combine, create_graph):
    x, y = leaf(1, 2), leaf(3, 4)
    out = combine(x, y)
    array = np.ones(out.shape, np.float32)
    seed = tgb.from_numpy(array)
    out.backward(seed, create_graph=create_graph)
    before = y.grad.detach().numpy().copy()
    with tgb.no_grad():
        x.grad.mul_(100)
    assert np.array_equal(y.grad.detach().numpy(), before)
    assert np.array_equal(array, np.ones(out.shape))
    first = x.grad.detach().numpy().copy()
    out = combine(x, y)
    out.backward(seed)  # adds up in place: only in the leaf's own memory
    assert np.array_equal(array, np.ones(out.shape))
    assert not np.array_equal(x.grad.detach().numpy(), first)


def test_gradients_of_one_leaf_reached_twice_do_not_touch_the_seed():
    x = leaf(1, 2)
    seed = tgb.tensor([1.0, 1.0])
    (x + x).backward(seed)
    assert x.grad.tolist() == [2, 2] and seed.tolist() == [1, 1]
    y = x.reshape(2)
    (y + x).backward(seed)
    assert x.grad.tolist() == [4, 4] and seed.tolist() == [1, 1]


def test_grad_returns_memory_of_its_own():
    x, y = leaf(1, 2), leaf(3, 4)
    seed = tgb.tensor([1.0, 2.0])
    a, b = grad(x + y, [x, y], seed)
    a.mul_(10)
    assert b.tolist() == [1, 2] and seed.tolist() == [1, 2]


def test_a_gradient_that_is_a_read_only_view_is_replaced_not_written():
    x = leaf(1, 2)
    one = tgb.ones(1)
    x.grad = one.expand(2)
    (x * 2).sum().backward()
    assert x.grad.tolist() == [3, 3] and one.tolist() == [1]


def test_second_backward_of_a_freed_graph_names_the_operation_and_its_line():
    x = leaf(1, 2)
    loss = (x * x).sum()  # the line that is named
    loss.backward()
    with pytest.raises(RuntimeError, match=r"'multiply'.*\(2,\)") as error:
        loss.backward()
    assert "test_backward.py" in str(error.value)
    assert "`loss = (x * x).sum()  # the line that is named`" in str(error.value)
    assert "retain_graph=True" in str(error.value)


def test_retain_graph_allows_a_second_backward():
    x = leaf(1, 2)
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    assert x.grad.tolist() == [4, 8]


def test_a_graph_that_kept_nothing_can_be_used_again_as_in_pytorch():
    x = leaf(1, 2)
    loss = (x + 1).sum()
    loss.backward()
    loss.backward()
    assert x.grad.tolist() == [2, 2]


def test_a_part_shared_by_two_losses_is_freed_by_the_first():
    x = leaf(1, 2)
    h = x.exp()
    one, two = (h * 2).sum(), (h * 3).sum()
    one.backward()
    with pytest.raises(RuntimeError, match=r"'exp'.*second time"):
        two.backward()


def test_a_part_shared_by_two_losses_through_sums_alone_is_not():
    x = leaf(1, 2)
    h = x + 1
    (h * 2).sum().backward()
    (h * 3).sum().backward()
    assert x.grad.tolist() == [5, 5]


def test_the_other_loss_keeps_its_own_part():
    x = leaf(1, 2)
    h = x.exp()
    one, two = (h * h).sum(), (h * 3).sum()
    two.backward(retain_graph=True)
    one.backward()
    assert x.grad.numpy() == pytest.approx(3 * np.exp([1, 2]) + 2 * np.exp([2, 4]), rel=1e-5)


@pytest.mark.parametrize(("root", "message"), [
    (lambda: (leaf(1, 2) * 2).backward(), r"'multiply'.*2 elements.*\(2,\)"),
    (lambda: tgb.ones(2).sum().backward(), "no tensor that it was computed from has requires_grad"),
    (lambda: tgb.tensor([1, 2]).sum().backward(), "int64"),
    (lambda: (leaf(1, 2) * 2).backward(tgb.ones(3)), r"\(3,\).*\(2,\)"),
    (lambda: (leaf(1, 2) * 2).backward(tgb.ones(1)), r"\(1,\).*\(2,\)"),
    (lambda: (leaf(1, 2) * 2).sum().detach().backward(), r"detached.*detach\(\)"),
    (lambda: tgb.tensor([1, 2], requires_grad=True), "floating.*int64"),
    (lambda: tgb.tensor([1, 2]).requires_grad_(), "floating.*int64"),
    (lambda: (leaf(1, 2) * 2).sum().backward(inputs=[]), "empty"),
    (lambda: (leaf(1, 2) * 2).requires_grad_(False), "leaves only"),
])  # fmt: skip
def test_bad_roots_and_seeds_raise(root, message):
    with pytest.raises(RuntimeError, match=message):
        root()


def test_backward_into_chosen_inputs_only():
    x, y = leaf(1, 2), leaf(3, 4)
    h = x * y
    (h * h).sum().backward(inputs=[h, y])
    assert x.grad is None
    assert h.grad.tolist() == [6, 16] and y.grad.tolist() == [6, 32]


def test_grad_of_inner_values_and_several_outputs():
    x = leaf(1, 2)
    h = x * x
    total, other = h.sum(), (3 * h).sum()
    gh, gx = grad([total, other], [h, x])
    assert gh.tolist() == [4, 4] and gx.tolist() == [8, 16]
    assert x.grad is None and h.grad is None
    assert grad(total, total)[0].item() == 1


def test_unused_inputs():
    x, y = leaf(1, 2), leaf(3, 4)
    with pytest.raises(RuntimeError, match=r"input 1.*not used.*allow_unused"):
        grad((x * 2).sum(), [x, y])
    assert grad((x * 2).sum(), [x, y], allow_unused=True)[1] is None
    assert grad((x * 2).sum(), [x, y], materialize_grads=True)[1].tolist() == [0, 0]
    with pytest.raises(RuntimeError, match="does not require a gradient"):
        grad((x * 2).sum(), tgb.ones(2))


def test_grad_of_a_gradient():
    x = leaf(1, 2)
    (g,) = grad((x**3).sum(), x, create_graph=True)
    (h,) = grad(g.sum(), x, create_graph=True)
    (third,) = grad(h.sum(), x)
    assert g.tolist() == [3, 12] and h.tolist() == [6, 12] and third.tolist() == [6, 6]


def test_create_graph_in_backward_accumulates_differentiably():
    x = leaf(1, 2)
    (x**3).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    g = x.grad
    x.grad = None
    g.sum().backward()
    assert x.grad.tolist() == [6, 12]


def test_the_seed_can_be_differentiated():
    x = leaf(1, 2)
    v = leaf(1, 1)
    (g,) = grad(x * x, x, v, create_graph=True)  # 2 x v: linear in v
    assert grad(g.sum(), v)[0].tolist() == [2, 4]


def test_backward_of_several_tensors_at_once():
    x = leaf(1, 2)
    backward([x.sum(), x * x], [None, tgb.ones(2)])
    assert x.grad.tolist() == [3, 5]
    with pytest.raises(RuntimeError, match="1 gradients for 2 tensors"):
        backward([x.sum(), x * x], [None])


def test_a_frozen_leaf_collects_nothing_and_goes_on_when_woken():
    x = leaf(1, 2)
    loss = (x * 2).sum()
    x.requires_grad_(False)
    loss.backward(retain_graph=True)
    assert x.grad is None
    x.requires_grad_(True)
    loss.backward()
    assert x.grad.tolist() == [2, 2]


def test_a_gradient_survives_freezing():
    x = leaf(1, 2)
    (x * 2).sum().backward()
    x.requires_grad_(False)
    assert x.grad.tolist() == [2, 2]
    x.grad = None
    x.requires_grad_(True)
    assert x.grad is None and x.is_leaf


def test_retain_grad():
    x = leaf(1, 2)
    y = x * 2
    y.retain_grad()
    assert y.retains_grad and not x.retains_grad
    z = (y * y).sum()
    z.backward(retain_graph=True)
    assert y.grad.tolist() == [4, 8]
    z.backward()
    assert y.grad.tolist() == [8, 16]  # adds up, as in PyTorch
    with pytest.raises(RuntimeError, match="does not require a gradient"):
        tgb.ones(2).retain_grad()


def test_detach_shares_memory_and_cuts():
    x = leaf(1, 2)
    y = x * 2
    d = y.detach()
    assert not d.requires_grad and d.is_leaf and d.grad_fn is None
    assert np.shares_memory(d.numpy(), y.detach().numpy())
    (y.sum() + (d * x).sum()).backward()
    assert x.grad.tolist() == [4, 6]
    y.detach_()
    assert not y.requires_grad and y.is_leaf


def test_leaf_semantics():
    x = leaf(1, 2)
    assert x.is_leaf and x.requires_grad and x.grad_fn is None
    y = x * 1
    assert not y.is_leaf and y.requires_grad and y.grad_fn is not None
    c = tgb.ones(2) * 2
    assert c.is_leaf and not c.requires_grad
    with tgb.no_grad():
        assert (x * 2).is_leaf


def test_assigned_gradients_are_checked():
    x = leaf(1, 2)
    with pytest.raises(RuntimeError, match=r"\(3,\).*\[?2"):
        x.grad = tgb.ones(3)
    with pytest.raises(TypeError, match="Tensor or None"):
        x.grad = 3.0
    x.grad = tgb.ones(2)
    del x.grad
    assert x.grad is None


def test_broadcast_operands_get_gradients_of_their_own_shape():
    a, b, c = tgb.ones(3, 1, requires_grad=True), tgb.ones(4, requires_grad=True), leaf(2)
    (a * b * c).sum().backward()
    assert a.grad.shape == (3, 1) and b.grad.shape == (4,) and c.grad.shape == (1,)
    assert a.grad.flatten().tolist() == [8] * 3 and b.grad.tolist() == [6] * 4
    assert c.grad.tolist() == [12]


def test_the_gradient_at_a_node_leaves_what_lies_behind_it_for_another_backward() -> None:
    x = tgb.tensor([0.5, -1.0], requires_grad=True)
    q = x.exp()
    for _ in range(2):
        (gradient,) = tgb.autograd.grad((q * q).sum(), q)
        assert gradient.tolist() == (2 * q).tolist()
    q.sum().backward()
    assert x.grad.tolist() == q.tolist()


def test_the_graph_is_walked_as_in_pytorch():
    x = tgb.ones(2, requires_grad=True)
    for product in (2 * x, x * 2):
        (leaf, zero), constant = product.grad_fn.next_functions
        assert leaf.name() == "AccumulateGrad" and zero == 0 and constant == (None, 0)
        assert leaf.variable is x and leaf.next_functions == ()
    assert (tgb.ones(2) * x).grad_fn.next_functions[0] == (None, 0)
    with pytest.raises(AttributeError, match="variable"):
        _ = product.grad_fn.variable


def test_gradients_of_slices_are_added_up_in_one_array():
    x = tgb.arange(12.0).reshape(3, 4).requires_grad_()
    y = x * 1  # a node of its own between the leaf and the slices
    for source in (x, y):
        x.grad = None
        a, b = source[:, :2], source[1]
        (a * a).sum().backward(retain_graph=True)
        ((3 * b).sum() + source.sum() + (source[0, 0] * 5) + (2 * a).sum()).backward()
        expected = 2 * x.detach().numpy() * [1, 1, 0, 0] + 1 + np.array([2, 2, 0, 0])
        expected[1] += 3
        expected[0, 0] += 5
        assert x.grad.tolist() == expected.tolist()


def test_a_gradient_that_others_hold_is_not_added_to_by_a_slice():
    x = tgb.ones(3, requires_grad=True)
    y = x * 2
    seen = []
    total = y + 0  # passes its gradient on as it is
    total.register_hook(seen.append)
    (total * tgb.tensor([1.0, 2.0, 3.0]) + y[:1] * 10).sum().backward()
    assert seen[0].tolist() == [1, 2, 3]
    assert x.grad.tolist() == [62, 4, 6]
