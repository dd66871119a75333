"""NumPy's random numbers for both the engine and PyTorch.

The two have different generators, which no seed makes agree. Every random function is replaced in
both by one that reads a NumPy stream; each kind of function has its own, so that a data loader that
draws one seed more does not shift the weights.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

_KINDS = ("uniform", "normal", "integers", "permutation", "choice", "mask")


class _Streams:
    def __init__(self) -> None:
        self.seed(0)

    def seed(self, seed: int) -> None:
        self.streams = {k: np.random.default_rng([i, seed % 2**63]) for i, k in enumerate(_KINDS)}

    def __getitem__(self, kind: str) -> np.random.Generator:
        return self.streams[kind]


_draw = _Streams()


def share_random_numbers(torch: Any) -> None:
    """Replaces the functions of ``torch``, the engine or PyTorch, that draw random numbers."""
    seeded = torch.manual_seed

    def manual_seed(seed: int) -> Any:
        _draw.seed(int(seed))
        return seeded(seed)

    torch.manual_seed = manual_seed  # the engine's own does not seed these streams
    functions = {**_creations(torch), **_choices(torch)}
    methods = _fills(torch)
    for name, function in {**functions, **methods}.items():
        if hasattr(torch, name):
            _rebind(torch, getattr(torch, name), function)
    for name, function in methods.items():
        setattr(torch.Tensor, name, function)
    for name in ("multinomial", "bernoulli"):
        setattr(torch.Tensor, name, functions[name])
    _replace_truncated_normal(torch)
    _replace_dropout(torch)
    _replace_shuffling(torch)


def _fills(torch: Any) -> dict[str, Callable[..., Any]]:
    """Tensor's methods that fill it at random."""

    def fill(tensor: Any, values: np.ndarray) -> Any:
        with torch.no_grad():
            return tensor.copy_(torch.from_numpy(np.asarray(values)).to(tensor.dtype))

    def uniform_(self: Any, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Any:
        low, high = a, b
        return fill(self, _draw["uniform"].uniform(low, high, tuple(self.shape)))

    def normal_(self: Any, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Any:
        return fill(self, _draw["normal"].normal(mean, std, tuple(self.shape)))

    def bernoulli_(self: Any, p: Any = 0.5, generator: Any = None) -> Any:
        p = p.numpy() if isinstance(p, torch.Tensor) else p
        return fill(self, _draw["mask"].random(tuple(self.shape)) < p)

    return {"uniform_": uniform_, "normal_": normal_, "bernoulli_": bernoulli_}


def _sizes(size: tuple[Any, ...]) -> tuple[int, ...]:
    plain = size[0] if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    return tuple(int(n) for n in plain)


def _creations(torch: Any) -> dict[str, Callable[..., Any]]:
    """Functions that return a tensor of random numbers."""

    def made(values: Any, dtype: Any = None, requires_grad: bool = False, **_: Any) -> Any:
        array = torch.from_numpy(np.asarray(values))
        natural = torch.get_default_dtype() if array.dtype == torch.float64 else array.dtype
        return array.to(dtype or natural).requires_grad_(requires_grad)

    def rand(*size: Any, generator: Any = None, out: Any = None, **options: Any) -> Any:
        return made(_draw["uniform"].random(_sizes(size)), **options)

    def randn(*size: Any, generator: Any = None, out: Any = None, **options: Any) -> Any:
        return made(_draw["normal"].normal(size=_sizes(size)), **options)

    def rand_like(input: Any, **options: Any) -> Any:
        return rand(*input.shape, **{"dtype": input.dtype, **options})

    def randn_like(input: Any, **options: Any) -> Any:
        return randn(*input.shape, **{"dtype": input.dtype, **options})

    def randint(
        *args: Any, low: int = 0, high: Any = None, size: Any = None, **options: Any
    ) -> Any:
        numbers = [a for a in args if not isinstance(a, (tuple, list))]
        size = size or next(a for a in args if isinstance(a, (tuple, list)))
        if numbers:
            low, high = (
                (0, numbers[0])
                if len(numbers) == 1 and high is None
                else (numbers[0], high or numbers[1])
            )
        options.pop("generator", None)
        return made(_draw["integers"].integers(int(low), int(high), tuple(size)), **options)

    def randperm(n: int, *, generator: Any = None, **options: Any) -> Any:
        return made(_draw["permutation"].permutation(n), **options)

    def normal(mean: Any, std: Any = 1.0, size: Any = None, generator: Any = None) -> Any:
        tensors = [x for x in (mean, std) if isinstance(x, torch.Tensor)]
        shape = size or np.broadcast_shapes(*(tuple(t.shape) for t in tensors))
        return mean + std * randn(*shape)

    names = (rand, randn, rand_like, randn_like, randint, randperm, normal)
    return {f.__name__: f for f in names}


def _choices(torch: Any) -> dict[str, Callable[..., Any]]:
    """Draws that depend on probabilities, by inversion."""

    def multinomial(input: Any, num_samples: int, replacement: bool = False, **_: Any) -> Any:
        p = input.detach().double().numpy()
        rows = p.reshape(-1, p.shape[-1])
        rows = rows / rows.sum(1, keepdims=True)
        drawn = [
            np.minimum(
                np.searchsorted(np.cumsum(r), _draw["choice"].random(num_samples)), len(r) - 1
            )
            if replacement or num_samples == 1
            else _draw["choice"].choice(len(r), num_samples, replace=False, p=r)
            for r in rows
        ]
        return torch.from_numpy(
            np.stack(drawn).reshape(*p.shape[:-1], num_samples).astype(np.int64)
        )

    def bernoulli(input: Any, *_: Any, **__: Any) -> Any:
        p = input.detach().numpy()
        return torch.from_numpy((_draw["mask"].random(p.shape) < p).astype(p.dtype))

    return {"multinomial": multinomial, "bernoulli": bernoulli}


def _rebind(torch: Any, old: Any, new: Any) -> None:
    """Replaces a function by another in each module of the framework that has it."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == torch.__name__:
            for key in [k for k, v in vars(module).items() if v is old]:
                setattr(module, key, new)


def _replace_truncated_normal(torch: Any) -> None:
    """By inversion; PyTorch rejects draws, so that their number differs."""

    def trunc_normal_(
        tensor: Any,
        mean: float = 0.0,
        std: float = 1.0,
        a: float = -2.0,
        b: float = 2.0,
        generator: Any = None,
    ) -> Any:
        low, high = (math.erf((x - mean) / (std * math.sqrt(2))) for x in (a, b))
        with torch.no_grad():
            tensor.uniform_(low, high).erfinv_()
            return tensor.mul_(std * math.sqrt(2)).add_(mean).clamp_(a, b)

    torch.nn.init.trunc_normal_ = trunc_normal_


def _replace_dropout(torch: Any) -> None:
    def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
        if not training or p == 0:
            return input
        kept = _draw["mask"].random(tuple(input.shape)) >= p
        return input * torch.from_numpy(kept).to(input.dtype) / (1 - p)

    def channel_dropout(
        input: Any, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Any:
        if not training or p == 0:
            return input
        shape = tuple(input.shape[:2]) + (1,) * (input.dim() - 2)
        kept = _draw["mask"].random(shape) >= p
        return input * torch.from_numpy(kept).to(input.dtype) / (1 - p)

    attend = torch.nn.functional.scaled_dot_product_attention

    def attention(
        query: Any,
        key: Any,
        value: Any,
        attn_mask: Any = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: Any = None,
        enable_gqa: bool = False,
    ) -> Any:
        if not dropout_p:
            return attend(
                query, key, value, attn_mask, 0.0, is_causal, scale=scale, enable_gqa=enable_gqa
            )
        scores = query @ key.transpose(-2, -1) * (scale or query.shape[-1] ** -0.5)
        if is_causal:
            attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
        if attn_mask is not None and attn_mask.dtype == torch.bool:
            scores = scores.masked_fill(~attn_mask, -math.inf)
        elif attn_mask is not None:
            scores = scores + attn_mask
        return dropout(scores.softmax(-1), dropout_p) @ value

    functional = torch.nn.functional
    _rebind(torch, functional.scaled_dot_product_attention, attention)
    _rebind(torch, functional.dropout, dropout)
    for name in ("1d", "2d", "3d"):
        _rebind(torch, getattr(functional, f"dropout{name}"), channel_dropout)
        layer = getattr(torch.nn, f"Dropout{name}")
        layer.forward = lambda self, x: channel_dropout(x, self.p, self.training)
    torch.nn.Dropout.forward = lambda self, x: dropout(x, self.p, self.training)


def _replace_shuffling(torch: Any) -> None:
    def order(self: Any) -> Iterator[int]:
        n = len(self.data_source)
        left = self.num_samples
        while left > 0:
            taken = min(left, n)
            if self.replacement:
                yield from _draw["permutation"].integers(0, n, taken).tolist()
            else:
                yield from _draw["permutation"].permutation(n)[:taken].tolist()
            left -= max(taken, 1)

    torch.utils.data.RandomSampler.__iter__ = order
