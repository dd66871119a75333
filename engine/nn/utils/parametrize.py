"""Parameters that are computed from others each time they are read."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from engine._C import Tensor
from engine.autograd import no_grad
from engine.nn.containers import ModuleDict, ModuleList
from engine.nn.module import Module
from engine.nn.parameter import Parameter

_cache_depth = 0
_cache: dict[tuple[int, str], Tensor] = {}


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor once inside the block, however often it is read."""
    global _cache_depth
    _cache_depth += 1
    try:
        yield
    finally:
        _cache_depth -= 1
        if not _cache_depth:
            _cache.clear()


def _register(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _chains(module: Any) -> Any:
    """The ParametrizationLists of a parametrized module, by the names of its tensors."""
    return module.parametrizations


class ParametrizationList(ModuleList):
    """The chain of modules that computes one tensor, and its input tensors.

    These are named ``original``, or ``original0``, ``original1``, … if the last ``right_inverse``
    of the chain returns a sequence.
    """

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if not len(modules):
            raise ValueError("ParametrizationList: modules must not be empty")
        super().__init__(modules)
        self.unsafe = unsafe
        value: Any = original
        with no_grad():
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    with suppress(NotImplementedError):
                        value = module.right_inverse(value)
        if not isinstance(value, (Tensor, Sequence)):
            raise ValueError(
                "ParametrizationList: right_inverse must return a Tensor or a sequence of them, "
                f"got {type(value).__name__}"
            )
        self.is_tensor = isinstance(value, Tensor)
        self.ntensors = 1 if isinstance(value, Tensor) else len(value)
        if isinstance(value, Tensor):
            self._take_over(original, value)
        else:
            for i, part in enumerate(value):
                self._add_original(i, part, original)
        if not unsafe:
            _check_result(self(), original)

    def _take_over(self, original: Tensor, value: Tensor) -> None:
        """Reuse the registered tensor object, so that an optimizer's reference stays valid."""
        if value.dtype != original.dtype or value.device != original.device:
            raise ValueError(
                "ParametrizationList: a right_inverse that returns one tensor must keep dtype and "
                f"device: expected {original.dtype} on {original.device}, got {value.dtype} on "
                f"{value.device}"
            )
        if value is not original:
            original.data = value.detach()
        _register(self, "original", original)

    def _add_original(self, index: int, part: Any, original: Tensor) -> None:
        if not isinstance(part, Tensor):
            raise ValueError(
                f"ParametrizationList: element {index} of what right_inverse returned must be a "
                f"Tensor, got {type(part).__name__}"
            )
        if isinstance(original, Parameter):
            part = Parameter(part, original.requires_grad)
        _register(self, f"original{index}", part)

    def _originals(self) -> list[Tensor]:
        if self.is_tensor:
            return [getattr(self, "original")]  # noqa: B009
        return [getattr(self, f"original{i}") for i in range(self.ntensors)]

    @no_grad()
    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the chain computes ``value``."""
        found: Any = value
        for module in reversed(list(self)):
            if not hasattr(module, "right_inverse"):
                raise RuntimeError(
                    f"parametrization {type(module).__name__} has no right_inverse, so that the "
                    "tensor cannot be assigned"
                )
            found = module.right_inverse(found)
        parts = [found] if self.is_tensor else list(found)
        originals = self._originals()
        if len(parts) != len(originals):
            raise ValueError(
                f"right_inverse must return {len(originals)} tensors, got {len(parts)}"
            )
        for original, part in zip(originals, parts, strict=True):
            if not isinstance(part, Tensor) or part.dtype != original.dtype:
                got = part.dtype if isinstance(part, Tensor) else type(part).__name__
                raise ValueError(f"right_inverse must return {original.dtype} tensors, got {got}")
            original.data = part.detach().clone()

    def forward(self) -> Tensor:
        first, *rest = self
        value = first(*self._originals())
        for module in rest:
            value = module(value)
        return value


def _check_result(result: Any, original: Tensor) -> None:
    if not isinstance(result, Tensor):
        raise ValueError(f"a parametrization must return a Tensor, got {type(result).__name__}")
    if result.dtype != original.dtype or result.shape != original.shape:
        raise ValueError(
            "a parametrization must keep dtype and shape unless unsafe=True: expected "
            f"{original.dtype} {tuple(original.shape)}, got {result.dtype} {tuple(result.shape)}"
        )


# ---- the class of a parametrized module -------------------------------------------------------


def _refuse_pickling(self: Module) -> Any:
    raise RuntimeError(
        f"{type(self).__name__} cannot be pickled: save its state_dict(), or call "
        "remove_parametrizations first"
    )


def _deepcopy(self: Module, memo: dict[int, Any]) -> Module:
    if id(self) in memo:
        return memo[id(self)]
    base: Any = type(self).__bases__[0]
    replica: Module = base.__new__(base)
    memo[id(self)] = replica
    replica.__dict__.update(copy.deepcopy(self.__dict__, memo))
    _inject_class(replica)
    for name in _chains(replica):
        _inject_property(replica, name)
    return replica


def _inject_class(module: Module) -> None:
    """Give the module a class of its own, which can hold properties."""
    base = type(module)
    members = {"__getstate__": _refuse_pickling, "__deepcopy__": _deepcopy}
    module.__class__ = type(
        f"Parametrized{base.__name__}", (base,), {**members, "__module__": base.__module__}
    )


def _inject_property(module: Module, name: str) -> None:
    def get(self: Module) -> Tensor:
        if not _cache_depth:
            return _chains(self)[name]()
        key = (id(self), name)
        if key not in _cache:
            _cache[key] = _chains(self)[name]()
        return _cache[key]

    def assign(self: Module, value: Tensor) -> None:
        _chains(self)[name].right_inverse(value)

    setattr(type(module), name, property(get, assign))


# ---- functions --------------------------------------------------------------------------------


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """True if the module, or its tensor of that name, is parametrized."""
    parametrizations = getattr(module, "parametrizations", None)
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Replace a parameter or buffer by the result of ``parametrization``; the module is modified
    and returned.

    The tensor moves to ``module.parametrizations.<name>.original``. With a method
    ``right_inverse`` the original is initialised by it, and the tensor can be assigned. Further
    calls append to the chain. Raises ValueError if there is no such tensor or, unless ``unsafe``,
    if dtype or shape change.

    >>> import engine
    >>> from engine.nn.utils import parametrize
    >>> class Symmetric(engine.nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).T
    >>> layer = engine.nn.Linear(3, 3)
    >>> _ = parametrize.register_parametrization(layer, "weight", Symmetric())
    >>> engine.equal(layer.weight, layer.weight.T)
    True
    >>> list(layer.state_dict())
    ['bias', 'parametrizations.weight.original']
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        chain: Any = _chains(module)[tensor_name]
        if not unsafe:
            current = getattr(module, tensor_name)
            _check_result(parametrization(current), current)
            if hasattr(parametrization, "right_inverse"):
                _check_inverse(parametrization.right_inverse(current), current)
        chain.append(parametrization)
        chain.unsafe |= unsafe
        return module
    if tensor_name not in module._parameters and tensor_name not in module._buffers:
        raise ValueError(
            f"register_parametrization: {type(module).__name__} has no parameter, buffer or "
            f"parametrized tensor '{tensor_name}'"
        )
    original = getattr(module, tensor_name)
    chain = ParametrizationList([parametrization], original, unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        _inject_class(module)
        module.parametrizations = ModuleDict()
    _inject_property(module, tensor_name)
    _chains(module)[tensor_name] = chain
    return module


def _check_inverse(found: Any, current: Tensor) -> None:
    if not isinstance(found, Tensor) or found.dtype != current.dtype:
        got = found.dtype if isinstance(found, Tensor) else type(found).__name__
        raise ValueError(
            "register_parametrization: the right_inverse of a further parametrization must "
            f"return one tensor of {current.dtype}, got {got}"
        )


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Make the tensor plain again, with its computed value, or with ``leave_parametrized=False``
    with that of ``original``; the module is modified and returned.

    Raises ValueError if the tensor is not parametrized, or for ``leave_parametrized=False`` with
    several originals.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(
            f"remove_parametrizations: {type(module).__name__} has no parametrization on "
            f"'{tensor_name}'"
        )
    chain: Any = _chains(module)[tensor_name]
    if chain.is_tensor:
        tensor = chain.original
        if leave_parametrized:
            with no_grad():
                tensor.data = getattr(module, tensor_name).detach().clone()
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        tensor = Parameter(value.detach()) if value.requires_grad else value
    else:
        raise ValueError(
            "remove_parametrizations: leave_parametrized=False needs a single original tensor, "
            f"'{tensor_name}' has {chain.ntensors}"
        )
    delattr(type(module), tensor_name)
    del _chains(module)[tensor_name]
    if not len(_chains(module)):
        delattr(module, "parametrizations")
        module.__class__ = type(module).__bases__[0]
    _register(module, tensor_name, tensor)
    return module


def type_before_parametrizations(module: Module) -> type:
    """The module's class before any parametrization.

    >>> import engine
    >>> from engine.nn.utils import parametrizations, parametrize
    >>> layer = parametrizations.weight_norm(engine.nn.Linear(2, 2))
    >>> type(layer).__name__, parametrize.type_before_parametrizations(layer).__name__
    ('ParametrizedLinear', 'Linear')
    """
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Apply the parametrizations of ``from_module``, with its originals, to ``to_module``, which is
    modified and returned."""
    if not is_parametrized(from_module):
        return to_module
    chains = _chains(from_module)
    for name in list(chains) if tensor_name is None else [tensor_name]:
        if not hasattr(to_module, name):
            _register(to_module, name, copy.deepcopy(getattr(from_module, name).detach()))
        for parametrization in chains[name]:
            register_parametrization(to_module, name, parametrization)
        target = _chains(to_module)[name]
        with no_grad():
            for old, new in zip(chains[name]._originals(), target._originals(), strict=True):
                new.data = old.detach().clone()
    return to_module
