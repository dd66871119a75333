"""Times single operations of the engine beside PyTorch's, from one-element sums to convolutions."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _bench import CHANNELS_LAST, CONTIGUOUS, Case, main, verdict

OVERHEAD = 0.3
LAYOUTS = (CONTIGUOUS, CHANNELS_LAST)
Setup = Callable[[Any, str], dict[str, Any]]

IMPORT_SECONDS = 0.15
IMPORT_MEGABYTES = 60
IMPORT_PROGRAM = """
import resource, sys, time
start = time.perf_counter()
__import__(sys.argv[1])
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def tensors(*shapes: tuple[int, ...], grad: bool = False, dtype: str = "float32") -> Setup:
    """Random tensors by the names a, b, ..."""

    def setup(torch: Any, layout: str) -> dict[str, Any]:
        values = [torch.randn(*shape).to(getattr(torch, dtype)) for shape in shapes]
        names = {chr(ord("a") + i): v.requires_grad_(grad) for i, v in enumerate(values)}
        return {"torch": torch, "F": torch.nn.functional, **names}

    return setup


# Overhead: so small that only the way to the kernel counts.


def overhead(name: str, statement: str, *shapes: tuple[int, ...]) -> list[Case]:
    return [
        Case(f"{name}{suffix}", statement, tensors(*shapes, grad=grad), OVERHEAD, threads=(1,))
        for suffix, grad in (("", False), (", with grad", True))
    ]


def linear(grad: bool) -> Case:
    def setup(torch: Any, layout: str) -> dict[str, Any]:
        module = torch.nn.Linear(8, 8).requires_grad_(grad)
        return {"module": module, "a": torch.randn(4, 8)}

    name = "Linear(8, 8)" + (", with grad" if grad else "")
    return Case(name, "module(a)", setup, OVERHEAD, threads=(1,))


def chain(name: str, step: Callable[[Any, Any], Any]) -> Case:
    def setup(torch: Any, layout: str) -> dict[str, Any]:
        start = torch.randn(10, 10).requires_grad_()
        other = torch.ones(10, 10)
        ones = torch.ones(10, 10)

        def run() -> None:
            value = start
            for _ in range(100):
                value = step(value, other)
            value.backward(ones)
            start.grad = None

        return {"run": run}

    return Case(f"chain of 100 {name}, forward+backward", "run()", setup, 0.35, threads=(1,))


def optimizer(name: str, target: float | None, **options: Any) -> Case:
    def setup(torch: Any, layout: str) -> dict[str, Any]:
        parameters = [torch.nn.Parameter(torch.randn(10)) for _ in range(100)]
        for parameter in parameters:
            parameter.grad = torch.randn(10)
        return {"optimizer": getattr(torch.optim, name)(parameters, lr=1e-3, **options)}

    words = "".join(f" {key}" for key in options)
    return Case(f"{name}{words} over 100 x 10", "optimizer.step()", setup, target, threads=(1,))


OVERHEAD_CASES = [
    *overhead("add (1,)", "a + b", (1,), (1,)),
    *overhead("add 10x10", "a + b", (10, 10), (10, 10)),
    *overhead("mul (1,)", "a * b", (1,), (1,)),
    *overhead("exp (1,)", "a.exp()", (1,)),
    *overhead("matmul 4x4", "a @ b", (4, 4), (4, 4)),
    *overhead("sum 10x10", "a.sum()", (10, 10)),
    *overhead("reshape", "a.reshape(100)", (10, 10)),
    *overhead("x[0]", "a[0]", (10, 10)),
    linear(grad=False),
    linear(grad=True),
    chain("add", lambda value, other: value + other),
    chain("mul", lambda value, other: value * other),
    optimizer("Adam", 0.1),
    optimizer("SGD", None, momentum=0.9),
]

# Products.

# Without instructions for it a product in bfloat16 takes PyTorch a thousand times as long.
HAS_BFLOAT16 = "avx512_bf16" in Path("/proc/cpuinfo").read_text()
BFLOAT16_SIZES = (1024, 2048, 4096) if HAS_BFLOAT16 else (256, 512)


def matmul(n: int, dtype: str, target: float | None, *, busy: bool = False) -> Case:
    setup = tensors((n, n), (n, n), dtype=dtype)
    return Case(f"matmul {dtype} {n}", "a @ b", setup, target, busy=busy)


PRODUCT_CASES = [
    matmul(256, "float32", None),
    matmul(512, "float32", None),
    matmul(1024, "float32", 0.55, busy=True),
    matmul(2048, "float32", 0.55),
    matmul(4096, "float32", 0.55),
    *(matmul(n, "bfloat16", 1.0) for n in BFLOAT16_SIZES),
    matmul(1024, "float64", None),
    Case("linear 1x768 -> 3072", "F.linear(a, b)", tensors((1, 768), (3072, 768))),
    Case("linear 128x768 -> 3072", "F.linear(a, b)", tensors((128, 768), (3072, 768))),
    Case("bmm 96x128x64x128", "torch.bmm(a, b)", tensors((96, 128, 64), (96, 64, 128))),
]

# Convolutions, (channels in, channels out, kernel, image, batch).


