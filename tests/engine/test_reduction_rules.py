"""Reductions, sorting and scans of nan, empty dimensions, ties and zeros."""

from __future__ import annotations

import math

import numpy as np
import pytest

import engine

NAN = math.nan


def test_sum_of_many_floats_keeps_its_digits() -> None:
    x = engine.full((1 << 22,), 0.1)
    assert x.sum().item() == pytest.approx(float(np.float32(0.1)) * (1 << 22), rel=5e-7)
    assert x.view(2048, 2048).sum(0)[0].item() == pytest.approx(
        float(np.float32(0.1)) * 2048, rel=1e-6
    )


def test_sum_does_not_depend_on_the_number_of_threads() -> None:
    x = engine.from_numpy(np.random.default_rng(0).normal(size=(700, 900)).astype(np.float32))
    threads = engine.get_num_threads()
    found = []
    for n in (1, 2, 3):
        engine.set_num_threads(n)
        found.append([x.sum().item(), *x.sum(0).tolist(), *x.sum(1).tolist()])
    engine.set_num_threads(threads)
    assert found[0] == found[1] == found[2]


def test_small_integers_add_up_in_64_bits() -> None:
    assert engine.full((1000,), 100, dtype=engine.uint8).sum().item() == 100_000
    assert engine.ones(70_000, dtype=engine.bool).sum().item() == 70_000


@pytest.mark.parametrize("index", [0, 5, 1500, 2999])
def test_nan_wins_every_comparison(index: int) -> None:
    values = np.arange(3000, dtype=np.float32)
    values[index] = NAN
    x = engine.from_numpy(values)
    assert math.isnan(x.max().item()) and math.isnan(x.min().item())
    assert x.argmax().item() == index and x.argmin().item() == index
    assert math.isnan(x.view(30, 100).max(0).values[index % 100].item())
    assert x.view(30, 100).argmin(0)[index % 100].item() == index // 100
    assert x.sort().indices[-1].item() == index
    assert x.topk(1).indices.item() == index
    assert math.isnan(x.median().item())


def test_reductions_of_nothing() -> None:
    none = engine.zeros(0, 3)
    assert none.sum().item() == 0 and none.prod().item() == 1
    assert math.isnan(none.mean().item())
    assert none.all().item() is True and none.any().item() is False
    assert none.sum(0).tolist() == [0, 0, 0]
    assert none.amax(1).shape == (0,)
    for extreme in (
        lambda: none.max(),
        lambda: none.max(0),
        lambda: none.argmax(0),
        lambda: none.amin(0),
    ):
        with pytest.raises(IndexError, match=r"elements along dimension 0, got shape \(0, 3\)"):
            extreme()


def test_dimensions_are_checked() -> None:
    x = engine.zeros(2, 3)
    with pytest.raises(IndexError, match=r"dim: expected a dimension in \[-2, 1\], got 2"):
        x.sum(2)
    with pytest.raises(RuntimeError, match="dimension 0 comes twice"):
        x.sum((0, -2))
    with pytest.raises(RuntimeError, match="expected a floating dtype, got int64"):
        engine.ones(2, dtype=engine.int64).mean()


def test_ties_share_the_gradient_of_an_extreme() -> None:
    x = engine.tensor([3.0, 1.0, 3.0, 2.0], requires_grad=True)
    x.max().backward()
    assert x.grad.tolist() == [0.5, 0, 0.5, 0]


@pytest.mark.parametrize("zeros", [[], [1], [0, 2]])
def test_gradient_of_products_is_exact_at_zeros(zeros: list[int]) -> None:
    values = np.array([2.0, 3.0, 5.0])
    values[zeros] = 0
    x = engine.from_numpy(values.copy()).requires_grad_()
    x.prod().backward()
    assert x.grad.tolist() == [values[1] * values[2], values[0] * values[2], values[0] * values[1]]
    x.grad = None
    x.cumprod(0).sum().backward()
    a, b, c = values
    assert x.grad.tolist() == [1 + b + b * c, a + a * c, a * b]


