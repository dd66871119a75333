"""Adagrad, Adadelta, Adamax, NAdam and RAdam, written with tensor operations."""

from __future__ import annotations

import math
from typing import Any

from engine import _C
from engine._C import Tensor
from engine.optim.optimizer import (
    Params,
    PerParameter,
    check_betas,
    check_options,
    refuse_differentiable,
)


def _move_average(average: Tensor, value: Tensor, beta: float) -> Tensor:
    return average.mul_(beta).add_(value, alpha=1 - beta)


class Adagrad(PerParameter):
    """Gradients over the root of the sum of their squares (Duchi et al., 2011)."""

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_options(
            "Adagrad",
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            eps=eps,
            initial_accumulator_value=initial_accumulator_value,
        )
        refuse_differentiable("Adagrad", differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "eps": eps,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "maximize": maximize,
            },
        )

    def _initial_state(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        return {"sum": _C.full_like(param.data, group["initial_accumulator_value"])}

    def _update(
        self, param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        lr = float(group["lr"]) / (1 + (state["step"] - 1) * group["lr_decay"])
        total = state["sum"].add_(grad * grad)
        param.sub_(lr * grad / (total.sqrt() + group["eps"]))


class Adadelta(PerParameter):
    """Steps scaled by the running size of earlier steps (Zeiler, 2012)."""

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options("Adadelta", lr=lr, eps=eps, weight_decay=weight_decay)
        refuse_differentiable("Adadelta", differentiable)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Adadelta: rho must be in [0, 1], got {rho}")
        super().__init__(
            params,
            {
                "lr": lr,
                "rho": rho,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
            },
        )

    def _initial_state(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        return {
            "square_avg": _C.zeros_like(param.data),
            "acc_delta": _C.zeros_like(param.data),
        }

    def _update(
        self, param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        rho, eps = group["rho"], group["eps"]
        std = (_move_average(state["square_avg"], grad * grad, rho) + eps).sqrt()
        delta = (state["acc_delta"] + eps).sqrt() / std * grad
        _move_average(state["acc_delta"], delta * delta, rho)
        param.sub_(delta * float(group["lr"]))


class Adamax(PerParameter):
    """Adam with the maximum norm in the place of the second moment (Kingma and Ba, 2014)."""

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_options("Adamax", lr=lr, eps=eps, weight_decay=weight_decay)
        check_betas("Adamax", betas)
        refuse_differentiable("Adamax", differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
            },
        )

    def _initial_state(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        return {"exp_avg": _C.zeros_like(param.data), "exp_inf": _C.zeros_like(param.data)}

    def _update(
        self, param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        beta1, beta2 = group["betas"]
        mean = _move_average(state["exp_avg"], grad, beta1)
        largest = _C.maximum(state["exp_inf"] * beta2, grad.abs() + group["eps"])
        state["exp_inf"].copy_(largest)
        lr = float(group["lr"]) / (1 - beta1 ** state["step"])
        param.sub_(lr * mean / largest)


class NAdam(PerParameter):
    """Adam with Nesterov momentum (Dozat, 2016)."""

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options(
            "NAdam", lr=lr, eps=eps, weight_decay=weight_decay, momentum_decay=momentum_decay
        )
        check_betas("NAdam", betas)
        refuse_differentiable("NAdam", differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
            },
        )

    def _initial_state(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        return {
            "mu_product": 1.0,
            "exp_avg": _C.zeros_like(param.data),
            "exp_avg_sq": _C.zeros_like(param.data),
        }

    def _update(
        self, param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        (beta1, beta2), step, lr = group["betas"], state["step"], float(group["lr"])
        decay = group["momentum_decay"]
        mu = beta1 * (1.0 - 0.5 * 0.96 ** (step * decay))
        mu_next = beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * decay))
        product = state["mu_product"] = float(state["mu_product"]) * mu
        mean = _move_average(state["exp_avg"], grad, beta1)
        square = _move_average(state["exp_avg_sq"], grad * grad, beta2)
        scale = (square / (1 - beta2**step)).sqrt() + group["eps"]
        param.sub_(lr * (1 - mu) / (1 - product) * grad / scale)
        param.sub_(lr * mu_next / (1 - product * mu_next) * mean / scale)


class RAdam(PerParameter):
    """Adam that waits until its second moment's variance is known (Liu et al., 2019)."""

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options("RAdam", lr=lr, eps=eps, weight_decay=weight_decay)
        check_betas("RAdam", betas)
        refuse_differentiable("RAdam", differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
            },
        )

    def _initial_state(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        return {"exp_avg": _C.zeros_like(param.data), "exp_avg_sq": _C.zeros_like(param.data)}

    def _update(
        self, param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        (beta1, beta2), step, lr = group["betas"], state["step"], float(group["lr"])
        mean = _move_average(state["exp_avg"], grad, beta1) / (1 - beta1**step)
        square = _move_average(state["exp_avg_sq"], grad * grad, beta2)
        correction = 1 - beta2**step
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * step * beta2**step / correction
        if length <= 5.0:  # the variance is not tractable yet
            param.sub_(lr * mean)
            return
        rectifier = math.sqrt(
            (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        )
        scale = math.sqrt(correction) / (square.sqrt() + group["eps"])
        param.sub_(lr * rectifier * mean * scale)
