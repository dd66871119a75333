"""Functions of sampled data: histograms and finite differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine import _C
from engine._argument_errors import guard_functions
from engine._C import Tensor
from engine._lazy import numpy as np
from engine._tensor import method

__all__ = ["gradient", "histogram", "histogramdd"]


class Histogram(NamedTuple):
    """The result of :func:`histogram`."""

    hist: Tensor
    bin_edges: Tensor


class HistogramDD(NamedTuple):
    """The result of :func:`histogramdd`."""

    hist: Tensor
    bin_edges: tuple[Tensor, ...]


def _edges(
    function: str, values: np.ndarray, bins: Any, limits: Sequence[float] | None, dim: int
) -> np.ndarray:
    """The edges of the bins of one dimension: those given, or evenly spaced ones."""
    if isinstance(bins, Tensor):
        if bins.dim() != 1 or not len(bins):
            raise RuntimeError(f"{function}: bins: expected a vector of edges for dimension {dim}")
        if bool((bins.diff() < 0).any()):
            raise RuntimeError(f"{function}: bins: the edges for dimension {dim} do not ascend")
        return bins.detach().numpy()
    if bins <= 0:
        raise RuntimeError(f"{function}: bins: expected 1 or more for dimension {dim}, got {bins}")
    if limits is not None:
        low, high = map(float, limits)
    else:
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"{function}: the range of dimension {dim} is not finite: {low}, {high}")
    if low > high:
        raise RuntimeError(f"{function}: range: {low} exceeds {high} in dimension {dim}")
    if low == high:
        low, high = (0.0, 1.0) if not values.size else (low - 0.5, high + 0.5)
    return np.linspace(low, high, bins + 1, dtype=values.dtype)


def _counted(
    function: str,
    points: Tensor,
    bins: Sequence[Any],
    limits: Sequence[float] | None,
    weight: Tensor | None,
    density: bool,
) -> HistogramDD:
    """The histogram of the rows of ``points``."""
    if not points.dtype.is_floating_point:
        raise NotImplementedError(
            f"{function}: input: expected a floating dtype, got {points.dtype}"
        )
    rows, dims = points.detach().numpy(), points.shape[-1]
    if limits is not None and len(limits) != 2 * dims:
        raise RuntimeError(f"{function}: range: expected {2 * dims} numbers, got {len(limits)}")
    edges = [
        _edges(function, rows[:, d], bins[d], limits and limits[2 * d : 2 * d + 2], d)
        for d in range(dims)
    ]
    weights = None if weight is None else weight.detach().numpy().reshape(len(rows))
    counts, _ = np.histogramdd(rows, edges, weights=weights)
    hist = _C.from_numpy(counts).to(points.dtype)
    result = tuple(_C.from_numpy(edge.copy()) for edge in edges)
    if density:
        hist = hist / hist.sum()
        for d, edge in enumerate(result):
            hist = hist / edge.diff().reshape([-1 if i == d else 1 for i in range(dims)])
    return HistogramDD(hist, result)


def histogram(
    input: Tensor,
    bins: int | Tensor,
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> Any:
    """The number of elements in each bin, or the sum of their weights, and the bins' edges.

    ``bins`` is a number of even bins over ``range``, by default the range of the elements, or a
    vector of ascending edges. A bin contains its left edge, the last one also its right edge. With
    ``density`` the integral is 1. There is no gradient.

    >>> import engine
    >>> engine.histogram(engine.tensor([1.0, 2.0, 1.0]), bins=4, range=(0.0, 3.0)).hist
    tensor([0., 2., 1., 0.])
    """
    found = _counted("histogram", input.reshape(-1, 1), [bins], range, weight, density)
    return Histogram(found.hist, found.bin_edges[0])


def histogramdd(
    input: Tensor,
    bins: Any,
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> HistogramDD:
    """:func:`histogram` of points, the last dimension of ``input`` (..., n), over n dimensions.

    ``bins`` is a number, or a number or a vector of edges for each dimension; ``range`` is the
    minimum and maximum of each dimension, concatenated.

    >>> import engine
    >>> points = engine.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> engine.histogramdd(points, bins=2).hist
    tensor([[0., 1.],
            [1., 1.]])
    """
    if input.dim() < 2:
        raise RuntimeError(
            f"histogramdd: input: expected 2 dimensions or more, got shape {tuple(input.shape)}"
        )
    dims = input.shape[-1]
    each = [bins] * dims if isinstance(bins, int) else list(bins)
    if len(each) != dims:
        raise RuntimeError(f"histogramdd: bins: expected {dims} of them, got {len(each)}")
    return _counted("histogramdd", input.reshape(-1, dims), each, range, weight, density)


def _widths(spacing: Any, input: Tensor, dims: Sequence[int]) -> list[Any]:
    """The distance of neighbours, or the coordinates, along each of ``dims``."""
    if spacing is None or isinstance(spacing, (int, float)):
        return [1 if spacing is None else spacing] * len(dims)
    each = list(spacing)
    if len(each) != len(dims):
        raise RuntimeError(
            f"gradient: spacing: expected a number or {len(dims)} of them, got {len(each)}"
        )
    for dim, one in zip(dims, each, strict=True):
        if isinstance(one, Tensor) and tuple(one.shape) not in ((), (input.shape[dim],)):
            raise RuntimeError(
                f"gradient: spacing: expected {input.shape[dim]} coordinates for dimension {dim}, "
                f"got shape {tuple(one.shape)}"
            )
    return each


def _slopes(x: Tensor, width: Any, edge_order: int) -> Tensor:
    """The derivative along the last dimension, of second order inside."""
    if isinstance(width, Tensor) and width.dim() == 1:
        steps = width.diff()
    else:
        steps = _C.ones(x.shape[-1] - 1, dtype=x.dtype) * width
    rise = x.diff(dim=-1) / steps
    left, right = steps[:-1], steps[1:]
    middle = (rise[..., :-1] * right + rise[..., 1:] * left) / (left + right)
    first, last = rise[..., :1], rise[..., -1:]
    if edge_order == 2:
        first = first + (first - rise[..., 1:2]) * steps[0] / (steps[0] + steps[1])
        last = last + (last - rise[..., -2:-1]) * steps[-1] / (steps[-1] + steps[-2])
    return _C.cat([first, middle, last], -1)


def gradient(
    input: Tensor,
    *,
    spacing: Any = None,
    dim: int | Sequence[int] | None = None,
    edge_order: int = 1,
) -> tuple[Tensor, ...]:
    """The derivatives of sampled values along dimensions, all of them by default.

    Central differences inside, of order ``edge_order`` (1 or 2) at both ends. ``spacing`` is the
    distance of neighbours, by default 1, or a distance or a vector of coordinates for each
    dimension.

    >>> import engine
    >>> engine.gradient(engine.tensor([0.0, 1.0, 4.0, 9.0]))
    (tensor([1., 2., 4., 5.]),)
    >>> engine.gradient(engine.tensor([0.0, 1.0, 9.0]), spacing=[engine.tensor([0.0, 1.0, 3.0])])
    (tensor([1., 2., 4.]),)
    """
    dims = range(input.dim()) if dim is None else [dim] if isinstance(dim, int) else list(dim)
    for d in dims:
        if not -input.dim() <= d < input.dim():
            raise IndexError(f"gradient: dim: there is no dimension {d} in {tuple(input.shape)}")
    dims = [d % input.dim() for d in dims]
    if len(set(dims)) < len(dims):
        raise RuntimeError(f"gradient: dim: {list(dims)} names a dimension twice")
    if edge_order not in (1, 2):
        raise RuntimeError(f"gradient: edge_order: expected 1 or 2, got {edge_order}")
    widths = _widths(spacing, input, dims)
    if not input.dtype.is_floating_point:
        input = input.to(_C.get_default_dtype())
    for d in dims:
        if input.shape[d] <= edge_order:
            raise RuntimeError(
                f"gradient: input: expected more than {edge_order} elements along dimension {d}, "
                f"got {input.shape[d]}"
            )
    return tuple(
        _slopes(input.movedim(d, -1), width, edge_order).movedim(-1, d)
        for d, width in zip(dims, widths, strict=True)
    )


guard_functions(globals(), __all__)
method(histogram)
