"""Sampling of dependent arguments: matching shapes, indices in range.

``FAMILIES`` maps the name of a function to a sampler of some of its arguments, by the names of its
parameters; ``arguments`` samples the rest by kind. ``PROGRAMS`` maps the path of a function without
schema to a sampler of all its arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .case import TensorArg
from .layers import LAYERS
from .programs import PROGRAMS
from .sampling import Draw
from .shapes import shapes

__all__ = ["FAMILIES", "PROGRAMS"]

Family = Callable[[Draw], dict[str, Any]]

# Shapes by letters: one letter is one size, * any number of sizes, ~ broadcasts, ? may be None.
SHAPES = {
    "mm": "self=nk mat2=km",
    "bmm": "self=bnk mat2=bkm",
    "mv": "self=nk vec=k",
    "dot": "self=n tensor=n",
    "vdot": "self=n other=n",
    "inner": "self=*k other=mk",
    "outer": "self=n vec2=m",
    "addmm": "self=~nm mat1=nk mat2=km",
    "addmv": "self=~n mat=nk vec=k",
    "addr": "self=~nm vec1=n vec2=m",
    "addbmm": "self=~nm batch1=bnk batch2=bkm",
    "baddbmm": "self=~bnm batch1=bnk batch2=bkm",
    "matrix_power": "self=*nn",
    "linear": "input=*k weight=mk ?bias=m",
    "bilinear": "input1=*j input2=*k weight=mjk ?bias=m",
    "cdist": "x1=*nk x2=*mk",
    "pdist": "self=nk",
    "cosine_similarity": "x1=*k x2=~*k",
    "pairwise_distance": "x1=*k x2=~*k",
    "dist": "self=*k other=~*k",
    "cross": "self=*3 other=~*3",
    "t": "self=nk",
    "trace": "self=nk",
    "tril": "self=*nk",
    "triu": "self=*nk",
    "fliplr": "self=nk*",
    "cov": "self=nk ?fweights=k ?aweights=k",
    "corrcoef": "self=nk",
    "prelu": "self=bc* weight=c",
    "trapezoid": "y=*k ?x=k",
    "trapz": "y=*k ?x=k",
    "cumulative_trapezoid": "y=*k ?x=k",
    "copy_": "self=* src=~*",
    "expand_as": "self=~* other=*",
    "where": "condition=~* self=~* other=~*",
}

MATRICES = ("nk", "k", "bnk", "cbnk")


def _matmul(draw: Draw) -> dict[str, Any]:
    left = draw.pick(MATRICES)
    right = draw.pick(("km", "k", "bkm", "cbkm", "1km"))
    return shapes(draw, f"self={left} other={right}")


def _tensordot(draw: Draw) -> dict[str, Any]:
    found = shapes(draw, "a=nkm b=kmj")
    return found | {"dims": draw.int(0, 3), "dims_a": [1, -1], "dims_b": [0, 1]}


def _shaped(draw: Draw, low: int = 0, high: int = 4, **limits: Any) -> dict[str, Any]:
    draw.shape = draw.sizes(low, high)
    return {"self": draw.tensor(draw.shape, **limits)}


def _along(draw: Draw, dim: int, otherwise: int = 1) -> int:
    """The size of that dimension."""
    return draw.shape[dim] if -len(draw.shape) <= dim < len(draw.shape) else otherwise


def _gather(draw: Draw, smaller_source: bool = False) -> dict[str, Any]:
    found = _shaped(draw)
    dim = draw.dim(len(draw.shape))
    ndim = max(len(draw.shape), 1)
    shape = tuple(
        draw.size() if d == dim % ndim else draw.int(0 if draw.chance(0.1) else min(n, 1), n)
        for d, n in enumerate(draw.shape)
    )
    index = draw.ints(shape, 0, _along(draw, dim))
    larger = tuple(n + draw.int(0, 1) for n in shape) if draw.chance(0.2) else shape
    found |= {"dim": dim, "index": index, "indices": index, "value": draw.number()}
    found["src"] = draw.tensor(larger, found["self"].dtype if draw.chance(0.9) else None)
    found["reduce"] = draw.pick(("sum", "prod", "mean", "amax", "amin"))
    return found


def _scatter(draw: Draw) -> dict[str, Any]:
    return _gather(draw) | {"reduce": draw.pick((None, None, "add", "multiply"))}


def _index_select(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw)
    dim = draw.dim(len(draw.shape))
    count = draw.size()
    index = draw.ints((count,) if draw.chance(0.9) else (), 0, _along(draw, dim))
    source = list(draw.shape)
    if source and -len(source) <= dim < len(source):
        source[dim] = count
    found |= {"dim": dim, "index": index, "value": draw.number()}
    found["source"] = draw.tensor(tuple(source), found["self"].dtype)
    found["reduce"] = draw.pick(("prod", "mean", "amax", "amin"))
    return found


def _take(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw)
    count = math.prod(draw.shape)
    shape = draw.sizes(0, 2)
    index = draw.ints(shape, -count, count)
    return found | {"index": index, "source": draw.tensor(shape, found["self"].dtype)}


def _index_put(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw, 1)
    shape = draw.sizes(0, 2)
    count = draw.int(1, min(2, len(draw.shape)))
    indices = [draw.ints(draw.broadcastable(shape), 0, draw.shape[i]) for i in range(count)]
    values = draw.broadcastable(shape + draw.shape[count:])
    return found | {"indices": indices, "values": draw.tensor(values, found["self"].dtype)}


def _masked(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw)
    mask = draw.tensor(draw.broadcastable(draw.shape), "bool")
    value = draw.number() if draw.chance(0.7) else draw.tensor((), found["self"].dtype)
    source = (
        draw.tensor(
            (math.prod(draw.shape) + draw.int(-1, 2),) if draw.shape else (1,), found["self"].dtype
        )
        if math.prod(draw.shape)
        else draw.tensor((0,))
    )
    return found | {"mask": mask, "value": value, "source": source}  # fmt: skip


def _shape_of(draw: Draw, count: int) -> tuple[int, ...]:
    """A shape with this number of elements, usually."""
    sizes: list[int] = []
    rest = count
    for divisor in (2, 3, 4, 5):
        if rest > 1 and rest % divisor == 0 and draw.chance(0.6):
            sizes.append(divisor)
            rest //= divisor
    sizes.insert(draw.int(0, len(sizes)), rest)
    sizes += [1] * draw.int(0, 1)
    if draw.chance(0.25):
        sizes[draw.int(0, len(sizes) - 1)] = -1
    if draw.chance(0.05):
        sizes[0] += 1
    return tuple(sizes)


def _view(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw)
    shape = _shape_of(draw, math.prod(draw.shape))
    return found | {"shape": shape, "other": draw.tensor(tuple(abs(n) for n in shape))}


def _unflatten(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw, 1)
    dim = draw.dim(len(draw.shape))
    return found | {"dim": dim, "sizes": _shape_of(draw, _along(draw, dim))}


def _expand(draw: Draw) -> dict[str, Any]:
    target = draw.sizes()
    shape = tuple(1 if draw.chance(0.4) else n for n in target)
    shape = shape[draw.int(0, len(shape)) if draw.chance(0.3) else 0 :]
    draw.shape = shape
    size = tuple(-1 if draw.chance(0.1) else n for n in target)
    return {"self": draw.tensor(shape), "size": size}


def _sum_to_size(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw)
    size = tuple(1 if draw.chance(0.4) else n for n in draw.shape)
    return found | {"size": size[draw.int(0, len(size)) if draw.chance(0.3) else 0 :]}


def _permute(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw)
    ndim = len(draw.shape)
    dims = draw.random.sample(range(ndim), ndim)
    return found | {"dims": tuple(d - ndim if draw.chance(0.2) else d for d in dims)}


def _movedim(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw, 1)
    ndim = len(draw.shape)
    count = draw.int(1, ndim)
    source = tuple(draw.random.sample(range(ndim), count))
    destination = tuple(d - ndim for d in draw.random.sample(range(ndim), count))
    if count == 1 and draw.chance(0.5):
        return found | {"source": source[0], "destination": destination[0]}
    return found | {"source": source, "destination": destination}


def _narrow(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw, 1)
    dim = draw.dim(len(draw.shape))
    n = _along(draw, dim)
    start = draw.int(-n, n)
    length = draw.int(0, n - start % max(n, 1))
    index = draw.int(-n, max(n - 1, 0))
    ends = {"start": draw.pick((None, start)), "end": draw.pick((None, draw.int(-n - 1, n + 1)))}
    if draw.chance(0.5):  # narrow accepts no None
        ends["start"] = start
    return found | {"dim": dim, "length": length, "index": index, "step": draw.int(1, 3), **ends}


def _scattered_view(draw: Draw) -> dict[str, Any]:
    found = _narrow(draw)
    dim = found["dim"]
    shape = list(draw.shape)
    if -len(shape) <= dim < len(shape):
        shape[dim] = len(range(shape[dim])[slice(found["start"], found["end"], found["step"])])
    return found | {"src": draw.tensor(tuple(shape), found["self"].dtype)}


def _select_scatter(draw: Draw) -> dict[str, Any]:
    found = _narrow(draw)
    dim, ndim = found["dim"], len(draw.shape)
    shape = tuple(n for d, n in enumerate(draw.shape) if d != dim % ndim)
    return found | {"src": draw.tensor(shape, found["self"].dtype)}


def _diagonal_scatter(draw: Draw) -> dict[str, Any]:
    found = shapes(draw, "self=nm")
    offset = draw.int(-2, 2)
    n, m = draw.shape
    length = max(min(n + min(offset, 0), m - max(offset, 0)), 0)
    return found | {"offset": offset, "src": draw.tensor((length,), found["self"].dtype)}


def _split(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw, 1)
    dim = draw.dim(len(draw.shape))
    n = _along(draw, dim)
    cut = draw.int(0, n)
    sizes = [cut, n - cut] if draw.chance(0.9) else [cut, n]
    split_size = sizes if draw.chance(0.4) else draw.int(0, 4)
    indices = [draw.int(-n, n + 1) for _ in range(draw.int(0, 3))]
    found |= {"dim": dim, "split_size": split_size, "split_sizes": sizes, "indices": indices}
    return found | {"chunks": draw.int(0, 5), "sections": draw.int(0, 4)}


def _even_split(draw: Draw) -> dict[str, Any]:
    found = _split(draw) | _shaped(draw, 1)
    return found | {"sections": draw.pick((1, 1, 2, 3))}


def _joined(draw: Draw) -> dict[str, Any]:
    draw.shape = draw.sizes(0 if draw.chance(0.2) else 1)
    dim = draw.dim(len(draw.shape))
    pieces = []
    for _ in range(draw.int(1, 4)):
        shape = list(draw.shape)
        if shape and -len(shape) <= dim < len(shape) and draw.chance(0.7):
            shape[dim] = draw.size()
        pieces.append(draw.tensor(tuple(shape)))
    if draw.chance(0.05):
        pieces.append(draw.tensor((0,)))
    return {"tensors": pieces if draw.chance(0.7) else tuple(pieces), "dim": dim}


def _stacked(draw: Draw) -> dict[str, Any]:
    draw.shape = draw.sizes(0, 3)
    tensors = [draw.tensor(draw.shape) for _ in range(draw.int(1, 3))]
    return {"tensors": tensors, "dim": draw.dim(len(draw.shape) + 1)}


def _meshgrid(draw: Draw) -> dict[str, Any]:
    return {"tensors": [draw.tensor(draw.sizes(0, 1), draw.dtype) for _ in range(draw.int(1, 3))]}


def _as_strided(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw)
    size = tuple(draw.int(0, 3) for _ in range(draw.int(0, 3)))
    stride = tuple(draw.int(0, 3) for _ in size)
    offset = draw.pick((None, 0, 1))
    return found | {"size": size, "stride": stride, "storage_offset": offset}


def _repeats(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw)
    dim = draw.pick((None, draw.dim(len(draw.shape))))
    n = math.prod(draw.shape) if dim is None else _along(draw, dim)
    count = draw.int(0, 3)
    repeats = count if draw.chance(0.5) else draw.tensor(
        (draw.pick((n, n, n, 1)),), "int64", 0, 3, grad=False
    )  # fmt: skip
    return found | {"repeats": repeats, "dim": dim}


def _repeat(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw, 0, 3)
    count = len(draw.shape) + draw.int(-1 if draw.chance(0.2) else 0, 1)
    repeats = tuple(draw.int(0, 3) for _ in range(max(count, 0)))
    return found | {"repeats": repeats, "dims": repeats}


def _ordered(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw)
    dim = draw.dim(len(draw.shape))
    return found | {"dim": dim, "k": draw.int(0, _along(draw, dim) + 1)}


def _quantile(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw, dtype=draw.pick(("float32", "float64", draw.dtype)))
    dtype = found["self"].dtype if draw.chance(0.9) else "float32"
    q = draw.tensor(draw.sizes(0, 1), dtype, 0.0, 1.0)
    return found | {"q": draw.pick((0.0, 0.5, 0.3, 1.0, 1.5)) if draw.chance(0.4) else q}


def _sorted_tensor(draw: Draw, shape: tuple[int, ...]) -> TensorArg:
    drawn = draw.tensor(shape, draw.pick((draw.dtype, "float32")), grad=False)
    values = drawn.values.copy()
    values.sort()
    return TensorArg(values, drawn.dtype)


def _searchsorted(draw: Draw) -> dict[str, Any]:
    lead = draw.sizes(0, 2)
    ordered = _sorted_tensor(draw, (*lead, draw.size()))
    boundaries = _sorted_tensor(draw, (draw.size(),))
    dtype = ordered.dtype if draw.chance(0.9) else None
    values = draw.tensor((*lead, draw.size()), dtype, grad=False)
    if draw.chance(0.15):
        return {"sorted_sequence": boundaries, "boundaries": boundaries, "self": draw.number()}
    return {"sorted_sequence": ordered, "boundaries": boundaries, "self": values}


def _bincount(draw: Draw) -> dict[str, Any]:
    shape = (draw.size(),) if draw.chance(0.95) else draw.sizes()
    dtype = draw.pick(("int64", "int32", "uint8", draw.dtype))
    counted = draw.tensor(shape, dtype, 0 if draw.chance(0.95) else -2, 6, grad=False)
    weights = draw.tensor(shape, grad=False) if draw.chance(0.5) else None
    return {"self": counted, "weights": weights, "minlength": draw.int(-1, 8)}


def _one_hot(draw: Draw) -> dict[str, Any]:
    return {"self": draw.ints(draw.sizes(0, 2), 0, 4), "num_classes": draw.pick((-1, 4, 5, 3, 0))}


def _range(draw: Draw) -> dict[str, Any]:
    numbers = (0, 1, 2, 5, -3, 0.5, 2.5, -1.5, 7, 10.0)
    found = {name: draw.pick(numbers) for name in ("start", "end")}
    return found | {"step": draw.pick((1, 2, -1, 0.5, 0.3, -2, 0)), "steps": draw.int(-1, 9)}


def _count(draw: Draw) -> dict[str, Any]:
    names = ("n", "m", "row", "col", "window_length")
    return {name: draw.int(-1, 7) for name in names} | {"offset": draw.int(-3, 3)}


def _sizes(draw: Draw) -> dict[str, Any]:
    return _shaped(draw) | {"size": draw.sizes(), "fill_value": draw.number()}


def _shifts(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw)
    dims = draw.random.sample(range(len(draw.shape)), draw.int(0, len(draw.shape)))
    shifts: Any = [draw.int(-4, 4) for _ in dims]
    if len(dims) < 2 and draw.chance(0.5):
        return found | {"shifts": draw.int(-4, 4), "dims": dims if dims else ()}
    return found | {"shifts": shifts, "dims": dims}


def _rot90(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw, 2)
    return found | {"k": draw.int(-5, 5), "dims": draw.random.sample(range(len(draw.shape)), 2)}


def _windows(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw, 1)
    dim = draw.dim(len(draw.shape))
    size = draw.int(0, _along(draw, dim))
    return found | {"dimension": dim, "size": size, "step": draw.int(1, 3)}


def _narrow_range(draw: Draw) -> dict[str, Any]:
    """Elements and numbers that are often small integers."""
    found = _shaped(draw)
    exponent = draw.pick((0, 1, 2, 3, -1, 0.5, -2, 2.0)) if draw.chance(0.6) else draw.operand(
        draw.shape
    )  # fmt: skip
    return found | {"exponent": exponent}


def _clamp(draw: Draw) -> dict[str, Any]:
    found = _shaped(draw)
    low, high = draw.operand(draw.shape), draw.operand(draw.shape)
    return found | {"min": draw.pick((None, low, low)), "max": draw.pick((None, high, high))}


def _shift(draw: Draw) -> dict[str, Any]:
    """Shifts within the width of the dtype: others are undefined."""
    draw.dtype = draw.pick(("int64", "int32", "int16", "int8", "uint8"))
    draw.shape = draw.sizes()
    shifts = draw.tensor(draw.broadcastable(draw.shape), draw.dtype, 0, 6)
    return {"self": draw.tensor(draw.shape, draw.dtype), "other": draw.pick((1, 3, shifts))}


def _padded(draw: Draw) -> dict[str, Any]:
    mode = draw.pick(("constant", "constant", "reflect", "replicate", "circular"))
    if mode == "constant":
        found = _shaped(draw)
        count = 2 * draw.int(0, len(draw.shape))
    else:
        found = _shaped(draw, 2, 5)
        count = 2 * draw.pick((len(draw.shape) - 2, len(draw.shape) - 1, 1))
    pad = [draw.int(-1, 3) if draw.chance(0.8) else 0 for _ in range(count)]
    value = draw.number() if draw.chance(0.3) else None
    return {**found, "input": found["self"], "pad": pad, "mode": mode, "value": value}


def _pad(draw: Draw) -> dict[str, Any]:
    found = _padded(draw)
    return found if draw.chance(0.9) or found["mode"] == "constant" else found | {"value": None}


def _histc(draw: Draw) -> dict[str, Any]:
    low = draw.pick((0, -1, -2.5))
    found = _shaped(draw)
    return found | {"bins": draw.int(0, 6), "min": low, "max": low + draw.pick((0, 1, 4.5))}


def _logit(draw: Draw) -> dict[str, Any]:
    return _shaped(draw) | {"eps": draw.pick((None, 0.0, 1e-6, 0.1))}


FAMILIES: dict[str, Family] = {
    **{name: (lambda draw, text=text: shapes(draw, text)) for name, text in SHAPES.items()},
    **LAYERS,
    "matmul": _matmul,
    "tensordot": _tensordot,
    **dict.fromkeys(("gather", "take_along_dim", "scatter_add", "scatter_reduce"), _gather),
    "scatter": _scatter,
    **dict.fromkeys(
        ("index_select", "index_add", "index_copy", "index_fill", "index_reduce"), _index_select
    ),
    **dict.fromkeys(("take", "put"), _take),
    **dict.fromkeys(("index", "index_put"), _index_put),
    **dict.fromkeys(("masked_fill", "masked_select", "masked_scatter"), _masked),
    **dict.fromkeys(("view", "reshape", "view_as", "reshape_as"), _view),
    "unflatten": _unflatten,
    **dict.fromkeys(("expand", "broadcast_to"), _expand),
    "sum_to_size": _sum_to_size,
    "permute": _permute,
    **dict.fromkeys(("movedim", "moveaxis"), _movedim),
    **dict.fromkeys(("narrow", "select", "slice"), _narrow),
    "slice_scatter": _scattered_view,
    "select_scatter": _select_scatter,
    "diagonal_scatter": _diagonal_scatter,
    **dict.fromkeys(("split", "split_with_sizes", "chunk", "tensor_split"), _split),
    **dict.fromkeys(("hsplit", "vsplit", "dsplit"), _even_split),
    **dict.fromkeys(
        ("cat", "concat", "concatenate", "hstack", "vstack", "dstack", "column_stack", "row_stack"),
        _joined,
    ),
    "stack": _stacked,
    "meshgrid": _meshgrid,
    "as_strided": _as_strided,
    "repeat_interleave": _repeats,
    **dict.fromkeys(("repeat", "tile"), _repeat),
    **dict.fromkeys(("kthvalue", "topk"), _ordered),
    **dict.fromkeys(("quantile", "nanquantile"), _quantile),
    **dict.fromkeys(("searchsorted", "bucketize"), _searchsorted),
    "bincount": _bincount,
    "one_hot": _one_hot,
    **dict.fromkeys(("arange", "linspace", "logspace"), _range),
    **dict.fromkeys(
        ("eye", "tril_indices", "triu_indices", "bartlett_window", "blackman_window",
         "hamming_window", "hann_window"),
        _count,
    ),
    **dict.fromkeys(("full", "full_like", "new_full", "ones", "zeros", "new_ones"), _sizes),
    "Tensor.unfold": _windows,
    "roll": _shifts,
    "rot90": _rot90,
    "pow": _narrow_range,
    "float_power": _narrow_range,
    **dict.fromkeys(("clamp", "clip"), _clamp),
    **dict.fromkeys(("bitwise_left_shift", "bitwise_right_shift"), _shift),
    "pad": _pad,
    "histc": _histc,
    "logit": _logit,
}  # fmt: skip
