"""The flow of the gradient: its numbers by hand, its verdicts on networks whose fault is known."""

import json
import math
import sys

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.flow.flow import gradient_flow

LAYERS, WIDTH, BATCH = 20, 32, 64


def he(fan_in, fan_out):
    return math.sqrt(2 / fan_in)


def xavier(fan_in, fan_out):
    return math.sqrt(2 / (fan_in + fan_out))


def deep(activation, std=None, layers=LAYERS, width=WIDTH):
    """Stack layers of one width; with weights of a given standard deviation and biases of 0."""
    modules = []
    for _ in range(layers):
        linear = nn.Linear(width, width)
        if std is not None:
            nn.init.normal_(linear.weight, 0, std(width, width))
            nn.init.zeros_(linear.bias)
        modules += [linear, activation()]
    return nn.Sequential(*modules[:-1])


@pytest.fixture
def data():
    tgb.manual_seed(0)
    return tgb.randn(BATCH, WIDTH), tgb.randint(0, WIDTH, (BATCH,))


def flow_of(net, data, **limits):
    X, labels = data
    return gradient_flow(net, nn.functional.cross_entropy(net(X), labels), **limits)


def verdicts(flow):
    return {layer.verdict for layer in flow.layers}


# ------------------------------------------------------------------------------------ the numbers


@pytest.fixture
def notes():
    """The notes' two-layer network, in float64, with the gradients derived by hand."""
    rng = np.random.default_rng(0)
    t = {
        name: tgb.tensor(rng.standard_normal(shape), requires_grad=True)
        for name, shape in (("W1", (5, 4)), ("b1", (5, 1)), ("W2", (3, 5)), ("b2", (3, 1)))
    }
    X, Y = rng.standard_normal((4, 7)), np.eye(3)[rng.integers(0, 3, 7)].T
    x, y = tgb.tensor(X), tgb.tensor(Y)
    Z1 = t["W1"] @ x + t["b1"]
    Z2 = t["W2"] @ tgb.relu(Z1) + t["b2"]
    loss = -(y * tgb.log_softmax(Z2, 0)).sum() / 7
    W1, b1, W2, b2 = (tensor.detach().numpy() for tensor in t.values())
    z1 = W1 @ X + b1
    a1 = np.maximum(z1, 0)
    e = np.exp(W2 @ a1 + b2)
    dZ2 = (e / e.sum(axis=0) - Y) / 7
    dZ1 = W2.T @ dZ2 * (z1 > 0)
    by_hand = {
        "dZ2": dZ2, "dW2": dZ2 @ a1.T, "db2": dZ2.sum(axis=1), "dZ1": dZ1, "dW1": dZ1 @ X.T,
        "db1": dZ1.sum(axis=1), "W1": W1, "dead": int(np.sum(np.all(z1 <= 0, axis=1))),
    }  # fmt: skip
    return t, loss, by_hand, (x, y)


def test_lengths_are_those_of_the_gradients_derived_by_hand(notes):
    parameters, loss, by_hand, _ = notes
    flow = gradient_flow(parameters, loss)
    assert [layer.name for layer in flow.layers] == ["W1, b1", "W2, b2"]
    for layer, number in zip(flow.layers, "12", strict=True):
        dW, db, dZ = (np.linalg.norm(by_hand[f"d{name}{number}"]) for name in "WbZ")
        assert layer.weights == pytest.approx(dW, rel=1e-12)
        assert layer.biases == pytest.approx(db, rel=1e-12)
        assert layer.output == pytest.approx(dZ, rel=1e-12)
        assert layer.norm == pytest.approx(math.hypot(dW, db), rel=1e-12)
    first = flow["W1"]
    assert first.ratio == pytest.approx(first.weights / np.linalg.norm(by_hand["W1"]), rel=1e-12)
    assert (first.units, first.samples, first.dead) == (5, 7, by_hand["dead"])
    assert flow.factor == pytest.approx(first.output / flow["b2"].output, rel=1e-12)
    assert flow.loss == pytest.approx(loss.item())


