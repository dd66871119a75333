"""Bessel functions."""

from __future__ import annotations

from scipy import special

from .framework import Arg, Row

ANY, POSITIVE = Arg(3, 4, low=-30, high=30), Arg(3, 4, low=0.1, high=30)
NEAR = Arg(3, 4, low=-3, high=3)

ROWS = [
    Row("i0", special.i0, [NEAR], in_place=True, empty=True),
    Row("special.i1", special.i1, [NEAR], method=False, empty=True),
    Row("special.i0e", special.i0e, [ANY], method=False),
    Row("special.i1e", special.i1e, [ANY], method=False),
    *(
        Row(f"special.{name}", reference, [POSITIVE], grad=False, method=False)
        for name, reference in {
            "bessel_j0": special.j0,
            "bessel_j1": special.j1,
            "bessel_y0": special.y0,
            "bessel_y1": special.y1,
            "modified_bessel_k0": special.k0,
            "modified_bessel_k1": special.k1,
            "scaled_modified_bessel_k0": special.k0e,
            "scaled_modified_bessel_k1": special.k1e,
        }.items()
    ),
]
