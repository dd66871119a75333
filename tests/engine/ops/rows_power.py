"""Powers and roots."""

from __future__ import annotations

import numpy as np

from .framework import Arg, Row

POSITIVE = Arg(3, 4, low=0.25, high=3)

ROWS = [
    Row("pow", np.power, [POSITIVE, Arg(3, 1)], in_place=True, empty=True),
    Row(
        "pow",
        np.power,
        [Arg(3, 4, low=-3, high=3), Arg(4, low=0, high=4)],
        dtypes="int",
        grad=False,
        id="pow-int",
    ),
    Row("pow", np.power, [2.0, Arg(3, 4)], method=False, id="pow-number-first"),
    *[
        Row(
            "pow",
            np.power,
            [POSITIVE, exponent],
            gradgrad=exponent != 0,
            in_place=True,
            id=f"pow-{exponent}",
        )
        for exponent in (0.0, 1.0, 2.0, 3.0, 0.5, -0.5, -1.0, 2.5)
    ],
    Row("float_power", np.float_power, [POSITIVE, Arg(3, 4)], dtypes="wide"),
    Row("sqrt", np.sqrt, [POSITIVE], in_place=True, empty=True),
    Row("rsqrt", lambda x: 1 / np.sqrt(x), [POSITIVE], in_place=True, empty=True),
]