def test_nothing_changes_before_backward_and_the_same_is_read_after_it(notes):
    parameters, loss, _, data = notes
    before = gradient_flow(parameters, loss)
    assert all(tensor.grad is None for tensor in parameters.values())
    loss.backward()
    collected = {name: tensor.grad.numpy().copy() for name, tensor in parameters.items()}
    after = gradient_flow(parameters, loss)
    assert str(after) == str(before)
    for name, tensor in parameters.items():
        assert np.array_equal(tensor.grad.numpy(), collected[name])
    assert len(data) == 2  # held until here, as in a script


def test_a_second_backward_works_after_a_look_at_the_flow(notes):
    parameters, loss, by_hand, _ = notes
    gradient_flow(parameters, loss)
    loss.backward()
    assert parameters["W1"].grad.numpy() == pytest.approx(by_hand["dW1"], rel=1e-12)


def test_when_the_data_is_gone_the_flow_is_read_from_grad():
    tgb.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    loss = net(tgb.randn(6000, 3)).square().sum()  # more than a graph keeps for later
    before = gradient_flow(net, loss)
    loss.backward()
    after = gradient_flow(net, loss)
    assert [x.norm for x in after.layers] == pytest.approx([x.norm for x in before.layers])
    assert [x.output for x in after.layers] == [None, None]
    assert "Read from .grad" in str(after)
    net.zero_grad()
    with pytest.raises(RuntimeError, match=r"before loss\.backward"):
        gradient_flow(net, loss)


def test_weights_changed_by_a_step_are_noticed(data):
    net = deep(nn.ReLU, he, layers=2)
    X, labels = data
    loss = nn.functional.cross_entropy(net(X), labels)
    loss.backward()
    tgb.optim.SGD(net.parameters(), lr=1.0).step()
    assert any("Read from .grad" in note for note in gradient_flow(net, loss).notes)


@pytest.mark.parametrize("by_rows", [False, True])
def test_units_lie_along_rows_or_columns_as_the_product_is_written(by_rows):
    W = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])  # the third unit is dead for X > 0
    X = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
    weight = tgb.tensor(W.T if by_rows else W, requires_grad=True)
    inputs = tgb.tensor(X.T if by_rows else X)
    Z = inputs @ weight if by_rows else weight @ inputs
    layer = gradient_flow([weight], np.maximum(Z, 0).sum()).layers[0]
    assert (layer.units, layer.samples, layer.dead) == (3, 4, 1)


def test_transposed_weights_and_named_tensors():
    W = tgb.tensor([[1.0, -2.0], [2.0, -1.0]], requires_grad=True).named("W")
    b = tgb.zeros(2, requires_grad=True).named("b")
    X = tgb.ones(3, 2)
    flow = gradient_flow([W, b], tgb.clamp(X @ W.T + b, min=0).sum())
    (layer,) = flow.layers
    assert layer.name == "W, b"
    assert (layer.dead, layer.units) == (1, 2)
    assert layer.weights == pytest.approx(math.sqrt(18))  # 3 twice: two inputs of 1, three samples
    assert layer.biases == 3.0
    assert layer.he == 1.0


@pytest.mark.parametrize(
    "relu",
    [
        lambda z: np.maximum(z, 0),
        lambda z: tgb.clamp(z, min=0),
        lambda z: tgb.where(z > 0, z, 0.0),
        lambda z: z * (z > 0),
        nn.functional.relu6,
    ],
    ids=["maximum", "clamp", "where", "mask", "relu6"],
)
def test_a_rectifier_written_otherwise_is_one(relu):
    W = tgb.tensor([[1.0, 0.0], [-1.0, 0.0], [-2.0, 0.0]], requires_grad=True)
    X = tgb.tensor([[0.5, 1.0, 2.0], [0.0, 1.0, 0.0]])
    layer = gradient_flow({"W": W}, relu(W @ X).sum()).layers[0]
    assert (layer.activation, layer.units, layer.samples, layer.dead) == ("relu", 3, 3, 2)


def test_a_sigmoid_written_out_saturates_as_one():
    W = tgb.tensor([[1.0], [100.0]], requires_grad=True)
    X = tgb.tensor([[0.5, -1.0, 2.0]])
    for A in (1 / (1 + tgb.exp(-(W @ X))), (1 + tgb.exp(-(W @ X))).reciprocal()):
        layer = gradient_flow([W], A.sum()).layers[0]
        assert (layer.activation, layer.saturated, layer.units) == ("sigmoid", 1, 2)
    other = gradient_flow([W], (2 / (1 + tgb.exp(W @ X))).sum()).layers[0]
    assert other.activation == ""


