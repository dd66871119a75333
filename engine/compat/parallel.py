"""``torch.nn.parallel``: one module on several devices or processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.nn.module import Module


class DataParallel(Module):
    """Calls ``module``, under ``self.module``: without GPUs the batch is not split.

    Raises RuntimeError if ``device_ids`` names GPUs.

    >>> import engine
    >>> engine.nn.DataParallel(engine.nn.Identity())(engine.ones(1))
    tensor([1.])
    """

    def __init__(
        self,
        module: Module,
        device_ids: Sequence[Any] | None = None,
        output_device: Any = None,
        dim: int = 0,
    ) -> None:
        super().__init__()
        if device_ids:
            raise RuntimeError(
                f"DataParallel: device_ids={list(device_ids)}: this build computes on the CPU"
            )
        self.module = module
        self.device_ids: list[int] = []
        self.dim = dim

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Sequence[Any] | None = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:
    """``module`` called with ``inputs``, as :class:`DataParallel` does."""
    given = inputs if isinstance(inputs, tuple) else (inputs,)
    return DataParallel(module, device_ids, output_device, dim)(*given, **(module_kwargs or {}))


class DistributedDataParallel(Module):
    """A module whose gradients are averaged over processes: not implemented yet.

    The constructor raises NotImplementedError; the class exists for ``isinstance``.
    """

    def __init__(self, module: Module, *_: Any, **__: Any) -> None:
        raise NotImplementedError(
            "DistributedDataParallel: work over several processes is not implemented yet"
        )
