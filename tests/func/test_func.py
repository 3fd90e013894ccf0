"""Transforms of functions: values known by hand, composition, containers, errors."""

import pytest

import tinygrad_bp as tgb
from tinygrad_bp import func


def cubes(x):
    return (x**3).sum()


def test_grad_composes():
    x = tgb.tensor([1.0, 2.0])
    assert func.grad(cubes)(x).tolist() == [3, 12]
    assert func.grad(lambda x: func.grad(cubes)(x).sum())(x).tolist() == [6, 12]
    third = func.grad(func.grad(func.grad(lambda x: x**4)))
    assert third(tgb.tensor(2.0)).item() == 48


def test_grad_of_chosen_arguments_and_containers():
    a, b = tgb.tensor([1.0, 2.0]), tgb.tensor([3.0, 4.0])
    assert [g.tolist() for g in func.grad(tgb.dot, (0, 1))(a, b)] == [[3, 4], [1, 2]]
    assert func.grad(tgb.dot, 1)(a, b).tolist() == [1, 2] == func.grad(tgb.dot, -1)(a, b).tolist()
    found = func.grad(lambda d: tgb.dot(d["a"], d["b"][0]))({"a": a, "b": [b]})
    assert found["a"].tolist() == [3, 4] and found["b"][0].tolist() == [1, 2]
    slope, (value, aux) = func.grad_and_value(lambda x: (cubes(x), x + 1), has_aux=True)(a)
    assert slope.tolist() == [3, 12] and value.item() == 9 and aux.tolist() == [2, 3]
    assert func.grad(lambda x: (cubes(x), "aux"), has_aux=True)(a)[1] == "aux"
    assert func.grad(lambda x, y: cubes(y))(a, b).tolist() == [0, 0]


def test_results_are_cut_off_unless_something_outside_wants_a_gradient():
    w, x = tgb.ones(2, requires_grad=True), tgb.ones(2)
    assert not func.grad(cubes)(x).requires_grad
    inner = func.grad(lambda x: (x * w).sum())(x)
    inner.sum().backward()
    assert w.grad.tolist() == [1, 1]
    outer = func.grad(cubes)(w)
    outer.sum().backward()
    assert w.grad.tolist() == [7, 7]
    with tgb.no_grad():
        assert func.grad(cubes)(w).tolist() == [3, 3] and not func.grad(cubes)(w).requires_grad
    assert x.grad is None and not x.requires_grad


def test_products():
    A = tgb.tensor([[1.0, 2.0], [3.0, 4.0]])
    x, u = tgb.tensor([1.0, 1.0]), tgb.tensor([1.0, 0.0])
    y, pull = func.vjp(lambda x: A @ x, x)
    assert y.tolist() == [3, 7] and pull(u)[0].tolist() == [1, 2]
    y, pull, aux = func.vjp(lambda x: (A @ x, 5), x, has_aux=True)
    assert aux == 5
    y, pushed = func.jvp(lambda x: A @ x, (x,), (u,))
    assert y.tolist() == [3, 7] and pushed.tolist() == [1, 3]
    y, push = func.linearize(lambda x: A @ x, x)
    assert push(u).tolist() == [1, 3] and push(x).tolist() == [3, 7]


def test_jacobians():
    A = tgb.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    x = tgb.ones(2)
    for jacobian in (func.jacrev, func.jacfwd):
        assert tgb.equal(jacobian(lambda x: A @ x)(x), A)
        pair = jacobian(lambda x, y: {"p": x * y}, argnums=(0, 1))(x, 2 * x)["p"]
        assert pair[0].tolist() == [[2, 0], [0, 2]] and pair[1].tolist() == [[1, 0], [0, 1]]
        assert jacobian(lambda x: (A @ x, 7), has_aux=True)(x)[1] == 7
        assert jacobian(lambda x: x[:0])(x).shape == (0, 2)
    assert func.hessian(cubes)(tgb.tensor([1.0, 2.0])).tolist() == [[6, 0], [0, 12]]


