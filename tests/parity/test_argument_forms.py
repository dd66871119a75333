"""Forms of arguments that one op's schema does not show, accepted as by PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.parity.both import agree

X = np.random.default_rng(0).standard_normal((3, 4, 2))


def forms(torch: Any, x: Any) -> Any:
    cpu, double = torch.device("cpu"), torch.float64
    order = torch.tensor([2, 0, 1])
    sequence = torch.tensor([5.0, 9.0, 1.0])
    return [
        tuple(torch.var_mean(x, False)),
        tuple(torch.var_mean(x, 1, unbiased=True, keepdim=True)),
        tuple(torch.std_mean(x, unbiased=False)),
        tuple(torch.std_mean(x, (0, 2), correction=0)),
        torch.rsub(x, 3, alpha=2),
        torch.searchsorted(sequence, torch.tensor([4.0]), sorter=order),
        torch.repeat_interleave(torch.tensor([2, 0, 1]), output_size=3),
        x.repeat_interleave(2, 1, output_size=8),
        torch.tensor_split(x, torch.tensor([1, 2])),
        x.tensor_split(torch.tensor(2), dim=1),
        torch.atleast_1d(x[0, 0, 0], x),
        torch.atleast_2d([x[0, 0]]),
        torch.atleast_3d(x[0]),
        torch.constant_pad_nd(x, (1, -1), 2.0),
        torch.nonzero_static(x > 0, size=30, fill_value=7),
        x.to(cpu, double, True, True, memory_format=torch.preserve_format),
        x.float(memory_format=torch.contiguous_format),
        torch.linalg.vander(torch.tensor(2.0), N=3),
        torch.linalg.vector_norm(x[0, 0, 0], -2.5, dim=0, keepdim=True),
        torch.nn.functional.local_response_norm(x[:0], 2),
        torch.nn.functional.multi_margin_loss(x[0, 0, 0], torch.tensor(0)),
        torch.nn.functional.multilabel_margin_loss(x[0, 0, 0], torch.tensor(0), reduction="none"),
        torch.gradient(x, spacing=None, dim=0),
        torch.tensordot(x, x, dims=([0, 1], [0, 1])),
    ]


def test_forms() -> None:
    agree(forms, X, rtol=1e-6)