def test_einsum_begins_a_layer_too_and_a_loss_may_have_one_element():
    tgb.manual_seed(0)
    W1, b1, W2 = (tgb.randn(*shape, requires_grad=True) for shape in ((4, 3), (4,), (1, 4)))
    X = tgb.randn(5, 3)
    Z = tgb.einsum("nx,hx->nh", X, W1) + b1
    loss = tgb.einsum("nh,oh->no", Z.tanh(), W2).sum(dim=0)
    flow = gradient_flow({"W1": W1, "b1": b1, "W2": W2}, loss)
    assert [layer.name for layer in flow.layers] == ["W1, b1", "W2"]
    assert (flow["b1"].units, flow["b1"].samples, flow["b1"].saturated) == (4, 5, 0)
    assert flow.factor is not None


def test_units_of_a_convolution_are_its_channels():
    tgb.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 36, 2))
    with tgb.no_grad():
        net[0].bias[...] = tgb.tensor([5.0, -100.0, 5.0])
    layer = gradient_flow(net, net(tgb.rand(5, 1, 8, 8)).sum()).layers[0]
    assert (layer.kind, layer.units, layer.samples, layer.dead) == ("Conv2d", 3, 5 * 36, 1)
    assert layer.he == pytest.approx(math.sqrt(2 / 9))


def test_an_activation_after_a_normalization_belongs_to_the_normalization():
    tgb.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 1))
    with tgb.no_grad():
        net[1].bias[...] = -100.0
    linear, norm, last = gradient_flow(net, net(tgb.randn(9, 4)).sum()).layers
    assert linear.activation == ""
    assert (norm.dead, norm.units, norm.samples, norm.verdict) == (3, 3, 9, "dead")
    assert (linear.verdict, last.verdict) == ("zero", "healthy")


def test_a_frozen_layer_keeps_its_own_units():
    tgb.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    for p in net[2].parameters():
        p.requires_grad_(False)
    with tgb.no_grad():
        net[2].bias[...] = tgb.tensor([-100.0, -100.0, 5.0, 5.0])
        net[0].bias[...] = 5.0
    first, frozen, _ = gradient_flow(net, net(tgb.randn(8, 4)).sum()).layers
    assert frozen.verdict == "frozen"
    assert frozen.norm is None
    assert (first.dead, frozen.dead) == (0, 2)


class Last(nn.Module):
    """The last state of an LSTM, through a linear map."""

    def __init__(self):
        super().__init__()
        self.lstm, self.out = nn.LSTM(3, 4, num_layers=2), nn.Linear(4, 2)

    def forward(self, x):
        return self.out(self.lstm(x)[0][-1])


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU6()), (4, 1, 6, 6)),
        (Last, (5, 3, 3)),
        (lambda: nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0), (5, 3, 8)),
        (lambda: nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.GELU()), (5, 3)),
    ],
    ids=["convolution", "lstm", "transformer", "layer-norm"],
)
def test_every_layer_of_a_module_has_the_length_of_what_backward_collects(make, shape):
    tgb.manual_seed(0)
    net = make()
    X = tgb.randn(*shape)
    loss = net(X).square().sum()
    flow = gradient_flow(net, loss)
    loss.backward()
    for name, module in net.named_modules():
        own = [p.grad.numpy() for p in module.parameters(recurse=False)]
        if own:
            length = math.sqrt(sum(float(np.sum(np.square(g, dtype=np.float64))) for g in own))
            assert flow[name].norm == pytest.approx(length, rel=1e-5)
            assert flow[name].output is not None
            assert flow[name].reason == ""


def test_complex_parameters_have_real_lengths():
    w = tgb.tensor([3.0 + 4.0j], requires_grad=True)
    flow = gradient_flow([w], (w * w.conj()).real.sum())
    assert flow.layers[0].norm == pytest.approx(10.0)  # 2 |w|
    assert flow.layers[0].ratio == pytest.approx(2.0)


