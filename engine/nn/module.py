"""The base class of all networks and layers."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from engine import _C
from engine._argument_errors import explained_layer
from engine._C import Tensor
from engine.autograd import no_grad
from engine.nn import hooks, state_dict as _state
from engine.nn.hooks import registered
from engine.nn.module_hooks import ModuleHooks
from engine.nn.parameter import Buffer, Parameter, is_lazy
from engine.nn.registry import Registry

Self = TypeVar("Self", bound="Module")


class Module(ModuleHooks):
    """A network or a part of one: parameters, buffers, child modules and a `forward`.

    Subclasses call `super().__init__()` first, assign layers and parameters as attributes, and
    define `forward`. Calling the module runs its hooks and `forward`.

    >>> import engine
    >>> class Scale(engine.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = engine.nn.Parameter(engine.full((1,), 2.0))
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> Scale()(engine.ones(3)).tolist()
    [2.0, 2.0, 2.0]
    """

    training: bool
    _version: int = 1
    _buffer_names: dict[str, bool]  # name: persistent
    _parameter_names: dict[str, bool]
    _module_names: dict[str, bool]

    def __init__(self) -> None:
        # See Note [Storage of a module's tensors].
        attributes = self.__dict__
        attributes["training"] = True
        attributes["_parameter_names"] = {}
        attributes["_buffer_names"] = {}
        attributes["_module_names"] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if self._call_hooks is None and hooks.module_call is None:
                return self.forward(*args, **kwargs)
            return hooks.call_with_hooks(self, args, kwargs)
        except Exception as error:
            if better := explained_layer(self, error, *args, **kwargs):
                raise better from None
            raise

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the module's output; every subclass defines its own."""
        raise NotImplementedError(f"{type(self).__name__} has no forward()")

    # ---- attributes -----------------------------------------------------------------------

    @property
    def _parameters(self) -> Registry:
        return Registry(self.__dict__, self._names_of("_parameter_names"))

    @property
    def _buffers(self) -> Registry:
        return Registry(self.__dict__, self._names_of("_buffer_names"))

    @property
    def _modules(self) -> Registry:
        return Registry(self.__dict__, self._names_of("_module_names"))

    def _names_of(self, kind: str) -> dict[str, bool]:
        try:
            return self.__dict__[kind]
        except KeyError:
            raise AttributeError(
                f"{type(self).__name__}: Module.__init__() must be called before parameters, "
                "buffers or modules are assigned"
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter):
            self._forget(name, "_parameter_names")
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            self._forget(name, "_module_names")
            self.add_module(name, value)
        elif isinstance(value, Buffer):
            self._forget(name, "_buffer_names")
            self.register_buffer(name, value, value.persistent)
        else:
            if value is not None and "_module_names" in self.__dict__:
                self._check_replacement(name, value)
            object.__setattr__(self, name, value)

    def _check_replacement(self, name: str, value: Any) -> None:
        if name in self._parameter_names:
            wanted = "Parameter"
        elif name in self._module_names:
            wanted = "Module"
        elif name in self._buffer_names and not isinstance(value, Tensor):
            wanted = "Tensor"
        else:
            return
        raise TypeError(
            f"cannot assign {type(value).__name__} to '{type(self).__name__}.{name}': "
            f"{wanted} or None expected"
        )

    def _forget(self, name: str, kept: str) -> None:
        """Remove `name` if it is registered as another kind than `kept` or a plain attribute."""
        if name in self._names_of(kept):
            return
        for kind in ("_parameter_names", "_buffer_names", "_module_names"):
            self.__dict__[kind].pop(name, None)
        self.__dict__.pop(name, None)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        for kind in ("_parameter_names", "_buffer_names", "_module_names"):
            self.__dict__.get(kind, {}).pop(name, None)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter; None reserves the name without an entry in state_dict."""
        names = self._names_of("_parameter_names")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"register_parameter: '{name}' must be a Parameter or None, "
                f"got {type(param).__name__}"
            )
        self._check_new_name("register_parameter", name, names)
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"register_parameter: '{name}' must be a leaf tensor: a parameter computed from "
                "others is set in forward, as a plain attribute"
            )
        names[name] = True
        self.__dict__[name] = registered("parameter", self, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is not a parameter; persistent ones are in state_dict."""
        names = self._names_of("_buffer_names")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"register_buffer: '{name}' must be a Tensor or None, got {type(tensor).__name__}"
            )
        self._check_new_name("register_buffer", name, names)
        names[name] = persistent
        self.__dict__[name] = registered("buffer", self, name, tensor)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child module under the name."""
        names = self._names_of("_module_names")
        if module is not None and not isinstance(module, Module):
            raise TypeError(
                f"add_module: '{name}' must be a Module or None, got {type(module).__name__}"
            )
        self._check_new_name("add_module", name, names)
        names[name] = True
        self.__dict__[name] = registered("module", self, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """add_module under its other name."""
        self.add_module(name, module)

    def _check_new_name(self, function: str, name: str, names: dict[str, bool]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{function}: name must be a str, got {type(name).__name__}")
        if name == "" or "." in name:
            raise KeyError(f"{function}: name must not be empty nor contain '.', got '{name}'")
        if name not in names and hasattr(self, name):
            raise KeyError(f"{function}: {type(self).__name__} already has an attribute '{name}'")

    # ---- walking the tree -----------------------------------------------------------------

    def named_modules(
        self,
        memo: set[Module] | None = None,
        prefix: str = "",
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it with their dotted names, depth first."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self._modules.items():
            if child is not None:
                below = f"{prefix}.{name}" if prefix else name
                yield from child.named_modules(memo, below, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all below it, each once."""
        for _, module in self.named_modules():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The direct children with their names, each once."""
        seen: set[Module] = set()
        for name, child in self._modules.items():
            if child is not None and child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        """The direct children, each once."""
        for _, child in self.named_children():
            yield child

    def _named_members(
        self,
        members: Callable[[Module], Registry],
        prefix: str,
        recurse: bool,
        remove_duplicate: bool,
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, self)]
        )
        for module_name, module in modules:
            for name, value in members(module).items():
                if value is None or id(value) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(value))
                yield (f"{module_name}.{name}" if module_name else name), value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their dotted names."""
        return self._named_members(lambda m: m._parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, each once."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their dotted names."""
        return self._named_members(lambda m: m._buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def get_submodule(self, target: str) -> Module:
        """The module with the dotted name; AttributeError if there is none."""
        module = self
        for name in target.split(".") if target else []:
            child = getattr(module, name, None)
            if not isinstance(child, Module):
                raise AttributeError(
                    f"{type(module).__name__} has no module '{name}' (looked up for '{target}')"
                )
            module = child
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Replace the module with the dotted name, or add one unless `strict`.

        Raises AttributeError if the parent does not exist, if the name is not a module's and, with
        `strict`, if it does not exist.
        """
        if not target:
            raise ValueError("set_submodule: target must not be empty")
        if not isinstance(module, Module):
            raise ValueError(f"set_submodule: module must be a Module, got {type(module).__name__}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if (strict or hasattr(parent, name)) and not isinstance(
            getattr(parent, name, None), Module
        ):
            raise AttributeError(f"{type(parent).__name__} has no module '{name}'")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter with the dotted name; AttributeError if there is none."""
        return self._get_member(target, "_parameters", "parameter")

    def get_buffer(self, target: str) -> Tensor:
        """The buffer with the dotted name; AttributeError if there is none."""
        return self._get_member(target, "_buffers", "buffer")

    def _get_member(self, target: str, kind: str, what: str) -> Any:
        parent, _, name = target.rpartition(".")
        module = self.get_submodule(parent)
        members = getattr(module, kind)
        if name not in members:
            raise AttributeError(f"{type(module).__name__} has no {what} '{name}'")
        return members[name]

    # ---- changing all tensors -------------------------------------------------------------

    def _apply(self: Self, function: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        if recurse:
            for child in self.children():
                child._apply(function)
        with no_grad():
            for parameter in self._parameters.values():
                if parameter is None:
                    continue
                grad, parameter.grad = parameter.grad, None
                parameter.data = function(parameter.data)
                if grad is not None:
                    parameter.grad = function(grad)
            buffers = self._buffers
            for name, buffer in buffers.items():
                if is_lazy(buffer):
                    buffer.data = function(buffer.data)
                elif buffer is not None:
                    buffers[name] = function(buffer)
        return self

    def apply(self: Self, fn: Callable[[Module], None]) -> Self:
        """Call fn on every module below, then on this one."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Move and convert all tensors: `to(device)`, `to(dtype)`, `to(device, dtype)`,
        `to(tensor)`.

        A dtype must be floating point; tensors of integers and booleans keep theirs. A
        `memory_format` such as 'channels_last' applies to tensors with its number of dimensions.

        >>> import engine
        >>> engine.nn.Linear(2, 1).to(engine.float64).weight.dtype
        engine.float64
        """
        memory_format = kwargs.pop("memory_format", None)
        device, dtype = _parse_to(*args, **kwargs)
        dims = {"channels_last": 4, "channels_last_3d": 5}.get(memory_format)

        def convert(tensor: Tensor) -> Tensor:
            if dtype is not None and tensor.is_floating_point():
                tensor = tensor.to(dtype)
            if memory_format is not None and dims in (None, tensor.dim()):
                tensor = tensor.contiguous(memory_format=memory_format)
            return tensor if device is None else tensor.to(device)

        return self._apply(convert)

    def type(self: Self, dst_type: Any) -> Self:
        """Convert every parameter and buffer to the dtype, integers too."""
        return self._apply(lambda tensor: tensor.to(dst_type))

    def share_memory(self: Self) -> Self:
        """Move every parameter and buffer into shared memory."""

        def share(tensor: Any) -> Tensor:
            return tensor.share_memory_()

        return self._apply(share)

    def float(self: Self) -> Self:
        """Convert all floating point tensors to float32."""
        return self.to(_C.float32)

    def double(self: Self) -> Self:
        """Convert all floating point tensors to float64."""
        return self.to(_C.float64)

    def half(self: Self) -> Self:
        """Convert all floating point tensors to float16."""
        return self.to(_C.float16)

    def bfloat16(self: Self) -> Self:
        """Convert all floating point tensors to bfloat16."""
        return self.to(_C.bfloat16)

    def cpu(self: Self) -> Self:
        """Move all tensors to the CPU."""
        return self.to("cpu")

    def cuda(self: Self, device: int | None = None) -> Self:
        """Move all tensors to a CUDA device."""
        return self.to("cuda" if device is None else f"cuda:{device}")

    def to_empty(self: Self, *, device: Any, recurse: bool = True) -> Self:
        """Give all tensors fresh, uninitialised memory on the device."""
        return self._apply(lambda tensor: _C.empty_like(tensor, device=device), recurse)

    def train(self: Self, mode: bool = True) -> Self:
        """Set training mode (dropout drops, batch norm uses the batch) here and below."""
        if not isinstance(mode, bool):
            raise ValueError(f"train: mode must be a bool, got {mode!r}")
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self: Self) -> Self:
        """Set evaluation mode here and below."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Set requires_grad of all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def compile(self, **options: Any) -> None:
        """Warn, at the first call, that the module runs op by op: see ``engine.compile``."""
        from engine.compat.compiler import compile

        compile(self, **options)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Reset the gradients of all parameters to None, or to zeros."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad = _C.zeros_like(parameter.grad)

    # ---- state ----------------------------------------------------------------------------

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> OrderedDict[str, Any]:
        """All parameters and persistent buffers under their dotted names.

        The tensors share memory with the module; with keep_vars they also carry its graph.
        Arguments by position are deprecated.
        """
        if args:
            warnings.warn(
                "state_dict: give destination, prefix and keep_vars by keyword",
                FutureWarning,
                stacklevel=2,
            )
            given: list[Any] = [destination, prefix, keep_vars]
            given[: len(args)] = args
            destination, prefix, keep_vars = given
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()  # the version of each module, by its name
        return _state.save(self, destination, prefix, keep_vars)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _state.IncompatibleKeys:
        """Copy tensors into this module and those below, or with `assign` use them as they are.

        Raises RuntimeError that lists all mismatched shapes and, if strict, all missing and
        unexpected keys, which are returned otherwise.
        """
        return _state.load(self, state_dict, strict, assign)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        for name, parameter in self._parameters.items():
            if parameter is not None:
                destination[prefix + name] = parameter if keep_vars else parameter.detach()
        for name, buffer in self._buffers.items():
            if buffer is not None and self._buffer_names[name]:
                destination[prefix + name] = buffer if keep_vars else buffer.detach()
        if self._has_extra_state():
            destination[prefix + _state.EXTRA_STATE] = self.get_extra_state()

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        _state.load_own(
            self,
            state_dict,
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
        )

    def get_extra_state(self) -> Any:
        """Extra state beside tensors, defined by subclasses, for state_dict."""
        raise NotImplementedError(f"{type(self).__name__} has no get_extra_state()")

    def set_extra_state(self, state: Any) -> None:
        """Restore the state that get_extra_state returned."""
        raise NotImplementedError(f"{type(self).__name__} has no set_extra_state()")

    def _has_extra_state(self) -> bool:
        return type(self).get_extra_state is not Module.get_extra_state

    # ---- printing -------------------------------------------------------------------------

    def __dir__(self) -> list[str]:
        names = {*dir(type(self)), *self.__dict__}
        return sorted(name for name in names if not name[0].isdigit())

    def extra_repr(self) -> str:
        """The module's options in repr, inside the brackets."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr().split("\n") if self.extra_repr() else []
        children = [f"({name}): {_indented(repr(child))}" for name, child in self._modules.items()]
        if not children and len(extra) <= 1:
            return f"{self._get_name()}({''.join(extra)})"
        body = "\n  ".join(extra + children)
        return f"{self._get_name()}(\n  {body}\n)"


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _parse_to(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
    device, dtype = kwargs.pop("device", None), kwargs.pop("dtype", None)
    kwargs.pop("non_blocking", None)
    for arg in args:
        if isinstance(arg, Tensor):
            device, dtype = arg.device, arg.dtype
        elif isinstance(arg, _C.dtype):
            dtype = arg
        elif isinstance(arg, bool):  # non_blocking, by position
            continue
        elif arg is not None:
            device = arg
    if kwargs:
        raise TypeError(f"to: unexpected argument '{next(iter(kwargs))}'")
    if dtype is not None and not dtype.is_floating_point:
        raise TypeError(f"to: dtype must be a floating point type, got {dtype}")
    return device, dtype
