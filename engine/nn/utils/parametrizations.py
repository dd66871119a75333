"""Weight, spectral and orthogonal normalisation as parametrizations."""

from __future__ import annotations

from typing import Any

from engine import _C
from engine._C import Tensor
from engine._lazy import linalg
from engine.autograd import no_grad
from engine.nn.functional import normalize
from engine.nn.module import Module
from engine.nn.utils import orthogonal_maps
from engine.nn.utils.parametrize import register_parametrization


def norm_except_dim(v: Tensor, dim: int | None) -> Tensor:
    """The 2-norm over all dimensions but ``dim``, or over all if it is None, with keepdim."""
    if dim is None:
        return _C.norm(v)
    others = [i for i in range(v.dim()) if i != dim % max(v.dim(), 1)]
    return _C.norm(v, 2, others, True) if others else v.abs()


class _WeightNorm(Module):
    """Magnitude ``original0`` times direction ``original1``."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = None if dim == -1 else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return weight_v * (weight_g / norm_except_dim(weight_v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except_dim(weight, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Learn magnitude and direction of the weight apart (Salimans and Kingma, 2016).

    ``dim`` has one magnitude per index; None one for the whole tensor. The module is modified and
    returned; a state dict of ``torch.nn.utils.weight_norm`` loads too.

    >>> from engine import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> [(name, tuple(p.shape)) for name, p in layer.named_parameters()][1:]
    [('parametrizations.weight.original0', (2, 1)), ('parametrizations.weight.original1', (2, 3))]
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(state_dict: dict[str, Any], prefix: str, *_: Any) -> None:
        old = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                new = f"{prefix}parametrizations.{name}.original{i}"
                state_dict[new] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(rename)
    return module


class _SpectralNorm(Module):
    """The weight divided by its largest singular value, estimated by power iteration."""

    _u: Tensor
    _v: Tensor

    def __init__(
        self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        if not -weight.dim() <= dim < weight.dim():
            raise IndexError(
                f"spectral_norm: dim {dim} is out of range of a weight of {weight.dim()} dimensions"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                f"spectral_norm: n_power_iterations must be positive, got {n_power_iterations}"
            )
        self.dim = dim if dim >= 0 else dim + weight.dim()
        self.eps = eps
        self.n_power_iterations = n_power_iterations
        if weight.dim() > 1:
            matrix = self._as_matrix(weight).detach()
            for name, size in zip(("_u", "_v"), matrix.shape, strict=True):
                drawn = _C.randn(size, dtype=matrix.dtype, device=matrix.device)
                self.register_buffer(name, normalize(drawn, dim=0, eps=eps))
            self._iterate(matrix, 15)

    def _as_matrix(self, weight: Tensor) -> Tensor:
        return weight.movedim(self.dim, 0).flatten(1)

    @no_grad()
    def _iterate(self, matrix: Tensor, times: int) -> None:
        for _ in range(times):
            self._u.copy_(normalize(matrix.mv(self._v), dim=0, eps=self.eps))
            self._v.copy_(normalize(matrix.t().mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        if weight.dim() == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = self._as_matrix(weight)
        if self.training:
            self._iterate(matrix.detach(), self.n_power_iterations)
        # Copies, so that the next call's iterations do not modify tensors saved for backward.
        u, v = self._u.clone(), self._v.clone()
        return weight / u.dot(matrix.mv(v))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide the weight by its largest singular value (Miyato et al., 2018).

    In training each read of the weight runs ``n_power_iterations`` steps. ``dim`` is the output
    dimension, by default 1 for transposed convolutions and 0 otherwise. The module is modified and
    returned.

    >>> import engine
    >>> from engine import nn
    >>> layer = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4))
    >>> sorted(layer.state_dict())[1:]
    ['parametrizations.weight.0._u', 'parametrizations.weight.0._v', \
'parametrizations.weight.original']
    """
    weight = _tensor_of(module, name, "spectral_norm")
    if dim is None:
        dim = output_dim(module)
    parametrization = _SpectralNorm(weight, n_power_iterations, dim, eps)
    return register_parametrization(module, name, parametrization)