# ------------------------------------------------------------------------------------ the verdicts


@pytest.mark.parametrize("seed", range(5))
def test_twenty_sigmoid_layers_vanish(seed, data):
    tgb.manual_seed(seed)
    flow = flow_of(deep(nn.Sigmoid), data)
    assert flow.layers[0].verdict == "vanishing"
    assert flow.layers[-1].verdict == "healthy"
    assert flow.factor < 0.25 / math.sqrt(3) * 1.2  # slope ¼, weights of variance 1 / 3n
    (finding,) = flow.findings
    assert finding.verdict == "vanishing"
    assert "a factor of 0.1" in finding.message
    assert "¼" in finding.message
    for cure in ("ReLU", "He's", "Xavier", "batch normalization", "residual"):
        assert cure in finding.remedy
    assert "Clipping does not help" in finding.remedy


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    ("activation", "std"), [(nn.ReLU, he), (nn.Tanh, xavier)], ids=["relu-he", "tanh-xavier"]
)
def test_weights_of_the_right_size_are_healthy(activation, std, seed, data):
    tgb.manual_seed(seed)
    flow = flow_of(deep(activation, std), data)
    assert flow.healthy, str(flow)
    assert 0.8 < flow.factor < 1.25
    assert "usable size" in str(flow)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("activation", [nn.ReLU, nn.LeakyReLU, nn.GELU])
def test_weights_that_are_too_large_explode(activation, seed, data):
    tgb.manual_seed(seed)
    flow = flow_of(deep(activation, lambda n, m: 3 * he(n, m)), data)
    assert verdicts(flow) == {"exploding"}
    assert 2.5 < flow.factor < 3.5
    (finding,) = flow.findings
    assert "clip_grad_norm_" in finding.remedy
    assert "He's √(2 / n) would be 0.25" in finding.message


def test_weights_that_are_too_small_vanish_and_their_size_is_named(data):
    flow = flow_of(deep(nn.Tanh, lambda n, m: 0.01), data)
    assert flow.layers[0].verdict == "vanishing"
    assert "standard deviation 0.01;" in flow.findings[0].message


def test_what_underflows_has_vanished():
    tgb.manual_seed(0)
    net = deep(nn.Sigmoid, layers=70)
    flow = flow_of(net, (tgb.randn(8, WIDTH), tgb.randint(0, WIDTH, (8,))))
    assert flow.layers[0].norm == 0.0  # float32
    assert flow.layers[0].verdict == "vanishing"


def test_a_batch_normalization_mends_the_sigmoids(data):
    tgb.manual_seed(0)
    bare = flow_of(deep(nn.Sigmoid, layers=8), data)
    modules = []
    for _ in range(8):
        modules += [nn.Linear(WIDTH, WIDTH), nn.BatchNorm1d(WIDTH), nn.Sigmoid()]
    mended = flow_of(nn.Sequential(*modules[:-2]), data)
    assert bare.layers[0].verdict == "vanishing"
    assert mended.layers[0].verdict == "healthy"


def test_dead_units_are_counted_and_named(data):
    tgb.manual_seed(0)
    net = deep(nn.ReLU, he, layers=4)
    with tgb.no_grad():
        net[2].bias[:24] = -100.0
    flow = flow_of(net, data)
    assert flow["2"].dead == 24
    assert [layer.verdict for layer in flow.layers] == ["healthy", "dead", "healthy", "healthy"]
    assert "24 of 32 ReLU units are 0 for all 64 samples" in flow.findings[0].message
    assert "leaky ReLU" in flow.findings[0].remedy
    few = flow_of(net, data, dead=0.8)
    assert few.healthy
    assert "24 of 32 in Linear 2" in few.notes[0]


def test_a_dead_layer_blocks_those_before_it(data):
    tgb.manual_seed(0)
    net = deep(nn.ReLU, he, layers=4)
    with tgb.no_grad():
        net[4].bias[...] = -100.0
    flow = flow_of(net, data)
    assert [layer.verdict for layer in flow.layers] == ["zero", "zero", "dead", "healthy"]
    zero = next(finding for finding in flow.findings if finding.verdict == "zero")
    assert "all 32 ReLU units of Linear 4" in zero.message


