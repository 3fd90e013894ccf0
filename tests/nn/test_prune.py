"""Pruning: what is chosen, once and again, and that it can be undone."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.nn.layer_case import draw
from tinygrad_bp import nn
from tinygrad_bp.nn.utils import prune

W = draw(4, 3)


def layer(m):
    made = m.nn.Linear(3, 4).double()
    with m.no_grad():
        made.weight.copy_(m.tensor(W))
    return made


WAYS = {
    "identity": lambda p, x: p.identity(x, "weight"),
    "l1": lambda p, x: p.l1_unstructured(x, "weight", 0.4),
    "l1 count": lambda p, x: p.l1_unstructured(x, "weight", 5),
    "ln rows": lambda p, x: p.ln_structured(x, "weight", 2, 2, 0),
    "ln columns": lambda p, x: p.ln_structured(x, "weight", 0.4, 1, -1),
    "l1 twice": lambda p, x: p.l1_unstructured(p.l1_unstructured(x, "weight", 3), "weight", 0.5),
    "l1, then rows": lambda p, x: p.ln_structured(p.l1_unstructured(x, "weight", 3), "weight", 1,
                                                  2, 0),
    "rows, then rows": lambda p, x: p.ln_structured(p.ln_structured(x, "weight", 1, 2, 0),
                                                    "weight", 1, 2, 0),
    "global": lambda p, x: p.global_unstructured([(x, "weight"), (x, "bias")], p.L1Unstructured,
                                                 amount=7),
}  # fmt: skip


@pytest.mark.peers
@pytest.mark.parametrize("way", WAYS)
def test_the_same_is_pruned_as_in_pytorch(way):
    import torch
    from torch.nn.utils import prune as peer

    mine, theirs = layer(tgb), layer(torch)
    for module, m in ((mine, tgb), (theirs, torch)):
        with m.no_grad():
            module.bias.copy_(m.tensor(draw(4)))
    WAYS[way](prune, mine)
    WAYS[way](peer, theirs)
    np.testing.assert_array_equal(mine.weight.detach().numpy(), theirs.weight.detach().numpy())
    assert set(mine.state_dict()) == set(theirs.state_dict())
    x = draw(2, 3)
    np.testing.assert_allclose(
        mine(tgb.tensor(x)).detach().numpy(), theirs(torch.tensor(x)).detach().numpy()
    )


def test_what_is_pruned_stays_pruned():
    module = prune.l1_unstructured(layer(tgb), "weight", 4)
    smallest = np.sort(np.abs(W).ravel())[:4]
    np.testing.assert_array_equal(module.weight_mask.numpy(), ~np.isin(np.abs(W), smallest))
    optimizer = tgb.optim.SGD(module.parameters(), lr=0.5)
    module(tgb.randn(5, 3, dtype=tgb.float64)).square().sum().backward()
    optimizer.step()
    out = module(tgb.zeros(1, 3, dtype=tgb.float64))
    assert out.shape == (1, 4) and int((module.weight == 0).sum()) == 4
    assert prune.is_pruned(nn.Sequential(module))
    value, original = module.weight.detach(), module.weight_orig
    prune.remove(module, "weight")
    assert tgb.equal(module.weight, value) and module.weight is original
    assert not prune.is_pruned(module)
    assert [n for n, _ in module.named_parameters()] == ["bias", "weight"]
    with pytest.raises(ValueError, match="has to be pruned"):
        prune.remove(module, "weight")


def test_random_methods_prune_the_amount():
    module = prune.random_unstructured(layer(tgb), "weight", 0.5)
    assert int((module.weight == 0).sum()) == 6
    module = prune.random_structured(layer(tgb), "weight", 2, dim=0)
    assert sorted((module.weight == 0).sum(1).tolist()) == [0, 0, 3, 3]


def test_a_method_of_ones_own():
    class EveryOther(prune.BasePruningMethod):
        PRUNING_TYPE = "unstructured"

        def compute_mask(self, t, default_mask):
            mask = default_mask.clone()
            mask.view(-1)[::2] = 0
            return mask

    module = layer(tgb)
    EveryOther.apply(module, "weight")
    assert module.weight_mask.reshape(-1).tolist() == [0.0, 1.0] * 6
    hook = EveryOther.apply(module, "weight")
    assert isinstance(hook, prune.PruningContainer) and len(hook) == 2 and len(list(hook)) == 2
    assert isinstance(hook[0], EveryOther) and int(module.weight_mask.sum()) == 3
    (found,) = module._forward_pre_hooks.values()
    assert found is hook and found._tensor_name == "weight"
    assert tgb.equal(EveryOther().prune(tgb.ones(4)), tgb.tensor([0.0, 1.0, 0.0, 1.0]))


def test_importance_scores_and_masks():
    scores = tgb.tensor(-np.abs(W))
    module = prune.l1_unstructured(layer(tgb), "weight", 1, importance_scores=scores + 9)
    assert int(module.weight_mask.reshape(-1).argmin()) == int(np.abs(W).argmax())
    module = prune.custom_from_mask(layer(tgb), "bias", tgb.tensor([1, 0, 1, 0]))
    assert module.bias[1] == 0 and module.bias_mask.tolist() == [1.0, 0.0, 1.0, 0.0]


def test_bad_input():
    for amount, kind in [("a", TypeError), (-1, ValueError), (1.5, ValueError), (99, ValueError)]:
        with pytest.raises(kind, match="amount"):
            prune.l1_unstructured(layer(tgb), "weight", amount)
    with pytest.raises(ValueError, match="multidimensional"):
        prune.ln_structured(layer(tgb), "bias", 1, 2, 0)
    with pytest.raises(IndexError, match="Invalid index"):
        prune.ln_structured(layer(tgb), "weight", 1, 2, 2)
    with pytest.raises(AssertionError, match="same shape"):
        prune.l1_unstructured(layer(tgb), "weight", 1, importance_scores=tgb.ones(2))
    with pytest.raises(AssertionError, match="mask"):
        prune.custom_from_mask(layer(tgb), "weight", tgb.ones(2))
    with pytest.raises(TypeError, match="unstructured"):
        prune.global_unstructured([(layer(tgb), "weight")], prune.RandomStructured, amount=1)
    with pytest.raises(TypeError, match="Iterable"):
        prune.global_unstructured(3, prune.L1Unstructured, amount=1)
    with pytest.raises(TypeError, match="dict"):
        prune.global_unstructured([], prune.L1Unstructured, [1], amount=1)
    container = prune.PruningContainer(prune.Identity.apply(layer(tgb), "weight"))
    with pytest.raises(TypeError, match="BasePruningMethod"):
        container.add_pruning_method(3)
    with pytest.raises(ValueError, match="'weight'"):
        container.add_pruning_method(prune.Identity.apply(layer(tgb), "bias"))
    with pytest.raises(NotImplementedError, match="compute_mask"):
        prune.BasePruningMethod.apply(layer(tgb), "weight")
    strange = prune.Identity()
    strange.PRUNING_TYPE, strange._tensor_name = "odd", "weight"
    with pytest.raises(ValueError, match="PRUNING_TYPE"):
        prune.PruningContainer(strange).compute_mask(tgb.ones(1), tgb.ones(1))
