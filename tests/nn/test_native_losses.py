"""The losses at the top of PyTorch's namespace are those of `nn.functional`."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.nn import functional as F

RNG = np.random.default_rng(8)
A, B, C = (tgb.tensor(RNG.normal(size=(4, 3))) for _ in range(3))
SIGNS = tgb.tensor([1.0, -1.0, 1.0, -1.0], dtype=tgb.float64)
CASES = {
    "binary_cross_entropy_with_logits": (A, tgb.sigmoid(B)),
    "cosine_embedding_loss": (A, B, SIGNS),
    "hinge_embedding_loss": (A, SIGNS.unsqueeze(1)),
    "kl_div": (tgb.log_softmax(A, 1), tgb.softmax(B, 1)),
    "margin_ranking_loss": (A, B, SIGNS.unsqueeze(1)),
    "triplet_margin_loss": (A, B, C),
}


@pytest.mark.parametrize("reduction", [0, 1, 2])
@pytest.mark.parametrize("name", CASES)
def test_a_number_stands_for_the_reduction(name, reduction):
    found = getattr(tgb, name)(*CASES[name], reduction=reduction)
    word = ("none", "mean", "sum")[reduction]
    if (name, word) == ("kl_div", "mean"):  # which F warns of
        expected = F.kl_div(*CASES[name], reduction="none").mean()
    else:
        expected = getattr(F, name)(*CASES[name], reduction=word)
    assert found.shape == expected.shape and found.tolist() == expected.tolist()


def test_poisson_and_ctc():
    assert tgb.poisson_nll_loss(A, B.abs(), True, False, 1e-8, 2).item() == pytest.approx(
        F.poisson_nll_loss(A, B.abs(), reduction="sum").item()
    )
    scores = tgb.log_softmax(tgb.tensor(RNG.normal(size=(6, 2, 4))), 2)
    args = scores, tgb.tensor([[1, 2], [3, 1]]), tgb.tensor([6, 6]), tgb.tensor([2, 2])
    assert tgb.ctc_loss(*args).item() == F.ctc_loss(*args).item()


def test_methods_of_activations_and_draws():
    x = tgb.tensor([-1.0, 0.2, 2.0])
    assert x.prelu(tgb.tensor([0.5])).tolist() == F.prelu(x, tgb.tensor([0.5])).tolist()
    assert x.hardshrink().tolist() == F.hardshrink(x).tolist() == [-1, 0, 2]
    assert tgb.tensor([0.0, 1.0]).multinomial(3, replacement=True).tolist() == [1, 1, 1]
    assert tgb.tensor([0.0, 1.0]).bernoulli().tolist() == [0, 1]


def test_questions_as_functions():
    x = tgb.ones(2, requires_grad=True)
    assert not tgb.is_conj(x) and not tgb.is_neg(x) and tgb.get_device(x) == -1
    assert not tgb.detach(x).requires_grad