def test_weights_of_zero_block_those_before_them(data):
    net = deep(nn.Tanh, xavier, layers=3)
    nn.init.zeros_(net[4].weight)
    flow = flow_of(net, data)
    assert [layer.verdict for layer in flow.layers] == ["zero", "zero", "healthy"]
    assert "the weights of Linear 4 are all 0" in flow.findings[0].message


@pytest.mark.parametrize("activation", [nn.Tanh, nn.Sigmoid, nn.Hardtanh])
def test_saturated_units(activation, data):
    tgb.manual_seed(0)
    net = deep(activation, xavier, layers=3)
    with tgb.no_grad():
        net[0].weight *= 200.0
    flow = flow_of(net, data)
    first = flow.layers[0]
    assert first.saturated > WIDTH / 2
    assert first.flat > 0.9
    assert first.verdict == "saturated"
    (finding,) = flow.findings
    assert f"{first.saturated} of 32" in finding.message
    assert "slope is below 1% of its maximum" in finding.message
    assert "Xavier" in finding.remedy


def test_saturation_is_told_of_where_it_makes_the_gradient_vanish(data):
    tgb.manual_seed(0)
    net = deep(nn.Sigmoid, xavier, layers=3)
    with tgb.no_grad():
        net[0].weight *= 1000.0
    flow = flow_of(net, data)
    assert flow.layers[0].verdict == "vanishing"
    assert [finding.verdict for finding in flow.findings] == ["vanishing", "saturated"]


def test_units_in_their_linear_part_are_not_saturated(data):
    flow = flow_of(deep(nn.Tanh, xavier, layers=3), data)
    assert [layer.saturated for layer in flow.layers] == [0, 0, None]


def test_a_sure_sigmoid_before_cross_entropy_is_no_fault():
    tgb.manual_seed(0)
    X = tgb.randn(50, 2)
    y = (X[:, :1] > 0).float()
    net = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())
    with tgb.no_grad():
        net[0].weight[...] = tgb.tensor([[10000.0, 0.0]])
    A = net(X).clamp(1e-7, 1 - 1e-7)
    by_hand = gradient_flow(net, -(y * A.log() + (1 - y) * (1 - A).log()).mean())
    assert by_hand.layers[0].harmless
    assert by_hand.layers[0].saturated == 1
    assert "saturated" not in verdicts(by_hand)
    squared = gradient_flow(net, ((net(X) - y) ** 2).mean())
    assert not squared.layers[0].harmless


def test_nan_and_its_place(data):
    tgb.manual_seed(0)
    net = deep(nn.ReLU, he, layers=3)
    with tgb.no_grad():
        net[2].weight[0, 0] = float("nan")
    flow = flow_of(net, data)
    assert "not finite" in verdicts(flow)
    assert flow.findings[0].verdict == "not finite"
    assert "detect_anomaly" in flow.findings[0].remedy
    assert "loss itself is nan" in flow.findings[0].message
    json.dumps(flow.to_dict())
    str(flow)


def test_a_layer_without_a_gradient_says_why():
    tgb.manual_seed(0)
    first, last, spare = nn.Linear(3, 4), nn.Linear(4, 1), nn.Linear(4, 1)
    net = nn.Sequential(first, last, spare)
    loss = last(tgb.tanh(first(tgb.randn(6, 3))).detach()).square().mean()
    flow = gradient_flow(net, loss)
    assert [layer.verdict for layer in flow.layers] == ["no gradient", "healthy", "no gradient"]
    assert "detach" in flow.layers[0].reason
    assert "0.weight was detached" in flow.layers[0].reason
    assert "is not used" in flow.layers[2].reason
    assert not flow.healthy


def test_gradients_through_time():
    def unrolled(scale):
        tgb.manual_seed(0)
        cell = nn.RNNCell(3, 16)
        nn.init.orthogonal_(cell.weight_hh)
        with tgb.no_grad():
            cell.weight_hh *= scale
        h, X = tgb.zeros(4, 16), tgb.randn(30, 4, 3) * 0.01
        for x in X:
            h = cell(x, h)
        return gradient_flow(cell, h.sum()).layers[0], gradient_flow(cell, h.sum())

    short, flow = unrolled(0.5)
    assert short.verdict == "vanishing"
    assert "30 steps" in flow.findings[0].message
    assert unrolled(1.0)[0].verdict == "healthy"
    assert unrolled(2.0)[0].through_time > short.through_time


