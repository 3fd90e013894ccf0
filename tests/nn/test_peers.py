"""Outputs and gradients of every layer and loss, beside real PyTorch's."""

import itertools

import numpy as np
import pytest

import tinygrad_bp as tgb

pytestmark = pytest.mark.peers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 5)) * 3
EXTREME = np.array([[-1e4, -50.0, -20.5, 0.0, 20.5], [50.0, 1e4, 6.0, -1.0, 1.0]])

LAYERS = [
    ("Identity", (), {}), ("Sigmoid", (), {}), ("Tanh", (), {}), ("ReLU", (), {}),
    ("LeakyReLU", (), {}), ("LeakyReLU", (0.3,), {}), ("Softplus", (), {}),
    ("Softplus", (), {"beta": 2.0, "threshold": 5.0}), ("ELU", (), {}), ("ELU", (0.7,), {}),
    ("GELU", (), {}), ("GELU", (), {"approximate": "tanh"}), ("SiLU", (), {}), ("ReLU6", (), {}),
    ("Hardtanh", (), {}), ("Hardtanh", (-2.0, 1.5), {}), ("Softsign", (), {}),
    ("LogSigmoid", (), {}), ("Softmax", (), {"dim": 1}), ("LogSoftmax", (), {"dim": 0}),
    ("Flatten", (), {}), ("Flatten", (0,), {}), ("Unflatten", (1, (5, 1)), {}),
    ("Dropout", (0.0,), {}),
]  # fmt: skip


def both(make, *arrays, dtype="float64"):
    """Run `make(library)` on the same inputs in both libraries: [outputs and gradients, …] each."""
    import torch

    results = []
    for lib in (tgb, torch):
        inputs = [
            lib.tensor(a, dtype=getattr(lib, dtype) if a.dtype.kind == "f" else lib.int64)
            for a in arrays
        ]
        for t in inputs:
            if t.is_floating_point():
                t.requires_grad_()
        out = make(lib)(*inputs)
        pull = lib.tensor(np.linspace(-1.0, 2.0, out.numel()).reshape(out.shape), dtype=out.dtype)
        (out * pull).sum().backward()
        results.append(
            [out.detach().numpy()] + [t.grad.numpy() for t in inputs if t.grad is not None]
        )
    return results


def agree(ours, theirs, rtol=1e-12, atol=1e-13):
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


@pytest.mark.parametrize("x", [X, EXTREME], ids=["ordinary", "extreme"])
@pytest.mark.parametrize(("name", "args", "kwargs"), LAYERS, ids=lambda v: str(v))
def test_layers(name, args, kwargs, x):
    agree(*both(lambda lib: getattr(lib.nn, name)(*args, **kwargs), x), rtol=1e-10)
    agree(
        *both(lambda lib: getattr(lib.nn, name)(*args, **kwargs), x, dtype="float32"),
        rtol=2e-5, atol=1e-6,
    )  # fmt: skip
    import torch

    text = repr(getattr(tgb.nn, name)(*args, **kwargs))
    assert text == repr(getattr(torch.nn, name)(*args, **kwargs))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(5,), (6, 5), (2, 3, 5)])
def test_linear(bias, shape):
    arrays = [RNG.normal(size=shape), RNG.normal(size=(4, 5)), RNG.normal(size=4)]
    agree(*both(lambda lib: lib.nn.functional.linear, *arrays[: 3 if bias else 2]))


REGRESSION = ["mse_loss", "l1_loss"]
REDUCTIONS = ["none", "sum", "mean"]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", REGRESSION)
def test_regression(name, reduction):
    y = RNG.normal(size=X.shape)

    def make(lib):
        return lambda x, y: getattr(lib.nn.functional, name)(x, y, reduction=reduction)

    agree(*both(make, X, y))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("positive", [False, True])
def test_binary(reduction, weighted, positive):
    y, w, pw = RNG.random(X.shape), RNG.random(5), RNG.random(5) * 3

    def make(lib):
        options = {"reduction": reduction}
        if weighted:
            options["weight"] = lib.tensor(w)
        if positive:
            options["pos_weight"] = lib.tensor(pw)
        return lib.nn.BCEWithLogitsLoss(**options)

    agree(*both(make, X, y))
    agree(*both(make, EXTREME, y[:2]), rtol=1e-10)
    if not positive:
        p = 1 / (1 + np.exp(-X))
        p[0, :2] = 0, 1
        hard = (y > 0.5).astype(float)

        def plain(lib):
            weight = lib.tensor(w) if weighted else None
            return lambda p: lib.nn.BCELoss(weight, reduction=reduction)(p, lib.tensor(hard))

        agree(*both(plain, p), rtol=1e-8)  # its 1e-12 at the ends is a float32 constant


