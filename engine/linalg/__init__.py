"""Linear algebra: factorizations, systems, eigenvalues, norms.

Values are computed by LAPACK through NumPy; gradients are formulas of differentiable ops, so that
they can be differentiated again. Functions take batches (..., m, n) of float32 or float64.

>>> import engine
>>> engine.linalg.solve(engine.tensor([[2.0, 1.0], [1.0, 3.0]]), engine.tensor([3.0, 4.0]))
tensor([1., 1.])
"""

from __future__ import annotations

from engine._argument_errors import guard_functions
from engine.linalg.determinants import det, slogdet
from engine.linalg.factorizations import (
    UnpackedLU as UnpackedLU,
    cholesky,
    cholesky_ex,
    geqrf as geqrf,
    lu,
    lu_factor,
    lu_factor_ex,
    permutation_matrix as permutation_matrix,
    qr,
    unpacked as unpacked,
)
from engine.linalg.lapack import LinAlgError
from engine.linalg.low_rank import (
    lobpcg as lobpcg,
    pca_lowrank as pca_lowrank,
    svd_lowrank as svd_lowrank,
)
from engine.linalg.norms import cond, matrix_norm, matrix_rank, norm, vector_norm
from engine.linalg.products import (
    cross,
    diagonal,
    householder_product,
    matmul,
    matrix_exp,
    matrix_power,
    multi_dot,
    ormqr as ormqr,
    vander,
    vecdot,
)
from engine.linalg.solvers import (
    inv,
    inv_ex,
    lstsq,
    lu_solve,
    pinv,
    solve,
    solve_ex,
    tensorinv,
    tensorsolve,
)
from engine.linalg.spectral import (
    OldSVD as OldSVD,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    svd,
    svdvals,
)
from engine.linalg.symmetric_indefinite import ldl_factor, ldl_factor_ex, ldl_solve
from engine.linalg.triangular import (
    TriangularSolution as TriangularSolution,
    solve_triangular,
)

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "ldl_factor",
    "ldl_factor_ex",
    "ldl_solve",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]

guard_functions(globals(), __all__)
