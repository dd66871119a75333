"""Factorizations whose packed results PyTorch's programs hand on, compared with PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.parity.both import agree

A = np.random.default_rng(0).standard_normal((3, 5, 5))


def test_symmetric_indefinite() -> None:
    def case(torch: Any, a: Any, b: Any) -> Any:
        symmetric = a + a.mT
        factors = torch.linalg.ldl_factor(symmetric)
        solution = torch.linalg.ldl_solve(*factors, b)
        return tuple(factors), tuple(torch.linalg.ldl_factor_ex(symmetric)), solution

    agree(case, A, A[:, :, :2], rtol=1e-8)


def test_reflections() -> None:
    def case(torch: Any, a: Any, c: Any) -> Any:
        packed, tau = torch.geqrf(a)
        left = [torch.ormqr(packed, tau, c, transpose=t) for t in (False, True)]
        right = [torch.ormqr(packed, tau, c.mT, left=False, transpose=t) for t in (False, True)]
        packed = packed.clone().requires_grad_()
        torch.ormqr(packed, tau, c).sin().sum().backward()
        return packed, tau, left, right, packed.grad

    agree(case, A[:, :, :3], A[:, :, :2], rtol=1e-8)


def test_low_rank() -> None:
    def case(torch: Any, a: Any) -> Any:
        u, s, v = torch.svd_lowrank(a, q=4)
        centred = torch.pca_lowrank(a, q=4)
        spd = a @ a.T + torch.eye(20, dtype=a.dtype)
        values = torch.lobpcg(spd, k=2, tol=1e-9)[0]
        return (u * s) @ v.T, s, centred[1], (centred[0] * centred[1]) @ centred[2].T, values

    low = np.random.default_rng(1).standard_normal((20, 3))
    agree(case, low @ low[:8].T, atol=1e-7, rtol=1e-7)
