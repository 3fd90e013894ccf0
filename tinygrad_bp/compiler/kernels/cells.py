"""What one unit of a recurrent layer computes in a step, and backward: text for `recurrences`.

Names in braces are filled in there: pointers, the elements that an expression stands for, and
numbers: ``n`` sequences, ``H`` units, ``G`` gates, ``R`` rows; ``U`` and ``D`` are how far apart
the rows of the sums and of the state's gradient lie. In the loop around it `r` is a sequence of the
block that begins with `first`, `j` a unit, `t` the step, `row` its first row of this block, and
`back` that of the step before.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CELLS", "Cell"]


@dataclass(frozen=True)
class Cell:
    """A kind of layer.

    Attributes
    ----------
    gates, states : int
        How many gates a unit has, and numbers that outlive a step.
    forward, backward : str
        Lines.
    parts : int
        What lies before the states in the output, in units.
    apart : bool
        Whether h Wᵀ is kept apart from what comes of the input.
    """

    gates: int
    states: int
    forward: str
    backward: str
    parts: int = 0
    apart: bool = False

    def outputs(self, hidden: int, rows: int) -> list[tuple[int, int]]:
        """List where the states begin in the output, and how wide they are: h, and then c."""
        before = [(self.parts - k) * hidden * rows for k in range(self.states)]
        return [(start, hidden) for start in before]


_PLACES = """
p = t * {nG} + (first + r) * {H} + j
m = (row + r) * {H} + j
x = (first + r) * {H} + j
"""

_LSTM = """
y = (first + r) * {U} + j
i = sigmoid{w}({u}[y])
f = sigmoid{w}({u}[y + {H}])
g = tanh{w}({u}[y + 2 * {H}])
o = sigmoid{w}({u}[y + 3 * {H}])
c = f * {c}[x] + i * g
h = o * tanh{w}(c)
{out}[p] = i
{out}[p + {nH}] = f
{out}[p + 2 * {nH}] = g
{out}[p + 3 * {nH}] = o
{out}[{RG} + m] = c
{out}[{RG} + {RH} + m] = h
{c}[x] = c
{h}[x] = h
"""

_LSTM_BACK = """
i = {out}[p]
f = {out}[p + {nH}]
g = {out}[p + 2 * {nH}]
o = {out}[p + 3 * {nH}]
bent = tanh{w}({out}[{RG} + m])
old = {out}[{RG} + (back + r) * {H} + j]
begun = {start1}
old = begun if s == {last} else old
dh = {dh}[(first + r) * {D} + j] + {g0}
dc = dh * (o * ({t}(1) - bent * bent)) + {g1} + {dc}[x]
e = (row + r) * {G} + j
{to}[e] = dc * g * (i * ({t}(1) - i))
{to}[e + {H}] = dc * old * (f * ({t}(1) - f))
{to}[e + 2 * {H}] = dc * i * ({t}(1) - g * g)
{to}[e + 3 * {H}] = dh * bent * (o * ({t}(1) - o))
{dc}[x] = dc * f
"""

_GRU = """
y = (first + r) * {U} + j
v = {u}[y + 2 * {H}]
i = sigmoid{w}({a0} + {u}[y])
z = sigmoid{w}({a1} + {u}[y + {H}])
g = tanh{w}({a2} + i * v)
h = z * ({h}[x] - g) + g
{out}[p] = i
{out}[p + {nH}] = z
{out}[p + 2 * {nH}] = g
{out}[{RG} + m] = v
{out}[{RG} + {RH} + m] = h
{h}[x] = h
"""

_GRU_BACK = """
i = {out}[p]
z = {out}[p + {nH}]
g = {out}[p + 2 * {nH}]
old = {out}[{RG} + {RH} + (back + r) * {H} + j]
begun = {start0}
old = begun if s == {last} else old
dh = {dh}[(first + r) * {D} + j] + {g0}
rest = dh * z
dg = (dh - rest) * ({t}(1) - g * g)
dz = dh * (old - g) * (z * ({t}(1) - z))
di = dg * {out}[{RG} + m] * (i * ({t}(1) - i))
e = (row + r) * {G} + j
{to}[e] = di
{to}[e + {H}] = dz
{to}[e + 2 * {H}] = dg
{to}[{RG} + e] = di
{to}[{RG} + e + {H}] = dz
{to}[{RG} + e + 2 * {H}] = dg * i
{dh}[(first + r) * {D} + j] = rest
"""

_RNN = """
y = (first + r) * {U} + j
h = CURVE
{out}[m] = h
{h}[x] = h
"""

_RNN_BACK = """
h = {out}[m]
dh = {dh}[(first + r) * {D} + j] + {g0}
{to}[(row + r) * {G} + j] = dh * (SLOPE)
"""


def _rnn(curve: str, slope: str) -> Cell:
    return Cell(1, 1, _PLACES + _RNN.replace("CURVE", curve),
                _PLACES + _RNN_BACK.replace("SLOPE", slope))  # fmt: skip


CELLS = {
    "lstm": Cell(4, 2, _PLACES + _LSTM, _PLACES + _LSTM_BACK, parts=5),
    "gru": Cell(3, 1, _PLACES + _GRU, _PLACES + _GRU_BACK, parts=4, apart=True),
    "rnn": _rnn("tanh{w}({u}[y])", "{t}(1) - h * h"),
    "relu": _rnn("larger({u}[y], {t}(0))", "{t}(1) if h > 0 else {t}(0)"),
}
