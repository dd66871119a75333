"""Temporary replacement of an optimizer's parameters and state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from engine._C import Tensor
from engine.optim.optimizer import Optimizer

_NAME = "swap_in_optimizer_params_and_state"


@contextmanager
def swap_in_optimizer_params_and_state(
    optimizer: Optimizer,
    swapin_parameters: Mapping[str, Tensor],
    swapin_optim_state: Mapping[str, Any],
) -> Iterator[None]:
    """For the length of a ``with`` block, ``optimizer`` has the given parameters and state.

    ``swapin_parameters`` are in the order of the optimizer's own, ``swapin_optim_state`` is what
    its ``state_dict`` returns. Writes to their tensors stay; state that is added is forgotten.
    Raises RuntimeError for an optimizer without state, and where groups do not match.

    >>> import engine
    >>> w, other = engine.nn.Parameter(engine.ones(1)), engine.zeros(1)
    >>> w.grad, other.grad = engine.ones(1), engine.ones(1)
    >>> optimizer = engine.optim.SGD([w], lr=0.5, momentum=0.9); optimizer.step()
    >>> swap = engine.optim.swap_in_optimizer_params_and_state
    >>> with swap(optimizer, {"w": other}, optimizer.state_dict()):
    ...     optimizer.step()
    >>> w.item(), round(other.item(), 4)
    (0.5, -0.95)
    """
    matches, groups = _matched(optimizer, list(swapin_parameters.values()), swapin_optim_state)
    state = defaultdict[Any, Any](dict)
    state.update({param: optimizer._unpacked(saved) for param, saved in matches})
    own_state, own_groups = optimizer.state, [dict(group) for group in optimizer.param_groups]
    try:
        optimizer.state = state
        for group, replaced in zip(optimizer.param_groups, groups, strict=True):
            group.update(replaced)
        yield
    finally:
        for param, saved in matches:
            _write_back(saved, optimizer._packed(state[param]))
        optimizer.state = own_state
        for group, before in zip(optimizer.param_groups, own_groups, strict=True):
            group.clear()
            group.update(before)


def _matched(
    optimizer: Optimizer, params: list[Tensor], saved: Mapping[str, Any]
) -> tuple[list[tuple[Tensor, dict[str, Any]]], list[dict[str, Any]]]:
    """Each parameter with its saved state, and the groups with their parameters."""
    if not optimizer.state:
        raise RuntimeError(f"{_NAME}: optimizer: expected one with state: call step() first")
    if not isinstance(saved, Mapping) or not {"state", "param_groups"} <= set(saved):
        raise RuntimeError(f"{_NAME}: swapin_optim_state: expected a state_dict of an optimizer")
    if len(saved["param_groups"]) != len(optimizer.param_groups):
        raise RuntimeError(
            f"{_NAME}: swapin_optim_state: expected {len(optimizer.param_groups)} parameter "
            f"groups, got {len(saved['param_groups'])}"
        )
    rest, groups, matches = iter(params), [], []
    if len(params) != sum(len(group["params"]) for group in optimizer.param_groups):
        raise RuntimeError(
            f"{_NAME}: swapin_parameters: got {len(params)}, which do not match the optimizer's"
        )
    known = set()
    for own, group in zip(optimizer.param_groups, saved["param_groups"], strict=True):
        if set(own) != set(group) or len(own["params"]) != len(group["params"]):
            raise RuntimeError(f"{_NAME}: swapin_optim_state: a parameter group does not match")
        chosen = [next(rest) for _ in group["params"]]
        for param, number in zip(chosen, group["params"], strict=True):
            known.add(number)
            matches.append((param, saved["state"].get(number, {})))
        groups.append({**group, "params": chosen})
    if unknown := [number for number in saved["state"] if number not in known]:
        raise RuntimeError(f"{_NAME}: swapin_optim_state: state of no parameter: {unknown}")
    return matches, groups


def _write_back(saved: dict[str, Any], packed: dict[str, Any]) -> None:
    """Write step counters, which are numbers while the optimizer runs, back into their tensors."""
    for key, value in packed.items():
        given = saved.get(key)
        if isinstance(value, Tensor) and isinstance(given, Tensor) and given is not value:
            given.copy_(value)