def convolution(
    name: str,
    channels: tuple[int, int],
    kernel: int,
    image: int,
    target: float,
    *,
    stride: int = 1,
    depthwise: bool = False,
    busy: bool = False,
) -> list[Case]:
    """Forward, and forward and backward, of a batch of eight."""

    def setup_with(grad: bool) -> Setup:
        def setup(torch: Any, layout: str) -> dict[str, Any]:
            module = torch.nn.Conv2d(
                *channels,
                kernel,
                stride=stride,
                padding=kernel // 2,
                groups=channels[0] if depthwise else 1,
                bias=False,
            )
            images = torch.randn(8, channels[0], image, image)
            if layout == CHANNELS_LAST:
                module = module.to(memory_format=torch.channels_last)
                images = images.to(memory_format=torch.channels_last)
            images.requires_grad_(grad)
            module.requires_grad_(grad)
            names = {"module": module, "images": images}
            if not grad:
                return names
            gradient = torch.randn_like(module(images).detach())

            def step() -> None:
                images.grad = module.weight.grad = None
                module(images).backward(gradient)

            return {**names, "step": step}

        return setup

    forward = setup_with(grad=False)
    both = setup_with(grad=True)
    return [
        Case(f"conv {name}", "module(images)", forward, target, layouts=LAYOUTS, busy=busy),
        Case(f"conv {name} forward+backward", "step()", both, 0.9, layouts=LAYOUTS),
    ]


CONVOLUTION_CASES = [
    *convolution("3x3 64 56", (64, 64), 3, 56, 0.95, busy=True),
    *convolution("3x3 256 14", (256, 256), 3, 14, 0.95),
    *convolution("1x1 256->64 56", (256, 64), 1, 56, 0.7),
    *convolution("depthwise 3x3 96 112", (96, 96), 3, 112, 0.3, depthwise=True),
    *convolution("7x7/2 3->64 224", (3, 64), 7, 224, 0.95, stride=2),
]

# Kernels that wait for memory.

MILLIONS = (16 * 2**20,)


def fresh(name: str, statement: str, *shapes: tuple[int, ...], busy: bool = False) -> Case:
    """Elementwise with an output of its own."""
    return Case(f"{name} 16M", statement, tensors(*(shapes or (MILLIONS,))), 0.3, busy=busy)


def square(name: str, statement: str, target: float | None = None, **options: Any) -> Case:
    return Case(f"{name} 4096x4096", statement, tensors((4096, 4096)), target, **options)


def normalised(name: str, statement: str) -> Case:
    setup = tensors((4096, 1024), (1024,), (1024,))
    return Case(f"{name} 4096x1024", statement, setup, 0.8)


MEMORY_CASES = [
    fresh("add", "a + b", MILLIONS, MILLIONS, busy=True),
    fresh("mul scalar", "a * 2.0"),
    fresh("relu", "torch.relu(a)"),
    fresh("exp", "a.exp()"),
    fresh("tanh", "a.tanh()"),
    fresh("sigmoid", "a.sigmoid()"),
    fresh("gelu", "F.gelu(a)"),
    fresh("where", "torch.where(a > 0, a, b)", MILLIONS, MILLIONS),
    fresh("to bfloat16", "a.to(torch.bfloat16)"),
    square("softmax", "F.softmax(a, -1)", 0.8, busy=True),
    square("log_softmax", "F.log_softmax(a, -1)", 0.8),
    normalised("layer_norm", "F.layer_norm(a, (1024,), b, c)"),
    normalised("rms_norm", "F.rms_norm(a, (1024,), b)"),
    Case(
        "batch_norm, training 8x64x112x112",
        "F.batch_norm(a, None, None, b, c, True)",
        tensors((8, 64, 112, 112), (64,), (64,)),
        0.8,
    ),
    Case("sum 16M", "a.sum()", tensors(MILLIONS)),
    Case("max 16M", "a.max()", tensors(MILLIONS)),
    Case("var 16M", "a.var()", tensors(MILLIONS)),
    square("sum dim 0", "a.sum(0)"),
    square("sum dim 1", "a.sum(1)"),
    square("argmax dim 1", "a.argmax(1)"),
    square("cumsum dim 1", "a.cumsum(1)"),
    square("transpose copy", "a.t().contiguous()"),
    Case("max_pool2d 3x3/2 8x64x112x112", "F.max_pool2d(a, 3, 2, 1)", tensors((8, 64, 112, 112))),
]


def report_imports(modules: list[str], arguments: argparse.Namespace) -> dict[str, Any]:
    """Time and memory of the first import, in fresh processes that take turns."""
    if arguments.only:
        return {}
    runs: dict[str, list[tuple[float, float]]] = {module: [] for module in modules}
    for _ in range(1 + arguments.rounds):
        for module in modules:
            command = [sys.executable, "-c", IMPORT_PROGRAM, module]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            seconds, megabytes = map(float, printed.split())
            runs[module].append((seconds, megabytes))
    results = {}
    for module, figures in runs.items():
        # The first run may have written byte code and filled the page cache.
        seconds, megabytes = map(statistics.median, zip(*figures[1:], strict=True))
        limits = (IMPORT_SECONDS, IMPORT_MEGABYTES) if module == modules[0] else (None, None)
        print(
            f"import {module:<10} {seconds:6.3f} s {verdict(seconds, limits[0], ' s'):<14} "
            f"{megabytes:6.1f} MB {verdict(megabytes, limits[1], ' MB')}"
        )
        results[module] = {"seconds": seconds, "megabytes": megabytes}
    return {"import": results}


if __name__ == "__main__":
    main(
        __doc__,
        [*OVERHEAD_CASES, *PRODUCT_CASES, *CONVOLUTION_CASES, *MEMORY_CASES],
        report_imports,
    )
