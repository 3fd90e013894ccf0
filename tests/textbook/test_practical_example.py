"""Note 2, part B section 3: the worked example is right, its table of epochs is not."""

import math

import numpy as np
import pytest

from tinygrad_bp.textbook import DeltaRuleNetwork, output_error, sigmoid, worked_example

EPOCHS = (1, 2, 5, 20, 50)
TABLE = {  # epoch: output, error, Δw, as printed in the notes
    1: (0.600, 0.072, 0.0036),
    2: (0.604, 0.068, 0.0034),
    5: (0.620, 0.055, 0.0027),
    20: (0.750, 0.020, 0.0010),
    50: (0.880, 0.003, 0.0001),
}
# What makes the given outputs come true: σ(0.6 · 1 + θ_h) = 0.5 and σ(0.4 · 0.5 + θ) = 0.6
THETA_HIDDEN = -0.6
THETA_OUT = math.log(0.6 / 0.4) - 0.2


def follow(net, x):
    """Output, Err and Δw of the output weight at every epoch, from 1."""
    rows = []
    for _ in range(max(EPOCHS)):
        O = net.forward(x)
        Err = net.errors(O, [0.9])
        before = float(net.weights[-1][0, 0])
        net.learn(x, [0.9])
        rows.append((float(O[-1][0]), float(Err[-1][0]), float(net.weights[-1][0, 0]) - before))
    return {epoch: rows[epoch - 1] for epoch in EPOCHS}


def two_weights(hidden=THETA_HIDDEN, out=THETA_OUT, **options):
    return follow(DeltaRuleNetwork([[[0.6]], [[0.4]]], [[hidden], [out]], **options), [1.0])


READINGS = {
    "output weight only": lambda: follow(
        DeltaRuleNetwork([[[0.4]]], [[THETA_OUT]], learn_biases=False), [0.5]
    ),
    "both weights": lambda: two_weights(learn_biases=False),
    "both weights and biases": two_weights,
    "no biases at all": lambda: two_weights(0.0, 0.0, learn_biases=False),
    "biases learned from zero": lambda: two_weights(0.0, 0.0),
}
# reading: output at epochs 1, 2, 5, 20, 50
OUTPUTS = {
    "output weight only": (0.6000, 0.6004, 0.6017, 0.6080, 0.6201),
    "both weights": (0.6000, 0.6004, 0.6018, 0.6085, 0.6216),
    "both weights and biases": (0.6000, 0.6022, 0.6086, 0.6379, 0.6843),
    "no biases at all": (0.5642, 0.5651, 0.5676, 0.5803, 0.6041),
    "biases learned from zero": (0.5642, 0.5671, 0.5756, 0.6141, 0.6730),
}


def test_every_number_of_the_example():
    example = worked_example()
    assert example.Err_out == pytest.approx(0.072)  # 0.6 · 0.4 · 0.3
    assert example.dw_out == pytest.approx(0.0036)  # 0.1 · 0.072 · 0.5
    assert example.new_w_out == pytest.approx(0.4036)
    assert example.Err_hidden == pytest.approx(0.0072)  # 0.25 · 0.4 · 0.072
    assert example.dw_in == pytest.approx(0.00072)  # 0.1 · 0.0072 · 1
    assert example.new_w_in == pytest.approx(0.60072)


def test_hidden_error_of_the_example_uses_the_old_weight():
    example = worked_example()
    assert 0.25 * example.new_w_out * example.Err_out == pytest.approx(0.0072648)  # wrong
    assert example.Err_hidden == pytest.approx(0.0072)


def test_the_update_pushes_the_output_towards_the_target():
    (_, second) = (READINGS["output weight only"]()[epoch][0] for epoch in (1, 2))
    assert 0.6 < second < 0.9


def test_given_outputs_do_not_follow_from_the_given_weights():
    assert sigmoid(0.6 * 1.0) == pytest.approx(0.6457, abs=5e-5)  # O_hidden is given as 0.5
    assert sigmoid(0.4 * 0.5) == pytest.approx(0.5498, abs=5e-5)  # O_out is given as 0.6
    assert sigmoid(0.4 * sigmoid(0.6)) == pytest.approx(0.5642, abs=5e-5)  # from the input on


def test_biases_that_make_the_example_consistent():
    assert pytest.approx(0.2055, abs=5e-5) == THETA_OUT
    net = DeltaRuleNetwork([[[0.6]], [[0.4]]], [[THETA_HIDDEN], [THETA_OUT]])
    _, hidden, out = net.forward([1.0])
    assert (float(hidden[0]), float(out[0])) == (pytest.approx(0.5), pytest.approx(0.6))
    net.learn([1.0], [0.9])
    assert float(net.weights[1][0, 0]) == pytest.approx(0.4036)
    assert float(net.weights[0][0, 0]) == pytest.approx(0.60072)


