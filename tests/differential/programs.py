"""Sampling of arguments of functions without schema: operators, indexing, Python functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .case import DType
from .sampling import Draw

EQUATIONS = (
    ("ij,jk->ik", "nk", "km"), ("ij,jk", "nk", "km"), ("bij,bjk->bik", "bnk", "bkm"), ("ii", "nn"),
    ("ii->i", "nn"), ("ij->ji", "nk"), ("...i,...i->...", "bnk", "bnk"), ("i,j->ij", "n", "m"),
    ("ij->", "nk"), ("ij,ij->i", "nk", "nk"), ("ab,bc,cd->ad", "nk", "km", "mn"),
    ("bn,anm,bm->ba", "bn", "cnm", "bm"), ("ik,jk->", "nk", "mk"), ("...ij->...ji", "bnk"),
    ("i,i->", "n", "n"), ("ij,k->", "nk", "n"), ("i->ii", "n"), ("ij,jk->iz", "nk", "km"),
)  # fmt: skip


def _binary(draw: Draw) -> list[Any]:
    draw.shape = draw.sizes()
    tensor = draw.tensor(draw.shape)
    other = draw.operand(draw.shape)
    return [tensor, other] if draw.chance(0.7) else [other, tensor]


def _method(draw: Draw) -> list[Any]:
    draw.shape = draw.sizes()
    return [draw.tensor(draw.shape), draw.operand(draw.shape)]


def _unary(draw: Draw) -> list[Any]:
    draw.shape = draw.sizes()
    return [draw.tensor(draw.shape)]


def _single(draw: Draw) -> list[Any]:
    draw.odd_values = False
    return [draw.tensor((1,) * draw.int(0, 2) if draw.chance(0.9) else (2,))]


def _index_item(draw: Draw, n: int) -> Any:
    kind = draw.random.random()
    if kind < 0.3:
        return draw.int(-n, max(n - 1, 0)) if draw.chance(0.95) else n + 1
    if kind < 0.65:
        ends = [draw.pick((None, draw.int(-n - 1, n + 1))) for _ in range(2)]
        return slice(*ends, draw.pick((None, None, 1, 2, 3, -1)))
    if kind < 0.8:
        return draw.ints(draw.sizes(0, 2), -n, n)
    if kind < 0.87:
        return [draw.int(-n, max(n - 1, 0)) for _ in range(draw.int(0, 3))]
    if kind < 0.94:
        return draw.tensor((n,), "bool")
    return draw.pick((True, False, 1.5, "text"))


def _index(draw: Draw) -> Any:
    items: list[Any] = []
    for n in draw.shape:
        if draw.chance(0.25):
            break
        items.append(_index_item(draw, n))
    if draw.chance(0.2):
        items.insert(draw.int(0, len(items)), None)
    if draw.chance(0.15):
        items.insert(draw.int(0, len(items)), ...)
    if draw.chance(0.05):
        items.append(0)
    if draw.chance(0.06):
        return draw.tensor(draw.shape, "bool")
    return items[0] if len(items) == 1 and draw.chance(0.8) else tuple(items)


def _get_item(draw: Draw) -> list[Any]:
    draw.shape = draw.sizes()
    return [draw.tensor(draw.shape), _index(draw)]


def _set_item(draw: Draw) -> list[Any]:
    found = _get_item(draw)
    value = draw.number() if draw.chance(0.5) else draw.tensor(draw.sizes(0, 2))
    return [*found, value]


def _einsum(draw: Draw) -> list[Any]:
    equation, *letters = draw.pick(EQUATIONS)
    sizes = {letter: draw.size() for letter in "bcnkm"}
    tensors = [draw.tensor(tuple(sizes[x] for x in word), draw.dtype) for word in letters]
    return [equation, tensors] if draw.chance(0.3) else [equation, *tensors]


def _several(draw: Draw) -> list[Any]:
    draw.shape = draw.sizes(0, 2)
    return [draw.tensor(draw.broadcastable(draw.shape)) for _ in range(draw.int(1, 3))]


def _vectors(draw: Draw) -> list[Any]:
    return [draw.tensor((draw.size(),)) for _ in range(draw.int(1, 3))]


def _some_shapes(draw: Draw) -> list[Any]:
    shape = draw.sizes()
    return [draw.broadcastable(shape) for _ in range(draw.int(0, 3))]


def _choices(draw: Draw) -> list[Any]:
    n = draw.int(0, 5)
    return [draw.tensor((n,)), draw.int(0, 3), draw.chance(0.5)]


def _unique(draw: Draw) -> list[Any]:
    draw.odd_values = False
    draw.shape = draw.sizes()
    given = draw.tensor(draw.shape, draw.pick(("int64", "uint8", "bool", "float32", "int8")))
    dim = draw.pick((None, None, draw.dim(len(draw.shape))))
    return [given, True, draw.chance(0.5), draw.chance(0.5), dim]


def _unique_consecutive(draw: Draw) -> list[Any]:
    given, _, inverse, counts, dim = _unique(draw)
    return [given, {"return_inverse": inverse, "return_counts": counts, "dim": dim}]


def _two_dtypes(draw: Draw) -> list[Any]:
    return [DType(draw.other_dtype()), DType(draw.other_dtype())]


def _to(draw: Draw) -> list[Any]:
    draw.odd_values = False
    given = _unary(draw)[0]
    kind = draw.random.random()
    if kind < 0.2:
        return [given, "cpu"]
    if kind < 0.4:
        return [given, draw.tensor((), draw.pick(("float64", "int32")), grad=False)]
    rest = [draw.chance(0.5) for _ in range(draw.int(0, 2))]
    return [given, DType(draw.other_dtype()), *rest]


def _converted(draw: Draw) -> list[Any]:
    draw.odd_values = False
    return _unary(draw)


def _sized(draw: Draw) -> list[Any]:
    given = _unary(draw)
    return [*given, draw.dim(len(draw.shape))] if draw.chance(0.6) else given


def _nested(draw: Draw, depth: int) -> Any:
    if depth == 0:
        return draw.pick((1, 0, 2.5, True, -3, 300))
    inner = _nested(draw, depth - 1)
    count = draw.int(0, 3)
    return [inner if draw.chance(0.5) else _nested(draw, depth - 1) for _ in range(count)]


def _data(draw: Draw) -> list[Any]:
    return [_nested(draw, draw.int(0, 3))]


def _new_data(draw: Draw) -> list[Any]:
    return [*_unary(draw), *_data(draw)]


OPERATORS = (
    "add sub mul truediv floordiv mod pow lshift rshift and_ or_ xor eq ne lt le gt ge matmul"
)
PROGRAMS: dict[str, Callable[[Draw], list[Any]]] = {
    **{f"operator.{name}": _binary for name in OPERATORS.split()},
    **{f"operator.{name}": _unary for name in ("neg", "pos", "invert", "abs")},
    **{f"Tensor.__{name}__": _unary for name in ("len", "reversed")},
    **{f"Tensor.__{name}__": _single for name in ("bool", "float", "int", "index")},
    "Tensor.__getitem__": _get_item,
    "Tensor.__setitem__": _set_item,
    "Tensor.__contains__": lambda draw: [*_unary(draw), draw.number()],
    "einsum": _einsum,
    "broadcast_tensors": _several,
    "block_diag": _several,
    "cartesian_prod": _vectors,
    "combinations": _choices,
    "broadcast_shapes": _some_shapes,
    "unique": _unique,
    "unique_consecutive": _unique_consecutive,
    "Tensor.unique": _unique,
    "promote_types": _two_dtypes,
    "can_cast": _two_dtypes,
    **{name: _method for name in ("allclose", "equal", "is_same_size", "Tensor.allclose")},
    **{name: _unary for name in ("is_floating_point", "is_complex", "numel", "is_nonzero",
                                 "Tensor.ndimension", "Tensor.nelement", "Tensor.element_size",
                                 "Tensor.conj", "Tensor.is_nonzero", "Tensor.tolist")},
    "Tensor.item": _single,
    "Tensor.to": _to,
    **{f"Tensor.{name}": _converted for name in ("float", "double", "half", "bfloat16", "int",
                                                 "long", "short", "char", "byte", "bool")},
    "Tensor.type_as": lambda draw: [*_converted(draw), draw.tensor((1,), draw.other_dtype())],
    "Tensor.size": _sized,
    "tensor": _data,
    "as_tensor": _data,
    "Tensor.new_tensor": _new_data,
}  # fmt: skip
