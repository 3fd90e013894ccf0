"""The practical example of "Classification by Backpropagation", part B section 3."""

from dataclasses import dataclass

from .delta_rule import hidden_error, output_error


@dataclass(frozen=True)
class WorkedExample:
    """Every number of the notes' practical example, in the order of its steps."""

    Err_out: float
    dw_out: float
    new_w_out: float
    Err_hidden: float
    dw_in: float
    new_w_in: float


def worked_example(
    *,
    O_out: float = 0.6,
    T: float = 0.9,
    l: float = 0.1,
    O_hidden: float = 0.5,
    w_out: float = 0.4,
    w_in: float = 0.6,
    O_input: float = 1.0,
) -> WorkedExample:
    """Follow one update of a 1-1-1 network, from numbers that are simply given.

    Err_out = O(1−O)(T−O) → Δw = l·Err·O_hidden → Err_hidden = O_h(1−O_h)·w·Err_out → Δw_in

    Parameters
    ----------
    O_out, T, l, O_hidden, w_out, w_in, O_input : float
        Output, target, learning rate, hidden output, both weights, input: the notes' by default.

    Returns
    -------
    WorkedExample
        All intermediate numbers.

    Examples
    --------
    >>> example = worked_example()
    >>> round(example.Err_out, 6), round(example.dw_out, 6), round(example.new_w_out, 6)
    (0.072, 0.0036, 0.4036)
    >>> round(example.Err_hidden, 6), round(example.dw_in, 6), round(example.new_w_in, 6)
    (0.0072, 0.00072, 0.60072)

    Notes
    -----
    Part B section 3. The hidden error uses the **old** w_out, 0.4, as it must.
    """
    Err_out = float(output_error(O_out, T))
    dw_out = l * Err_out * O_hidden
    Err_hidden = float(hidden_error([O_hidden], [[w_out]], [Err_out])[0])
    dw_in = l * Err_hidden * O_input
    return WorkedExample(Err_out, dw_out, w_out + dw_out, Err_hidden, dw_in, w_in + dw_in)
