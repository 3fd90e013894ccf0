"""PyTorch's functions over the rule table: its names, argument names and defaults, a kind a file.

They take anything whose type runs operations of the table (a Tensor, a formula); `dispatch` makes
the same functions methods.
"""
