"""``torch.nn.attention``: the choice between attention kernels. There is one."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator, Sequence


class SDPBackend(enum.Enum):
    """PyTorch's kernels for ``scaled_dot_product_attention``."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


@contextlib.contextmanager
def sdpa_kernel(
    backends: SDPBackend | Sequence[SDPBackend], set_priority: bool = False
) -> Iterator[None]:
    """Accepts a choice of kernels for a ``with`` block; the CPU has one kernel.

    >>> import engine
    >>> from engine.nn.attention import SDPBackend, sdpa_kernel
    >>> q = engine.ones(1, 1, 2)
    >>> with sdpa_kernel(SDPBackend.MATH):
    ...     engine.nn.functional.scaled_dot_product_attention(q, q, q)
    tensor([[[1., 1.]]])
    """
    chosen = [backends] if isinstance(backends, SDPBackend) else list(backends)
    for one in chosen:
        if not isinstance(one, SDPBackend):
            raise TypeError(
                f"sdpa_kernel: argument 'backends': expected SDPBackend, got {type(one).__name__}"
            )
    yield
