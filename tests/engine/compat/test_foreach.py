"""Ops on lists of tensors."""

from __future__ import annotations

import pytest

import engine

A = [engine.tensor([1.0, 4.0]), engine.tensor([[9.0]])]
B = [engine.tensor([0.5, -2.0]), engine.tensor([[4.0]])]


def same(found: object, expected: list[engine.Tensor]) -> None:
    assert isinstance(found, tuple) and all(map(engine.equal, found, expected))


def test_results() -> None:
    f = engine
    same(f._foreach_add(A, B, alpha=2), [a + 2 * b for a, b in zip(A, B, strict=True)])
    same(f._foreach_mul(A, [2.0, 3.0]), [A[0] * 2, A[1] * 3])
    same(f._foreach_sqrt(A), [a.sqrt() for a in A])
    same(f._foreach_maximum(A, 4.0), [a.clamp_min(4.0) for a in A])
    same(f._foreach_pow(2.0, A), [2.0**a for a in A])
    same(f._foreach_norm(A, 1), [a.norm(1) for a in A])
    for scalars in ([1.0, 2.0], engine.tensor([1.0, 2.0])):
        found = f._foreach_addcdiv(A, B, A, scalars)
        same(found, [A[0] + B[0] / A[0], A[1] + 2 * B[1] / A[1]])


def test_writes() -> None:
    written = [a.clone() for a in A]
    assert engine._foreach_lerp_(written, B, 0.5) is written
    assert all(map(engine.equal, written, [(a + b) / 2 for a, b in zip(A, B, strict=True)]))
    engine._foreach_copy_(written, B)
    engine._foreach_addcmul_(written, A, B, value=-1.0)
    assert engine.equal(written[1], B[1] - A[1] * B[1])
    engine._foreach_zero_(written)
    assert not any(w.any() for w in written)


def test_unknown_names_and_lengths() -> None:
    with pytest.raises(AttributeError, match="_foreach_foo"):
        engine._foreach_foo  # noqa: B018
    with pytest.raises(RuntimeError, match="_foreach_add: expected lists of 2 items, got 1"):
        engine._foreach_add(A, B[:1])
