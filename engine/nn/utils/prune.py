"""Pruning: parameters under masks of zeros and ones."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from engine import _C
from engine._C import Tensor
from engine.nn.module import Module
from engine.nn.utils.convert_parameters import parameters_to_vector


class BasePruningMethod(ABC):
    """A forward pre-hook that sets ``<name>`` to ``<name>_orig`` times ``<name>_mask``.

    Subclasses define PRUNING_TYPE ('unstructured', 'structured' or 'global') and
    ``compute_mask``.
    """

    PRUNING_TYPE: str
    _tensor_name: str

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask for importance scores ``t``, on top of ``default_mask``."""

    def apply_mask(self, module: Module) -> Tensor:
        """The original parameter times its mask."""
        original = getattr(module, self._tensor_name + "_orig")
        return getattr(module, self._tensor_name + "_mask").to(original.dtype) * original

    @classmethod
    def apply(
        cls,
        module: Module,
        name: str,
        *args: Any,
        importance_scores: Tensor | None = None,
        **kwargs: Any,
    ) -> BasePruningMethod:
        """Prune the module's parameter; masks of repeated pruning are combined."""
        method = cls(*args, **kwargs)
        method._tensor_name = name
        original = getattr(module, name)
        scores = original if importance_scores is None else importance_scores
        _check_scores(scores, original)
        old = _take_hook(module, name)
        try:
            if old is None:
                mask = method.compute_mask(scores, _C.ones_like(original))
            else:
                method = _combined(old, method)
                mask = method.compute_mask(scores, getattr(module, name + "_mask").clone())
        except Exception:
            if old is not None:
                module.register_forward_pre_hook(old)
            raise
        if old is None:
            delattr(module, name)
            module.register_parameter(name + "_orig", original)
        module.register_buffer(name + "_mask", mask.detach())
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(
        self,
        t: Tensor,
        default_mask: Tensor | None = None,
        importance_scores: Tensor | None = None,
    ) -> Tensor:
        """``t`` times its mask, computed from importance_scores if given."""
        scores = t if importance_scores is None else importance_scores
        _check_scores(scores, t)
        mask = _C.ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, mask)

    def remove(self, module: Module) -> None:
        """Make the parameter plain again, with its masked value."""
        name = self._tensor_name
        original = getattr(module, name + "_orig")
        original.data = self.apply_mask(module).detach()
        for part in (name, name + "_orig", name + "_mask"):
            delattr(module, part)
        module.register_parameter(name, original)


def _check_scores(scores: Tensor, tensor: Tensor) -> None:
    if scores.shape != tensor.shape:
        raise ValueError(
            f"importance_scores must have the shape of what is pruned, {tuple(tensor.shape)}, got "
            f"{tuple(scores.shape)}"
        )


def _take_hook(module: Module, name: str) -> BasePruningMethod | None:
    """Remove the pruning hook of that parameter from the module and return it."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            del module._forward_pre_hooks[key]
            return hook
    return None


def _combined(old: BasePruningMethod, new: BasePruningMethod) -> PruningContainer:
    if isinstance(old, PruningContainer):
        container = PruningContainer(*old)
        container._tensor_name = old._tensor_name
    else:
        container = PruningContainer(old)
    container.add_pruning_method(new)
    return container


class PruningContainer(BasePruningMethod):
    """A series of pruning methods; each masks the elements that those before have left."""

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        if args:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod) -> None:
        """Append a method for the same parameter name."""
        if not isinstance(method, BasePruningMethod):
            raise TypeError(
                "add_pruning_method: method must be a BasePruningMethod, got "
                f"{type(method).__name__}"
            )
        if method._tensor_name != self._tensor_name:
            raise ValueError(
                f"add_pruning_method: the container prunes '{self._tensor_name}', the method "
                f"'{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: int) -> BasePruningMethod:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The last method's mask over the elements left by ``default_mask``."""
        method = self._pruning_methods[-1]
        kept: Any
        if method.PRUNING_TYPE == "unstructured":
            kept = default_mask == 1
        elif method.PRUNING_TYPE == "structured":
            dim = _structured_dim(t, getattr(method, "dim"))  # noqa: B009
            others = [d for d in range(t.dim()) if d != dim]
            kept = (*[slice(None)] * dim, default_mask.sum(others) != 0)
        elif method.PRUNING_TYPE == "global":
            kept = (slice(None),) * t.dim()
        else:
            raise ValueError(f"PruningContainer: unknown PRUNING_TYPE '{method.PRUNING_TYPE}'")
        mask = default_mask.to(t.dtype).clone()
        mask[kept] = method.compute_mask(t.detach()[kept], default_mask[kept]).to(mask.dtype)
        return mask


# ---- which elements are pruned ----------------------------------------------------------------


def _check_amount(amount: Any) -> None:
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"amount must be an int or a float, got {type(amount).__name__}")
    if float(amount) < 0 or (not isinstance(amount, numbers.Integral) and float(amount) > 1):
        raise ValueError(
            f"amount must be a fraction from 0 to 1 or a number of elements, got {amount}"
        )


def _count(amount: Any, size: int) -> int:
    """The number of elements or channels to prune, of ``size``."""
    if not isinstance(amount, numbers.Integral):
        return round(amount * size)
    count = int(amount)
    if count > size:
        raise ValueError(f"amount {count} is more than the {size} that there are")
    return count


def _structured_dim(t: Tensor, dim: int) -> int:
    if t.dim() <= 1:
        raise ValueError(
            f"structured pruning needs 2 dimensions or more, got shape {tuple(t.shape)}"
        )
    if not -t.dim() <= dim < t.dim():
        raise IndexError(f"dim {dim} is out of range of {t.dim()} dimensions")
    return dim % t.dim()


