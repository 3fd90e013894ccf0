"""How every operation of the table is written: a template an operation, text and TeX side by side.

A template is a line of a table, keyed by the name of the operation; :mod:`.grammar` says how to
read one. What depends on shapes or on several operands at once is a function of the same kind.
"""

from __future__ import annotations

from .activations import ACTIVATIONS
from .arithmetic import ARITHMETIC
from .elementwise import ELEMENTWISE
from .functions import FUNCTIONS
from .grammar import Template, Writer
from .layers import LAYERS
from .linear import LINEAR
from .losses import LOSSES
from .places import PLACES
from .reductions import REDUCTIONS
from .shapes import SHAPES

__all__ = ["TEMPLATES", "Template", "Writer"]

#: Name of an operation -> how it is written.
TEMPLATES: dict[str, Writer] = {
    **ARITHMETIC, **ELEMENTWISE, **ACTIVATIONS, **FUNCTIONS, **LINEAR, **REDUCTIONS, **SHAPES,
    **PLACES, **LAYERS, **LOSSES,
}  # fmt: skip
