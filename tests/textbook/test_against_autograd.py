"""The graph finds the notes' formulas by itself: autograd against everything derived by hand.

Both sides compute in float64, and agree to 1e-12 in this measure, the largest over the entries::

    |a − b| / max(|b|, terms / 100)

a is autograd's number, b the notes', and `terms` what their formula adds up, in absolute value:
(1/m) Σ |dZ| |A| for (1/m) Σ dZ A. It is the plain relative error until the terms cancel to less
than a hundredth of themselves; from there on b has lost those digits itself, and the terms are the
measure (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, equation 3.5). Where all
terms are 0, as behind a ReLU that is off, only an exact 0 will do.
"""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_bp as tgb
from tinygrad_bp import nn, optim
from tinygrad_bp import textbook as tb
from tinygrad_bp.nn import functional as F

TOLERANCE = 1e-12
SEEDS = st.integers(0, 2**32 - 1)
UNITS = st.integers(1, 12)
BATCH = st.integers(1, 24)
NUMBERS = hnp.arrays(np.float64, st.integers(1, 20), elements=st.floats(-30, 30))

# Any time limit of Hypothesis' own would be a test of the machine.
forall = settings(deadline=None, max_examples=60)


def relative_error(a, b, terms=0.0):
    """Return the measure of this module's first lines."""
    if isinstance(a, tgb.Tensor):
        a = a.detach().numpy()
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    assert a.dtype == b.dtype == np.float64
    tiny = np.finfo(np.float64).tiny
    below = np.maximum(np.maximum(np.abs(b), np.asarray(terms) / 100), tiny)
    return float(np.max(np.abs(a - b) / below, initial=0.0))


def check(**pairs):
    """Compare, for each name, (autograd's, the notes', their terms)."""
    errors = {name: relative_error(*pair) for name, pair in pairs.items()}
    assert max(errors.values()) <= TOLERANCE, errors


def leaf(array):
    return tgb.tensor(np.array(array, dtype=np.float64), requires_grad=True)


def constant(array):
    return tgb.tensor(np.array(array, dtype=np.float64))


def column(bias):
    """Return the gradient of a bias (n,) as the notes' (n, 1)."""
    return bias.grad.unsqueeze(1)


# ------------------------------------------------------------- the measure measures what it says


def test_the_measure():
    assert relative_error(np.array([1.0, 2.2]), np.array([1.0, 2.0])) == pytest.approx(0.1)
    assert relative_error(np.array([0.0]), np.array([0.0])) == 0
    assert relative_error(np.array([1e-30]), np.array([0.0])) > 1e200  # nothing added: exactly 0
    assert relative_error(np.array([1e-16]), np.array([0.0]), [1.0]) == pytest.approx(1e-14)
    assert relative_error(np.zeros((0, 3)), np.zeros((0, 3))) == 0


def test_a_wrong_formula_is_noticed():
    net, X, Y, labels = two_layers(3, 4, 3, 5, seed=0)
    g, terms = by_hand(net, X, Y)
    model = rows_model(net, nn.ReLU())
    F.cross_entropy(model(constant(X.T)), labels).backward()
    check(dW2=(model[2].weight.grad, g.dW2, terms.dW2))
    with pytest.raises(AssertionError, match="dW2"):
        check(dW2=(model[2].weight.grad, g.dW2 * (1 + 1e-11), terms.dW2))


# ------------------------------------------------------------------- note 1: ReLU, then softmax


def two_layers(n_x, n_h, c, m, seed):
    """Return the notes' network with random biases too, samples, one-hot and class targets."""
    rng = np.random.default_rng(seed)
    net = tb.TwoLayerSoftmax.from_sizes(n_x, n_h, c, rng=rng)
    net.b1[:], net.b2[:] = rng.normal(size=net.b1.shape), rng.normal(size=net.b2.shape)
    labels = rng.integers(c, size=m)
    return net, rng.normal(size=(n_x, m)), tb.one_hot(labels, c), tgb.tensor(labels)