def test_norms_have_no_gradient_at_zero() -> None:
    for p in (0, 1, 2, 3):
        x = engine.zeros(3, requires_grad=True)
        x.norm(p).backward()
        assert x.grad.tolist() == [0, 0, 0]


def test_sorting_keeps_the_order_of_equals() -> None:
    for n in (100, 5000):
        x = engine.from_numpy(np.random.default_rng(0).integers(0, 7, n))
        for descending in (False, True):
            order = np.argsort(-x.numpy() if descending else x.numpy(), kind="stable")
            assert x.sort(descending=descending).indices.tolist() == order.tolist()


def test_unique() -> None:
    x = engine.tensor([[3, 1, 3], [2, 1, 3]])
    values, inverse, counts = engine.unique(x, return_inverse=True, return_counts=True)
    assert values.tolist() == [1, 2, 3] and counts.tolist() == [2, 1, 3]
    assert engine.equal(values[inverse], x)
    assert len(engine.tensor([NAN, NAN]).unique()) == 2
    runs, lengths = engine.unique_consecutive(engine.tensor([1, 1, 2, 1]), return_counts=True)
    assert runs.tolist() == [1, 2, 1] and lengths.tolist() == [2, 1, 1]


@pytest.mark.parametrize("n", [1, 3, 4, 8, 16, 17, 40])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
def test_many_short_rows(n: int, dtype: str) -> None:
    x = np.random.default_rng(n).integers(0, 50, (1003, n)).astype(dtype)
    t = engine.from_numpy(x)
    assert np.array_equal(t.sum(1).double().numpy(), x.sum(1, dtype=np.float64))
    assert np.array_equal(t.amax(1).numpy(), x.max(1))
    values, indices = t.max(1)
    assert np.array_equal(values.numpy(), x.max(1))
    assert np.array_equal(indices.numpy(), x.argmax(1))


def test_mean_of_integers_in_a_floating_dtype() -> None:
    assert engine.tensor([1, 2]).mean(dtype=engine.float32).item() == 1.5
    assert engine.tensor([[1, 2], [4, 4]]).mean(0, dtype=engine.float64).tolist() == [2.5, 3]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "uint8"])
