"""What the random training steps are made of: instructions on values of three kinds.

Each takes one or two of the values so far and a number of its own, from 0 to 7. Functions that
are steep or undefined somewhere get arguments where they are tame: twenty steps go through them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tinygrad_bp as tgb

__all__ = ["FLOAT", "INDEX", "INDICES", "INSTRUCTIONS", "TRUTH"]

F = tgb.nn.functional
INDICES = 3  # indices are 0, 1 and 2: no axis that is indexed is shorter

#: Of floating numbers, of indices, and of truth values.
FLOAT, INDEX, TRUTH = "f", "n", "b"

#: name -> (kinds of the operands, kind of the result, function).
INSTRUCTIONS: dict[str, tuple[str, str, Callable[..., Any]]] = {}


def _add(kinds: str, result: str, **functions: Any) -> None:
    INSTRUCTIONS.update({name: (kinds, result, f) for name, f in functions.items()})


def _axis(x: Any, k: int) -> int:
    return k % x.ndim


# Of one number each; arguments are kept where the function is tame.
_add(
    "f", FLOAT,
    tanh=lambda x, k: x.tanh(), sigmoid=lambda x, k: x.sigmoid(), relu=lambda x, k: x.relu(),
    sin=lambda x, k: x.sin(), cos=lambda x, k: x.cos(), exp=lambda x, k: x.tanh().exp(),
    log=lambda x, k: (x.abs() + 0.5).log(), sqrt=lambda x, k: (x.abs() + 0.1).sqrt(),
    rsqrt=lambda x, k: (x.square() + 0.5).rsqrt(), square=lambda x, k: x.square() * 0.3,
    absolute=lambda x, k: x.abs(), negative=lambda x, k: -x,
    reciprocal=lambda x, k: (1 + x.square()).reciprocal(), erf=lambda x, k: tgb.erf(x),
    expm1=lambda x, k: tgb.expm1(x.tanh()), log1p=lambda x, k: x.abs().log1p(),
    softplus=lambda x, k: F.softplus(x, beta=1 + k % 3), elu=lambda x, k: F.elu(x, 0.5 + k % 2),
    leaky=lambda x, k: F.leaky_relu(x, 0.1 * (k % 4)), silu=lambda x, k: F.silu(x),
    gelu=lambda x, k: F.gelu(x, approximate=("none", "tanh")[k % 2]), mish=lambda x, k: F.mish(x),
    hardtanh=lambda x, k: F.hardtanh(x), hardswish=lambda x, k: F.hardswish(x),
    hardsigmoid=lambda x, k: F.hardsigmoid(x), relu6=lambda x, k: F.relu6(x * 4) * 0.2,
    celu=lambda x, k: F.celu(x, 1.5), selu=lambda x, k: F.selu(x) * 0.5,
    softsign=lambda x, k: F.softsign(x), logsigmoid=lambda x, k: F.logsigmoid(x),
    tanhshrink=lambda x, k: F.tanhshrink(x), softshrink=lambda x, k: F.softshrink(x, 0.2),
    hardshrink=lambda x, k: F.hardshrink(x, 0.2), threshold=lambda x, k: F.threshold(x, 0.1, -0.3),
    atan=lambda x, k: x.atan(), sinh=lambda x, k: x.tanh().sinh(),
    cosh=lambda x, k: x.tanh().cosh(), asin=lambda x, k: (x.tanh() * 0.9).asin(),
    tan=lambda x, k: x.tanh().tan(), floor=lambda x, k: x + (x * 3).floor() * 0.1,
    ceil=lambda x, k: x - x.ceil() * 0.1, rounded=lambda x, k: x + (x * 5).round() * 0.1,
    trunc=lambda x, k: x * x.trunc() * 0.1, frac=lambda x, k: x.frac(),
    sign=lambda x, k: x.sign() * x.cos(), power=lambda x, k: (x.abs() + 0.3) ** (k * 0.5 - 1) * 0.3,
    cubed=lambda x, k: x.tanh() ** 3, clamp=lambda x, k: x.clamp(-0.5, 0.1 * k),
    clamp_min=lambda x, k: x.clamp(min=-0.1 * k), sinc=lambda x, k: tgb.sinc(x),
    lgamma=lambda x, k: tgb.lgamma(x.abs() + 1), exp2=lambda x, k: tgb.exp2(x.tanh()),
    log2=lambda x, k: tgb.log2(x.abs() + 1), nan_to_num=lambda x, k: tgb.nan_to_num(x / (x * 0)),
    logit=lambda x, k: tgb.logit(x.sigmoid() * 0.9 + 0.05), detached=lambda x, k: x + x.detach(),
    cloned=lambda x, k: x.clone(), rates=lambda x, k: x * (0.1 * k), plus=lambda x, k: x + k,
    from_left=lambda x, k: k - x, under=lambda x, k: k / (2 + x.abs()),
    narrower=lambda x, k: x.float().tanh().to(x.dtype),
    over_nothing=lambda x, k: 1 / (x.relu() + 1),
)  # fmt: skip

# Over an axis, or all of them.
_add(
    "f", FLOAT,
    sum=lambda x, k: x.sum(_axis(x, k), keepdim=k > 4) * 0.3, total=lambda x, k: x.sum() * 0.1,
    mean=lambda x, k: x.mean(_axis(x, k), keepdim=k > 4), average=lambda x, k: x.mean(),
    largest=lambda x, k: x.amax(_axis(x, k), keepdim=k > 4), least=lambda x, k: x.amin(),
    maximum_with=lambda x, k: x.max(_axis(x, k)).values, top=lambda x, k: x.max(),
    variance=lambda x, k: x.var(_axis(x, k), correction=0), std=lambda x, k: (x + 1e-3).std(),
    norm=lambda x, k: (x * x + 0.01).norm() * 0.3, product=lambda x, k: x.tanh().prod(_axis(x, k)),
    logsumexp=lambda x, k: x.logsumexp(_axis(x, k)), softmax=lambda x, k: x.softmax(_axis(x, k)),
    log_softmax=lambda x, k: x.log_softmax(_axis(x, k)) * 0.3,
    softmin=lambda x, k: F.softmin(x, dim=_axis(x, k)),
    cumsum=lambda x, k: x.cumsum(_axis(x, k)) * 0.3,
    cumprod=lambda x, k: x.cos().cumprod(_axis(x, k)),
    cummax=lambda x, k: x.cummax(_axis(x, k)).values, median=lambda x, k: x.median(),
    sorted=lambda x, k: x.sort(_axis(x, k), descending=k > 4).values,
    topk=lambda x, k: x.topk(1 + k % x.shape[-1]).values,
    kth=lambda x, k: x.kthvalue(1 + k % x.shape[-1]).values,
    layer_norm=lambda x, k: F.layer_norm(x, x.shape[-1:]),
    rms_norm=lambda x, k: F.rms_norm(x, x.shape[-1:]),
    normalize=lambda x, k: F.normalize(x + 0.1, dim=_axis(x, k)),
    centred=lambda x, k: x - x.mean(_axis(x, k), keepdim=True),
    scaled=lambda x, k: x / (1 + x.abs().sum(_axis(x, k), keepdim=True)),
    batch_norm=lambda x, k: F.batch_norm(x, None, None, training=True) if x.ndim > 1 else None,
    batched=lambda x, k: (x - x.mean(0)) / (x.var(0, correction=0) + 0.1).sqrt(),
)  # fmt: skip

# Moved about.
_add(
    "f", FLOAT,
    flip=lambda x, k: x.flip(_axis(x, k)), roll=lambda x, k: x.roll(k, _axis(x, k)),
    turned=lambda x, k: x.transpose(0, -1), flat=lambda x, k: x.reshape(-1),
    folded=lambda x, k: x.reshape(-1, 2) if x.numel() % 2 == 0 else None,
    copied=lambda x, k: x.transpose(0, -1).contiguous(),
    alone=lambda x, k: x.unsqueeze(k % 3 and -1), squeezed=lambda x, k: x.squeeze(),
    widened=lambda x, k: x.unsqueeze(0).expand(2, *x.shape), tail=lambda x, k: x[1:],
    head=lambda x, k: x[..., :2], every_other=lambda x, k: x[..., ::2],
    backwards=lambda x, k: x[k % x.shape[0]], selected=lambda x, k: x.select(_axis(x, k), 0),
    narrow=lambda x, k: x.narrow(_axis(x, k), 0, 1), diagonal=lambda x, k: x.diagonal(),
    tril=lambda x, k: x.tril(k % 3 - 1), triu=lambda x, k: x.triu(k % 3 - 1),
    repeated=lambda x, k: x.repeat(2, *[1] * (x.ndim - 1)), tiled=lambda x, k: x.tile(2),
    padded=lambda x, k: F.pad(x, (1, k % 2), value=0.1 * k),
    parts=lambda x, k: tgb.cat([x[..., 1:], x[..., :1] * 0.5], -1),
    halves=lambda x, k: sum(t.sum(-1) for t in x.chunk(2, -1)) * 0.4,
    unbound=lambda x, k: tgb.stack([t * (i + 1) for i, t in enumerate(x.unbind(0))], -1) * 0.3,
    windows=lambda x, k: x.unfold(-1, 2, 1) if x.shape[-1] > 1 else None,
    repeat_interleave=lambda x, k: x.repeat_interleave(2, _axis(x, k)),
    several=lambda x, k: x[[0, -1, 0]], none=lambda x, k: x[None, ..., 0],
    movedim=lambda x, k: x.movedim(0, -1), diff=lambda x, k: x.diff(dim=-1),
    strided=lambda x, k: x.mT if x.ndim > 1 else None,
    ravel=lambda x, k: x.mT.ravel() if x.ndim > 1 else None,
)  # fmt: skip

# Of two.
_add(
    "ff", FLOAT,
    add=lambda x, y, k: x + y, subtract=lambda x, y, k: x - 0.5 * y, multiply=lambda x, y, k: x * y,
    divide=lambda x, y, k: x / (1 + y.square()), maximum=lambda x, y, k: tgb.maximum(x, y),
    minimum=lambda x, y, k: tgb.minimum(x, y), atan2=lambda x, y, k: tgb.atan2(x, y.abs() + 0.1),
    hypot=lambda x, y, k: tgb.hypot(x, y.abs() + 0.1), lerp=lambda x, y, k: tgb.lerp(x, y, 0.1 * k),
    logaddexp=lambda x, y, k: tgb.logaddexp(x, y), pow=lambda x, y, k: (x.abs() + 0.2) ** y.tanh(),
    remainder=lambda x, y, k: tgb.remainder(x, y.detach().abs() + 0.5),
    addcmul=lambda x, y, k: tgb.addcmul(x, y, y, value=0.1 * k),
    addcdiv=lambda x, y, k: tgb.addcdiv(x, y, 1 + y.square(), value=0.5),
    xlogy=lambda x, y, k: tgb.xlogy(x, y.abs() + 0.3),
    matmul=lambda x, y, k: (x @ y.transpose(0, -1) if y.ndim < 3 else x @ y.mT) * 0.3,
    gram=lambda x, y, k: x.mT @ y * 0.3, outer=lambda x, y, k: tgb.outer(x.ravel(), y.ravel()[:4]),
    linear=lambda x, y, k: F.linear(x, y) * 0.3 if y.ndim == 2 else None,
    linear_bias=lambda x, y, k: F.linear(x, y, y[:, 0]) * 0.3 if y.ndim == 2 else None,
    einsum=lambda x, y, k: tgb.einsum("...i,...i->...", x, y) * 0.3,
    cat=lambda x, y, k: tgb.cat([x, y], _axis(x, k)),
    stack=lambda x, y, k: tgb.stack([x, y], k % 2),
    where=lambda x, y, k: tgb.where(x > 0.1 * k, x, y), copysign=lambda x, y, k: tgb.copysign(x, y),
    fmax=lambda x, y, k: tgb.fmax(x, y), mse=lambda x, y, k: F.mse_loss(x, y),
    smooth_l1=lambda x, y, k: F.smooth_l1_loss(x, y, reduction=("mean", "sum", "none")[k % 3]) / 9,
    huber=lambda x, y, k: F.huber_loss(x, y), l1=lambda x, y, k: F.l1_loss(x, y),
    bce=lambda x, y, k: F.binary_cross_entropy_with_logits(x, y.sigmoid().detach()),
    kl=lambda x, y, k: F.kl_div(x.log_softmax(-1), y.softmax(-1), reduction="batchmean"),
    cosine=lambda x, y, k: F.cosine_similarity(x + 1, y + 1, dim=_axis(x, k)),
    soft_target=lambda x, y, k: F.cross_entropy(x, y.softmax(1)) if x.ndim == 2 else None,
    distances=lambda x, y, k: tgb.cdist(x, y) * 0.3 if x.ndim == y.ndim == 2 else None,
    attention=lambda x, y, k: F.scaled_dot_product_attention(x, y, y, is_causal=k > 4)
    if x.ndim > 1 else None,
    conv=lambda x, y, k: F.conv1d(x.unsqueeze(1), y[:2, None, :2], padding=k % 2) * 0.3
    if x.ndim == y.ndim == 2 else None,
    conv2d=lambda x, y, k: F.conv2d(x[None, None], y[None, None, :2, :2], padding=k % 2) * 0.3
    if x.ndim == y.ndim == 2 else None,
    scattered=lambda x, y, k: tgb.diagonal_scatter(x, y.ravel()[: min(x.shape)])
    if x.ndim == 2 else None, kron=lambda x, y, k: tgb.kron(x, y),
    cross=lambda x, y, k: tgb.linalg.cross(x, y, dim=0),
    tensordot=lambda x, y, k: tgb.tensordot(x, y, dims=1) * 0.3,
)  # fmt: skip

# Of windows, as images have them.
_add(
    "f", FLOAT,
    max_pool=lambda x, k: F.max_pool1d(x, 2, 1 + k % 2) if x.ndim == 2 else None,
    avg_pool=lambda x, k: F.avg_pool1d(x, 2) if x.ndim == 2 else None,
    adaptive=lambda x, k: F.adaptive_avg_pool1d(x, 2) if x.ndim == 2 else None,
    upsampled=lambda x, k: F.interpolate(x, scale_factor=2, mode=("nearest", "linear")[k % 2])
    if x.ndim == 3 else None, max_pool2d=lambda x, k: F.max_pool2d(x, 2) if x.ndim == 3 else None,
    grouped=lambda x, k: F.group_norm(x, 1) if x.ndim > 1 else None,
)  # fmt: skip

# Random numbers.
_add(
    "f", FLOAT,
    dropout=lambda x, k: F.dropout(x, 0.1 * k), noisy=lambda x, k: x + 0.1 * tgb.randn_like(x),
    uniform=lambda x, k: x * tgb.rand(x.shape, dtype=x.dtype),
    coin=lambda x, k: x * tgb.bernoulli(tgb.full(x.shape, 0.5)).to(x.dtype),
    drawn=lambda x, k: x + 0.1 * tgb.empty(x.shape, dtype=x.dtype).uniform_(-1, 1),
    shuffled=lambda x, k: x[tgb.randperm(x.shape[0])], rrelu=lambda x, k: F.rrelu(x, training=True),
    gumbel=lambda x, k: F.gumbel_softmax(x + 0.1),
)  # fmt: skip


def _rows(x: Any, y: Any, k: int) -> Any:
    y = x.clone()
    y[0] = y[-1] * 2
    y[..., 0] += 0.1 * k
    return y


def _put(x: Any, y: Any, k: int) -> Any:
    out = x.clone()
    out.view(-1)[: 1 + k] *= 0.5
    out.sub_(y * 0.1) if y.shape == x.shape else out.mul_(0.5)
    return out


def _through_a_view(x: Any, y: Any, k: int) -> Any:
    out = x.clone()
    part = out[..., :2]
    part.tanh_() if k % 2 else part.add_(1)
    return out + part.sum()


def _mean_kept(x: Any, y: Any, k: int) -> Any:
    out = tgb.zeros(x.shape, dtype=x.dtype)
    out.add_(x, alpha=0.5).clamp_(max=0.1 * k)
    return out + y.detach().sum() * 0.01


# In place, on copies.
_add(
    "ff", FLOAT,
    assigned=_rows, put=_put, through_a_view=_through_a_view, added_up=_mean_kept,
)  # fmt: skip
_add(
    "ff", FLOAT,
    filled=lambda x, y, k: x.clone().fill_(0.1 * k) + y,
    masked=lambda x, y, k: x.masked_fill(x > 0.3, 0.1 * k),
    zeroed=lambda x, y, k: x.clone().masked_fill_(x < 0, 0.5),
    over=lambda x, y, k: x.clone().copy_(y),
    swapped=lambda x, y, k: x.clone().T.mul_(2).T if x.ndim == 2 else None,
)  # fmt: skip


def _indexed(function: Callable[..., Any], axis: int = 0) -> Callable[..., Any]:
    """Leave out what is too short for the indices."""

    def fitting(x: Any, n: Any, k: int) -> Any:
        return function(x, n, k) if n.ndim and x.shape[axis] >= INDICES else None

    return fitting


def _classes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Take rows, with an index of a class each."""

    def classified(x: Any, n: Any, k: int) -> Any:
        if x.ndim != 2 or min(x.shape) < INDICES or not n.ndim:
            return None
        return function(x[n.ravel()], n.ravel(), k)

    return classified


