"""no_grad, enable_grad, set_grad_enabled, inference_mode: nested, decorated, thrown through."""

import threading

import pytest

import tinygrad_bp as tgb

X = tgb.ones(2, requires_grad=True)


def recorded() -> bool:
    return (X * 2).requires_grad


def test_nesting_restores_what_was_before():
    with tgb.no_grad():
        assert not recorded()
        with tgb.enable_grad():
            assert recorded()
            with tgb.set_grad_enabled(False):
                assert not recorded() and not tgb.is_grad_enabled()
            assert recorded()
        assert not recorded()
    assert recorded() and tgb.is_grad_enabled()


@pytest.mark.parametrize(
    "switch", [tgb.no_grad, tgb.inference_mode, lambda: tgb.set_grad_enabled(False)]
)
def test_an_exception_restores_too(switch):
    with pytest.raises(KeyError), switch():
        raise KeyError
    assert recorded() and not tgb.is_inference_mode_enabled()


def test_one_switch_entered_twice():
    switch = tgb.no_grad()
    with switch:
        with switch:
            assert not recorded()
        assert not recorded()
    assert recorded()


@pytest.mark.parametrize("decorate", [
    tgb.no_grad(), tgb.no_grad, tgb.inference_mode(), tgb.inference_mode,
    lambda f: tgb.set_grad_enabled(False)(f),
])  # fmt: skip
def test_decorated_functions(decorate):
    @decorate
    def f(raise_it=False):
        """Doc."""
        if raise_it:
            raise KeyError
        return recorded()

    assert f.__name__ == "f" and f.__doc__ == "Doc."
    assert recorded()
    assert not f() and not f()
    with pytest.raises(KeyError):
        f(True)
    assert recorded()


def test_recursion_through_a_decorator():
    @tgb.no_grad()
    def f(n):
        return [recorded()] + (f(n - 1) if n else [])

    assert f(3) == [False] * 4 and recorded()


def test_generators_hold_the_mode_while_they_run_only():
    events = []

    @tgb.no_grad()
    def count():
        try:
            for i in range(3):
                events.append(recorded())
                try:
                    got = yield i
                except ValueError:
                    got = "thrown"
                events.append((got, recorded()))
        finally:
            events.append(("end", recorded()))
        return "done"

    running = count()
    assert next(running) == 0 and recorded()
    assert running.send("a") == 1 and recorded()
    assert running.throw(ValueError()) == 2 and recorded()
    with pytest.raises(StopIteration) as stop:
        next(running)
    assert stop.value.value == "done" and recorded()
    assert events == [
        False, ("a", False), False, ("thrown", False), False, (None, False), ("end", False),
    ]  # fmt: skip
    events.clear()
    running = count()
    next(running)
    running.close()
    assert events == [False, ("end", False)] and recorded()


def test_set_grad_enabled_as_a_function():
    try:
        tgb.set_grad_enabled(False)
        assert not recorded()
    finally:
        tgb.set_grad_enabled(True)
    assert recorded()


def test_threads_have_modes_of_their_own():
    seen = []
    with tgb.no_grad():
        thread = threading.Thread(target=lambda: seen.append(recorded()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_threads_record_and_go_back_at_the_same_time():
    results = {}

    def work(k):
        x = tgb.tensor([float(k)], requires_grad=True)
        for _ in range(50):
            y = x
            for _ in range(20):
                y = y * 1.0 + 0.0
            y.sum().backward()
        results[k] = x.grad.item()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == dict.fromkeys(range(4), 50.0)


def test_backward_works_under_no_grad():
    y = (X.detach().requires_grad_() * 1).sum()
    x = tgb.ones(2, requires_grad=True)
    loss = (x * x).sum()
    with tgb.no_grad():
        loss.backward()
        y.backward()
    assert x.grad.tolist() == [2, 2]


def test_inference_mode():
    with tgb.inference_mode():
        assert tgb.is_inference_mode_enabled() and not recorded()
        made = X * 2
        with tgb.enable_grad():
            assert not recorded()  # what may never be recorded is not
        with tgb.inference_mode(False):
            assert recorded()
    assert recorded() and not tgb.is_inference_mode_enabled()
    with pytest.raises(RuntimeError, match="inference_mode"):
        X * made
    assert (X * made.clone()).requires_grad
    assert (X + made).requires_grad  # nothing is kept of it


def test_operations_without_gradient_do_not_require_one():
    for y in (X > 1, X.argmax(), X.long(), X == X):
        assert not y.requires_grad
