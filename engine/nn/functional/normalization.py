"""Normalisation of activations."""

from __future__ import annotations

from collections.abc import Sequence

from engine import _C
from engine._C import Tensor

group_norm = _C.group_norm


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each channel by the batch's mean and variance, or by the running ones outside
    training; in training the running ones are moved by `momentum` (Ioffe and Szegedy, 2015)."""
    if training:
        _check_more_than_one("batch_norm", input, input.numel() // max(input.shape[1], 1))
    return _C.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """batch_norm with the statistics of each sample alone (Ulyanov et al., 2016)."""
    if use_input_stats:
        instances = max(input.shape[0] * input.shape[1], 1)
        _check_more_than_one("instance_norm", input, input.numel() // instances)
    return _C.instance_norm(
        input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps
    )


def _check_more_than_one(name: str, input: Tensor, values: int) -> None:
    if values == 1:
        raise ValueError(
            f"{name}: expected more than 1 value per channel when training, got input size "
            f"{tuple(input.shape)}"
        )


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise over the trailing dimensions normalized_shape (Ba et al., 2016).

    >>> import engine
    >>> engine.nn.functional.layer_norm(engine.tensor([1.0, 3.0]), (2,), eps=0.0).tolist()
    [-1.0, 1.0]
    """
    return _C.layer_norm(input, normalized_shape, weight, bias, eps)


def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """Divide by the root mean square over normalized_shape (Zhang and Sennrich, 2019)."""
    return _C.rms_norm(input, normalized_shape, weight, eps)


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Divide by a power of the mean square over `size` neighbouring channels."""
    if input.dim() < 3:
        raise ValueError(
            f"local_response_norm: input must have 3 dimensions or more, got {tuple(input.shape)}"
        )
    channels = input.shape[1]
    squares = (input * input).reshape(input.shape[0], 1, channels, -1)
    squares = _C.pad(squares, [0, 0, size // 2, (size - 1) // 2], "constant", 0.0)
    mean = _C.avg_pool2d(squares, (size, 1), (1, 1)).reshape(input.shape)
    return input / (mean * alpha + k) ** beta


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Divide by the p-norm along dim, or by eps where that is smaller."""
    return input / _C.norm(input, p, dim, True).clamp(min=eps)
