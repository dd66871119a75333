"""Functions that copy what views show, or write to it."""

from __future__ import annotations

import pytest

import engine
from engine.testing import gradcheck


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("as_strided", ((2,), (3,))),
        ("diagonal", ()),
        ("expand", ((4, 2, 2),)),
        ("permute", ((1, 0),)),
        ("select", (0, 1)),
        ("split", (1,)),
        ("t", ()),
        ("transpose", (0, 1)),
        ("unbind", ()),
        ("unfold", (0, 2, 1)),
        ("unsqueeze", (0,)),
        ("view", ((4,),)),
    ],
)
def test_copies(name: str, args: tuple[object, ...]) -> None:
    x = engine.tensor([[1.0, 2.0], [3.0, 4.0]])
    shown, copied = (
        getattr(engine.Tensor, name)(x, *args),
        getattr(engine, f"{name}_copy")(x, *args),
    )
    pairs = zip(shown, copied, strict=True) if isinstance(shown, tuple) else [(shown, copied)]
    for a, b in pairs:
        assert engine.equal(a, b) and a.data_ptr() != b.data_ptr()


def test_writing_to_a_strided_view() -> None:
    x = engine.zeros(3, 3, dtype=engine.float64, requires_grad=True)
    src = engine.ones(2, 2, dtype=engine.float64, requires_grad=True)
    got = engine.as_strided_scatter(x, src, (2, 2), (1, 2), 1)
    assert got.tolist() == [[0, 1, 1], [1, 1, 0], [0, 0, 0]]
    gradcheck(lambda a, b: a.as_strided_scatter(b, (2, 2), (3, 1)), [x, src])
    with pytest.raises(RuntimeError, match=r"src: expected shape \(2,\), got \(2, 2\)"):
        engine.as_strided_scatter(x, src, (2,), (1,))


def test_narrow_and_split() -> None:
    x = engine.arange(5)
    assert x.narrow_copy(0, 1, 2).tolist() == [1, 2]
    assert [p.tolist() for p in x.unsafe_split(2)] == [[0, 1], [2, 3], [4]]
    assert [p.tolist() for p in engine.unsafe_split_with_sizes(x, [4, 1])] == [[0, 1, 2, 3], [4]]
    assert [len(p) for p in x.unsafe_chunk(2)] == [3, 2]
    assert engine.adjoint(engine.ones(2, 3)).shape == (3, 2)


def test_permuted_memory() -> None:
    x = engine.empty_permuted((2, 3, 4), (2, 0, 1), dtype=engine.int8)
    assert x.shape == (2, 3, 4) and x.stride() == (3, 1, 6) and x.dtype == engine.int8
    with pytest.raises(RuntimeError, match="an order of 2 dimensions"):
        engine.empty_permuted((2, 3), (0, 0))