def output_dim(module: Module) -> int:
    """The weight's dimension that counts output channels."""
    return 1 if getattr(module, "transposed", False) else 0


def _tensor_of(module: Module, name: str, function: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"{function}: {type(module).__name__} has no parameter or buffer '{name}'")
    return weight


class _Orthogonal(Module):
    """A matrix with orthonormal columns, or rows if there are fewer."""

    base: Tensor | None

    def __init__(self, shape: tuple[int, ...], orthogonal_map: str, trivialize: bool) -> None:
        super().__init__()
        self.shape = shape
        self.orthogonal_map = orthogonal_map
        self.trivialize = trivialize
        if trivialize:
            self.register_buffer("base", None)

    @property
    def _transposed(self) -> bool:
        return self.shape[-2] < self.shape[-1]

    def forward(self, X: Tensor) -> Tensor:
        X = X.transpose(-2, -1) if self._transposed else X
        n, k = X.shape[-2:]
        if self.orthogonal_map == "householder":
            reflectors = X.tril(-1)
            tau = 2.0 / (1.0 + (reflectors * reflectors).sum(-2))
            Q = linalg.householder_product(reflectors, tau)
            # The signs on the diagonal are constants without gradient.
            Q = Q * X.detach().diagonal(0, -2, -1).trunc().unsqueeze(-2)
        else:
            square = _C.pad(X.tril(), [0, n - k], "constant", 0.0)
            skew = square - square.transpose(-2, -1)
            is_exponential = self.orthogonal_map == "matrix_exp"
            Q = (linalg.matrix_exp if is_exponential else orthogonal_maps.cayley)(skew)[..., :k]
        if self.trivialize and self.base is not None:
            Q = self.base @ Q
        return Q.transpose(-2, -1) if self._transposed else Q

    @no_grad()
    def right_inverse(self, Q: Tensor) -> Tensor:
        if tuple(Q.shape) != self.shape:
            raise ValueError(
                f"orthogonal: expected a tensor of shape {self.shape}, got {tuple(Q.shape)}"
            )
        tall = Q.transpose(-2, -1) if self._transposed else Q
        if self.trivialize:
            self.base = orthogonal_maps.completed(tall)
            # The input for which the map returns `base`.
            start = _C.zeros_like(Q)
            start.diagonal(0, -2, -1).fill_(-1.0)
            return start
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                f"orthogonal: the map '{self.orthogonal_map}' cannot be assigned to with "
                "use_trivialization=False"
            )
        packed = orthogonal_maps.householder_vectors(tall)
        return packed.transpose(-2, -1) if self._transposed else packed


def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """Constrain a weight of 2 dimensions or more (a batch of matrices) to be orthogonal.

    ``orthogonal_map`` is 'matrix_exp' (the default for square matrices), 'cayley' or 'householder'
    (the default for others). With ``use_trivialization`` the map starts at the orthogonalized
    current weight (Lezcano-Casado, 2019). The module is modified and returned.

    >>> import engine
    >>> from engine import nn
    >>> Q = nn.utils.parametrizations.orthogonal(nn.Linear(3, 5)).weight
    >>> engine.allclose(Q.T @ Q, engine.eye(3), atol=1e-5)
    True
    """
    weight = _tensor_of(module, name, "orthogonal")
    if weight.dim() < 2:
        raise ValueError(
            f"orthogonal: '{name}' must have 2 dimensions or more, got {tuple(weight.shape)}"
        )
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(
            "orthogonal: orthogonal_map must be 'matrix_exp', 'cayley' or 'householder', "
            f"got '{orthogonal_map}'"
        )
    parametrization = _Orthogonal(tuple(weight.shape), orthogonal_map, use_trivialization)
    return register_parametrization(module, name, parametrization, unsafe=True)