def by_hand(net, X, Y):
    """Return the notes' six derivatives, and the sums of what each adds up, in absolute value."""
    net.forward(X)
    g = net.backward(X, Y)
    m = X.shape[1]
    dZ2 = net.A2 + Y
    dZ1 = np.abs(net.W2).T @ dZ2 * tb.relu_derivative(net.Z1)
    terms = tb.two_layer_softmax.TwoLayerGradients(
        dZ2,
        dZ2 @ net.A1.T / m,
        dZ2.sum(axis=1, keepdims=True) / m,
        dZ1,
        dZ1 @ np.abs(X).T / m,
        dZ1.sum(axis=1, keepdims=True) / m,
    )
    return g, terms


def rows_model(net, activation, end=None):
    """Return the same network in PyTorch's convention: samples in rows, x Wᵀ + b."""
    n_h, n_x = net.W1.shape
    c = net.W2.shape[0]
    layers = [nn.Linear(n_x, n_h), activation, nn.Linear(n_h, c), *([end] if end else [])]
    model = nn.Sequential(*layers).to(tgb.float64)
    with tgb.no_grad():
        for layer, W, b in ((model[0], net.W1, net.b1), (model[2], net.W2, net.b2)):
            layer.weight.copy_(tgb.tensor(W))
            layer.bias.copy_(tgb.tensor(b[:, 0]))
    return model


@forall
@given(UNITS, UNITS, UNITS, BATCH, SEEDS)
def test_the_six_derivatives_of_note_1_with_samples_as_columns(n_x, n_h, c, m, seed):
    net, X, Y, _ = two_layers(n_x, n_h, c, m, seed)
    W1, b1, W2, b2 = (leaf(p) for p in (net.W1, net.b1, net.W2, net.b2))
    Z1 = W1 @ constant(X) + b1
    A1 = tgb.relu(Z1)
    Z2 = W2 @ A1 + b2
    A2 = tgb.softmax(Z2, dim=0)
    J = -(constant(Y) * tgb.log(A2)).sum() / m
    Z1.retain_grad()
    Z2.retain_grad()
    J.backward()
    g, terms = by_hand(net, X, Y)
    check(
        J=(J, np.float64(net.loss(Y)), 1.0),
        # The notes' dZ is that of the sum over samples, J their mean.
        dZ2=(Z2.grad * m, g.dZ2, terms.dZ2),
        dW2=(W2.grad, g.dW2, terms.dW2),
        dB2=(b2.grad, g.dB2, terms.dB2),
        dZ1=(Z1.grad * m, g.dZ1, terms.dZ1),
        dW1=(W1.grad, g.dW1, terms.dW1),
        dB1=(b1.grad, g.dB1, terms.dB1),
    )


@forall
@given(UNITS, UNITS, UNITS, BATCH, SEEDS)
def test_the_six_derivatives_of_note_1_with_samples_as_rows(n_x, n_h, c, m, seed):
    net, X, Y, labels = two_layers(n_x, n_h, c, m, seed)
    model = rows_model(net, nn.ReLU())
    Z1 = model[0](constant(X.T))
    Z2 = model[2](model[1](Z1))
    Z1.retain_grad()
    Z2.retain_grad()
    J = F.cross_entropy(Z2, labels)
    J.backward()
    g, terms = by_hand(net, X, Y)
    check(
        J=(J, np.float64(net.loss(Y)), 1.0),
        dZ2=(Z2.grad.T * m, g.dZ2, terms.dZ2),
        dW2=(model[2].weight.grad, g.dW2, terms.dW2),
        dB2=(column(model[2].bias), g.dB2, terms.dB2),
        dZ1=(Z1.grad.T * m, g.dZ1, terms.dZ1),
        dW1=(model[0].weight.grad, g.dW1, terms.dW1),
        dB1=(column(model[0].bias), g.dB1, terms.dB1),
    )


@forall
@given(st.integers(2, 12), BATCH, SEEDS)
def test_dA2_of_note_1_is_minus_Y_over_A2(c, m, seed):
    rng = np.random.default_rng(seed)
    A2, Y = tb.softmax(rng.normal(size=(c, m))), tb.one_hot(rng.integers(c, size=m), c)
    A = leaf(A2)
    (-(constant(Y) * tgb.log(A)).sum()).backward()
    check(dA2=(A.grad, tb.categorical_cross_entropy_derivative(Y, A2)))