def test_vmap():
    A, b = tgb.arange(6.0).reshape(3, 2), tgb.tensor([1.0, 10.0])
    assert func.vmap(tgb.dot, in_dims=(0, None))(A, b).tolist() == [10, 32, 54]
    assert func.vmap(tgb.dot, (1, 0))(A.t(), A).tolist() == [1, 13, 41]
    first, second = func.vmap(lambda a: (a * 2, a.sum()), out_dims=(1, 0))(A)
    assert first.shape == (2, 3) and second.tolist() == [1, 5, 9]
    assert func.vmap(lambda d: d["x"] + d["y"])({"x": A, "y": A}).tolist() == (2 * A).tolist()
    assert func.vmap(func.vmap(lambda a: a + 1))(A).tolist() == (A + 1).tolist()
    weight = tgb.ones(2, requires_grad=True)
    func.vmap(lambda a: (a * weight).sum())(A).sum().backward()
    assert weight.grad.tolist() == [6, 9]
    per_sample = func.vmap(func.grad(lambda w, a: (w * a).sum() ** 2), in_dims=(None, 0))(b, A)
    assert per_sample.shape == (3, 2)
    assert tgb.vmap is func.vmap


def test_vmap_and_random_numbers():
    x = tgb.zeros(4)
    draw = lambda a: a + tgb.rand(())
    with pytest.raises(RuntimeError, match="random"):
        func.vmap(draw)(x)
    assert len(set(func.vmap(draw, randomness="same")(x).tolist())) == 1
    assert len(set(func.vmap(draw, randomness="different")(x).tolist())) == 4


def test_ensembles():
    nets = [tgb.nn.Linear(2, 1) for _ in range(3)]
    parameters, buffers = func.stack_module_state(nets)
    assert parameters["weight"].shape == (3, 1, 2) and buffers == {}
    x = tgb.ones(5, 2)
    run = lambda p: func.functional_call(nets[0], p, (x,))
    together = func.vmap(run)(parameters)
    tgb.testing.assert_close(together, tgb.stack([net(x) for net in nets]))
    split = func.functional_call(nets[0], ({"weight": tgb.ones(1, 2)}, {"bias": tgb.zeros(1)}), x)
    assert split.tolist() == [[2]] * 5
    with pytest.raises(ValueError, match="multiple"):
        func.functional_call(nets[0], ({"bias": tgb.zeros(1)}, {"bias": tgb.zeros(1)}), x)


@pytest.mark.parametrize(("use", "error"), [
    (lambda: func.grad(lambda x: x)(tgb.ones(2)), RuntimeError),
    (lambda: func.grad(cubes, 1)(tgb.ones(2)), RuntimeError),
    (lambda: func.grad(cubes)(3.0), RuntimeError),
    (lambda: func.grad(cubes, has_aux=True)(tgb.ones(2)), RuntimeError),
    (lambda: func.vjp(cubes, tgb.ones(2))[1]((tgb.ones(()), tgb.ones(()))), RuntimeError),
    (lambda: func.jvp(cubes, (tgb.ones(2),), ()), RuntimeError),
    (lambda: func.vmap(cubes, randomness="odd"), RuntimeError),
    (lambda: func.vmap(cubes)(tgb.tensor(1.0)), ValueError),
    (lambda: func.vmap(cubes, None)(tgb.ones(2)), ValueError),
    (lambda: func.vmap(tgb.add)(tgb.ones(2), tgb.ones(3)), ValueError),
    (lambda: func.vmap(tgb.add, (0, 0))(tgb.ones(2), 1), ValueError),
    (lambda: func.vmap(tgb.add, (0,))(tgb.ones(2), tgb.ones(2)), ValueError),
    (lambda: func.vmap(lambda x: 3)(tgb.ones(2)), ValueError),
    (lambda: func.vmap(cubes)(tgb.ones(0)), ValueError),
    (lambda: func.stack_module_state([]), RuntimeError),
    (lambda: func.stack_module_state([tgb.nn.Linear(1, 1), tgb.nn.ReLU()]), RuntimeError),
])  # fmt: skip
def test_bad_arguments(use, error):
    with pytest.raises(error):
        use()
