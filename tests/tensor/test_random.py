"""Random numbers repeat with their seed, and generators do not disturb one another."""

import numpy as np
import pytest

import tinygrad_bp as tgb

DRAWS = [
    lambda **k: tgb.rand(3, **k),
    lambda **k: tgb.randn(3, **k),
    lambda **k: tgb.randint(0, 100, (3,), **k),
    lambda **k: tgb.randperm(20, **k),
    lambda **k: tgb.normal(0.0, 2.0, (3,), **k),
    lambda **k: tgb.bernoulli(tgb.full((40,), 0.5), **k),
    lambda **k: tgb.multinomial(tgb.ones(50), 10, **k),
    lambda **k: tgb.multinomial(tgb.ones(50), 10, True, **k),
]


@pytest.mark.parametrize("draw", DRAWS)
def test_the_same_seed_gives_the_same_numbers(draw):
    tgb.manual_seed(3)
    first, second = draw(), draw()
    tgb.manual_seed(3)
    assert draw().tolist() == first.tolist() and first.tolist() != second.tolist()
    generator = tgb.Generator().manual_seed(3)
    assert draw(generator=generator).tolist() == first.tolist()
    assert draw(generator=generator.manual_seed(4)).tolist() != first.tolist()


def test_generators_are_independent():
    tgb.manual_seed(0)
    expected = tgb.rand(4).tolist()
    tgb.manual_seed(0)
    a = tgb.rand(2).tolist()
    tgb.rand(100, generator=tgb.Generator().manual_seed(5))
    np.random.seed(0)
    np.random.rand(3)
    assert a + tgb.rand(2).tolist() == expected


def test_state_can_be_put_back():
    generator = tgb.Generator().manual_seed(1)
    tgb.rand(3, generator=generator)
    state = generator.get_state()
    expected = tgb.rand(3, generator=generator).tolist()
    assert tgb.rand(3, generator=tgb.Generator().set_state(state)).tolist() == expected
    assert generator.initial_seed() == 1
    assert generator.manual_seed(-1) is generator
    assert tgb.manual_seed(9).initial_seed() == tgb.initial_seed() == 9
    drawn = tgb.seed()
    assert tgb.initial_seed() == drawn


def test_distributions():
    tgb.manual_seed(0)
    u, n = tgb.rand(20_000), tgb.randn(20_000)
    assert u.min().item() >= 0 and u.max().item() < 1 and abs(u.mean().item() - 0.5) < 0.01
    assert abs(n.mean().item()) < 0.03 and abs(n.std().item() - 1) < 0.02
    k = tgb.randint(2, 5, (1000,))
    assert sorted(set(k.tolist())) == [2, 3, 4] and k.dtype == tgb.int64
    assert sorted(tgb.randperm(10).tolist()) == list(range(10))
    w = tgb.multinomial(tgb.tensor([1.0, 3.0]), 10_000, True)
    assert abs(w.float().mean().item() - 0.75) < 0.03
    assert tgb.multinomial(tgb.ones(4, 3), 3).sort(1).values.tolist() == [[0, 1, 2]] * 4
    assert tgb.rand(2, dtype=tgb.float64).dtype == tgb.float64
    assert tgb.normal(tgb.zeros(3), tgb.ones(3)).shape == (3,)