_add(
    "fn", FLOAT,
    taken=_indexed(lambda x, n, k: x[n]), put_at=_indexed(lambda x, n, k: _assigned_at(x, n, k)),
    index_select=_indexed(lambda x, n, k: x.index_select(0, n.ravel())),
    gather=_indexed(lambda x, n, k: x.gather(0, n) if x.ndim == n.ndim == 1 else None),
    gather_last=_indexed(lambda x, n, k: x.gather(-1, n[:1].reshape(*[1] * x.ndim)), -1),
    scatter_add=_indexed(lambda x, n, k: tgb.zeros_like(x).index_add(0, n.ravel(), x[n.ravel()])),
    scatter=_indexed(lambda x, n, k: x.scatter(0, n, 0.1 * k) if x.ndim == n.ndim else None),
    index_fill=_indexed(lambda x, n, k: x.index_fill(0, n.ravel(), 0.1 * k)),
    take_along=_indexed(lambda x, n, k: tgb.take(x, n)),
    times=lambda x, n, k: x * n if n.ndim < 2 else None, plus_index=lambda x, n, k: x + 0.1 * n,
    raised=lambda x, n, k: x.tanh() ** n,
    embedding=_indexed(lambda x, n, k: F.embedding(n, x) if x.ndim == 2 else None),
    entropy=_classes(lambda x, n, k: F.cross_entropy(x, n, reduction=("mean", "sum")[k % 2])),
    smoothed=_classes(lambda x, n, k: F.cross_entropy(x, n, label_smoothing=0.1 * k)),
    nll=_classes(lambda x, n, k: F.nll_loss(x.log_softmax(1), n)),
    margin=_classes(lambda x, n, k: F.multi_margin_loss(x, n)),
    pair=_indexed(lambda x, n, k: x[n, 0] if x.ndim > 1 else None),
    both=_indexed(lambda x, n, k: x[:, n] if x.ndim > 1 and x.shape[1] >= INDICES else None),
    one_hot=lambda x, n, k: F.one_hot(n, INDICES).to(x.dtype) * x.mean(),
    added_at=_indexed(lambda x, n, k: x.index_put((n.ravel(),), x[0] * 0.1, accumulate=True)),
)  # fmt: skip