class Identity(BasePruningMethod):
    """Prunes nothing: a mask of ones."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return default_mask


class _Unstructured(BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: float) -> None:
        _check_amount(amount)
        self.amount = amount

    def _scores(self, t: Tensor) -> Tensor:
        raise NotImplementedError

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        count = _count(self.amount, t.numel())
        lowest = self._scores(t.detach()).reshape(-1).topk(count, largest=False)[1]
        return default_mask.reshape(-1).index_fill(0, lowest, 0).reshape(default_mask.shape)


class RandomUnstructured(_Unstructured):
    """Prunes elements at random: a fraction or a number of them."""

    def _scores(self, t: Tensor) -> Tensor:
        return _C.rand(t.shape, device=t.device)


class L1Unstructured(_Unstructured):
    """Prunes the elements with the smallest absolute values."""

    def _scores(self, t: Tensor) -> Tensor:
        return t.abs()


class _Structured(BasePruningMethod):
    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int) -> None:
        _check_amount(amount)
        self.amount = amount
        self.dim = dim

    def _scores(self, t: Tensor, dim: int) -> Tensor:
        """One score for each channel."""
        raise NotImplementedError

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        dim = _structured_dim(t, self.dim)
        count = _count(self.amount, t.shape[dim])
        lowest = self._scores(t.detach(), dim).topk(count, largest=False)[1]
        return default_mask.index_fill(dim, lowest, 0)


class RandomStructured(_Structured):
    """Prunes channels along ``dim`` at random."""

    def __init__(self, amount: float, dim: int = -1) -> None:
        super().__init__(amount, dim)

    def _scores(self, t: Tensor, dim: int) -> Tensor:
        return _C.rand(t.shape[dim], device=t.device)


class LnStructured(_Structured):
    """Prunes the channels along ``dim`` with the smallest n-norms."""

    def __init__(self, amount: float, n: float, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def _scores(self, t: Tensor, dim: int) -> Tensor:
        return _C.norm(t, self.n, [d for d in range(t.dim()) if d != dim])


class CustomFromMask(BasePruningMethod):
    """Prunes where the given mask is zero."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        if self.mask.shape != default_mask.shape:
            raise ValueError(
                f"mask must have shape {tuple(default_mask.shape)}, got {tuple(self.mask.shape)}"
            )
        return default_mask * self.mask.to(default_mask.dtype)


# ---- functions --------------------------------------------------------------------------------


def identity(module: Module, name: str) -> Module:
    """Prune nothing, but set up ``<name>_orig`` and ``<name>_mask``."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: float) -> Module:
    """Prune elements at random: a fraction, or a number if ``amount`` is an int."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: Module, name: str, amount: float, importance_scores: Tensor | None = None
) -> Module:
    """Prune the elements with the smallest absolute values, or scores.

    The module is modified and returned, as by all functions of this kind.

    >>> import engine
    >>> from engine.nn.utils import prune
    >>> layer = engine.nn.Linear(2, 1)
    >>> _ = layer.weight.data.copy_(engine.tensor([[0.1, -3.0]]))
    >>> prune.l1_unstructured(layer, "weight", amount=0.5).weight.tolist()
    [[0.0, -3.0]]
    """
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: float, dim: int) -> Module:
    """Prune channels along ``dim`` at random."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Module,
    name: str,
    amount: float,
    n: float,
    dim: int,
    importance_scores: Tensor | None = None,
) -> Module:
    """Prune the channels along ``dim`` with the smallest n-norms."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Tensor) -> Module:
    """Prune where ``mask`` is zero."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: Callable[..., BasePruningMethod],
    importance_scores: Mapping[tuple[Module, str], Tensor] | None = None,
    **kwargs: Any,
) -> None:
    """Prune elements of all the parameters together, as if they were one vector."""
    if not isinstance(parameters, Iterable):
        raise TypeError(
            f"global_unstructured: parameters must be pairs of module and name, got "
            f"{type(parameters).__name__}"
        )
    pairs = list(parameters)
    given = {} if importance_scores is None else importance_scores
    if not isinstance(given, Mapping):
        raise TypeError(
            f"global_unstructured: importance_scores must be a dict, got {type(given).__name__}"
        )
    tensors = [getattr(module, name) for module, name in pairs]
    scores = [given.get(pair, tensor) for pair, tensor in zip(pairs, tensors, strict=True)]
    masks = [
        getattr(module, name + "_mask", _C.ones_like(tensor))
        for (module, name), tensor in zip(pairs, tensors, strict=True)
    ]
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            f"global_unstructured: pruning_method must be unstructured, got '{method.PRUNING_TYPE}'"
        )
    method._tensor_name = "all"
    mask = PruningContainer(method).compute_mask(
        parameters_to_vector(scores), parameters_to_vector(masks)
    )
    parts = mask.split([tensor.numel() for tensor in tensors])
    for (module, name), tensor, part in zip(pairs, tensors, parts, strict=True):
        custom_from_mask(module, name, part.reshape(tensor.shape))


def is_pruned(module: Module) -> bool:
    """True if a parameter of this module, or of one below it, is pruned."""
    return any(
        isinstance(hook, BasePruningMethod)
        for part in module.modules()
        for hook in part._forward_pre_hooks.values()
    )


def remove(module: Module, name: str) -> Module:
    """Make the pruned parameter plain again, with its masked value; ValueError if it is not
    pruned."""
    method = _take_hook(module, name)
    if method is None:
        raise ValueError(f"remove: '{name}' of {type(module).__name__} is not pruned")
    method.remove(module)
    return module
