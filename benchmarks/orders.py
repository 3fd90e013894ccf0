"""In which orders contenders run, so that none profits from who runs before it.

The thread pools of NumPy's OpenBLAS, of PyTorch and of XLA spin for a while after their work, and
slow the next contender down. Each has to come after each other equally often.
"""

from __future__ import annotations

import itertools
import random

Order = tuple[int, ...]

#: Up to here all permutations are taken: 24 of them.
FEW = 4


def balanced(n: int) -> list[Order]:
    """Return orders of `n` contenders that make a balanced whole.

    Each contender is at each place equally often, and comes right after each other one equally
    often: all permutations of a few, else a balanced Latin square (E. J. Williams, "Experimental
    designs balanced for the estimation of residual effects of treatments", 1949). An odd number
    needs the square and its mirror image.
    """
    if n <= FEW:
        return list(itertools.permutations(range(n)))
    # 0, 1, n-1, 2, n-2, ...: the differences of neighbours are all different.
    first = [0, *(k // 2 + 1 if k % 2 == 0 else n - (k + 1) // 2 for k in range(n - 1))]
    square = [tuple((place + row) % n for place in first) for row in range(n)]
    return square if n % 2 == 0 else square + [order[::-1] for order in square]


def rounds_of(n: int, rounds: int) -> list[Order]:
    """Return at least `rounds` orders: whole balanced sets, each shuffled (with a seed)."""
    orders, shuffle = balanced(n), random.Random(0).shuffle
    taken: list[Order] = []
    while len(taken) < rounds:
        shuffle(orders)
        taken += orders
    return taken
