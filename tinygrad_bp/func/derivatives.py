"""Functions that return derivatives of functions, and compose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.gradients import grad as _grad
from ..creation import eye, zeros_like
from ..functions.joining import stack
from ..mode import enable_grad
from ..tensor import Tensor
from ._levels import begin, end, tensors_of
from .tree import leaves, rebuilt

__all__ = ["grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize", "vjp"]

Function = Callable[..., Any]
Places = int | tuple[int, ...]


def _pull(outputs: list[Tensor], inputs: list[Tensor], weights: list[Tensor]) -> list[Tensor]:
    """Return weightsᵀ J, zeros where an output does not depend on an input."""
    pairs = [(o, w) for o, w in zip(outputs, weights, strict=True) if o.requires_grad]
    if not pairs or not inputs:
        return [zeros_like(x) for x in inputs]
    wanted, given = zip(*pairs, strict=True)
    return list(
        _grad(wanted, inputs, given, create_graph=True, retain_graph=True, allow_unused=True,
              materialize_grads=True)
    )  # fmt: skip


def _chosen(args: tuple[Any, ...], argnums: Places, where: str) -> tuple[tuple[int, ...], Any]:
    """Return the places of the arguments to differentiate, and those arguments."""
    many = isinstance(argnums, tuple)
    places = argnums if isinstance(argnums, tuple) else (argnums,)
    for place in places:
        if not -len(args) <= place < len(args):
            raise RuntimeError(
                f"{where}: argnums={argnums} names an argument that the call does not have; "
                f"there are {len(args)} positional arguments"
            )
    places = tuple(place % len(args) for place in places)
    return places, tuple(args[place] for place in places) if many else args[places[0]]


def _with(args: tuple[Any, ...], places: tuple[int, ...], values: Any, many: bool) -> list[Any]:
    changed = list(args)
    for place, value in zip(places, values if many else (values,), strict=True):
        changed[place] = value
    return changed


def _split(result: Any, has_aux: bool, where: str) -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError(f"{where}: with has_aux the function returns a tuple (output, aux)")
    return result


def grad_and_value(func: Function, argnums: Places = 0, has_aux: bool = False) -> Function:
    """Return a function that gives the gradient of `func` and its value.

    Parameters
    ----------
    func : callable
        Returns one number, or with `has_aux` that and anything else.
    argnums : int or tuple of int
        Which arguments the gradient is for. These may be containers of tensors.
    has_aux : bool

    Returns
    -------
    callable
        Gives (gradient, value), or (gradient, (value, aux)).

    Raises
    ------
    RuntimeError
        If the function returns something else.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.func.grad_and_value(lambda x: x**3)(tgb.tensor(2.0))
    (tensor(12.), tensor(8.))
    """

    def both(*args: Any, **kwargs: Any) -> Any:
        places, chosen = _chosen(args, argnums, "grad")
        tensors_of(chosen, "grad")
        with enable_grad():
            begun = begin(chosen)
            result = func(*_with(args, places, begun, isinstance(argnums, tuple)), **kwargs)
            value, aux = _split(result, has_aux, "grad")
            if not isinstance(value, Tensor) or value.ndim:
                what = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
                raise RuntimeError(
                    f"grad: the function has to return a tensor without dimensions, not {what}; "
                    "use jacrev, or sum it"
                )
            found = _pull([value], leaves(begun), [value.new_ones(())])
        gradients, value, aux = end((rebuilt(begun, found), value, aux), begun)
        return gradients, ((value, aux) if has_aux else value)

    return both


def grad(func: Function, argnums: Places = 0, has_aux: bool = False) -> Function:
    """Return a function that gives the gradient of `func`; see :func:`grad_and_value`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> slope = tgb.func.grad(tgb.sin)
    >>> curvature = tgb.func.grad(slope)
    >>> slope(tgb.tensor(0.0)), curvature(tgb.tensor(0.0))
    (tensor(1.), tensor(-0.))
    """
    both = grad_and_value(func, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> Any:
    """Run a function, and return the function v ↦ vᵀ J besides.

    Returns
    -------
    (output, vjp_fn) or (output, vjp_fn, aux)
        ``vjp_fn(cotangents)`` gives a tuple, one for each of `primals`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> y, pull = tgb.func.vjp(tgb.sin, tgb.zeros(2))
    >>> pull(tgb.ones(2))
    (tensor([1., 1.]),)
    """
    tensors_of(primals, "vjp")
    with enable_grad():
        begun = begin(primals)
        output, aux = _split(func(*begun), has_aux, "vjp")
    outputs = tensors_of(output, "vjp")

    def vjp_fn(cotangents: Any) -> Any:
        weights = tensors_of(cotangents, "vjp_fn")
        if len(weights) != len(outputs):
            raise RuntimeError(
                f"vjp_fn: {len(weights)} cotangents for {len(outputs)} outputs of the function"
            )
        with enable_grad():
            found = _pull(outputs, leaves(begun), weights)
        return end(rebuilt(begun, found), begun)

    output, aux = end((output, aux), begun)
    return (output, vjp_fn, aux) if has_aux else (output, vjp_fn)


def _pusher(outputs: list[Tensor], begun: Any) -> Callable[[list[Tensor]], list[Tensor]]:
    """Return u ↦ J u: vᵀ J is linear in v, and the gradient of v ↦ (vᵀ J) u is J u."""
    with enable_grad():
        weights = [zeros_like(output).requires_grad_() for output in outputs]
        pulled = _pull(outputs, leaves(begun), weights)
    return lambda tangents: _pull(pulled, weights, tangents)


def linearize(func: Function, *primals: Any) -> tuple[Any, Function]:
    """Run a function, and return the function u ↦ J u besides, to be called many times.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> y, slope = tgb.func.linearize(lambda x: x**2, tgb.tensor(3.0))
    >>> y, slope(tgb.tensor(1.0))
    (tensor(9.), tensor(6.))
    """
    tensors_of(primals, "linearize")
    with enable_grad():
        begun = begin(primals)
        output = func(*begun)
        outputs = tensors_of(output, "linearize")
        push = _pusher(outputs, begun)

    def jvp_fn(*tangents: Any) -> Any:
        with enable_grad():
            pushed = push(tensors_of(tangents, "jvp_fn"))
        return end(rebuilt(output, pushed), begun)

    return end(output, begun), jvp_fn


def jvp(func: Function, primals: Any, tangents: Any, *, strict: bool = False,
        has_aux: bool = False) -> Any:  # fmt: skip
    """Run a function, and return its derivative J u in the direction `tangents` besides.

    Parameters
    ----------
    func : callable
    primals, tangents : tuple
        The arguments, and a direction of the same structure.
    strict : bool
        Accepted: an output that does not depend on the arguments has the derivative 0.
    has_aux : bool

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.func.jvp(tgb.sin, (tgb.zeros(2),), (tgb.tensor([1.0, 3.0]),))
    (tensor([0., 0.]), tensor([1., 3.]))
    """
    if not isinstance(primals, tuple) or len(leaves(primals)) != len(leaves(tangents)):
        raise RuntimeError("jvp: primals and tangents have to be tuples of the same structure")
    tensors_of(primals, "jvp")
    with enable_grad():
        begun = begin(primals)
        output, aux = _split(func(*begun), has_aux, "jvp")
        pushed = _pusher(tensors_of(output, "jvp"), begun)(tensors_of(tangents, "jvp"))
    done = end((output, rebuilt(output, pushed), aux), begun)
    return done if has_aux else done[:2]


def _basis(tensor: Tensor) -> list[Tensor]:
    """Return the tensors of this shape that are 1 at one place."""
    n = tensor.numel()
    return list(eye(n, dtype=tensor.dtype).reshape(n, *tensor.shape))


def jacrev(func: Function, argnums: Places = 0, *, has_aux: bool = False,
           chunk_size: int | None = None,
           _preallocate_and_copy: bool = False) -> Function:  # fmt: skip
    """Return a function that gives the Jacobian of `func`, by a backward pass for each output.

    For an output of shape s and an argument of shape t the Jacobian is of shape (*s, *t); for
    containers, each output's place holds the container of the arguments.

    Parameters
    ----------
    func : callable
    argnums : int or tuple of int
    has_aux : bool
    chunk_size : int, optional
        Accepted: outputs are taken one by one.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.func.jacrev(lambda x: x**2)(tgb.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    def jacobian(*args: Any, **kwargs: Any) -> Any:
        places, chosen = _chosen(args, argnums, "jacrev")
        tensors_of(chosen, "jacrev")
        many = isinstance(argnums, tuple)
        with enable_grad():
            begun = begin(chosen)
            result = func(*_with(args, places, begun, many), **kwargs)
            output, aux = _split(result, has_aux, "jacrev")
            rows = [
                _stacked([_pull([out], leaves(begun), [one]) for one in _basis(out)], out, begun)
                for out in tensors_of(output, "jacrev")
            ]
        found, aux = end((rebuilt(output, rows), aux), begun)
        return (found, aux) if has_aux else found

    return jacobian


def _stacked(pulled: list[list[Tensor]], output: Tensor, begun: Any) -> Any:
    """Put the gradients of the elements of one output together."""
    sources = leaves(begun)
    if not pulled:  # an empty output
        blocks = [output.new_zeros((*output.shape, *x.shape)) for x in sources]
    else:
        blocks = [
            stack(column).reshape(*output.shape, *x.shape)
            for column, x in zip(zip(*pulled, strict=True), sources, strict=True)
        ]
    return rebuilt(begun, blocks)


def jacfwd(func: Function, argnums: Places = 0, has_aux: bool = False, *,
           randomness: str = "error") -> Function:  # fmt: skip
    """Return a function that gives the Jacobian of `func`, column by column; see :func:`jacrev`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.func.jacfwd(lambda x: x**2)(tgb.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    def jacobian(*args: Any, **kwargs: Any) -> Any:
        places, chosen = _chosen(args, argnums, "jacfwd")
        sources = tensors_of(chosen, "jacfwd")
        with enable_grad():
            begun = begin(chosen)
            result = func(*_with(args, places, begun, isinstance(argnums, tuple)), **kwargs)
            output, aux = _split(result, has_aux, "jacfwd")
            outputs = tensors_of(output, "jacfwd")
            push = _pusher(outputs, begun)
            still = [zeros_like(x) for x in sources]
            blocks: list[list[Tensor]] = [[] for _ in outputs]
            for i, x in enumerate(sources):
                columns = [push([*still[:i], one, *still[i + 1 :]]) for one in _basis(x)]
                for out, block, column in zip(
                    outputs, blocks, zip(*columns, strict=True), strict=True
                ):
                    last = stack(column, -1) if column else out.new_zeros((*out.shape, 0))
                    block.append(last.reshape(*out.shape, *x.shape))
        rows = [rebuilt(begun, block) for block in blocks]
        found, aux = end((rebuilt(output, rows), aux), begun)
        return (found, aux) if has_aux else found

    return jacobian


def hessian(func: Function, argnums: Places = 0) -> Function:
    """Return a function that gives the matrix of second derivatives of `func`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.func.hessian(lambda x: (x**3).sum())(tgb.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)
