"""A value that backward needs was changed: every way of doing it is noticed, and named."""

import re

import numpy as np
import pytest

import tinygrad_bp as tgb


def leaf(*values: float) -> tgb.Tensor:
    return tgb.tensor([float(v) for v in values], requires_grad=True)


def _add(h, other):
    h += 1


def _assign(h, other):
    h[0] = 7.0


def _assign_array(h, other):
    h[:] = np.array([5.0, 6.0])


def _assign_mask(h, other):
    h[h > 0] = 0.0


def _assign_indices(h, other):
    h[[0, 1]] = tgb.ones(2)


def _view(h, other):
    h[0:1].mul_(2)


def _view_of_view(h, other):
    h.reshape(2, 1).transpose(0, 1)[0:1].zero_()


def _copy(h, other):
    h.copy_(tgb.zeros(2))


def _fill(h, other):
    h.fill_(3)


def _no_grad(h, other):
    with tgb.no_grad():
        h -= 0.1


def _detached(h, other):
    h.detach().zero_()


def _data(h, other):
    h.data.mul_(2)


def _numpy(h, other):
    h.detach().numpy()[0] = 9


def _numpy_view(h, other):
    h.detach().numpy()[1:][0] = 9


def _asarray(h, other):
    np.asarray(h)[...] = 9


def _ufunc_out(h, other):
    array = h.detach().numpy()
    np.add(array, 1, out=array)


def _from_numpy(h, other):
    tgb.from_numpy(h.detach().numpy()).add_(1)


def _view_exported(h, other):
    h[1:].detach().numpy()[0] = 9