@pytest.mark.parametrize("reading", READINGS)
def test_what_the_rule_really_gives(reading):
    rows = READINGS[reading]()
    assert tuple(round(rows[epoch][0], 4) for epoch in EPOCHS) == OUTPUTS[reading]


@pytest.mark.parametrize("reading", READINGS)
def test_no_reading_gives_the_table(reading):
    rows = READINGS[reading]()
    for epoch in (2, 5, 20, 50):
        output, err, dw = rows[epoch]
        # Not within ten times the rounding of the table's last digits, in any column at once.
        assert output < TABLE[epoch][0] - 0.0015
        assert abs(err - TABLE[epoch][1]) > 0.0015 or abs(dw - TABLE[epoch][2]) > 0.0003


def test_all_columns_of_the_most_generous_reading():
    rows = READINGS["both weights and biases"]()
    rounded = {epoch: tuple(round(x, 4) for x in rows[epoch]) for epoch in EPOCHS}
    assert rounded == {
        1: (0.6, 0.072, 0.0036),
        2: (0.6022, 0.0713, 0.0036),
        5: (0.6086, 0.0694, 0.0035),
        20: (0.6379, 0.0605, 0.0031),
        50: (0.6843, 0.0466, 0.0024),
    }


def test_errors_of_the_table_do_not_follow_from_its_outputs():
    true = {epoch: float(output_error(TABLE[epoch][0], 0.9)) for epoch in EPOCHS}
    assert {epoch: round(err, 4) for epoch, err in true.items()} == {
        1: 0.072,
        2: 0.0708,  # the table: 0.068
        5: 0.0660,  # 0.055
        20: 0.0281,  # 0.020
        50: 0.0021,  # 0.003
    }


def test_weight_changes_of_the_table_follow_from_its_errors():
    # Δw = 0.1 · Err · 0.5, with O_hidden fixed: right to the table's rounding (epoch 50: 0.00015).
    for _, err, dw in TABLE.values():
        assert 0.1 * err * 0.5 == pytest.approx(dw, abs=0.00006)


def test_an_output_weight_alone_cannot_reach_0_880_in_50_epochs():
    # Err falls from 0.072 on, so 49 updates add less than 49 · 0.0036 to w: net input + 0.0882.
    bound = float(sigmoid(math.log(0.6 / 0.4) + 49 * 0.0036 * 0.5))
    assert bound == pytest.approx(0.6210, abs=5e-5)
    assert READINGS["output weight only"]()[50][0] < bound < 0.880


def test_the_tables_own_weight_changes_cannot_move_the_output_that_far():
    # Δw as printed, held until the next row (an upper bound, as Δw falls).
    total = 1 * 0.0036 + 3 * 0.0034 + 15 * 0.0027 + 30 * 0.0010
    assert total == pytest.approx(0.0843)
    assert sigmoid(math.log(0.6 / 0.4) + 0.5 * total) == pytest.approx(0.6101, abs=1e-4)
    # 0.880 would need the net input to grow by logit 0.88 − logit 0.6:
    assert math.log(0.88 / 0.12) - math.log(1.5) == pytest.approx(1.587, abs=1e-3)


def test_epochs_the_rule_needs_to_reach_the_tables_outputs():
    net = DeltaRuleNetwork([[[0.6]], [[0.4]]], [[THETA_HIDDEN], [THETA_OUT]])
    first = {}
    for epoch in range(1, 1001):
        output = float(net.forward([1.0])[-1][0])
        for target in (0.750, 0.880):
            if output >= target:
                first.setdefault(target, epoch)
        net.learn([1.0], [0.9])
    assert first == {0.750: 118, 0.880: 938}  # the table: 20 and 50


def test_momentum_makes_the_outputs_come_close_but_not_the_weight_changes():
    rows = two_weights(mu=0.9)
    assert [round(rows[epoch][0], 3) for epoch in EPOCHS] == [0.6, 0.602, 0.619, 0.772, 0.875]
    # With momentum Δw must grow at first, and the table's falls.
    assert round(rows[5][2], 4) == 0.0142
    assert TABLE[5][2] == 0.0027


def test_a_larger_rate_does_not_give_the_table_either():
    # Epoch 1 fixes the rate: Δw = l · 0.072 · 0.5 = 0.0036 only for l = 0.1.
    rows = two_weights(l=1.0)
    assert rows[1][2] == pytest.approx(0.036)
    assert round(rows[50][0], 3) == 0.854


def test_the_output_does_converge_to_the_target_in_the_end():
    net = DeltaRuleNetwork([[[0.6]], [[0.4]]], [[THETA_HIDDEN], [THETA_OUT]], l=5.0)
    outputs = []
    for _ in range(200):
        outputs.append(float(net.forward([1.0])[-1][0]))
        net.learn([1.0], [0.9])
    assert np.all(np.diff(outputs) > -1e-12)
    assert outputs[-1] == pytest.approx(0.9, abs=1e-3)