@pytest.mark.parametrize(("n", "k"), [(40, 7), (200, 150), (1000, 3), (1000, 400), (5000, 50)])
def test_the_first_few_of_long_lines_are_those_of_a_stable_sort(n: int, k: int, dtype: str) -> None:
    # Many elements are equal as integers.
    x = np.random.default_rng(n + k).normal(size=(5, n)) * 40
    x = np.abs(x).astype(dtype)
    t = engine.from_numpy(x)
    order = np.argsort(x, 1, kind="stable")
    smallest = t.topk(k, 1, largest=False)
    assert np.array_equal(smallest.indices.numpy(), order[:, :k])
    assert np.array_equal(smallest.values.numpy(), np.sort(x, 1)[:, :k])
    assert np.array_equal(t.kthvalue(k, 1).indices.numpy(), order[:, k - 1])
    assert np.array_equal(t.median(1).indices.numpy(), order[:, (n - 1) // 2])
    unsorted = np.sort(t.topk(k, 1, largest=False, sorted=False).values.numpy(), 1)
    assert np.array_equal(unsorted, np.sort(x, 1)[:, :k])


def test_the_median_is_the_first_nan() -> None:
    x = engine.arange(300).float()
    x[[70, 20]] = NAN
    values, indices = x.view(2, 150).median(1)
    assert math.isnan(values[0].item()) and values[1].item() == 224
    assert indices.tolist() == [20, 74]
    assert x.kthvalue(299).indices.item() == 20


@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("dtype", [engine.int64, engine.float32, engine.float16, engine.bool])
def test_unique_slices(dim: int, dtype: engine.dtype) -> None:
    array = np.random.default_rng(0).integers(0, 2, (6, 3, 2))
    x = engine.from_numpy(array).to(dtype)
    found = engine.unique(x, return_inverse=True, return_counts=True, dim=dim)
    wanted = np.unique(array, axis=dim, return_inverse=True, return_counts=True)
    assert engine.equal(found[0].index_select(dim, found[1]), x)
    for got, value in zip(found, wanted, strict=True):
        assert np.array_equal(got.long().numpy().squeeze(), value.squeeze())


def test_unique_consecutive_slices() -> None:
    x = engine.tensor([[1, 1], [1, 1], [0, 1], [1, 1]])
    runs, index, lengths = engine.unique_consecutive(x, True, True, dim=0)
    assert runs.tolist() == [[1, 1], [0, 1], [1, 1]]
    assert index.tolist() == [0, 0, 1, 2] and lengths.tolist() == [2, 1, 1]
    assert len(engine.unique(engine.tensor([[NAN], [NAN]]), dim=0)) == 2


def test_the_mode_of_equally_common_elements_is_the_least() -> None:
    values, places = engine.tensor([[5, 2, 5, 2], [7, 7, 7, 1]]).mode()
    assert values.tolist() == [2, 7] and places.tolist() == [3, 2]


def test_quantiles_and_nan() -> None:
    x = engine.tensor([[1.0, NAN, 3.0], [NAN, NAN, NAN], [4.0, 2.0, 0.0]])
    several = engine.tensor([0.0, 0.5, 1.0])
    assert np.isnan(x.quantile(several, 1)[:, :2].numpy()).all()
    assert x.nanquantile(several, 1)[:, 0].tolist() == [1, 2, 3]
    assert x.quantile(several, 1, keepdim=True).shape == (3, 3, 1)
    assert x.nanmedian(1).values[0].item() == 1 and x.nanmedian(1).indices[2].item() == 1
    assert x.nanmedian().item() == 2
    with pytest.raises(RuntimeError, match=r"q: expected a number from 0 to 1, got 1\.5"):
        x.quantile(1.5)
    for wrong in (-0.1, 1.1, NAN):
        with pytest.raises(RuntimeError, match="q: expected values from 0 to 1"):
            x.quantile(engine.tensor([0.5, wrong]))
    with pytest.raises(ValueError, match="interpolation: expected 'linear'"):
        x.quantile(0.5, interpolation="cubic")


@pytest.mark.parametrize("dtype", [engine.float16, engine.bfloat16, engine.float32])
@pytest.mark.parametrize("reduce", ["max", "min", "median", "nanmedian", "amax", "amin"])
def test_many_equals_share_the_gradient(dtype: engine.dtype, reduce: str) -> None:
    """The number of equal elements overflows float16."""
    x = engine.ones(70_000, dtype=dtype, requires_grad=True)
    (getattr(x, reduce)() * 60_000).backward()
    assert x.grad is not None
    assert x.grad.double().sum().item() == pytest.approx(60_000, rel=0.01)


@pytest.mark.parametrize("reduce", ["max", "min", "median", "amax"])
def test_the_gradient_of_nan_is_that_of_the_nan_element(reduce: str) -> None:
    x = engine.tensor([1.0, NAN, 2.0, NAN], requires_grad=True)
    getattr(x, reduce)().backward()
    assert x.grad is not None and x.grad.tolist() == [0, 0.5, 0, 0.5]


def test_medians_of_ties_nan_and_nothing() -> None:
    x = engine.tensor([3.0, 1.0, 3.0, 3.0, 9.0, NAN], requires_grad=True)
    x.nanmedian().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), [1 / 3, 0, 1 / 3, 1 / 3, 0, 0], rtol=1e-6)
    for name in ("median", "nanmedian"):
        assert math.isnan(getattr(engine.zeros(0), name)().item())
        assert math.isnan(getattr(engine.tensor([NAN, NAN]), name)().item())
        with pytest.raises(RuntimeError, match="self: expected elements"):
            getattr(engine.zeros(0, dtype=engine.int64), name)()