def _assigned_at(x: Any, n: Any, k: int) -> Any:
    out = x.clone()
    out[n] = 0.1 * k
    return out


_add(
    "fb", FLOAT,
    chosen=lambda x, b, k: tgb.where(b, x, 0.1 * k),
    masked_by=lambda x, b, k: x.masked_fill(b, -0.1 * k), gated=lambda x, b, k: x * b,
    unless=lambda x, b, k: x * (~b).to(x.dtype), set_where=lambda x, b, k: _set_where(x, b, k),
)  # fmt: skip


def _set_where(x: Any, b: Any, k: int) -> Any:
    if x.shape != b.shape:
        return None
    out = x.clone()
    out[b] = 0.1 * k
    return out


# Whole numbers and truth values.
_add(
    "f", TRUTH,
    positive=lambda x, k: x > 0.1 * k, small=lambda x, k: x.abs() <= 0.1 * k,
    is_finite=lambda x, k: tgb.isfinite(x), is_close=lambda x, k: tgb.isclose(x, x + 1e-9 * k),
)  # fmt: skip
_add(
    "ff", TRUTH,
    less=lambda x, y, k: x < y, greater_equal=lambda x, y, k: x >= y,
    not_equal=lambda x, y, k: x != y,
)  # fmt: skip
_add(
    "bb", TRUTH,
    both_true=lambda a, b, k: a & b, either=lambda a, b, k: a | b,
    one_of_them=lambda a, b, k: a ^ b, neither=lambda a, b, k: ~(a | b),
    logical=lambda a, b, k: tgb.logical_and(a, b.logical_not()),
)  # fmt: skip
_add(
    "b", TRUTH,
    any_of=lambda b, k: b.any(_axis(b, k)) if b.ndim else None, all_of=lambda b, k: b.all(),
    turned_truth=lambda b, k: b.transpose(0, -1) if b.ndim else None,
)  # fmt: skip
_add(
    "b", INDEX,
    count=lambda b, k: b.sum() % INDICES, as_index=lambda b, k: b.long(),
)  # fmt: skip
_add(
    "b", FLOAT,
    share=lambda b, k: b.double().mean(), counted=lambda b, k: b.sum(0) * 0.1 if b.ndim else None,
)  # fmt: skip
_add(
    "f", INDEX,
    argmax=lambda x, k: x.argmax(_axis(x, k)) % INDICES, argmin=lambda x, k: x.argmin() % INDICES,
    argsort=lambda x, k: x.argsort(-1) % INDICES,
    cut_off=lambda x, k: (x.tanh() * 3).long().abs().clamp(max=2),
    buckets=lambda x, k: tgb.bucketize(x.detach(), tgb.tensor([-0.5, 0.5], dtype=x.dtype)),
)  # fmt: skip
_add(
    "nn", INDEX,
    sum_of=lambda a, b, k: (a + b * k) % INDICES, product_of=lambda a, b, k: a * b % INDICES,
    divided=lambda a, b, k: a // (b + 1), larger=lambda a, b, k: tgb.maximum(a, b),
    difference=lambda a, b, k: (a - b).abs(), bits=lambda a, b, k: (a & b) % INDICES,
    if_then=lambda a, b, k: tgb.where(a > b, a, b), shifted=lambda a, b, k: (a << 1) % INDICES,
)  # fmt: skip
_add(
    "nn", TRUTH,
    same=lambda a, b, k: a == b, before=lambda a, b, k: a < b,
)  # fmt: skip
_add(
    "n", INDEX,
    run=lambda a, k: a.cumsum(0) % INDICES if a.ndim else None, rolled=lambda a, k: a.roll(k),
    clamped=lambda a, k: a.clamp(max=1), drawn_index=lambda a, k: tgb.randint(0, INDICES, a.shape),
    smaller_type=lambda a, k: a.int().long(), sum_all=lambda a, k: a.sum() % INDICES,
    flat_index=lambda a, k: a.reshape(-1), unsqueezed=lambda a, k: a.unsqueeze(-1),
)  # fmt: skip
_add(
    "n", FLOAT,
    number=lambda a, k: a.double() * 0.3, average_index=lambda a, k: a.to(tgb.float64).mean(),
)  # fmt: skip