CHANGES = [
    _add,
    _assign,
    _assign_array,
    _assign_mask,
    _assign_indices,
    _view,
    _view_of_view,
    _copy,
    _fill,
    _no_grad,
    _detached,
    _data,
    _numpy,
    _numpy_view,
    _asarray,
    _ufunc_out,
    _from_numpy,
    _view_exported,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_operand_is_noticed(change):
    x, w = leaf(1, 2), leaf(3, 4)
    h = x * 2
    loss = (h * w).sum()  # keeps h
    change(h, w)
    with pytest.raises(RuntimeError, match="needs a value that was changed in place") as error:
        loss.backward()
    text = str(error.value)
    assert "'multiply'" in text and "(2,)" in text and "operand number 1" in text
    assert re.search(r"test_safety\.py:\d+, in test_a_changed_operand_is_noticed", text)
    assert "`loss = (h * w).sum()  # keeps h`" in text
    assert x.grad is None and w.grad is None


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_output_is_noticed(change):
    x = leaf(1, 2)
    h = x.exp()  # keeps its output
    loss = h.sum()
    change(h, x)
    with pytest.raises(RuntimeError, match=r"'exp'.*its output") as error:
        loss.backward()
    assert "`h = x.exp()  # keeps its output`" in str(error.value)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_nobody_minds_is_fine(change):
    x = leaf(1, 2)
    h = x + 2
    loss = (h * 3).sum()  # keeps no array
    change(h, x)
    loss.backward()
    assert x.grad.tolist() == [3, 3]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_before_the_value_is_kept_is_fine(change):
    x, w = leaf(1, 2), leaf(3, 4)
    h = x + 2
    change(h, w)
    values = h.tolist()
    (h * w).sum().backward()
    assert w.grad.tolist() == values


@pytest.mark.parametrize(
    "write",
    [
        lambda a: a.__setitem__(0, 9),
        lambda a: a[1:].__setitem__(0, 9),
        lambda a: np.negative(a, out=a),
        lambda a: a.sort(),
        lambda a: a.fill(0),
    ],
)
@pytest.mark.parametrize("share", [
    lambda a: tgb.from_numpy(a), lambda a: tgb.as_tensor(a), lambda a: tgb.from_numpy(a[:]),
    lambda a: tgb.from_numpy(a).reshape(2, 1).reshape(2), lambda a: a,
    lambda a: np.broadcast_to(a, (2,)), lambda a: a.reshape(1, 2)[0],
])  # fmt: skip
def test_a_write_to_the_numpy_array_behind_an_operand_is_noticed(share, write):
    array = np.array([2.0, 1.0], np.float32)
    w = leaf(3, 4)
    loss = (w * share(array)).sum()
    write(array)
    with pytest.raises(RuntimeError, match=r"NumPy array.*was written to since"):
        loss.backward()
    (w * share(array)).sum().backward()  # the next forward pass is a new one
    assert w.grad.tolist() == array.tolist()


def test_an_array_exported_before_the_operation():
    x, w = leaf(1, 2), leaf(3, 4)
    h = x * 2
    array = h.detach().numpy()
    loss = (h * w).sum()
    array[0] = 5
    with pytest.raises(RuntimeError, match="NumPy array"):
        loss.backward()


def test_a_large_array_too():
    array = np.ones(1 << 19, np.float32)
    w = tgb.ones(1 << 19, requires_grad=True)
    loss = (w * array).sum()
    array[-1] = 2
    with pytest.raises(RuntimeError, match="NumPy array"):
        loss.backward()


def test_two_regions_of_one_tensor_exported():
    a, w = tgb.arange(8.0), tgb.ones(8, requires_grad=True)
    loss = (a * w).sum()
    a[:4].numpy()
    a[::2].numpy()[3] = 77
    with pytest.raises(RuntimeError, match="NumPy array"):
        loss.backward()


def test_a_change_in_two_graphs_is_told_apart():
    x, w = leaf(1, 2), leaf(3, 4)
    h = (x * 2).detach()
    old = (h * w).sum()
    h += 1
    new = (h * w).sum()
    new.backward()
    assert w.grad.tolist() == [3, 5]
    with pytest.raises(RuntimeError, match="changed in place"):
        old.backward()


def test_an_optimizer_step_between_forward_and_backward_is_noticed():
    w, x = leaf(1, 2), leaf(3, 4)
    h = w * x
    (h * 2).sum().backward(retain_graph=True)
    with tgb.no_grad():
        w -= 0.1 * w.grad
    with pytest.raises(RuntimeError, match="changed in place"):
        h.sum().backward()


def test_the_ordinary_training_loop_is_fine_in_every_style():
    w, x = leaf(1, 2), tgb.ones(2)
    for style in range(4):
        w.grad = None
        ((w * x) ** 2).sum().backward()
        if style == 0:
            with tgb.no_grad():
                w -= 0.1 * w.grad
        elif style == 1:
            w.data -= 0.1 * w.grad
        elif style == 2:
            w.data = w.data - 0.1 * w.grad
        else:
            values = w.detach().numpy()
            values -= 0.1 * w.grad.numpy()
    assert w.tolist() == pytest.approx([0.8**4, 2 * 0.8**4])


def test_replacing_data_leaves_old_graphs_right():
    w, x = leaf(1, 2), leaf(3, 4)
    loss = (w * x).sum()
    w.data = tgb.zeros(2)
    loss.backward()
    assert x.grad.tolist() == [1, 2]  # the values of the forward pass
    with pytest.raises(TypeError, match="Tensor"):
        w.data = np.zeros(2)


def test_in_place_on_a_leaf_names_the_leaf():
    x = leaf(1, 2)
    for change in (_add, _assign, _view, _fill, _copy):
        with pytest.raises(RuntimeError, match=r"leaf that requires.*\(2,\).*test_safety\.py:\d+"):
            change(x, None)
    assert x.tolist() == [1, 2]
    with tgb.no_grad():
        x += 1
    assert x.tolist() == [2, 3] and x.is_leaf and x.requires_grad


def test_in_place_on_memory_that_is_repeated_or_read_only_raises():
    for tensor in (
        tgb.ones(1, 2).expand(3, 2),
        tgb.from_numpy(np.broadcast_to(np.ones(2), (3, 2))),
    ):
        for change in (_add, _assign):
            with pytest.raises(RuntimeError, match=r"clone\(\)"):
                change(tensor, None)


@pytest.mark.parametrize(("target", "change"), [
    (lambda: tgb.tensor([1, 2]), lambda x: x.__iadd__(1.5)),
    (lambda: tgb.tensor([1, 2]), lambda x: x.__itruediv__(2)),
    (lambda: tgb.tensor([True, False]), lambda x: x.__iadd__(1)),
    (lambda: tgb.tensor([1, 2]), lambda x: x.mul_(tgb.tensor([0.5, 0.5]))),
])  # fmt: skip
def test_a_result_that_does_not_fit_the_dtype_raises(target, change):
    x = target()
    before = x.tolist()
    with pytest.raises(RuntimeError, match=r"can't be stored in a tensor of (int64|bool).*x\.to"):
        change(x)
    assert x.tolist() == before


def test_a_result_that_does_not_fit_the_shape_raises():
    x = tgb.ones(2)
    with pytest.raises(RuntimeError, match=r"\(3, 2\).*\(2,\)"):
        x += tgb.ones(3, 2)
    with pytest.raises(RuntimeError, match=r"\(3,\).*\(2,\)"):
        x[:] = tgb.ones(3)
    with pytest.raises(IndexError):
        x[5] = 1
    assert x.tolist() == [1, 1]


def test_a_view_made_under_no_grad_has_no_history_to_rewrite():
    x = leaf(1, 2)
    y = x * 1
    with tgb.no_grad():
        view = y[0:1]
    with pytest.raises(RuntimeError, match="made under no_grad"):
        view *= 2
    y *= 2
    with pytest.raises(RuntimeError, match="made under no_grad"):
        view * 3


@pytest.mark.parametrize(
    ("fails", "names"),
    [
        (lambda x: x + tgb.ones(3), ["add", "(2,)", "(3,)", "Remedy"]),
        (lambda x: x @ tgb.ones(3, 2), ["matmul", "(2,)", "(3, 2)", "Remedy"]),
        (lambda x: x.reshape(3), ["reshape", "(2,)", "(3,)", "Remedy"]),
        (
            lambda x: tgb.cat([x.reshape(1, 2), tgb.ones(1, 3)]),
            ["concatenate", "(1, 2)", "(1, 3)", "Remedy"],
        ),
        (lambda x: tgb.stack([x, tgb.ones(3)]), ["stack", "(2,)", "(3,)", "Remedy"]),
        (lambda x: x.expand(3), ["broadcast_to", "(2,)", "(3,)", "Remedy"]),
        (lambda x: tgb.where(tgb.ones(3) > 0, x, 0), ["where", "(3,)", "(2,)", "Remedy"]),
        (lambda x: tgb.einsum("ij,jk->ik", x, x), ["einsum", "(2,)"]),
    ],
)
def test_shapes_that_do_not_fit_are_named(fails, names):
    with pytest.raises((RuntimeError, ValueError)) as error:
        fails(leaf(1, 2))
    assert all(name in str(error.value) for name in names), str(error.value)


def test_the_line_is_the_users_also_behind_functions_and_modules():
    def helper(h):
        return h.tanh()  # the innermost line of the user

    x = leaf(1, 2)
    y = helper(x)
    y += 1
    with pytest.raises(RuntimeError, match=r"in helper: `return h\.tanh\(\)  # the innermost line"):
        y.sum().backward()