@pytest.mark.parametrize("dtype", [engine.float16, engine.bfloat16])
def test_scattering_counts_beyond_what_a_16_bit_float_can(dtype: engine.dtype) -> None:
    index, ones = engine.zeros(5000, dtype=engine.int64), engine.ones(5000, dtype=dtype)
    mean = engine.ones(1, dtype=dtype).scatter_reduce(0, index[:100], ones[:100] * 3, "mean")
    assert mean.item() == pytest.approx(301 / 101, rel=0.06)  # of a sum in 16 bits
    source = ones.requires_grad_()
    engine.zeros(1, dtype=dtype).scatter_reduce(0, index, source, "amax").backward()
    assert source.grad is not None
    assert source.grad.double().sum().item() == pytest.approx(1, rel=0.01)


def test_the_mean_of_integers_is_rounded_down() -> None:
    index = engine.tensor([0, 0, 1])
    source = engine.tensor([-4, 3, 7])
    x = engine.tensor([-1, 2, 5]).scatter_reduce(0, index, source, "mean")
    assert x.tolist() == [-1, 4, 5]
    without = engine.tensor([9, 9, 5]).scatter_reduce(0, index, source, "mean", include_self=False)
    assert without.tolist() == [-1, 7, 5]


def test_truth_along_no_dimension_is_that_of_each_element() -> None:
    x = engine.tensor([[0.0, 2.0]])
    assert engine.any(x, dim=[]).tolist() == engine.all(x, ()).tolist() == [[False, True]]
    assert x.any().tolist() is True


def test_truth_of_bytes_is_bytes() -> None:
    x = engine.tensor([0, 3], dtype=engine.uint8)
    assert x.any().dtype == x.all(0).dtype == engine.uint8
    assert (x.any().item(), x.all().item()) == (1, 0)


def test_products_have_the_dtype_that_is_asked_for() -> None:
    x = engine.tensor([16, 17])
    assert x.prod(dtype=engine.int8).dtype == engine.int8
    assert x.prod(0, dtype=engine.int8).item() == 16 * 17 % 256
    assert engine.tensor(True).square().dtype == engine.int64


def test_equal_elements_share_the_gradient_of_the_median() -> None:
    x = engine.tensor([3.0, 1.0, 1.0, 0.0], requires_grad=True)
    x.median().backward()
    assert x.grad.tolist() == [0, 0.5, 0.5, 0]
    y = engine.tensor([NAN, 1.0, 1.0, 0.0], requires_grad=True)
    y.nanmedian().backward()
    assert y.grad.tolist() == [0, 0.5, 0.5, 0]


def test_the_median_of_nothing_is_nan() -> None:
    assert math.isnan(engine.zeros(0).median().item())
    assert math.isnan(engine.zeros(2, 0).nanmedian().item())


def test_the_gradient_of_a_product_along_a_0d_tensor() -> None:
    x = engine.tensor(3.0, requires_grad=True)
    x.prod(0).backward()
    assert x.grad.item() == 1


def test_a_0d_tensor_is_a_line_of_one_element() -> None:
    x, first = engine.tensor(2.0), engine.tensor(0)
    assert x.repeat_interleave(3, 0).tolist() == [2, 2, 2]
    assert x.take_along_dim(first, 0).tolist() == 2
    assert x.topk(1).values.tolist() == 2


@pytest.mark.parametrize("dtype", [engine.float16, engine.bfloat16, engine.float32])
def test_no_gradient_passes_the_bounds_of_hardtanh(dtype: engine.dtype) -> None:
    x = engine.tensor([1.0, 0.05, -1.0], dtype=dtype, requires_grad=True)
    engine.nn.functional.hardtanh(x, -0.1, 0.1).sum().backward()
    assert x.grad.tolist() == [0, 1, 0]
