"""Algebra on formulas.

Read in this order:

- ``forms``: sums of products, the normal form;
- ``arithmetic``, ``expansion``: how to calculate with them, and which is the simplest;
- ``reader``, with ``elementwise``, ``sums``, ``classes``: what operations mean, formula -> form;
- ``patterns``, ``definitions``, ``properties``: what may be put in place of what;
- ``writing``: form -> formula.
"""
