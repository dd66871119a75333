"""Weight, spectral and orthogonal normalisation, new and old."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.nn.utils import orthogonal_maps, parametrizations, parametrize
from engine.testing import gradcheck
from tests.engine.nn.reference import Array, array, close, draw, tensor

W = draw(5, 3)
X = draw(4, 3, seed=1)


def linear(weight: Array = W) -> Any:
    made: Any = nn.Linear(weight.shape[1], weight.shape[0], bias=False).double()
    made.weight.data = tensor(weight)
    return made


def orthonormal(rows: int, columns: int) -> Array:
    q = np.linalg.qr(draw(max(rows, columns), max(rows, columns), seed=2))[0]
    return q[:rows, :columns].copy()


@pytest.mark.parametrize("dim", [0, 1, None, -1])
def test_weight_norm(dim: int | None) -> None:
    made = parametrizations.weight_norm(linear(), dim=dim)
    axis = {0: 1, 1: 0}.get(dim)  # type: ignore[arg-type]
    norm = np.linalg.norm(W, axis=axis, keepdims=axis is not None)
    original = made.parametrizations.weight
    close(original.original0, norm)
    close(made.weight, W)
    original.original0.data.mul_(3)
    close(made(tensor(X)), X @ (3 * W).T)


def test_weight_norm_loads_the_old_names() -> None:
    made = parametrizations.weight_norm(linear())
    made.load_state_dict({"weight_g": tensor(np.full((5, 1), 2.0)), "weight_v": tensor(W)})
    close(made.weight, 2 * W / np.linalg.norm(W, axis=1, keepdims=True))


@pytest.mark.parametrize("function", [nn.utils.spectral_norm, parametrizations.spectral_norm])
def test_spectral_norm(function: Any) -> None:
    made = function(linear(), n_power_iterations=100)
    made(tensor(X))
    made.eval()
    close(made(tensor(X)), X @ (W / np.linalg.norm(W, 2)).T, tolerance=1e-8)
    if function is nn.utils.spectral_norm:
        assert list(made.state_dict()) == ["weight_orig", "weight_u", "weight_v"]
        nn.utils.remove_spectral_norm(made)
        with pytest.raises(ValueError, match="'weight' of Linear is not normalised"):
            nn.utils.remove_spectral_norm(made)
    else:
        assert sorted(made.state_dict()) == [
            "parametrizations.weight.0._u",
            "parametrizations.weight.0._v",
            "parametrizations.weight.original",
        ]
        parametrize.remove_parametrizations(made, "weight")
    close(made.weight, W / np.linalg.norm(W, 2), tolerance=1e-8)


def test_spectral_norm_iterates_in_training_only() -> None:
    made: Any = parametrizations.spectral_norm(linear())
    u = made.parametrizations.weight[0]._u
    u.copy_(tensor(np.ones(5) / 5**0.5))
    made.eval()
    _ = made.weight
    close(u, np.ones(5) / 5**0.5)
    made.train()
    _ = made.weight
    assert abs(array(u) - 5**-0.5).max() > 1e-3
    deconvolution: Any = parametrizations.spectral_norm(nn.ConvTranspose2d(4, 6, 3))
    assert tuple(deconvolution.parametrizations.weight[0]._u.shape) == (6,)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("trivialize", [True, False])
def test_orthogonal(shape: tuple[int, int], orthogonal_map: str, trivialize: bool) -> None:
    made = linear(orthonormal(*shape))
    options: Any = {"use_trivialization": trivialize}
    parametrizations.orthogonal(made, orthogonal_map=orthogonal_map, **options)
    starts_at_weight = shape == (4, 4) if trivialize else orthogonal_map == "householder"
    if starts_at_weight:
        close(made.weight, orthonormal(*shape), tolerance=1e-8)
    original = made.parametrizations.weight.original
    original.data.add_(tensor(np.tril(draw(*shape, seed=3), -1)))
    q = array(made.weight)
    gram = q.T @ q if shape[0] >= shape[1] else q @ q.T
    np.testing.assert_allclose(gram, np.eye(min(shape)), atol=1e-10)
    made(tensor(draw(2, shape[1]))).sum().backward()
    assert abs(array(original.grad)).max() > 0


def test_orthogonal_maps() -> None:
    skew = draw(4, 4) * 3
    skew = skew - skew.T
    values, vectors = np.linalg.eig(skew)
    exponential = (vectors @ np.diag(np.exp(values)) @ np.linalg.inv(vectors)).real
    close(engine.linalg.matrix_exp(tensor(skew)), exponential, tolerance=1e-9)
    identity = np.eye(4)
    wanted = np.linalg.solve(identity - skew / 2, identity + skew / 2)
    close(orthogonal_maps.cayley(tensor(skew)), wanted)
    for function in (engine.linalg.matrix_exp, orthogonal_maps.cayley):
        assert gradcheck(function, [tensor(skew * 0.1, requires_grad=True)])


def test_errors_of_orthogonal() -> None:
    with pytest.raises(ValueError, match="'bias' must have 2 dimensions or more"):
        parametrizations.orthogonal(nn.Linear(2, 2), "bias")
    with pytest.raises(ValueError, match=r"orthogonal_map must be 'matrix_exp', .* got 'qr'"):
        parametrizations.orthogonal(linear(), orthogonal_map="qr")
    made: Any = parametrizations.orthogonal(
        linear(orthonormal(4, 4)), orthogonal_map="cayley", use_trivialization=False
    )
    with pytest.raises(NotImplementedError, match="'cayley' cannot be assigned to"):
        made.weight = tensor(orthonormal(4, 4))


def test_old_weight_norm() -> None:
    with pytest.warns(FutureWarning, match=r"parametrizations\.weight_norm"):
        made = nn.utils.weight_norm(linear())
    assert list(made.state_dict()) == ["weight_g", "weight_v"]
    made.weight_g.data.mul_(2)  # type: ignore[union-attr]
    close(made(tensor(X)), X @ (2 * W).T)
    nn.utils.remove_weight_norm(made)
    assert list(made.state_dict()) == ["weight"] and not made._forward_pre_hooks
    close(made.weight, 2 * W)
    with pytest.raises(ValueError, match="'weight' of Linear is not normalised"):
        nn.utils.remove_weight_norm(made)


def test_functional_call_reaches_the_originals() -> None:
    made = parametrizations.weight_norm(linear())
    ones = {"parametrizations.weight.original0": engine.ones(5, 1, dtype=engine.float64)}
    wanted = X @ (W / np.linalg.norm(W, axis=1, keepdims=True)).T
    close(engine.func.functional_call(made, ones, (tensor(X),)), wanted)
    close(made(tensor(X)), X @ W.T)