def test_a_shared_layer_has_the_sum_of_its_calls():
    W = tgb.tensor([[2.0]], requires_grad=True)
    X = tgb.tensor([[1.0]])
    layer = gradient_flow({"W": W}, (W @ (W @ X)).sum()).layers[0]
    assert layer.calls == 2
    assert layer.weights == 4.0  # d(W²x)/dW = 2 W x
    assert layer.through_time == pytest.approx(2.0)  # each step back multiplies by W


# ------------------------------------------------------------------------------ what it looks like


def test_the_table_fits_in_80_columns_and_the_record_in_json(data):
    tgb.manual_seed(0)
    net = nn.ModuleDict({"a_module_with_a_rather_long_name": deep(nn.Sigmoid, layers=12)})
    X, labels = data
    loss = nn.functional.cross_entropy(net["a_module_with_a_rather_long_name"](X), labels)
    flow = gradient_flow(net, loss)
    assert max(map(len, str(flow).splitlines())) <= 80
    assert repr(flow) == str(flow)
    record = json.loads(json.dumps(flow.to_dict()))
    assert [layer["verdict"] for layer in record["layers"]] == [x.verdict for x in flow.layers]
    assert record["findings"][0]["layers"] == list(flow.findings[0].layers)
    assert record["factor"] == flow.factor


def test_the_html_escapes_what_it_shows():
    w = tgb.tensor([1.0], requires_grad=True)
    page = gradient_flow({"<w>": w}, (w * 2).sum())._repr_html_()
    assert "&lt;w&gt;" in page
    assert "<w>" not in page
    assert page.count("<tr>") == 2


def test_the_plot_has_a_bar_for_every_layer_with_a_gradient(data):
    flow = flow_of(deep(nn.Sigmoid, layers=6), data)
    axes = flow.plot()
    heights = [bar.get_y() + bar.get_height() for bar in axes.patches]
    assert heights == pytest.approx([layer.norm for layer in flow.layers])
    assert axes.get_yscale() == "log"
    (line,) = axes.lines
    assert list(line.get_ydata()) == pytest.approx([layer.output for layer in flow.layers])
    assert axes.figure.axes == [axes]


def test_the_plot_takes_axes_and_draws_layers_without_a_gradient():
    from matplotlib.figure import Figure

    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    with tgb.no_grad():
        net[0].bias[...] = -100.0
    X = tgb.rand(4, 2)
    axes = Figure().subplots()
    assert gradient_flow(net, net(X).sum()).plot(axes) is axes
    assert [text.get_text() for text in axes.texts] == ["0"]
    assert len(axes.patches) == 1


def test_without_matplotlib_the_extra_is_named(monkeypatch, notes):
    parameters, loss, _, _ = notes
    flow = gradient_flow(parameters, loss)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"tinygrad_bp\[viz\]"):
        flow.plot()


# ---------------------------------------------------------------------------------- what is refused


def test_bad_arguments_are_told(data):
    net = deep(nn.ReLU, layers=2)
    with pytest.raises(RuntimeError, match="single number"):
        gradient_flow(net, net(data[0]))
    with pytest.raises(TypeError, match="then the loss, a Tensor"):
        gradient_flow(net, 0.5)
    with pytest.raises(RuntimeError, match="nothing was recorded"):
        gradient_flow(net, tgb.tensor(1.0))
    loss = net(data[0]).sum()
    with pytest.raises(TypeError, match="not int"):
        gradient_flow(3, loss)
    with pytest.raises(TypeError, match="'W' is a list"):
        gradient_flow({"W": [1.0]}, loss)
    with pytest.raises(ValueError, match="no parameters"):
        gradient_flow(nn.ReLU(), loss)
    with pytest.raises(KeyError, match="there are 0, 2"):
        gradient_flow(net, loss)["fc"]
    with pytest.raises(TypeError, match="model first"):
        gradient_flow(loss, net)
