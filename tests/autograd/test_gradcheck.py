"""gradcheck finds what is wrong, says where, and leaves everything as it was."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.autograd import GradcheckError, gradcheck, gradgradcheck
from tinygrad_bp.op import primitive


@primitive(x=lambda g, x: g * 3 * x * x, y=lambda g: 2 * g)
def good(x: Any, y: Any) -> Any:
    return x**3 + 2 * y


@primitive(x=lambda g, x: g * 3 * x * x, y=lambda g: g)
def bad(x: Any, y: Any) -> Any:
    """The gradient of y lacks its factor 2."""
    return x**3 + 2 * y


def f64(*shape: int) -> Any:
    return tgb.tensor(np.linspace(0.5, 2.0, int(np.prod(shape))).reshape(shape))


def test_a_right_gradient_passes() -> None:
    assert gradcheck(good, (f64(2, 3), f64(2, 3))) is True
    assert gradcheck(good, (f64(2, 3), f64(2, 3)), fast_mode=True) is True


@pytest.mark.parametrize("fast", [False, True])
def test_a_wrong_gradient_is_named(fast: bool) -> None:
    with pytest.raises(GradcheckError) as caught:
        gradcheck(bad, (f64(2, 3), f64(2, 3)), fast_mode=fast)
    text = str(caught.value)
    assert "output 0" in text
    assert "input 1 ('y', shape (2, 3))" in text
    assert re.search(r"at its index \((\d), (\d)\) and the output's \(\1, \2\):", text)
    assert "analytic 1, numeric 2" in text or "analytic 1, numeric 1.99999" in text
    assert "6 of 36 entries" in text


def test_the_worst_element_is_named() -> None:
    weights = tgb.tensor([0.0, 0.1, 5.0, 0.2], dtype=tgb.float64)

    def partly_detached(w: Any) -> Any:
        return (w * 1 + w.detach() * weights).sum()

    with pytest.raises(GradcheckError, match=r"\('w', shape \(4,\)\), at its index \(2,\)"):
        gradcheck(partly_detached, f64(4))


def test_false_instead_of_an_error_on_request() -> None:
    assert gradcheck(bad, (f64(2), f64(2)), raise_exception=False) is False
    assert gradgradcheck(lambda x: x.detach() * x, f64(2), raise_exception=False) is False


def test_every_floating_input_is_checked_even_without_requires_grad() -> None:
    x, y = f64(2).requires_grad_(), f64(2)
    with pytest.raises(GradcheckError, match="input 1"):
        gradcheck(bad, (x, y))
    assert gradcheck(bad, (x, y), wrt=[0])
    assert gradcheck(bad, (x, y), wrt=["x"])
    with pytest.raises(ValueError, match=r"\['z'\], which are no inputs"):
        gradcheck(bad, (x, y), wrt=["z"])


def test_arrays_integers_and_settings_pass_through() -> None:
    seen: list[Any] = []

    def f(x: Any, index: Any, n: int, text: str, z: Any) -> Any:
        seen.append((type(x), index.dtype, n, text, type(z)))
        return x[index] * n * z

    assert gradcheck(f, (f64(3), tgb.tensor([0, 2]), 3, "s", np.ones(2)))
    assert seen[0] == (tgb.Tensor, tgb.int64, 3, "s", tgb.Tensor)


@pytest.mark.parametrize("dtype", [tgb.float32, tgb.float16, tgb.complex128])
def test_other_floating_dtypes_are_refused_with_the_remedy(dtype: Any) -> None:
    x = tgb.ones(2, dtype=dtype)
    with pytest.raises(ValueError, match=rf"input 0 \('x', .*{dtype.name}.*x.to\(tgb.float64\)"):
        gradcheck(lambda x: x * 2, x)
    with pytest.raises(ValueError, match=r"x.to\(tgb.float64\)"):
        gradgradcheck(lambda x: x * 2, x, raise_exception=False)


def test_nothing_to_check_is_an_error() -> None:
    with pytest.raises(ValueError, match="no input is a float64 tensor"):
        gradcheck(lambda x: x, tgb.tensor([1, 2]))
    with pytest.raises(ValueError, match="returns no floating-point tensor"):
        gradcheck(lambda x: x > 1, f64(2))


def test_several_outputs_and_those_without_a_gradient() -> None:
    assert gradcheck(lambda x: (x * 2, x > 1, x.exp(), "text"), f64(2))
    with pytest.raises(GradcheckError, match="output 1 has a wrong gradient"):
        gradcheck(lambda x: (x * 2, x > 1, x.detach()), f64(2))


def test_an_output_that_is_rightly_constant_passes() -> None:
    assert gradcheck(lambda x: tgb.floor(x + 0.21), f64(3))
    assert gradcheck(lambda x: tgb.ones(2, dtype=tgb.float64), f64(3))


def test_tensors_and_their_gradients_stay_as_they_were() -> None:
    x, w = f64(3).requires_grad_(), f64(3).requires_grad_()
    (x * 5).sum().backward()
    before, gradient = np.array(x.detach()), np.array(x.grad)
    assert gradcheck(lambda x: (x * w).sum(), x)
    assert gradgradcheck(lambda x: (x * x * w).sum(), x)
    np.testing.assert_array_equal(np.asarray(x.detach()), before)
    np.testing.assert_array_equal(np.asarray(x.grad), gradient)
    assert w.grad is None and x._version == 0 and x.is_leaf


def test_a_function_that_writes_into_its_input_gets_copies() -> None:
    x = f64(2)

    def f(x: Any) -> Any:
        out = x * x
        with tgb.no_grad():
            x.fill_(0)
        return out

    before = x.tolist()
    with pytest.raises(RuntimeError, match="changed in place"):
        gradcheck(f, x)
    assert x.tolist() == before


def test_random_numbers_repeat_and_the_generator_is_where_it_was() -> None:
    tgb.manual_seed(7)
    expected = tgb.rand(3).tolist()
    tgb.manual_seed(7)
    assert gradcheck(lambda x: x * (tgb.rand(3) > 0.5), f64(3))
    assert gradgradcheck(lambda x: x * x * (tgb.rand(3) > 0.5), f64(3))
    assert gradcheck(bad, (f64(1), f64(1)), raise_exception=False) is False
    assert tgb.rand(3).tolist() == expected


def test_a_gradient_that_changes_from_run_to_run_is_found() -> None:
    calls = [0]

    def slope(g: Any, x: Any) -> Any:
        calls[0] += 1
        return g * (1 + 1e-7 * calls[0])

    @primitive(x=slope)
    def unsteady(x: Any) -> Any:
        return x * 1

    with pytest.raises(GradcheckError, match=r"when it is run twice; .* apart, nondet_tol is 0.0"):
        gradcheck(unsteady, f64(2))
    assert gradcheck(unsteady, f64(2), nondet_tol=1e-3)


def test_a_gradient_of_the_wrong_shape_is_found() -> None:
    @primitive(x=lambda g, x: g)
    def total(x: Any) -> Any:
        return np.add.reduce(x, axis=0)

    with pytest.raises(GradcheckError, match=r"of shape \(3,\) and float64, the input of \(2, 3\)"):
        gradcheck(total, f64(2, 3))


def test_nan_is_no_agreement() -> None:
    with pytest.raises(GradcheckError, match="numeric nan"):
        gradcheck(lambda x: x.log(), tgb.tensor([-1.0], dtype=tgb.float64))


def test_an_output_whose_shape_depends_on_the_values_is_refused() -> None:
    with pytest.raises(GradcheckError, match="shapes of the outputs change"):
        gradcheck(lambda x: x[x > 0], tgb.tensor([0.0, 1.0], dtype=tgb.float64))


def test_single_numbers_and_empty_tensors() -> None:
    assert gradcheck(lambda x: x * x, f64())
    assert gradcheck(lambda x: x * x, tgb.zeros(0, 3, dtype=tgb.float64))


def test_tolerances_are_honoured() -> None:
    @primitive(x=lambda g, x: g * 2.001)
    def nearly(x: Any) -> Any:
        return 2 * x

    assert gradcheck(nearly, f64(2), rtol=1e-2)
    with pytest.raises(GradcheckError, match=r"0\.001 apart"):
        gradcheck(nearly, f64(2), atol=1e-6, rtol=1e-6)


# ------------------------------------------------------------------------------- second derivatives


def test_second_derivatives() -> None:
    assert gradgradcheck(good, (f64(2, 3), f64(2, 3)))
    assert gradgradcheck(good, (f64(2, 3), f64(2, 3)), fast_mode=True)
    assert gradgradcheck(lambda x: (x.exp(), x.sum()), f64(3))
    v = tgb.tensor([1.0, -2.0], dtype=tgb.float64)
    assert gradgradcheck(lambda x: x**3, f64(2), v)


def test_a_wrong_second_derivative_is_named() -> None:
    @primitive(x=lambda g, x: g * flawed(x))
    def cube(x: Any) -> Any:
        return x**3

    @primitive(x=lambda g, x: g * x)
    def flawed(x: Any) -> Any:
        """3 x², with the wrong slope x."""
        return 3 * x * x

    assert gradcheck(cube, f64(2))
    with pytest.raises(GradcheckError) as caught:
        gradgradcheck(cube, f64(2))
    text = str(caught.value)
    assert text.startswith("gradgradcheck: the gradient of input 0 ('x', shape (2,))")
    assert "with respect to input 0" in text


def test_a_gradient_that_forgets_its_history_is_found() -> None:
    @primitive(x=lambda g, x: g.detach() * 2 if isinstance(g, tgb.Tensor) else g * 2)
    def twice(x: Any) -> Any:
        return 2 * x

    assert gradcheck(twice, f64(2))
    with pytest.raises(GradcheckError, match=r"with respect to grad_outputs\[0\]"):
        gradgradcheck(twice, f64(2))


def test_grad_outputs_have_to_be_as_many_as_outputs() -> None:
    with pytest.raises(ValueError, match="2 grad_outputs for 1 floating output"):
        gradgradcheck(lambda x: x, f64(2), (f64(2), f64(2)))


def test_the_names_are_where_pytorch_has_them() -> None:

    assert callable(tgb.autograd.gradcheck)
    assert issubclass(tgb.autograd.GradcheckError, RuntimeError)
