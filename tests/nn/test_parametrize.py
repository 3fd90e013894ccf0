"""Parameters that are computed from others."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.nn.utils import parametrizations, parametrize


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).mT

    def right_inverse(self, x):
        return x.triu()


class Scaled(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor


def symmetric():
    return parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())


def test_the_parameter_is_computed_and_the_original_learned():
    layer = symmetric()
    assert type(layer).__name__ == "ParametrizedLinear" and isinstance(layer, nn.Linear)
    assert parametrize.is_parametrized(layer) and parametrize.is_parametrized(layer, "weight")
    assert not parametrize.is_parametrized(layer, "bias")
    assert parametrize.type_before_parametrizations(layer) is nn.Linear
    names = [n for n, _ in layer.named_parameters()]
    assert names == ["bias", "parametrizations.weight.original"]
    optimizer = tgb.optim.SGD(layer.parameters(), lr=0.1)
    before = layer.weight.detach().clone()
    layer(tgb.randn(4, 3)).square().sum().backward()
    optimizer.step()
    assert not tgb.equal(layer.weight, before) and tgb.equal(layer.weight, layer.weight.T)
    layer.weight = tgb.ones(3, 3)  # by its right inverse
    assert layer.parametrizations.weight.original.tolist() == tgb.ones(3, 3).triu().tolist()


def test_several_in_a_row_and_cached():
    layer = symmetric()
    parametrize.register_parametrization(layer, "weight", Scaled(2.0))
    assert len(layer.parametrizations.weight) == 2
    expected = 2 * (layer.parametrizations.weight.original.triu())
    assert tgb.equal(layer.weight.triu(), expected)
    with parametrize.cached():
        first = layer.weight
        with parametrize.cached():
            assert layer.weight is first
        assert layer.weight is first
    assert layer.weight is not first
    with pytest.raises(RuntimeError, match="Scaled does not implement right_inverse"):
        layer.weight = tgb.ones(3, 3)


def test_removal():
    layer = symmetric()
    value = layer.weight.detach().clone()
    original = layer.parametrizations.weight.original
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear and layer.weight is original
    assert tgb.equal(layer.weight, value) and not parametrize.is_parametrized(layer)
    layer = parametrizations.weight_norm(nn.Linear(2, 2))
    with pytest.raises(ValueError, match="sequence of tensors"):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    parametrize.remove_parametrizations(layer, "weight")
    assert isinstance(layer.weight, nn.Parameter) and layer.weight.is_leaf
    with pytest.raises(ValueError, match="does not have a parametrization"):
        parametrize.remove_parametrizations(layer, "weight")


def test_what_may_not_change_is_checked():
    class Wider(nn.Module):
        def forward(self, x):
            return tgb.cat([x, x])

    class Numbers(nn.Module):
        def forward(self, x):
            return x.tolist()

    class Strange(nn.Module):
        def forward(self, x):
            return x

        def right_inverse(self, x):
            return 3

    class Double(nn.Module):
        def forward(self, x):
            return x.float()

        def right_inverse(self, x):
            return x.double()

    for wrong, text in [
        (Wider(), "may not change the shape"),
        (Numbers(), "must return a tensor"),
        (Strange(), "must return a Tensor or a Sequence"),
        (Double(), "may not change the dtype"),
    ]:
        with pytest.raises(ValueError, match=text):
            parametrize.register_parametrization(nn.Linear(2, 2), "weight", wrong)
    layer = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Wider(), unsafe=True)
    assert layer.weight.shape == (4, 2)
    with pytest.raises(ValueError, match="does not have a parameter"):
        parametrize.register_parametrization(nn.Linear(2, 2), "nothing", Scaled(1.0))
    with pytest.raises(ValueError, match="one or more"):
        parametrize.ParametrizationList([], tgb.ones(1))
    with pytest.raises(ValueError, match="may not change the shape"):
        parametrize.register_parametrization(symmetric(), "weight", Wider())


def test_a_buffer_can_be_parametrized():
    module = nn.Module()
    module.register_buffer("table", tgb.ones(2))
    parametrize.register_parametrization(module, "table", Scaled(3.0))
    assert module.table.tolist() == [3.0, 3.0] and not list(module.parameters())
    assert list(module.state_dict()) == ["parametrizations.table.original"]


def test_copies_state_and_transfer():
    layer = symmetric()
    twin = copy.deepcopy(layer)
    assert tgb.equal(twin.weight, layer.weight)
    assert twin.parametrizations.weight.original is not layer.parametrizations.weight.original
    other = symmetric()
    other.load_state_dict(layer.state_dict())
    assert tgb.equal(other.weight, layer.weight)
    with pytest.raises(RuntimeError, match="state_dict"):
        pickle.dumps(layer)
    target = nn.Linear(3, 3)
    parametrize.transfer_parametrizations_and_params(layer, target)
    assert tgb.equal(target.weight, layer.weight)
    plain = nn.Linear(3, 3)
    assert parametrize.transfer_parametrizations_and_params(plain, target) is target


@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5)], ids=str)
@pytest.mark.parametrize("how", ["matrix_exp", "cayley", "householder"])
def test_orthogonal_stays_orthogonal(shape, how):
    rows, columns = shape
    layer = nn.Linear(columns, rows).double()
    start = np.linalg.qr(np.random.default_rng(0).standard_normal(shape))[0]
    if rows < columns:
        start = np.linalg.qr(np.random.default_rng(0).standard_normal(shape[::-1]))[0].T
    with tgb.no_grad():
        layer.weight.copy_(tgb.tensor(np.ascontiguousarray(start)))
    parametrizations.orthogonal(layer, orthogonal_map=how)
    np.testing.assert_allclose(layer.weight.detach().numpy(), start, atol=1e-12)
    optimizer = tgb.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        (layer(tgb.randn(6, columns, dtype=tgb.float64)) ** 3).sum().backward()
        optimizer.step()
    weight = layer.weight.detach().numpy()
    short = weight if rows <= columns else weight.T
    np.testing.assert_allclose(short @ short.T, np.eye(min(shape)), atol=1e-10)
    assert np.abs(weight - start).max() > 1e-3
    layer.weight = tgb.tensor(np.ascontiguousarray(start))
    np.testing.assert_allclose(layer.weight.detach().numpy(), start, atol=1e-12)


def test_orthogonal_without_a_base():
    layer = nn.Linear(3, 5).double()
    parametrizations.orthogonal(layer, use_trivialization=False)
    weight = layer.weight.detach().numpy()
    np.testing.assert_allclose(weight.T @ weight, np.eye(3), atol=1e-12)
    layer.weight = -tgb.eye(5, 3, dtype=tgb.float64)  # nothing to reflect, but for the signs
    np.testing.assert_allclose(layer.weight.detach().numpy(), -np.eye(5, 3), atol=1e-12)
    layer = nn.Linear(3, 5)
    parametrizations.orthogonal(layer, orthogonal_map="cayley", use_trivialization=False)
    with pytest.raises(NotImplementedError, match="use_trivialization"):
        layer.parametrizations.weight[0].right_inverse(layer.weight)


def test_orthogonal_errors():
    with pytest.raises(ValueError, match="no parameter or buffer"):
        parametrizations.orthogonal(nn.Linear(2, 2), "nothing")
    with pytest.raises(ValueError, match="1 dimensions"):
        parametrizations.orthogonal(nn.Linear(2, 2), "bias")
    with pytest.raises(ValueError, match="orthogonal_map"):
        parametrizations.orthogonal(nn.Linear(2, 2), orthogonal_map="magic")
    layer = parametrizations.orthogonal(nn.Linear(2, 2))
    with pytest.raises(ValueError, match="Expected a matrix"):
        layer.weight = tgb.ones(3, 3)


def test_spectral_norm_finds_the_largest_singular_value():
    layer = parametrizations.spectral_norm(nn.Linear(4, 3).double(), n_power_iterations=30)
    values = np.linalg.svd(layer.weight.detach().numpy(), compute_uv=False)
    assert values[0] == pytest.approx(1.0)
    layer.eval()
    before = layer.parametrizations.weight[0]._u.clone()
    layer(tgb.ones(1, 4, dtype=tgb.float64))
    assert tgb.equal(layer.parametrizations.weight[0]._u, before)  # moves in training only
    vector = parametrizations.spectral_norm(nn.Linear(4, 3), "bias")
    assert float(vector.bias.norm()) == pytest.approx(1.0, rel=1e-5)
    with pytest.raises(ValueError, match="positive"):
        parametrizations.spectral_norm(nn.Linear(2, 2), n_power_iterations=0)
    with pytest.raises(IndexError, match="out of range"):
        parametrizations.spectral_norm(nn.Linear(2, 2), dim=2)
    with pytest.raises(ValueError, match="no parameter"):
        parametrizations.spectral_norm(nn.Linear(2, 2), "nothing")


def test_the_older_forms():
    with pytest.warns(FutureWarning, match="parametrizations"):
        layer = nn.utils.weight_norm(nn.Linear(3, 2))
    newer = parametrizations.weight_norm(nn.Linear(3, 2))
    newer.load_state_dict(layer.state_dict())  # the older names are understood
    x = tgb.randn(4, 3)
    assert tgb.allclose(layer(x), newer(x))
    with pytest.warns(FutureWarning), pytest.raises(RuntimeError, match="two weight_norm hooks"):
        nn.utils.weight_norm(layer)
    before = layer(x).detach()
    nn.utils.remove_weight_norm(layer)
    assert tgb.allclose(layer(x), before) and not layer._call_hooks
    assert [n for n, _ in layer.named_parameters()] == ["bias", "weight"]
    with pytest.raises(ValueError, match="not found"):
        nn.utils.remove_weight_norm(layer)

    layer = nn.utils.spectral_norm(nn.Linear(3, 2))
    assert set(layer.state_dict()) == {"bias", "weight_orig", "weight_u", "weight_v"}
    with pytest.raises(RuntimeError, match="two spectral_norm hooks"):
        nn.utils.spectral_norm(layer)
    layer.eval()
    before = layer(x).detach()
    nn.utils.remove_spectral_norm(layer)
    assert tgb.allclose(layer(x), before) and isinstance(layer.weight, nn.Parameter)
    with pytest.raises(ValueError, match="not found"):
        nn.utils.remove_spectral_norm(layer)
    with pytest.raises(ValueError, match="positive"):
        nn.utils.spectral_norm(nn.Linear(2, 2), n_power_iterations=0)


def test_two_calls_of_a_normalised_layer_before_one_backward():
    for layer in (
        parametrizations.spectral_norm(nn.Linear(3, 3)),
        nn.utils.spectral_norm(nn.Linear(3, 3)),
    ):
        (layer(tgb.ones(1, 3)) + layer(tgb.zeros(1, 3))).sum().backward()
        assert all(p.grad is not None for p in layer.parameters())
