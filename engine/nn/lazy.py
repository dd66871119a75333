"""Lazy layers, which infer the number of input features from the first input."""

from __future__ import annotations

from typing import Any

from engine import _C, _creation
from engine._C import Tensor
from engine.autograd import no_grad
from engine.nn.conv import (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
    Size,
    _ConvNd,
)
from engine.nn.linear import Linear
from engine.nn.module import Module
from engine.nn.normalization import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    _InstanceNorm,
    _NormBase,
)
from engine.nn.parameter import Parameter, UninitializedBuffer, UninitializedParameter, is_lazy


class LazyModuleMixin(Module):
    """A module some of whose parameters are uninitialized until its first call.

    A subclass derives from the mixin and then from the class it becomes, sets `cls_to_become`, and
    defines `initialize_parameters`, which gets the first call's arguments. Loading a state_dict
    initialises as well.
    """

    cls_to_become: type[Module] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.register_forward_pre_hook(_initialize_on_call, with_kwargs=True)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Materialize all uninitialized parameters and initialise them."""
        raise NotImplementedError(f"{type(self).__name__} has no initialize_parameters()")

    def has_uninitialized_params(self) -> bool:
        """True if a parameter or buffer of this module has no shape yet."""
        return any(map(is_lazy, [*self._parameters.values(), *self._buffers.values()]))

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        for names in (self._parameters, self._buffers):
            for name, tensor in names.items():
                if tensor is not None and self._buffer_names.get(name, True):
                    keep = keep_vars or is_lazy(tensor)
                    destination[prefix + name] = tensor if keep else tensor.detach()

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
        still_lazy = set()
        for name, tensor in [*self._parameters.items(), *self._buffers.items()]:
            value = state_dict.get(prefix + name)
            if is_lazy(tensor) and is_lazy(value):
                still_lazy.add(prefix + name)
            elif is_lazy(tensor) and isinstance(value, Tensor):
                tensor.materialize(value.shape)
        state = {key: value for key, value in state_dict.items() if key not in still_lazy}
        super()._load_from_state_dict(
            state, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )
        missing_keys[:] = [key for key in missing_keys if key not in still_lazy]


def _initialize_on_call(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    module.initialize_parameters(*args, **kwargs)
    if module.has_uninitialized_params():
        raise RuntimeError(
            f"{type(module).__name__}: initialize_parameters has left parameters uninitialized"
        )
    hooks = module._forward_pre_hooks
    for key in [key for key, hook in hooks.items() if hook is _initialize_on_call]:
        del hooks[key]
    if not module._call_hooks.any():
        del module._call_hooks
    if module.cls_to_become is not None:
        module.__class__ = module.cls_to_become


class LazyLinear(LazyModuleMixin, Linear):
    """A Linear that takes in_features from its first input.

    >>> import engine
    >>> layer = engine.nn.LazyLinear(2)
    >>> tuple(layer(engine.zeros(5, 3)).shape), layer
    ((5, 2), Linear(in_features=3, out_features=2, bias=True))
    """

    cls_to_become = Linear

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(0, 0, False)
        self.out_features = out_features
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw new values, once the shapes are known."""
        if not self.has_uninitialized_params() and self.in_features:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take in_features from the input."""
        if self.has_uninitialized_params():
            self.in_features = input.shape[-1]
            _materialize(self.weight, self.out_features, self.in_features)
            _materialize(self.bias, self.out_features)
            self.reset_parameters()
        elif not self.in_features:  # the weight was loaded
            self.in_features = self.weight.shape[1]


def _materialize(tensor: Any, *shape: int) -> None:
    if is_lazy(tensor):
        with no_grad():
            tensor.materialize(shape)


class _LazyConv(LazyModuleMixin, _ConvNd):
    def reset_parameters(self) -> None:
        """Draw new values, once the shapes are known."""
        if not self.has_uninitialized_params() and self.in_channels:
            super().reset_parameters()

    def _set_lazy(self, out_channels: int, bias: bool, device: Any, dtype: Any) -> None:
        self.out_channels = out_channels
        self._check(type(self).__name__)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Take in_channels from the input."""
        if not self.has_uninitialized_params():
            if not self.in_channels:  # the weight was loaded
                self.in_channels = self.weight.shape[0 if self.transposed else 1]
                if not self.transposed:
                    self.in_channels *= self.groups
            return
        n = self._dims
        if input.dim() not in (n + 1, n + 2):
            raise ValueError(
                f"{type(self).__name__}: input must have {n + 1} or {n + 2} dimensions, got "
                f"{tuple(input.shape)}"
            )
        self.in_channels = input.shape[input.dim() - n - 1]
        self._check(type(self).__name__)
        channels = (self.in_channels, self.out_channels)
        first, second = channels if self.transposed else channels[::-1]
        _materialize(self.weight, first, second // self.groups, *self.kernel_size)
        _materialize(self.bias, self.out_channels)
        self.reset_parameters()


class _LazyForwardConv(_LazyConv):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: str | Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        plain: Any = super().__init__
        plain(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._set_lazy(out_channels, bias, device, dtype)


class LazyConv1d(_LazyForwardConv, Conv1d):
    """A Conv1d that takes in_channels from its first input."""

    cls_to_become = Conv1d


class LazyConv2d(_LazyForwardConv, Conv2d):
    """A Conv2d that takes in_channels from its first input.

    >>> import engine
    >>> layer = engine.nn.LazyConv2d(8, kernel_size=3)
    >>> tuple(layer(engine.zeros(1, 3, 8, 8)).shape), layer.in_channels
    ((1, 8, 6, 6), 3)
    """

    cls_to_become = Conv2d


class LazyConv3d(_LazyForwardConv, Conv3d):
    """A Conv3d that takes in_channels from its first input."""

    cls_to_become = Conv3d


class _LazyTransposedConv(_LazyConv):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        plain: Any = super().__init__
        plain(
            0,
            0,
            kernel_size,
            stride,
            padding,
            output_padding,
            groups,
            False,
            dilation,
            padding_mode,
        )
        self._set_lazy(out_channels, bias, device, dtype)


class LazyConvTranspose1d(_LazyTransposedConv, ConvTranspose1d):
    """A ConvTranspose1d that takes in_channels from its first input."""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyTransposedConv, ConvTranspose2d):
    """A ConvTranspose2d that takes in_channels from its first input."""

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyTransposedConv, ConvTranspose3d):
    """A ConvTranspose3d that takes in_channels from its first input."""

    cls_to_become = ConvTranspose3d


