"""Packing, recurrent functions, attention and normalisation: what the records leave out."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.autograd import gradcheck, gradgradcheck
from tinygrad_bp.nn import functional as F
from tinygrad_bp.nn.utils import rnn as seq

RNG = np.random.Generator(np.random.PCG64(8))


def normal(*shape):
    return tgb.tensor(RNG.standard_normal(shape))


# --------------------------------------------------------------------------------------- sequences


def test_pack_and_pad_are_inverse():
    x = normal(4, 3, 2)
    lengths = [2, 4, 1]
    packed = seq.pack_padded_sequence(x, lengths, enforce_sorted=False)
    assert packed.batch_sizes.tolist() == [3, 2, 1, 1]
    assert packed.sorted_indices.tolist() == [1, 0, 2]
    padded, again = seq.pad_packed_sequence(packed)
    assert again.tolist() == lengths
    for i, length in enumerate(lengths):
        np.testing.assert_array_equal(padded[:length, i].numpy(), x[:length, i].numpy())
        assert not padded[length:, i].any()


def test_sequences_survive_every_round():
    sequences = [normal(n, 2) for n in (2, 3, 1)]
    padded = seq.pad_sequence(sequences, batch_first=True, padding_value=7.0)
    assert padded.shape == (3, 3, 2) and (padded[2, 1:] == 7).all()
    left = seq.pad_sequence(sequences, padding_side="left")
    assert not left[0, 0].any() and not left[:2, 2].any()
    for found in (
        seq.unpad_sequence(padded, [2, 3, 1], batch_first=True),
        seq.unpack_sequence(seq.pack_sequence(sequences, enforce_sorted=False)),
    ):
        for a, b in zip(found, sequences, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_packed_sequence_is_a_tuple_that_converts():
    packed = seq.pack_sequence([tgb.ones(2), tgb.ones(1)])
    data, sizes, order, back = packed
    assert packed.double().data.dtype == tgb.float64
    assert isinstance(packed.to(tgb.float64), seq.PackedSequence)
    assert seq.PackedSequence((data, sizes)).batch_sizes is sizes
    assert order is None and back is None and not packed.is_cuda


@pytest.mark.parametrize(
    ("lengths", "message"),
    [([3, 0], "greater than 0"), ([1, 3], "enforce_sorted=False"), ([3, 2, 1], "batch_size=2"),
     ([5, 1], "the longest sequence has 5 steps")],
)  # fmt: skip
def test_wrong_lengths_say_what_is_wrong(lengths, message):
    with pytest.raises(RuntimeError, match=message):
        seq.pack_padded_sequence(tgb.ones(4, 2, 1), lengths)


def test_a_packed_batch_gives_what_each_sequence_alone_gives():
    layer = nn.LSTM(2, 3, num_layers=2, bidirectional=True).double()
    sequences = [normal(n, 2) for n in (2, 4, 3)]
    output, (h, c) = layer(seq.pack_sequence(sequences, enforce_sorted=False))
    for i, (alone, x) in enumerate(zip(seq.unpack_sequence(output), sequences, strict=True)):
        expected, (h1, c1) = layer(x)
        np.testing.assert_allclose(alone.detach(), expected.detach(), rtol=1e-12)
        np.testing.assert_allclose(h[:, i].detach(), h1.detach(), rtol=1e-12)
        np.testing.assert_allclose(c[:, i].detach(), c1.detach(), rtol=1e-12)


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_a_recurrent_layer_has_a_second_derivative(kind):
    layer = getattr(nn, kind)(2, 2, bidirectional=True).double()

    def run(x, weight):
        layer._parameters["weight_hh_l0"] = layer.__dict__["weight_hh_l0"] = weight
        output, final = layer(x)
        return output, *(final if kind == "LSTM" else (final,))

    weight = normal(*layer.weight_hh_l0.shape)
    assert gradcheck(run, (normal(3, 2, 2), weight))
    assert gradgradcheck(run, (normal(3, 2, 2), weight))


def test_dropout_between_layers_only_in_training():
    layer = nn.GRU(2, 16, num_layers=2, dropout=0.5)
    x = tgb.ones(3, 1, 2)
    assert not tgb.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    assert tgb.equal(layer(x)[0], layer(x)[0])
    with pytest.warns(UserWarning, match="num_layers greater than 1"):
        nn.GRU(2, 3, dropout=0.5)


def test_names_and_shapes_of_the_weights():
    layer = nn.LSTM(2, 3, num_layers=2, bidirectional=True, proj_size=1)
    layer.flatten_parameters()
    names = dict(layer.named_parameters())
    assert names["weight_ih_l1_reverse"].shape == (12, 2)
    assert names["weight_hr_l0"].shape == (1, 3)
    assert [len(group) for group in layer.all_weights] == [5] * 4
    assert layer.all_weights[0][0] is layer.weight_ih_l0
    assert max(p.abs().max().item() for p in layer.parameters()) <= 3**-0.5


# --------------------------------------------------------------------------------------- attention


def test_no_attention_at_all_gives_zeros():
    q, k, v = normal(2, 3, 4), normal(2, 5, 4), normal(2, 5, 4)
    mask = tgb.zeros(3, 5, dtype=tgb.bool)
    mask[0, 1] = True
    out = F.scaled_dot_product_attention(q, k, v, mask)
    np.testing.assert_allclose(out[:, 0].numpy(), v[:, 1].numpy())
    assert not out[:, 1:].any()


def test_attention_is_its_composition():
    q, k, v = (normal(2, 3, 6, 4).requires_grad_() for _ in range(3))
    bias = normal(6, 6).requires_grad_()

    def composed(q, k, v, bias):
        return F.softmax(q @ k.transpose(-2, -1) / 2.0 + bias, -1) @ v

    for x in (F.scaled_dot_product_attention(q, k, v, bias), composed(q, k, v, bias)):
        (x * x).sum().backward()
    mine = [t.grad.clone() for t in (q, k, v, bias)]
    for t in (q, k, v, bias):
        t.grad = None
    composed(q, k, v, bias).square().sum().backward()
    for a, t in zip(mine, (q, k, v, bias), strict=True):
        np.testing.assert_allclose(a.numpy(), 2 * t.grad.numpy(), rtol=1e-10, atol=1e-12)
    assert gradgradcheck(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        tuple(normal(1, 3, 2) for _ in range(3)),
    )


def test_rows_far_below_the_largest_keep_their_weights():
    x = np.zeros((80, 64))
    x[1:] -= 500
    x[:, 3] += 2
    expected = np.exp(x - x.max(1, keepdims=True))
    expected /= expected.sum(1, keepdims=True)
    found = F.softmax(tgb.tensor(x)[None], -1)[0]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


def test_any_choice_of_kernel_is_accepted():
    attention = nn.attention
    x = normal(2, 3, 4)
    with attention.sdpa_kernel([attention.SDPBackend.MATH, attention.SDPBackend.FLASH_ATTENTION]):
        a = F.scaled_dot_product_attention(x, x, x)
    assert tgb.equal(a, F.scaled_dot_product_attention(x, x, x))
    with pytest.raises(AssertionError), attention.sdpa_kernel("flash"):
        pass


def test_dropout_of_attention():
    layer = nn.MultiheadAttention(8, 2, dropout=0.5)
    x = tgb.randn(4, 1, 8)
    assert not tgb.equal(layer(x, x, x)[0], layer(x, x, x)[0])
    layer.eval()
    assert tgb.equal(layer(x, x, x)[0], layer(x, x, x)[0])


# ----------------------------------------------------------------------------------- normalisation


def test_running_statistics_follow_the_batches():
    layer = nn.BatchNorm1d(1, momentum=0.5)
    layer(tgb.tensor([[0.0], [2.0]]))
    assert layer.running_mean.item() == 0.5
    assert layer.running_var.item() == 1.5  # (1 + 2) / 2: the unbiased variance is 2
    assert layer.num_batches_tracked.item() == 1
    layer.reset_running_stats()
    assert layer.running_var.item() == 1 and layer.num_batches_tracked.item() == 0


def test_a_state_without_a_count_of_batches_loads():
    layer, state = nn.BatchNorm1d(2), nn.BatchNorm1d(2).state_dict()
    old = {name: value for name, value in state.items() if name != "num_batches_tracked"}
    assert layer.load_state_dict(old).missing_keys == []


def test_converting_to_sync_batchnorm_keeps_weights():
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Sequential(nn.BatchNorm1d(3)))
    made = nn.SyncBatchNorm.convert_sync_batchnorm(net)
    assert isinstance(made[1], nn.SyncBatchNorm) and isinstance(made[2][0], nn.SyncBatchNorm)
    assert made[1].weight is net[1].weight or made[1] is net[1]
    with pytest.raises(ValueError, match="at least 2D"):
        made[1](tgb.ones(3))


def test_lookups_shrink_rows_in_place():
    table = nn.Embedding(3, 2, max_norm=1.0)
    with tgb.no_grad():
        table.weight.copy_(tgb.tensor([[3.0, 4.0], [0.1, 0.0], [6.0, 8.0]]))
    table(tgb.tensor([0, 1]))
    np.testing.assert_allclose(table.weight[0].detach(), [0.6, 0.8], rtol=1e-5)
    assert table.weight[2].tolist() == [6.0, 8.0]  # not used, not touched


def test_float32_stays_float32():
    x = tgb.randn(4, 3, 8, requires_grad=True)
    for layer in (nn.LayerNorm(8), nn.BatchNorm1d(3), nn.GroupNorm(3, 3), nn.RMSNorm(8),
                  nn.InstanceNorm1d(3), nn.LocalResponseNorm(3), nn.LSTM(8, 5), nn.GRU(8, 5),
                  nn.TransformerEncoderLayer(8, 2, 16)):  # fmt: skip
        out = layer(x)
        out = out[0] if isinstance(out, tuple) else out
        assert out.dtype == tgb.float32
        out.sum().backward()
        assert x.grad.dtype == tgb.float32
        assert all(p.grad is None or p.grad.dtype == tgb.float32 for p in layer.parameters())


# ------------------------------------------------------------------------------------ like PyTorch


WRONG = {
    "batch channels": lambda m: m.nn.BatchNorm1d(4)(m.ones(2, 3)),
    "batch rank": lambda m: m.nn.BatchNorm2d(3)(m.ones(2, 3)),
    "batch of one": lambda m: m.nn.BatchNorm1d(3)(m.ones(1, 3)),
    "no statistics": lambda m: m.nn.functional.batch_norm(m.ones(2, 3), None, None),
    "mixed dtypes": lambda m: m.nn.BatchNorm1d(3)(m.ones(2, 3).double()),
    "layer shape": lambda m: m.nn.LayerNorm(4)(m.ones(2, 3)),
    "layer int": lambda m: m.nn.functional.layer_norm(m.ones(2, 3), 3),
    "layer weight": lambda m: m.nn.functional.layer_norm(m.ones(2, 3), [3], m.ones(4)),
    "layer of ints": lambda m: m.nn.LayerNorm(3)(m.ones(2, 3).long()),
    "rms shape": lambda m: m.nn.functional.rms_norm(m.ones(2, 3), [4]),
    "groups": lambda m: m.nn.GroupNorm(2, 3),
    "group channels": lambda m: m.nn.GroupNorm(3, 3)(m.ones(2, 6)),
    "group division": lambda m: m.nn.functional.group_norm(m.ones(2, 3), 2),
    "one place": lambda m: m.nn.InstanceNorm1d(3)(m.ones(2, 3, 1)),
    "instance rank": lambda m: m.nn.InstanceNorm2d(3)(m.ones(2, 3)),
    "instance channels": lambda m: m.nn.InstanceNorm1d(3, affine=True)(m.ones(2, 4, 5)),
    "response rank": lambda m: m.nn.functional.local_response_norm(m.ones(2, 3), 2),
    "index": lambda m: m.nn.Embedding(3, 4)(m.tensor([3])),
    "index dtype": lambda m: m.nn.Embedding(3, 4)(m.tensor([1.0])),
    "padding": lambda m: m.nn.Embedding(3, 4, padding_idx=5),
    "table": lambda m: m.nn.Embedding(3, 4, _weight=m.ones(2, 2)),
    "no offsets": lambda m: m.nn.EmbeddingBag(3, 4)(m.tensor([1, 2])),
    "bag mode": lambda m: m.nn.EmbeddingBag(3, 4, mode="min")(m.tensor([[1, 2]])),
    "bag weights": lambda m: m.nn.EmbeddingBag(3, 4)(m.tensor([[1]]), None, m.ones(1, 1)),
    "features": lambda m: m.nn.LSTM(3, 4)(m.ones(2, 2, 5)),
    "rank": lambda m: m.nn.LSTM(3, 4)(m.ones(2)),
    "state": lambda m: m.nn.GRU(3, 4)(m.ones(2, 2, 3), m.ones(1, 1, 4)),
    "states": lambda m: m.nn.LSTM(3, 4)(m.ones(2, 2, 3), (m.ones(1, 1, 4), m.ones(1, 2, 4))),
    "state rank": lambda m: m.nn.GRU(3, 4)(m.ones(2, 2, 3), m.ones(2, 4)),
    "cell": lambda m: m.nn.LSTMCell(3, 4)(m.ones(2, 2)),
    "cell rank": lambda m: m.nn.GRUCell(3, 4)(m.ones(2, 2, 3)),
    "projection": lambda m: m.nn.GRU(3, 4, proj_size=2),
    "wide projection": lambda m: m.nn.LSTM(3, 4, proj_size=4),
    "nonlinearity": lambda m: m.nn.RNN(3, 4, nonlinearity="x"),
    "dropout": lambda m: m.nn.LSTM(3, 4, dropout=2.0),
    "hidden": lambda m: m.nn.LSTM(3, 0),
    "layers": lambda m: m.nn.LSTM(3, 4, num_layers=0),
    "size": lambda m: m.nn.LSTM(3, "a"),
    "heads": lambda m: m.nn.MultiheadAttention(5, 2),
    "width": lambda m: m.nn.MultiheadAttention(0, 2),
    "keys": lambda m: m.nn.MultiheadAttention(4, 2)(
        m.ones(2, 3, 4), m.ones(2, 3, 4), m.ones(5, 3, 4)),
    "query": lambda m: m.nn.functional.scaled_dot_product_attention(
        m.ones(2, 3, 4), m.ones(2, 3, 5), m.ones(2, 3, 5)),
    "two masks": lambda m: m.nn.functional.scaled_dot_product_attention(
        *[m.ones(2, 3, 4)] * 3, m.ones(3, 3), is_causal=True),
    "vector": lambda m: m.nn.functional.scaled_dot_product_attention(
        m.ones(4), m.ones(2, 3, 4), m.ones(2, 3, 4)),
    "dtypes": lambda m: m.nn.functional.scaled_dot_product_attention(
        m.ones(2, 3, 4), m.ones(2, 3, 4).double(), m.ones(2, 3, 4)),
    "int mask": lambda m: m.nn.functional.scaled_dot_product_attention(
        *[m.ones(2, 3, 4)] * 3, m.ones(3, 3).long()),
    "transformer heads": lambda m: m.nn.Transformer(8, 3),
    "activation": lambda m: m.nn.TransformerEncoderLayer(8, 2, activation="x"),
    "samples": lambda m: m.nn.Transformer(8, 2, 1, 1, 8)(m.ones(3, 1, 8), m.ones(3, 2, 8)),
    "model width": lambda m: m.nn.Transformer(8, 2, 1, 1, 8)(m.ones(3, 1, 8), m.ones(3, 1, 9)),
    "nothing to pad": lambda m: m.nn.utils.rnn.pad_sequence([]),
    "length 0": lambda m: m.nn.utils.rnn.pack_padded_sequence(m.ones(2, 2), [1, 0]),
    "short": lambda m: m.nn.utils.rnn.pad_packed_sequence(
        m.nn.utils.rnn.pack_sequence([m.ones(3)]), total_length=2),
}  # fmt: skip


@pytest.mark.peers
@pytest.mark.parametrize("name", WRONG)
def test_errors_are_of_pytorchs_type(name):
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as theirs:
            WRONG[name](torch)
        with pytest.raises(Exception) as mine:
            WRONG[name](tgb)
    assert issubclass(mine.type, theirs.type), (mine.value, theirs.value)


@pytest.mark.peers
@pytest.mark.parametrize("mode", ["lstm", "gru", "rnn_tanh", "rnn_relu"])
@pytest.mark.parametrize("packed", [False, True])
def test_functions_at_the_top(mode, packed):
    import torch

    gates = {"lstm": 4, "gru": 3}.get(mode, 1)
    shapes = [(gates * 3, 2), (gates * 3, 3), (gates * 3,), (gates * 3,)]
    weights = [RNG.standard_normal(shape) for shape in shapes]
    x, h = RNG.standard_normal((4, 2, 2)), RNG.standard_normal((1, 2, 3))
    found = []
    for m in (tgb, torch):
        params, first = [m.tensor(w) for w in weights], m.tensor(h)
        state = [first, first] if mode == "lstm" else first
        how = (True, 1, 0.0, False, False)
        if packed:
            data, sizes = m.tensor(x.reshape(8, 2)[:6]), m.tensor([2, 2, 1, 1])
            out = getattr(m, mode)(data, sizes, state, params, *how)
        else:
            out = getattr(m, mode)(m.tensor(x), state, params, *how, False)
        cell = getattr(m, f"{mode}_cell")
        one = cell(
            m.tensor(x[0]), tuple(s[0] for s in state) if mode == "lstm" else first[0], *params
        )
        found.append([*out, *(one if mode == "lstm" else (one,))])
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-12)
