"""The benchmarks' networks beside PyTorch: outputs and gradients from the same weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import bench_models
import engine

torch = pytest.importorskip("torch", reason="PyTorch is here in `make parity` only")

NETWORKS = [
    (bench_models.mlp, (4, 784)),
    (bench_models.cnn, (4, 1, 28, 28)),
    (bench_models.transformer, (2, 16, 256)),
    (bench_models.efficientnet_lite0, (2, 3, 64, 64)),
]


@pytest.fixture(params=NETWORKS, ids=lambda pair: pair[0].__name__)
def twins(request: pytest.FixtureRequest) -> tuple[Any, Any, npt.NDArray[np.float64]]:
    """The network in both frameworks, in float64, so that rounding is negligible."""
    build: Callable[[Any], Any]
    build, shape = request.param
    torch.manual_seed(0)
    theirs = build(torch).double().eval()
    ours = build(engine).double().eval()
    state = {name: engine.from_numpy(t.numpy().copy()) for name, t in theirs.state_dict().items()}
    ours.load_state_dict(state)
    return ours, theirs, np.random.default_rng(0).standard_normal(shape)


def close(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(
        ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-9, atol=1e-12
    )


def test_outputs(twins: tuple[Any, Any, npt.NDArray[np.float64]]) -> None:
    ours, theirs, images = twins
    close(ours(engine.from_numpy(images)), theirs(torch.from_numpy(images)))


def test_gradients(twins: tuple[Any, Any, npt.NDArray[np.float64]]) -> None:
    ours, theirs, images = twins
    ours(engine.from_numpy(images)).square().mean().backward()
    theirs(torch.from_numpy(images)).square().mean().backward()
    expected = dict(theirs.named_parameters())
    names = [name for name, _ in ours.named_parameters()]
    assert names == list(expected)
    # Some gradients are zero up to rounding: compare relative to the overall scale.
    scale = max(float(p.grad.abs().max()) for p in expected.values())
    for name, parameter in ours.named_parameters():
        np.testing.assert_allclose(
            parameter.grad.numpy(), expected[name].grad.numpy(), rtol=1e-9, atol=1e-11 * scale
        )
