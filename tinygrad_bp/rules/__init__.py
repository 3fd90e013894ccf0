"""The rule table: every operation with its chain rule, by kind.

Start with `elementwise`; `shape` and `index` hold the linear maps in adjoint pairs.
"""