@forall
@given(st.integers(1, 8), SEEDS)
def test_the_softmax_jacobian(c, seed):
    z = np.random.default_rng(seed).normal(size=c)
    J = tgb.autograd.functional.jacobian(lambda z: tgb.softmax(z, dim=0), constant(z))
    a = tb.softmax(z)
    check(jacobian=(J, tb.softmax_jacobian(a), np.diag(a) + np.outer(a, a)))


# ---------------------------------------------------------------- note 2: SimpleNN, sigmoid twice


def simple_nn(n_x, n_h, n_y, m, seed, lr=0.1):
    rng = np.random.default_rng(seed)
    net = tb.SimpleNN(n_x, n_h, n_y, lr, rng=rng)
    net.b1[:], net.b2[:] = rng.normal(size=net.b1.shape), rng.normal(size=net.b2.shape)
    # Targets between 0 and 1 too: the formulas do not need a plain yes or no.
    y = np.where(rng.random((n_y, m)) < 0.7, rng.integers(2, size=(n_y, m)), rng.random((n_y, m)))
    return net, rng.normal(size=(n_x, m)), y


def simple_by_hand(net, X, y):
    g = net.gradients(X, y)
    m = X.shape[1]
    dz2 = net.a2 + y
    da1 = np.abs(net.W2).T @ dz2
    dz1 = da1 * net.a1 * (1 + net.a1)
    terms = tb.SimpleNNGradients(
        dz2,
        dz2 @ net.a1.T / m,
        dz2.sum(axis=1, keepdims=True) / m,
        da1,
        dz1,
        dz1 @ np.abs(X).T / m,
        dz1.sum(axis=1, keepdims=True) / m,
    )
    return g, terms


@forall
@given(UNITS, UNITS, UNITS, BATCH, SEEDS)
def test_the_seven_derivatives_of_simple_nn_with_samples_as_columns(n_x, n_h, n_y, m, seed):
    net, X, y = simple_nn(n_x, n_h, n_y, m, seed)
    g, terms = simple_by_hand(net, X, y)
    W1, b1, W2, b2 = (leaf(p) for p in (net.W1, net.b1, net.W2, net.b2))
    z1 = W1 @ constant(X) + b1
    a1 = tgb.sigmoid(z1)
    z2 = W2 @ a1 + b2
    for kept in (z1, a1, z2):
        kept.retain_grad()
    # Binary cross-entropy, summed over outputs and averaged over samples: not the squared error
    # that the notes' `train` prints. −log σ(z) = log(1 + e⁻ᶻ), as in `SimpleNN.cross_entropy`.
    J = (F.softplus(z2, threshold=float("inf")) - constant(y) * z2).sum() / m
    J.backward()
    check(
        J=(J, np.float64(net.cross_entropy(X, y)), 1.0),
        dz2=(z2.grad * m, g.dz2, terms.dz2),
        dW2=(W2.grad, g.dW2, terms.dW2),
        db2=(b2.grad, g.db2, terms.db2),
        da1=(a1.grad * m, g.da1, terms.da1),
        dz1=(z1.grad * m, g.dz1, terms.dz1),
        dW1=(W1.grad, g.dW1, terms.dW1),
        db1=(b1.grad, g.db1, terms.db1),
    )


@forall
@given(UNITS, UNITS, UNITS, BATCH, SEEDS, st.booleans())
def test_the_seven_derivatives_of_simple_nn_with_samples_as_rows(n_x, n_h, n_y, m, seed, logits):
    net, X, y = simple_nn(n_x, n_h, n_y, m, seed)
    g, terms = simple_by_hand(net, X, y)
    model = rows_model(net, nn.Sigmoid())
    z1 = model[0](constant(X.T))
    a1 = model[1](z1)
    z2 = model[2](a1)
    for kept in (z1, a1, z2):
        kept.retain_grad()
    # The mean of PyTorch is over the outputs as well, the notes' over the samples alone.
    if logits:
        J = F.binary_cross_entropy_with_logits(z2, constant(y.T)) * n_y
    else:
        J = F.binary_cross_entropy(tgb.sigmoid(z2), constant(y.T)) * n_y
    J.backward()
    check(
        J=(J, np.float64(net.cross_entropy(X, y)), 1.0),
        dz2=(z2.grad.T * m, g.dz2, terms.dz2),
        dW2=(model[2].weight.grad, g.dW2, terms.dW2),
        db2=(column(model[2].bias), g.db2, terms.db2),
        da1=(a1.grad.T * m, g.da1, terms.da1),
        dz1=(z1.grad.T * m, g.dz1, terms.dz1),
        dW1=(model[0].weight.grad, g.dW1, terms.dW1),
        db1=(column(model[0].bias), g.db1, terms.db1),
    )


