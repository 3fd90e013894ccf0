"""The fast lane records exactly what the general way records."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.op import Op
from tinygrad_bp.rules import elementwise, linalg, loss

OPERATIONS = {
    name: op
    for module in (elementwise, linalg, loss)
    for name, op in vars(module).items()
    if isinstance(op, Op)
}


@pytest.fixture
def closed(monkeypatch):
    """Close the lane of every operation."""

    def close():
        for op in OPERATIONS.values():
            monkeypatch.setattr(op, "lane", None)
            monkeypatch.setattr(op, "laned", None)

    return close


def programs():
    """Name operations with operands: (shapes, which of them want a gradient)."""
    for wants in ((True, True), (True, False), (False, True), (False, False)):
        for shapes in (((3, 4), (3, 4)), ((3, 4), (4,)), ((1, 4), (3, 1)), ((), (2,))):
            for name in ("add", "subtract", "multiply", "maximum"):
                yield name, shapes, wants
        yield "matmul", ((3, 4), (4, 2)), wants
        yield "mean_squared_error", ((3, 4), (3, 4)), wants
    for wants in ((True, True, True), (False, True, True), (True, False, True)):
        yield "linear", ((5, 4), (3, 4), (3,)), wants
    for name in ("relu", "tanh", "square", "negative", "absolute"):
        yield name, ((3, 4),), (True,)


def run(name, shapes, wants, dtype):
    rng = np.random.default_rng(0)
    operands = [
        tgb.tensor(rng.standard_normal(shape), dtype=dtype, requires_grad=want)
        for shape, want in zip(shapes, wants, strict=True)
    ]
    out = OPERATIONS[name](*operands)
    node = out.grad_fn
    facts = None
    if node is not None:
        facts = {
            "op": node.op.name,
            "shape": node.shape,
            "dtype": node.dtype,
            "attrs": node.attrs,
            "inputs": [
                i if i is None else operands[k].node is i for k, i in enumerate(node.inputs)
            ],
            "saved": [getattr(value, "shape", value) for value in node.saved],
            "shapes": node.shapes if node.shapes is None else list(node.shapes),
            "constants": [
                c if c is None else c is operands[k] for k, c in enumerate(node.constants)
            ],
            "made": node.made() is out,
            "line": node.line[0].co_name,
        }
        out.sum().backward()
    grads = [None if x.grad is None else x.grad.numpy() for x in operands]
    return out.detach().numpy(), facts, grads


@pytest.mark.parametrize("dtype", [tgb.float32, tgb.float64], ids=str)
@pytest.mark.parametrize(("name", "shapes", "wants"), list(programs()), ids=str)
def test_lane_and_general_way_record_the_same(name, shapes, wants, dtype, closed):
    run(name, shapes, wants, dtype)  # opens the lane
    fast_out, fast_facts, fast_grads = run(name, shapes, wants, dtype)
    closed()
    out, facts, grads = run(name, shapes, wants, dtype)
    np.testing.assert_array_equal(fast_out, out)
    assert fast_facts == facts
    for fast, general in zip(fast_grads, grads, strict=True):
        np.testing.assert_array_equal(np.asarray(fast, object), np.asarray(general, object))


def test_lanes_are_open_for_the_operations_of_a_small_network():
    x = tgb.ones(2, 3, requires_grad=True)
    layer = tgb.nn.Linear(3, 2)
    for _ in range(2):
        tgb.nn.functional.mse_loss(layer(x).relu(), tgb.zeros(2, 2))
    for op in (linalg.linear, elementwise.relu, loss.mean_squared_error):
        assert callable(op.lane)


@pytest.mark.parametrize("dtype", [tgb.float32, tgb.float64], ids=str)
@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("number", [2, -0.3, 1e300, 10**400, True])
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide"])
@pytest.mark.parametrize("first", [True, False], ids=["number first", "number second"])
@pytest.mark.filterwarnings("ignore:overflow")
def test_numbers_in_the_lane(name, number, first, wanted, dtype, closed):
    op = OPERATIONS[name]

    def attempt(shape):
        x = tgb.full(shape, 3.0, dtype=dtype, requires_grad=wanted)
        try:
            out = op(number, x) if first else op(x, number)
        except OverflowError:
            return "overflow"
        facts = [out.dtype, out.numpy(force=True).tolist(), out.requires_grad]
        if wanted:
            node = out.grad_fn
            out.sum().backward()
            facts += [node.op.name, node.shape, node.dtype, node.shapes, len(node.constants)]
            facts += [node.next_functions, x.grad.dtype, x.grad.tolist()]
            facts[-3] = [parent is x.node for parent, _ in node.next_functions]
        return facts

    fast = [attempt(shape) for shape in ((2, 3), (), (2, 3))]
    closed()
    assert fast == [attempt(shape) for shape in ((2, 3), (), (2, 3))]


@pytest.mark.parametrize("unusual", ["truth", "array", "mixed", "no_grad", "anomaly", "integers"])
def test_unusual_operands_take_the_general_way(unusual):
    x = tgb.tensor([1.0, 2.0], requires_grad=True)
    y = tgb.tensor([3.0, 4.0], requires_grad=True)
    x * y, x * y  # the lane is open from here on
    lane = elementwise.multiply.lane
    assert lane(elementwise.multiply, (x, 2.0), {}) is not None
    if unusual == "truth":
        assert lane(elementwise.multiply, (x, True), {}) is None
    elif unusual == "array":
        assert lane(elementwise.multiply, (x, np.ones(2)), {}) is None
    elif unusual == "mixed":
        assert lane(elementwise.multiply, (x, y.double()), {}) is None
    elif unusual == "integers":
        assert lane(elementwise.multiply, (tgb.tensor([1]), tgb.tensor([2])), {}) is None
    elif unusual == "no_grad":
        with tgb.no_grad():
            assert lane(elementwise.multiply, (x, y), {}) is None
    else:
        with tgb.autograd.detect_anomaly():
            assert lane(elementwise.multiply, (x, y), {}) is None