CLASS_OPTIONS = list(itertools.product(REDUCTIONS, [False, True], [None, 2], [0.0, 0.2]))


@pytest.mark.parametrize(("reduction", "weighted", "ignore", "smoothing"), CLASS_OPTIONS)
@pytest.mark.parametrize("shape", [(6, 5), (5,), (2, 5, 3), (2, 5, 3, 2)], ids=str)
def test_classes(reduction, weighted, ignore, smoothing, shape):
    z = RNG.normal(size=shape) * 3
    y = np.asarray(RNG.integers(0, 5, (shape[0], *shape[2:]) if len(shape) > 1 else ()))
    y.reshape(-1)[0] = 3  # so that something counts
    w = RNG.random(5)

    def make(lib):
        options = {"reduction": reduction}
        if weighted:
            options["weight"] = lib.tensor(w)
        if ignore is not None:
            options["ignore_index"] = ignore
        if smoothing:
            return lib.nn.CrossEntropyLoss(label_smoothing=smoothing, **options)
        return lib.nn.CrossEntropyLoss(**options)

    agree(*both(make, z, y))

    def likelihood(lib):
        options = {"reduction": reduction, "ignore_index": -100 if ignore is None else ignore}
        if weighted:
            options["weight"] = lib.tensor(w)
        return lib.nn.NLLLoss(**options)

    agree(*both(likelihood, z, y))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("shape", [(6, 5), (5,), (2, 5, 3)], ids=str)
def test_class_probabilities(reduction, weighted, smoothing, shape):
    z, y, w = RNG.normal(size=shape), RNG.random(shape), RNG.random(5)

    def make(lib):
        weight = lib.tensor(w) if weighted else None
        return lib.nn.CrossEntropyLoss(weight, reduction=reduction, label_smoothing=smoothing)

    agree(*both(make, z, y))


def test_extreme_logits():
    y = np.array([0, 4])
    agree(*both(lambda lib: lib.nn.CrossEntropyLoss(), EXTREME, y))
    agree(*both(lambda lib: lib.nn.CrossEntropyLoss(), EXTREME, y, dtype="float32"), rtol=1e-6)
    infinite = np.array([[-np.inf, 0.0], [np.inf, 1.0], [-np.inf, -np.inf]])
    with np.errstate(all="ignore"):
        agree(*both(lambda lib: lib.nn.Softmax(1), infinite))
        agree(*both(lambda lib: lib.nn.CrossEntropyLoss(), infinite[:1], np.array([1])))