@forall
@given(UNITS, BATCH, SEEDS)
def test_the_squared_error_needs_the_factor_that_the_notes_leave_out(n_x, m, seed):
    net, X, y = simple_nn(n_x, 3, 1, m, seed)
    net.forward(X)
    z2 = leaf(net.z2)
    (0.5 * (constant(y) - tgb.sigmoid(z2)) ** 2).sum().backward()
    a2 = net.a2
    check(dz2=(z2.grad, (a2 - y) * a2 * (1 - a2), (a2 + y) * a2 * (1 + a2)))


# ----------------------------------------------------------------------- note 2: the delta rule


def delta_network(sizes, seed, **options):
    rng = np.random.default_rng(seed)
    net = tb.DeltaRuleNetwork.from_sizes(sizes, rng=rng, **options)
    return net, rng.normal(size=sizes[0]), rng.random(sizes[-1])


@forall
@given(st.lists(UNITS, min_size=2, max_size=5), SEEDS, st.floats(0.01, 2.0))
def test_the_delta_rule_is_minus_l_times_the_gradient(sizes, seed, l):
    net, x, T = delta_network(sizes, seed, l=l)
    weights, biases = [leaf(w) for w in net.weights], [leaf(theta) for theta in net.biases]
    O, nets = constant(x), []
    for w, theta in zip(weights, biases, strict=True):
        I = w.T @ O + theta
        I.retain_grad()
        nets.append(I)
        O = tgb.sigmoid(I)
    E = 0.5 * ((constant(T) - O) ** 2).sum()
    E.backward()

    outputs = net.forward(x)
    Err = net.errors(outputs, T)
    terms = [outputs[-1] * (1 + outputs[-1]) * (T + outputs[-1])]
    for w, O_j in zip(net.weights[:0:-1], outputs[-2:0:-1], strict=True):
        terms.insert(0, O_j * (1 + O_j) * (np.abs(w) @ terms[0]))
    before = [[p.copy() for p in group] for group in (net.weights, net.biases)]
    assert net.learn(x, T) == pytest.approx(float(E), rel=1e-12)
    for k in range(len(sizes) - 1):
        dw, dtheta = l * np.outer(outputs[k], Err[k]), l * Err[k]
        dw_terms = l * np.outer(np.abs(outputs[k]), terms[k])
        check(
            Err=(-nets[k].grad, Err[k], terms[k]),
            dw=(-l * weights[k].grad, dw, dw_terms),
            dtheta=(-l * biases[k].grad, dtheta, l * terms[k]),
            w=(
                weights[k] - l * weights[k].grad,
                net.weights[k],
                np.abs(before[0][k]) + dw_terms,
            ),
            theta=(
                biases[k] - l * biases[k].grad,
                net.biases[k],
                np.abs(before[1][k]) + l * terms[k],
            ),
        )


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(1, 6), min_size=2, max_size=4), SEEDS, st.floats(0, 0.95))
def test_the_delta_rule_with_momentum_is_sgd_one_sample_at_a_time(sizes, seed, mu):
    net, _, _ = delta_network(sizes, seed, l=0.3, mu=mu)
    rng = np.random.default_rng(seed)
    X, T = rng.normal(size=(sizes[0], 10)), rng.random((sizes[-1], 10))
    weights, biases = [leaf(w) for w in net.weights], [leaf(theta) for theta in net.biases]
    optimizer = optim.SGD([*weights, *biases], lr=0.3, momentum=mu)
    for i in range(10):
        O = constant(X[:, i])
        for w, theta in zip(weights, biases, strict=True):
            O = tgb.sigmoid(O @ w + theta)
        optimizer.zero_grad()
        (0.5 * ((constant(T[:, i]) - O) ** 2).sum()).backward()
        optimizer.step()
    net.train(X, T, epochs=1)
    for w, theta, mine, mine_theta in zip(weights, biases, net.weights, net.biases, strict=True):
        check(w=(w, mine, 1.0), theta=(theta, mine_theta, 1.0))


