"""L-BFGS on problems with known minima, and on Rosenbrock's function beside PyTorch 2.13."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import engine
from engine import Tensor, nn, optim
from engine.optim._line_search import strong_wolfe


def rosenbrock(x: Tensor) -> Tensor:
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


class Problem:
    """Rosenbrock's function from the usual start, with a count of its evaluations."""

    def __init__(self, **options: Any) -> None:
        self.x = nn.Parameter(engine.tensor([-1.2, 1.0], dtype=engine.float64))
        self.optimizer = optim.LBFGS([self.x], **options)
        self.evaluations = 0

    def closure(self) -> Tensor:
        self.evaluations += 1
        self.optimizer.zero_grad()
        loss = rosenbrock(self.x)
        loss.backward()
        return loss

    def step(self) -> float:
        return float(self.optimizer.step(self.closure))


@pytest.mark.parametrize(
    ("line_search", "lr", "losses", "end", "evaluations"),
    [
        (
            None,
            1e-3,
            [24.2, 23.69948128548805, 23.341076883732327, 22.983866231543793],
            [-1.195056791561136, 1.0061327119338221],
            40,
        ),
        (
            "strong_wolfe",
            1.0,
            [24.2, 2.79822344963217, 0.41796902218536947, 0.025065077202341864],
            [0.999985224761183, 0.999970063873214],
            47,
        ),
    ],
)
def test_steps_beside_pytorch(
    line_search: str | None, lr: float, losses: list[float], end: list[float], evaluations: int
) -> None:
    problem = Problem(lr=lr, max_iter=10, history_size=5, line_search_fn=line_search)
    found = [problem.step() for _ in range(4)]
    np.testing.assert_allclose(found, losses, rtol=1e-7)
    np.testing.assert_allclose(problem.x.tolist(), end, rtol=1e-7)
    assert problem.evaluations == evaluations
    assert problem.optimizer.state[problem.x]["func_evals"] == evaluations


def test_state_can_be_saved_and_loaded() -> None:
    options: dict[str, Any] = {"max_iter": 4, "line_search_fn": "strong_wolfe"}
    first, second = Problem(**options), Problem(**options)
    first.step()
    state = first.optimizer.state_dict()
    assert set(state["state"][0]) == {
        *("func_evals", "n_iter", "d", "t", "old_dirs", "old_stps", "ro", "H_diag", "al"),
        *("prev_flat_grad", "prev_loss"),
    }
    with engine.no_grad():
        second.x.copy_(first.x)
    second.optimizer.load_state_dict(copy.deepcopy(state))
    assert first.step() == second.step() and engine.equal(first.x, second.x)


def test_several_parameters_one_without_gradient() -> None:
    weights = [
        nn.Parameter(engine.ones(2, 2)),
        nn.Parameter(engine.ones(3)),
        nn.Parameter(engine.ones(())),
    ]
    optimizer = optim.LBFGS(weights)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = ((weights[0] - 3) ** 2).sum() + (weights[2] + 1) ** 2
        loss.backward()
        return loss

    with engine.no_grad():
        optimizer.step(closure)
    assert engine.allclose(weights[0], engine.full((2, 2), 3.0))
    assert weights[2].item() == pytest.approx(-1)
    assert engine.equal(weights[1], engine.ones(3))


def test_a_small_gradient_ends_the_step() -> None:
    problem = Problem(tolerance_grad=1e9)
    assert problem.step() == pytest.approx(24.2) and problem.evaluations == 1
    assert problem.x.tolist() == [-1.2, 1.0]


def test_line_search_meets_the_wolfe_conditions() -> None:
    """On a steep quartic, from steps that are far too short, too long, and extreme."""

    def evaluate(t: float) -> tuple[float, Tensor, float]:
        slope = 4 * (t - 1) ** 3 + 2 * (t - 1)
        return (t - 1) ** 4 + (t - 1) ** 2, engine.tensor([slope]), slope

    origin = evaluate(0.0)
    for start in (1e-3, 0.9, 20.0, 1e6):
        loss, grad, step, calls = strong_wolfe(evaluate, origin, start, 1.0, 1e-9, 25)
        assert loss <= origin[0] + 1e-4 * step * origin[2]
        assert abs(grad.item()) <= 0.9 * abs(origin[2]) and calls <= 26