class _LazyNorm(LazyModuleMixin, _NormBase):
    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        made = {"device": device, "dtype": dtype}
        if affine:
            self.weight = UninitializedParameter(**made)
            if bias:
                self.bias = UninitializedParameter(**made)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**made)
            self.running_var = UninitializedBuffer(**made)
            self.num_batches_tracked = _creation.tensor(0, dtype=_C.int64, device=device)

    def reset_parameters(self) -> None:
        """Weight 1, bias 0 and no running statistics, once the shapes are known."""
        if not self.has_uninitialized_params() and self.num_features:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take num_features from the input."""
        if not self.has_uninitialized_params():
            if not self.num_features and self.weight is not None:  # the weight was loaded
                self.num_features = self.weight.shape[0]
            return
        self._check_input(input)
        unbatched = isinstance(self, _InstanceNorm) and input.dim() == self._dims[0]
        self.num_features = input.shape[0 if unbatched else 1]
        for tensor in (self.weight, self.bias, self.running_mean, self.running_var):
            _materialize(tensor, self.num_features)
        self.reset_parameters()


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """A BatchNorm1d that takes num_features from its first input."""

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """A BatchNorm2d that takes num_features from its first input."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """A BatchNorm3d that takes num_features from its first input."""

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """An InstanceNorm1d that takes num_features from its first input."""

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """An InstanceNorm2d that takes num_features from its first input."""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """An InstanceNorm3d that takes num_features from its first input."""

    cls_to_become = InstanceNorm3d