# --------------------------------------------------------------- note 2: the worked example


def printed(number, text):
    """Whether a number is the printed one, to every digit of it and to 1e-12 beyond."""
    digits = len(text.partition(".")[2])
    return f"{number:.{digits}f}" == text and abs(number - float(text)) <= 1e-12 * float(text)


def test_every_printed_digit_of_the_worked_example_by_autograd():
    w_in, w_out = leaf(0.6), leaf(0.4)
    theta_hidden = constant(-0.6)  # σ(0.6 · 1 − 0.6) = 0.5
    theta_out = constant(np.log(0.6 / 0.4) - 0.2)  # σ(0.4 · 0.5 + θ) = 0.6
    I_hidden = w_in * 1.0 + theta_hidden
    O_hidden = tgb.sigmoid(I_hidden)
    I_out = w_out * O_hidden + theta_out
    O_out = tgb.sigmoid(I_out)
    I_hidden.retain_grad()
    I_out.retain_grad()
    assert printed(O_hidden.item(), "0.5")
    assert printed(O_out.item(), "0.6")
    optimizer = optim.SGD([w_in, w_out], lr=0.1)
    (0.5 * (0.9 - O_out) ** 2).backward()
    assert printed(-I_out.grad.item(), "0.072")
    assert printed(-0.1 * w_out.grad.item(), "0.0036")
    assert printed(-I_hidden.grad.item(), "0.0072")
    assert printed(-0.1 * w_in.grad.item(), "0.00072")
    optimizer.step()
    assert printed(w_out.item(), "0.4036")
    assert printed(w_in.item(), "0.60072")


@forall
@given(*[st.floats(0.05, 0.95) for _ in range(3)], *[st.floats(-2, 2) for _ in range(3)])
def test_the_worked_example_with_other_numbers(O_out, T, O_hidden, w_out, w_in, O_input):
    example = tb.worked_example(
        O_out=O_out, T=T, O_hidden=O_hidden, w_out=w_out, w_in=w_in, O_input=O_input
    )

    def logit(p):
        return np.log(p / (1 - p))

    v, w = leaf(w_in), leaf(w_out)
    hidden = v * O_input + (logit(O_hidden) - w_in * O_input)
    out = w * tgb.sigmoid(hidden) + (logit(O_out) - w_out * O_hidden)
    hidden.retain_grad()
    out.retain_grad()
    (0.5 * (T - tgb.sigmoid(out)) ** 2).backward()
    err_out = O_out * (1 + O_out) * (T + O_out)
    err_hidden = O_hidden * (1 + O_hidden) * abs(w_out) * err_out
    check(
        Err_out=(-out.grad, example.Err_out, err_out),
        dw_out=(-0.1 * w.grad, example.dw_out, 0.1 * err_out * O_hidden),
        new_w_out=(w - 0.1 * w.grad, example.new_w_out, 1.0),
        Err_hidden=(-hidden.grad, example.Err_hidden, err_hidden),
        # A product by O_input = 1e-310, say, has fewer digits: it is subnormal.
        dw_in=(-0.1 * v.grad, example.dw_in, 0.1 * err_hidden * abs(O_input) + 1e-300),
        new_w_in=(v - 0.1 * v.grad, example.new_w_in, 1.0),
    )


# ----------------------------------------------------------------------- activations and losses

