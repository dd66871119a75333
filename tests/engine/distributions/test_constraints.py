"""Constraints."""

from __future__ import annotations

from typing import Any

import pytest

import engine
from engine import distributions as D
from engine.distributions import constraints

NAN, INF = float("nan"), float("inf")
TRIANGLE, FULL = [[1.0, 0.0], [2.0, 3.0]], [[2.0, 1.0], [1.0, 2.0]]

CASES: list[tuple[Any, Any, Any]] = [
    (constraints.real, [0.0, INF, NAN], [True, True, False]),
    (constraints.positive, [0.0, 1e-30, NAN], [False, True, False]),
    (constraints.nonnegative, [0.0, -1e-30], [True, False]),
    (constraints.less_than(2.0), [1.9, 2.0], [True, False]),
    (constraints.unit_interval, [0.0, 1.0, 1.1], [True, True, False]),
    (constraints.half_open_interval(0.0, 1.0), [0.0, 1.0], [True, False]),
    (constraints.boolean, [0.0, 1.0, 0.5], [True, True, False]),
    (constraints.integer_interval(1, 3), [1.0, 1.5, 4.0], [True, False, False]),
    (constraints.nonnegative_integer, [0.0, 0.5, -1.0], [True, False, False]),
    (constraints.positive_integer, [0.0, 2.0], [False, True]),
    (constraints.one_hot, [[0.0, 1.0], [1.0, 1.0], [0.0, 0.5]], [True, False, False]),
    (constraints.simplex, [[0.4, 0.6], [0.5, 0.6], [-0.1, 1.1]], [True, False, False]),
    (constraints.multinomial(3), [[1.0, 2.0], [2.0, 2.0]], [True, False]),
    (constraints.real_vector, [[0.0, 1.0], [NAN, 0.0]], [True, False]),
    (constraints.lower_triangular, [TRIANGLE, FULL], [True, False]),
    (constraints.lower_cholesky, [TRIANGLE, [[-1.0, 0.0], [0.0, 1.0]]], [True, False]),
    (constraints.corr_cholesky, [[[1.0, 0.0], [0.6, 0.8]], TRIANGLE], [True, False]),
    (constraints.square, [FULL], [True]),
    (constraints.square, [[[1.0, 2.0]]], [False]),
    (constraints.symmetric, [FULL, TRIANGLE], [True, False]),
    (constraints.positive_semidefinite, [[[1.0, 1.0], [1.0, 1.0]], [[1.0, 2.0], [2.0, 1.0]]], None),
    (constraints.positive_definite, [FULL, [[1.0, 2.0], [2.0, 1.0]]], [True, False]),
    (constraints.cat([constraints.positive, constraints.real]), [-1.0, -1.0], [False, True]),
    (constraints.stack([constraints.positive, constraints.real]), [-1.0, -1.0], [False, True]),
    (constraints.MixtureSameFamilyConstraint(constraints.positive), [-1.0, 1.0], [False, True]),
]


@pytest.mark.parametrize(("constraint", "values", "inside"), CASES, ids=[repr(c[0]) for c in CASES])
def test_check(constraint: Any, values: Any, inside: Any) -> None:
    expected = [True, False] if inside is None else inside
    assert constraint.check(engine.tensor(values, dtype=engine.float64)).tolist() == expected


def test_repr_and_properties() -> None:
    assert repr(constraints.interval(0, 2)) == "Interval(lower_bound=0, upper_bound=2)"
    assert constraints.simplex.event_dim == 1 and not constraints.simplex.is_discrete
    assert constraints.independent(constraints.simplex, 2).event_dim == 3
    assert constraints.is_dependent(D.Binomial.support)
    assert not constraints.is_dependent(D.Normal.support)
    with pytest.raises(ValueError, match="depends on other parameters"):
        constraints.dependent.check(engine.zeros(1))
    with pytest.raises(NotImplementedError, match="event_dim"):
        _ = constraints.dependent.event_dim
    assert constraints.dependent(event_dim=1).event_dim == 1


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="cat: lengths: expected 1"):
        constraints.cat([constraints.real], lengths=[1, 2])
    with pytest.raises(ValueError, match=r"stack|check: value: expected 1 along dim 0"):
        constraints.stack([constraints.real]).check(engine.zeros(2))
    with pytest.raises(TypeError, match="independent: argument 'base_constraint'"):
        constraints.independent(3, 1)  # type: ignore[arg-type]
