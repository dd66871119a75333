"""Line search for the strong Wolfe conditions (Nocedal and Wright, "Numerical Optimization",
algorithms 3.5 and 3.6)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from engine._C import Tensor

Evaluate = Callable[[float], tuple[float, Tensor, float]]

_SUFFICIENT_DECREASE = 1e-4
_CURVATURE = 0.9


class Point(NamedTuple):
    """A step length with its loss, gradient and slope."""

    step: float
    loss: float
    grad: Tensor
    slope: float


def strong_wolfe(
    evaluate: Evaluate,
    origin: tuple[float, Tensor, float],
    step: float,
    direction_size: float,
    tolerance_change: float,
    max_evals: int,
) -> tuple[float, Tensor, float, int]:
    """Loss, gradient, step and evaluations of a point that meets the conditions, or the best.

    `evaluate` returns, and `origin` is, loss, gradient and slope along the direction.
    """
    search = _Search(evaluate, Point(0.0, *origin), direction_size, tolerance_change)
    point = search.run(step, max_evals)
    return point.loss, point.grad, point.step, search.evals


class _Search:
    def __init__(
        self, evaluate: Evaluate, origin: Point, direction_size: float, tolerance_change: float
    ) -> None:
        self.evaluate = evaluate
        self.origin = origin
        self.direction_size = direction_size
        self.tolerance_change = tolerance_change
        self.evals = 0

    def run(self, step: float, limit: int) -> Point:
        bracket = self._bracket(step, limit)
        if len(bracket) == 1:
            return bracket[0]
        low, high = sorted(bracket, key=lambda point: point.loss)
        return self._zoom(low, high, limit)

    def _at(self, step: float) -> Point:
        self.evals += 1
        return Point(step, *self.evaluate(step))

    def _decreases(self, point: Point) -> bool:
        bound = self.origin.loss + _SUFFICIENT_DECREASE * point.step * self.origin.slope
        return not point.loss > bound

    def _is_level(self, point: Point) -> bool:
        return abs(point.slope) <= -_CURVATURE * self.origin.slope

    def _bracket(self, step: float, limit: int) -> list[Point]:
        """A point that meets both conditions, or two that bracket one."""
        before, point = self.origin, self._at(step)
        for trial in range(limit):
            rises = trial > 1 and point.loss >= before.loss
            if not self._decreases(point) or rises:
                return [before, point]
            if self._is_level(point):
                return [point]
            if point.slope >= 0:
                return [before, point]
            nearest = point.step + 0.01 * (point.step - before.step)
            step = cubic_minimum(before, point, nearest, 10 * point.step)
            before, point = point, self._at(step)
        return [self.origin, point]

    def _zoom(self, low: Point, high: Point, limit: int) -> Point:
        """Narrow the bracket; return its end `low`, which has the lower loss."""
        stalled = False
        while self.evals <= limit:
            if abs(high.step - low.step) * self.direction_size < self.tolerance_change:
                break
            step, stalled = _trial_step(low, high, stalled)
            point = self._at(step)
            if not self._decreases(point) or point.loss >= low.loss:
                low, high = (low, point) if low.loss <= point.loss else (point, low)
                continue
            if self._is_level(point):
                return point
            if point.slope * (high.step - low.step) >= 0:
                high = low
            low = point
        return low


def _trial_step(low: Point, high: Point, stalled: bool) -> tuple[float, bool]:
    """A step inside the bracket, and whether it is close to an end.

    A second one in a row close to an end, or one beyond it, is moved inwards by a tenth.
    """
    left, right = sorted((low.step, high.step))
    step = cubic_minimum(low, high, left, right)
    margin = 0.1 * (right - left)
    if not min(right - step, step - left) < margin:
        return step, False
    if not (stalled or step >= right or step <= left):
        return step, True
    return (right - margin if abs(step - right) < abs(step - left) else left + margin), False


def cubic_minimum(a: Point, b: Point, lowest: float, highest: float) -> float:
    """The minimum of the cubic through two points with their slopes, within bounds; the middle of
    the bounds if it has none."""
    first, last = (a, b) if a.step <= b.step else (b, a)
    width = last.step - first.step
    middle = (lowest + highest) / 2
    if width == 0:
        return middle
    d1 = first.slope + last.slope - 3 * (first.loss - last.loss) / (first.step - last.step)
    square = d1 * d1 - first.slope * last.slope
    if not square >= 0:
        return middle
    d2 = math.sqrt(square)
    divisor = last.slope - first.slope + 2 * d2
    if divisor == 0:
        return middle
    return min(max(last.step - width * (last.slope + d2 - d1) / divisor, lowest), highest)