ACTIVATIONS = {
    # Two sums, e⁻ᶻ + 1 and 1 − a, stand in σ′: its terms are a + a².
    "sigmoid": (tgb.sigmoid, tb.sigmoid, lambda z, a: tb.sigmoid_derivative(a), lambda a: a + a**2),
    "tanh": (tgb.tanh, tb.tanh, lambda z, a: tb.tanh_derivative(a), lambda a: 1 + a**2),
    "relu": (tgb.relu, tb.relu, lambda z, a: tb.relu_derivative(z), lambda a: 0 * a),
    "leaky_relu": (
        F.leaky_relu,
        tb.leaky_relu,
        lambda z, a: tb.leaky_relu_derivative(z),
        lambda a: 0 * a,
    ),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@settings(deadline=None)
@given(z=NUMBERS)
def test_activations_and_their_derivatives(name, z):
    function, by_formula, derivative, terms = ACTIVATIONS[name]
    x = leaf(z)
    out = function(x)
    out.sum().backward()
    a = by_formula(z)
    check(a=(out, a), slope=(x.grad, derivative(z, a), terms(a)))


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_at_the_kink_both_take_the_left_slope(name):
    function, by_formula, derivative, _ = ACTIVATIONS[name]
    x = leaf([0.0, -0.0])
    function(x).sum().backward()
    assert x.grad.tolist() == derivative(np.zeros(2), by_formula(np.zeros(2))).tolist()


@forall
@given(st.integers(1, 30), SEEDS)
def test_the_losses_and_their_derivatives(n, seed):
    rng = np.random.default_rng(seed)
    y, p = rng.integers(2, size=n).astype(float), rng.uniform(0.001, 0.999, n)
    target, wide = rng.normal(size=n), rng.normal(size=n)

    x = leaf(wide)
    half = 0.5 * (constant(target) - x) ** 2
    half.sum().backward()
    slope = tb.half_squared_error_derivative(target, wide)
    span = np.abs(target) + np.abs(wide)
    check(
        half=(half, tb.half_squared_error(target, wide), span**2),
        half_slope=(x.grad, slope, span),
    )
    x.grad = None
    mean = F.mse_loss(x, constant(target))
    mean.backward()
    check(
        mean=(mean, tb.mean_squared_error(target, wide), np.mean(span**2)),
        mean_slope=(x.grad, 2 * slope / n, span / n),  # twice the notes' "MSE", averaged
    )

    x = leaf(p)
    entropy = F.binary_cross_entropy(x, constant(y), reduction="none")
    entropy.sum().backward()
    check(
        # log p near p = 1 loses what p lost: its terms are 1 and 1 − p.
        bce=(entropy, tb.binary_cross_entropy(y, p), 1.0),
        bce_slope=(x.grad, tb.binary_cross_entropy_derivative(y, p), 1 / (p * (1 - p))),
    )


@forall
@given(st.integers(1, 10), BATCH, SEEDS)
def test_categorical_cross_entropy_in_both_conventions(c, m, seed):
    rng = np.random.default_rng(seed)
    A, labels = tb.softmax(rng.normal(size=(c, m))), rng.integers(c, size=m)
    Y = tb.one_hot(labels, c)
    expected, slope = (
        tb.categorical_cross_entropy(Y, A),
        tb.categorical_cross_entropy_derivative(Y, A),
    )
    columns, rows = leaf(A), leaf(A.T)
    loss = -(constant(Y) * tgb.log(columns)).sum(0)
    loss.sum().backward()
    picked = F.nll_loss(tgb.log(rows), tgb.tensor(labels), reduction="none")
    picked.sum().backward()
    check(
        columns=(loss, expected, 1.0),
        rows=(picked, expected, 1.0),
        columns_slope=(columns.grad, slope),
        rows_slope=(rows.grad.T, slope),
    )


# ------------------------------------------------------------------------------- optimizers


def zeros(w, n):
    return [np.zeros_like(w) for _ in range(n)]


OPTIMIZERS = {
    # name: (PyTorch's, with options; the notes' step (w, dw, t, state) → (w, state); arrays kept)
    "SGD": (
        lambda p: optim.SGD(p, lr=0.05),
        lambda w, dw, t: (tb.gradient_descent(w, dw, lr=0.05),),
        0,
    ),
    "SGD with momentum": (
        lambda p: optim.SGD(p, lr=0.05, momentum=0.9),
        lambda w, dw, t, delta: tb.momentum(w, dw, delta, lr=0.05, mu=0.9),
        1,
    ),
    "SGD with weight decay": (
        # λ Σ w² has the gradient 2 λ w, PyTorch's penalty is half as large.
        lambda p: optim.SGD(p, lr=0.05, weight_decay=2 * 0.1),
        lambda w, dw, t: (tb.gradient_descent(w, tb.l2_gradient(w, dw, 0.1), lr=0.05),),
        0,
    ),
    "Adagrad": (
        lambda p: optim.Adagrad(p, lr=0.05),
        lambda w, dw, t, s: tb.adagrad(w, dw, s, lr=0.05),
        1,
    ),
    "RMSprop": (
        lambda p: optim.RMSprop(p, lr=0.05, alpha=0.95),
        lambda w, dw, t, v: tb.rmsprop(w, dw, v, lr=0.05, alpha=0.95),
        1,
    ),
    "Adam": (
        lambda p: optim.Adam(p, lr=0.05),
        lambda w, dw, t, m, v: tb.adam(w, dw, m, v, t, lr=0.05),
        2,
    ),
    "Adam with other betas": (
        lambda p: optim.Adam(p, lr=0.02, betas=(0.5, 0.9), eps=1e-4),
        lambda w, dw, t, m, v: tb.adam(w, dw, m, v, t, lr=0.02, beta1=0.5, beta2=0.9, eps=1e-4),
        2,
    ),
    "AdamW": (
        lambda p: optim.AdamW(p, lr=0.05, weight_decay=0.3),
        lambda w, dw, t, m, v: tb.adamw(w, dw, m, v, t, lr=0.05, weight_decay=0.3),
        2,
    ),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@settings(deadline=None, max_examples=10)
@given(shape=hnp.array_shapes(max_dims=3, max_side=5), seed=SEEDS)
def test_optimizers_along_the_same_gradients(name, shape, seed):
    make, step, kept = OPTIMIZERS[name]
    rng = np.random.default_rng(seed)
    w = rng.normal(size=shape)
    parameter, state = leaf(w), zeros(w, kept)
    optimizer = make([parameter])
    travelled = np.abs(w)
    for t in range(1, 101):
        # Gradients of very different sizes, and exact zeros among them.
        dw = rng.normal(size=shape) * 10.0 ** rng.integers(-3, 3) * (rng.random(shape) < 0.9)
        parameter.grad = constant(dw)
        optimizer.step()
        before = w
        w, *state = step(w, dw, t, *state)
        travelled = travelled + np.abs(w - before)
    check(w=(parameter, w, travelled))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_on_a_loss(name):
    """Where every gradient depends on all steps before: ½ wᵀ H w − cᵀ w.

    A new c in each step, as another mini-batch: at rest in a minimum the gradient is rounding error
    alone, and the adaptive optimizers, which divide by its size, would blow just that up.
    """
    make, step, kept = OPTIMIZERS[name]
    rng = np.random.default_rng(0)
    root = rng.normal(size=(5, 5))
    H = root @ root.T / 5 + np.eye(5)
    w = rng.normal(size=5)
    parameter, state = leaf(w), zeros(w, kept)
    optimizer = make([parameter])
    for t in range(1, 301):
        c = rng.normal(size=5)
        optimizer.zero_grad()
        loss = 0.5 * parameter @ (constant(H) @ parameter) - constant(c) @ parameter
        loss.backward()
        optimizer.step()
        w, *state = step(w, H @ w - c, t, *state)
    check(w=(parameter, w, 1.0))


@forall
@given(st.integers(1, 20), SEEDS, st.floats(0.001, 2.0))
def test_penalties_and_clipping(n, seed, lam):
    rng = np.random.default_rng(seed)
    w, dw = rng.normal(size=n), rng.normal(size=n)
    w[: n // 3] = 0.0  # |w| has the slope 0 there, here and there
    both = {"l2": (lambda x: (x**2).sum(), tb.l2_penalty, tb.l2_gradient)}
    both["l1"] = (lambda x: x.abs().sum(), tb.l1_penalty, tb.l1_gradient)
    for penalty, number, gradient in both.values():
        x = leaf(w)
        extra = lam * penalty(x)
        ((x * constant(dw)).sum() + extra).backward()
        expected = gradient(w, dw, lam)
        check(
            penalty=(extra, number(w, lam)),
            gradient=(x.grad, expected, np.abs(dw) + np.abs(expected - dw)),
        )
    x = leaf(w)
    x.grad = constant(dw)
    nn.utils.clip_grad_norm_([x], lam)
    # PyTorch divides by ‖g‖ + 1e-6, the notes by ‖g‖: shorter by that share, and no more.
    share = 1e-6 / np.linalg.norm(dw) + TOLERANCE
    assert relative_error(x.grad, tb.clip_gradient(dw, lam)) <= share


# ---------------------------------------------------------------------------------- dropout


@forall
@given(st.integers(1, 6), st.floats(0.1, 1.0), SEEDS)
def test_the_expectation_of_both_dropout_conventions_over_all_masks(n, keep, seed):
    """Not sampled: all 2ⁿ masks, each with its probability; values and gradients."""
    rng = np.random.default_rng(seed)
    a, g = rng.normal(size=n), rng.normal(size=n)
    mean = {"notes": np.zeros(n), "pytorch": np.zeros(n)}
    slope = {"notes": np.zeros(n), "pytorch": np.zeros(n)}
    for mask in product([False, True], repeat=n):
        probability = np.prod(np.where(mask, keep, 1 - keep))
        stay = constant(mask)
        for convention, by_hand in (
            ("notes", tb.dropout_at_train(a, mask)),
            ("pytorch", tb.inverted_dropout(a, mask, keep)),
        ):
            x = leaf(a)
            out = x * stay if convention == "notes" else x * stay / keep
            (out * constant(g)).sum().backward()
            check(out=(out, by_hand))
            mean[convention] += probability * by_hand
            slope[convention] += probability * x.grad.numpy()
    at_test = tb.dropout_at_test(a, keep)
    check(
        notes=(mean["notes"], at_test),
        pytorch=(mean["pytorch"], a),
        notes_slope=(slope["notes"], keep * g),
        pytorch_slope=(slope["pytorch"], g),
    )


@pytest.mark.parametrize("keep", [0.25, 0.5, 0.8])
def test_F_dropout_is_inverted_dropout_of_the_mask_that_it_drew(keep):
    tgb.manual_seed(0)
    a = np.random.default_rng(0).normal(size=20_000)
    x = leaf(a)
    out = F.dropout(x, p=1 - keep)
    out.sum().backward()
    mask = x.grad.numpy() != 0
    check(
        out=(out, tb.inverted_dropout(a, mask, keep)),
        slope=(x.grad, tb.inverted_dropout(np.ones_like(a), mask, keep)),
    )
    # Five standard deviations of a share of 20,000 coins.
    assert mask.mean() == pytest.approx(keep, abs=5 * np.sqrt(keep * (1 - keep) / a.size))
    assert F.dropout(x, p=1 - keep, training=False).tolist() == a.tolist()


# -------------------------------------------------------- batch, stochastic, mini-batch descent

VARIANTS = {
    "batch": lambda m, rng: tb.batch(m),
    "stochastic": tb.stochastic,
    "mini_batch": lambda m, rng: tb.mini_batch(m, 8, rng),
}


@pytest.mark.parametrize("variant", VARIANTS)
@settings(deadline=None, max_examples=10)
@given(n_x=UNITS, n_h=UNITS, c=st.integers(2, 6), m=BATCH, seed=SEEDS)
def test_three_epochs_of_each_variant_of_gradient_descent(variant, n_x, n_h, c, m, seed):
    net, X, Y, labels = two_layers(n_x, n_h, c, m, seed)
    model = rows_model(net, nn.ReLU())
    optimizer = optim.SGD(model.parameters(), lr=0.05)
    rows = constant(X.T)
    rng = np.random.default_rng(seed)
    for _ in range(3):
        for chosen in VARIANTS[variant](m, rng):
            optimizer.zero_grad()
            F.cross_entropy(model(rows[tgb.tensor(chosen)]), labels[tgb.tensor(chosen)]).backward()
            optimizer.step()
            net.forward(X[:, chosen])
            net.update(net.backward(X[:, chosen], Y[:, chosen]), alpha=0.05)
    check(
        W1=(model[0].weight, net.W1, 1.0),
        b1=(model[0].bias.unsqueeze(1), net.b1, 1.0),
        W2=(model[2].weight, net.W2, 1.0),
        b2=(model[2].bias.unsqueeze(1), net.b2, 1.0),
    )


def test_simple_nn_trains_as_the_pytorch_style_script_does():
    net, X, y = simple_nn(2, 5, 2, 16, seed=1, lr=0.5)
    model = rows_model(net, nn.Sigmoid(), nn.Sigmoid())
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    for _ in range(200):
        optimizer.zero_grad()
        # The mean over samples of the sum over the two outputs.
        (nn.BCELoss()(model(constant(X.T)), constant(y.T)) * 2).backward()
        optimizer.step()
    net.train(X, y, epochs=200)
    check(W1=(model[0].weight, net.W1, 1.0), W2=(model[2].weight, net.W2, 1.0))