FUNCTIONS = {
    "normalize": lambda F: lambda x: F.normalize(x, dim=1),
    "normalize 1": lambda F: lambda x: F.normalize(x, p=1.0, dim=0),
    "softmin": lambda F: lambda x: F.softmin(x, dim=1),
    "tanhshrink": lambda F: F.tanhshrink,
    "relu6": lambda F: F.relu6,
    "hardtanh": lambda F: F.hardtanh,
    "logsigmoid": lambda F: F.logsigmoid,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    agree(*both(lambda lib: FUNCTIONS[name](lib.nn.functional), X))


def test_one_hot():
    import torch

    y = RNG.integers(0, 4, (2, 3))
    ours = tgb.nn.functional.one_hot(tgb.tensor(y), 5)
    theirs = torch.nn.functional.one_hot(torch.tensor(y), 5)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


# The same wrong call raises the same kind of error.
WRONG = [
    lambda lib: lib.nn.CrossEntropyLoss()(lib.ones(3, 4), lib.tensor([0, 1, 7])),
    lambda lib: lib.nn.CrossEntropyLoss()(lib.ones(3, 4), lib.tensor([0, 1])),
    lambda lib: lib.nn.CrossEntropyLoss()(lib.ones(3, 4), lib.ones(3)),
    lambda lib: lib.nn.CrossEntropyLoss()(lib.ones(3, 4), lib.zeros(3, 4, dtype=lib.int64)),
    lambda lib: lib.nn.CrossEntropyLoss(reduction="x")(lib.ones(3, 4), lib.tensor([0, 1, 2])),
    lambda lib: lib.nn.CrossEntropyLoss(lib.ones(2))(lib.ones(3, 4), lib.tensor([0, 1, 2])),
    lambda lib: lib.nn.CrossEntropyLoss(label_smoothing=2.0)(lib.ones(1, 2), lib.tensor([0])),
    lambda lib: lib.nn.NLLLoss()(lib.ones(3, 4), lib.tensor([0, -1, 2])),
    lambda lib: lib.nn.BCELoss()(lib.tensor([2.0]), lib.tensor([1.0])),
    lambda lib: lib.nn.BCELoss()(lib.tensor([0.5]), lib.tensor([2.0])),
    lambda lib: lib.nn.BCELoss()(lib.tensor([0.5]), lib.tensor([1.0, 0.0])),
    lambda lib: lib.nn.BCEWithLogitsLoss()(lib.ones(2), lib.ones(3)),
    lambda lib: lib.nn.Dropout(2.0),
    lambda lib: lib.nn.Linear(2, 3)(lib.ones(1, 4)),
    lambda lib: lib.nn.Linear(2, 3).load_state_dict({"weight": lib.ones(1, 2)}),
    lambda lib: setattr(lib.nn.Linear(2, 3), "weight", 3),
    lambda lib: lib.nn.Module().register_buffer("a.b", lib.ones(1)),
    lambda lib: lib.nn.Linear(2, 3).to(lib.int64),
    lambda lib: lib.nn.Linear(2, 3).train(1),
    lambda lib: lib.nn.Module()(1),
    lambda lib: lib.nn.ModuleList([3]),
    lambda lib: lib.nn.Sequential()[0],
    lambda lib: lib.nn.init.eye_(lib.ones(2)),
    lambda lib: lib.nn.init.xavier_normal_(lib.ones(2)),
    lambda lib: lib.nn.init.calculate_gain("step"),
    lambda lib: lib.nn.functional.one_hot(lib.tensor([-1])),
    lambda lib: lib.nn.functional.one_hot(lib.tensor([3]), 2),
    lambda lib: lib.optim.SGD([], lr=0.1),
    lambda lib: lib.optim.SGD(lib.ones(1, requires_grad=True), lr=0.1),
    lambda lib: lib.optim.SGD([lib.ones(1, requires_grad=True)], lr=-1.0),
    lambda lib: lib.optim.SGD([lib.ones(1, requires_grad=True) * 2], lr=0.1),
    lambda lib: lib.optim.SGD([3], lr=0.1),
    lambda lib: lib.optim.Adam([lib.ones(1, requires_grad=True)], betas=(1.0, 0.9)),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_errors_are_of_the_same_type(number):
    import torch

    with pytest.raises(Exception) as theirs:
        WRONG[number](torch)
    with pytest.raises(theirs.type):
        WRONG[number](tgb)


def test_state_dict_of_pytorch_loads():
    import torch

    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    ours = tgb.nn.Sequential(tgb.nn.Linear(3, 4), tgb.nn.Tanh(), tgb.nn.Linear(4, 2))
    ours.load_state_dict({name: t.numpy() for name, t in theirs.state_dict().items()})
    assert list(ours.state_dict()) == list(theirs.state_dict())
    x = RNG.normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_allclose(
        ours(tgb.tensor(x)).detach().numpy(), theirs(torch.tensor(x)).detach().numpy(), atol=1e-6
    )


@pytest.mark.parametrize("p", [1.0, 2.0, float("inf")])
@pytest.mark.parametrize("limit", [0.5, 1e6])
def test_clipping(p, limit):
    gradients = [RNG.normal(size=(3, 4)), RNG.normal(size=5)]
    import torch

    found = []
    for lib in (tgb, torch):
        params = [lib.tensor(np.zeros(g.shape), requires_grad=True) for g in gradients]
        for parameter, g in zip(params, gradients, strict=True):
            parameter.grad = lib.tensor(g)
        total = lib.nn.utils.clip_grad_norm_(params, limit, norm_type=p)
        clipped = [q.grad.numpy() for q in params]
        found.append([total.numpy(), *clipped])
        lib.nn.utils.clip_grad_value_(params, 0.1)
        found[-1] += [q.grad.numpy() for q in params]
    agree(*found)
