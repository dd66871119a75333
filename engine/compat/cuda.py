"""``torch.cuda`` in a build without CUDA.

Queries return values, requests that need no device (freeing its cache, seeding it) do nothing, as
in PyTorch without a GPU, and all others raise RuntimeError.
"""

from __future__ import annotations

from typing import Any, NoReturn


def _refuse(name: str) -> NoReturn:
    raise RuntimeError(f"cuda.{name}: there is no CUDA device: this build computes on the CPU")


def is_available() -> bool:
    """Returns False: no CUDA device is available.

    >>> import engine
    >>> engine.cuda.is_available()
    False
    """
    return False


def is_initialized() -> bool:
    """Returns False: the CUDA runtime is never initialized."""
    return False


def device_count() -> int:
    """The number of CUDA devices."""
    return 0


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Returns False: there is no device that computes in bfloat16."""
    return False


def get_arch_list() -> list[str]:
    """The device architectures that the build has kernels for."""
    return []


def manual_seed(seed: int) -> None:
    """Seeds the generator of the current device: none."""


def manual_seed_all(seed: int) -> None:
    """Seeds the generators of all devices: none."""


def empty_cache() -> None:
    """Frees cached device memory: none."""


def ipc_collect() -> None:
    """Frees device memory shared with other processes: none."""


def memory_allocated(device: Any = None) -> int:
    """Bytes of device memory in use."""
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_allocated


def init() -> NoReturn:
    """Starts the CUDA runtime."""
    _refuse("init")


def current_device() -> NoReturn:
    """The index of the current device."""
    _refuse("current_device")


def set_device(device: Any) -> None:
    """Sets the current device; a negative index has no effect."""
    if not (isinstance(device, int) and device < 0):
        _refuse("set_device")


def synchronize(device: Any = None) -> NoReturn:
    """Waits for the device."""
    _refuse("synchronize")


def get_device_name(device: Any = None) -> NoReturn:
    """The name of a device."""
    _refuse("get_device_name")


def get_device_properties(device: Any = None) -> NoReturn:
    """The properties of a device."""
    _refuse("get_device_properties")


def get_device_capability(device: Any = None) -> NoReturn:
    """The compute capability of a device."""
    _refuse("get_device_capability")


def reset_peak_memory_stats(device: Any = None) -> NoReturn:
    """Resets the peak of device memory in use."""
    _refuse("reset_peak_memory_stats")


def mem_get_info(device: Any = None) -> NoReturn:
    """Free and total bytes of device memory."""
    _refuse("mem_get_info")


def current_stream(device: Any = None) -> NoReturn:
    """The stream that kernels run on."""
    _refuse("current_stream")


def default_stream(device: Any = None) -> NoReturn:
    """The device's default stream."""
    _refuse("default_stream")


def get_rng_state(device: Any = "cuda") -> NoReturn:
    """The state of a device's generator."""
    _refuse("get_rng_state")


def set_rng_state(new_state: Any, device: Any = "cuda") -> NoReturn:
    """Sets the state of a device's generator."""
    _refuse("set_rng_state")


def get_rng_state_all() -> list[Any]:
    """The states of all devices' generators: none."""
    return []


def set_rng_state_all(new_states: Any) -> None:
    """Sets the states of all devices' generators: none may be given."""
    if list(new_states):
        _refuse("set_rng_state_all")


class Stream:
    """A queue of a device's work."""

    def __init__(self, *_: Any, **__: Any) -> None:
        _refuse("Stream")


class Event:
    """A mark in a stream."""

    def __init__(self, *_: Any, **__: Any) -> None:
        _refuse("Event")


class CUDAGraph:
    """A recorded sequence of a device's work."""

    def __init__(self, *_: Any, **__: Any) -> None:
        _refuse("CUDAGraph")


class device:
    """Context manager that changes the current device; None and negative indices have no effect."""

    def __init__(self, device: Any) -> None:
        if not (device is None or (isinstance(device, int) and device < 0)):
            _refuse("device")

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


class stream:
    """Context manager that changes the current stream; None has no effect."""

    def __init__(self, stream: Any) -> None:
        if stream is not None:
            _refuse("stream")

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...
