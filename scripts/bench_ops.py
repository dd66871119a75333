"""Benchmarks single operations beside PyTorch, from one-element sums to convolutions."""

from __future__ import annotations

import argparse
import os
import re
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


# Overhead: tensors so small that only dispatch counts.


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

# Without bfloat16 instructions PyTorch's product takes a thousand times as long.
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

# Memory-bound kernels.

MILLIONS = (16 * 2**20,)
# Existing output memory: neither side pays for a fresh allocation.
IN_PLACE_TARGET = 1.0
KERNEL_TARGET = 1.0


def fresh(name: str, statement: str, *shapes: tuple[int, ...], busy: bool = False) -> Case:
    """Elementwise with a fresh output."""
    return Case(f"{name} 16M", statement, tensors(*(shapes or (MILLIONS,))), 0.3, busy=busy)


def in_place(name: str, statement: str, *shapes: tuple[int, ...]) -> Case:
    setup = tensors(*(shapes or (MILLIONS,)))
    return Case(f"{name} 16M in place", statement, setup, IN_PLACE_TARGET)


def kernel(
    name: str, statement: str, *shapes: tuple[int, ...], target: float = KERNEL_TARGET
) -> Case:
    return Case(name, statement, tensors(*shapes), target)


def square(name: str, statement: str, target: float = KERNEL_TARGET, *, busy: bool = False) -> Case:
    return Case(f"{name} 4096x4096", statement, tensors((4096, 4096)), target, busy=busy)


def normalised(name: str, statement: str) -> Case:
    setup = tensors((4096, 1024), (1024,), (1024,))
    return Case(f"{name} 4096x1024", statement, setup, 0.8)


ELEMENTWISE_CASES = [
    fresh("add", "a + b", MILLIONS, MILLIONS, busy=True),
    fresh("mul scalar", "a * 2.0"),
    fresh("relu", "torch.relu(a)"),
    fresh("exp", "a.exp()"),
    fresh("tanh", "a.tanh()"),
    fresh("sigmoid", "a.sigmoid()"),
    fresh("gelu", "F.gelu(a)"),
    fresh("gelu tanh", "F.gelu(a, approximate='tanh')"),
    fresh("where", "torch.where(a > 0, a, b)", MILLIONS, MILLIONS),
    fresh("to bfloat16", "a.to(torch.bfloat16)"),
    fresh("clone", "a.clone()"),
    in_place("copy_", "a.copy_(b)", MILLIONS, MILLIONS),
    in_place("add_", "a.add_(b)", MILLIONS, MILLIONS),
    in_place("mul_ scalar", "a.mul_(-1.0)"),
    in_place("sin_", "a.sin_()"),
    in_place("tanh_", "a.tanh_()"),
    in_place("sigmoid_", "a.sigmoid_()"),
    in_place("exp_ of neg_", "a.neg_().exp_()"),
    in_place("log_ of abs_", "a.abs_().log_()"),
    in_place("pow_ of abs_", "a.abs_().pow_(0.7)"),
    kernel("add row 4096x4096", "a + b", (4096, 4096), (4096,), target=0.3),
    square("transpose copy", "a.t().contiguous()"),
    kernel("permute copy 32x64x56x56", "a.permute(0, 2, 3, 1).contiguous()", (32, 64, 56, 56)),
    kernel("cat 2x 8M", "torch.cat([a, b])", (2**23,), (2**23,)),
    kernel("cat dim 1 2x 4096x2048", "torch.cat([a, b], 1)", (4096, 2048), (4096, 2048)),
    kernel("stack 8x 1M", "torch.stack([a] * 8)", (2**20,)),
    fresh("rand", "torch.rand(a.shape)"),
    fresh("randn", "torch.randn(a.shape)"),
    fresh("dropout", "F.dropout(a, 0.5)"),
]

REDUCTION_CASES = [
    kernel("sum 16M", "a.sum()", MILLIONS),
    kernel("max 16M", "a.max()", MILLIONS),
    kernel("var_mean 16M", "torch.var_mean(a)", MILLIONS),
    kernel("argmax 16M", "a.argmax()", MILLIONS),
    kernel("cumsum 16M", "a.cumsum(0)", MILLIONS),
    kernel("norm 16M", "a.norm()", MILLIONS),
    square("sum dim 0", "a.sum(0)"),
    square("sum dim 1", "a.sum(1)"),
    square("max dim 1", "a.max(1)"),
    square("argmax dim 0", "a.argmax(0)"),
    square("argmax dim 1", "a.argmax(1)"),
    square("cumsum dim 0", "a.cumsum(0)"),
    square("cumsum dim 1", "a.cumsum(1)"),
    kernel("sum dim 1 1Mx4", "a.sum(1)", (2**20, 4)),
    kernel("amax dim 1 1Mx4", "a.amax(1)", (2**20, 4)),
    kernel("max dim 1 1Mx4", "a.max(1)", (2**20, 4)),
    kernel("mean dim (2, 3) 32x256x14x14", "a.mean((2, 3))", (32, 256, 14, 14)),
    kernel("sum dim 1 64x512x256", "a.sum(1)", (64, 512, 256)),
]

NORM_CASES = [
    square("softmax", "F.softmax(a, -1)", 0.8, busy=True),
    square("log_softmax", "F.log_softmax(a, -1)", 0.8),
    kernel("softmax dim 1 64x512x256", "F.softmax(a, 1)", (64, 512, 256)),
    normalised("layer_norm", "F.layer_norm(a, (1024,), b, c)"),
    normalised("rms_norm", "F.rms_norm(a, (1024,), b)"),
    kernel(
        "batch_norm, training 8x64x112x112",
        "F.batch_norm(a, None, None, b, c, True)",
        (8, 64, 112, 112),
        (64,),
        (64,),
        target=0.8,
    ),
    kernel(
        "batch_norm, evaluation 8x64x112x112",
        "F.batch_norm(a, b, c.abs(), b, c, False)",
        (8, 64, 112, 112),
        (64,),
        (64,),
    ),
    kernel(
        "group_norm 8x64x112x112",
        "F.group_norm(a, 8, b, c)",
        (8, 64, 112, 112),
        (64,),
        (64,),
    ),
]

# Forward and backward.


def trained(
    name: str,
    statement: str,
    *shapes: tuple[int, ...],
    below: int = 0,
    index: tuple[int, ...] = (),
) -> Case:
    """The statement's result and its gradients; `index` is an index below `below` of that shape."""

    def setup(torch: Any, layout: str) -> dict[str, Any]:
        names = tensors(*shapes, grad=True)(torch, layout)
        names["index"] = torch.randint(max(below, 1), index)
        run = compile(statement, name, "eval")
        gradient = torch.randn_like(eval(run, names).detach())

        def step() -> None:
            for i in range(len(shapes)):
                names[chr(ord("a") + i)].grad = None
            eval(run, names).backward(gradient)

        return {"step": step}

    return Case(f"{name} forward+backward", "step()", setup, KERNEL_TARGET)


TRAINING_CASES = [
    trained("softmax 4096x1024", "F.softmax(a, -1)", (4096, 1024)),
    trained(
        "layer_norm 4096x1024", "F.layer_norm(a, (1024,), b, c)", (4096, 1024), (1024,), (1024,)
    ),
    trained("rms_norm 4096x1024", "F.rms_norm(a, (1024,), b)", (4096, 1024), (1024,)),
    trained(
        "batch_norm 8x64x112x112",
        "F.batch_norm(a, None, None, b, c, True)",
        (8, 64, 112, 112),
        (64,),
        (64,),
    ),
    trained("gelu 4M", "F.gelu(a)", (2**22,)),
    trained("dropout 4M", "F.dropout(a, 0.5)", (2**22,)),
    trained(
        "cross_entropy 1024x50257",
        "F.cross_entropy(a, index)",
        (1024, 50257),
        below=50257,
        index=(1024,),
    ),
    trained(
        "embedding 8192 of 50257x768",
        "F.embedding(index, a)",
        (50257, 768),
        below=50257,
        index=(8192,),
    ),
    trained("max_pool2d 3x3/2 8x64x112x112", "F.max_pool2d(a, 3, 2, 1)", (8, 64, 112, 112)),
    trained("avg_pool2d 2x2 8x64x112x112", "F.avg_pool2d(a, 2)", (8, 64, 112, 112)),
]

# Indexing, sorting, windows.


def indexed(
    name: str, statement: str, shape: tuple[int, ...], below: int, index: tuple[int, ...]
) -> Case:
    def setup(torch: Any, layout: str) -> dict[str, Any]:
        return {**tensors(shape)(torch, layout), "index": torch.randint(below, index)}

    return Case(name, statement, setup, KERNEL_TARGET)


def windowed(name: str, statement: str, shape: tuple[int, ...]) -> list[Case]:
    """Channels first and channels last."""

    def channels_last(torch: Any, layout: str) -> dict[str, Any]:
        names = tensors(shape)(torch, layout)
        return {**names, "a": names["a"].permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)}

    return [
        Case(name, statement, tensors(shape), KERNEL_TARGET),
        Case(f"{name} nhwc", statement, channels_last, KERNEL_TARGET),
    ]


PICKING_CASES = [
    indexed("embedding 8192 of 50257x768", "F.embedding(index, a)", (50257, 768), 50257, (8192,)),
    indexed("index_select dim 0 8192", "a.index_select(0, index)", (50257, 768), 50257, (8192,)),
    indexed(
        "index_select dim 1 4096x4096", "a.index_select(1, index)", (4096, 4096), 4096, (2048,)
    ),
    indexed("a[:, index] 4096x4096", "a[:, index]", (4096, 4096), 4096, (2048,)),
    indexed("gather 4M of 16M", "a.gather(0, index)", MILLIONS, 2**24, (2**22,)),
    indexed("gather dim 1 4096x4096", "a.gather(1, index)", (4096, 4096), 4096, (4096, 1024)),
    indexed(
        "scatter_add_ 4M to 16M",
        "torch.zeros_like(a).scatter_add_(0, index, a[: 2**22])",
        MILLIONS,
        2**24,
        (2**22,),
    ),
    kernel("masked_select 16M", "a[a > 0]", MILLIONS),
    kernel("nonzero 16M", "(a > 1).nonzero()", MILLIONS),
    kernel("sort 4M", "a.sort()", (2**22,)),
    kernel("sort rows 4096x1024", "a.sort(1)", (4096, 1024)),
    kernel("topk(50) 4096x1024", "a.topk(50, 1)", (4096, 1024)),
    kernel("topk(50) of 50257", "a.topk(50)", (50257,)),
    kernel("median rows 4096x1024", "a.median(1)", (4096, 1024)),
    kernel("multinomial 4 of 50257", "torch.multinomial(a.abs_(), 4)", (50257,)),
    kernel("randperm 1M", "torch.randperm(2**20)", (1,)),
    *windowed("max_pool2d 3x3/2 8x64x112x112", "F.max_pool2d(a, 3, 2, 1)", (8, 64, 112, 112)),
    *windowed("avg_pool2d 2x2 8x64x112x112", "F.avg_pool2d(a, 2)", (8, 64, 112, 112)),
    *windowed("adaptive_avg_pool2d 1 8x512x14x14", "F.adaptive_avg_pool2d(a, 1)", (8, 512, 14, 14)),
    *(
        case
        for mode in ("nearest", "bilinear", "bicubic")
        for case in windowed(
            f"interpolate {mode} 2x 8x64x56x56",
            f"F.interpolate(a, scale_factor=2, mode={mode!r})",
            (8, 64, 56, 56),
        )
    ),
    kernel("pad reflect 8x64x112x112", "F.pad(a, (1, 1, 1, 1), 'reflect')", (8, 64, 112, 112)),
    kernel("pad 0 8x64x112x112", "F.pad(a, (1, 1, 1, 1))", (8, 64, 112, 112)),
]

# All parameters of a network in one call.

PARAMETERS = [(1024, 1024)] * 24 + [(1024,)] * 48


def parameters_step(name: str, target: float | None, **options: Any) -> Case:
    def setup(torch: Any, layout: str) -> dict[str, Any]:
        parameters = [torch.nn.Parameter(torch.randn(*shape)) for shape in PARAMETERS]
        for parameter in parameters:
            parameter.grad = torch.randn(*parameter.shape)
        return {"optimizer": getattr(torch.optim, name)(parameters, lr=1e-3, **options)}

    words = "".join(f" {key}" for key in options)
    return Case(f"{name}{words} over 25M", "optimizer.step()", setup, target)


def clip_grad_norm(torch: Any, layout: str) -> dict[str, Any]:
    parameters = [torch.nn.Parameter(torch.randn(*shape)) for shape in PARAMETERS]
    for parameter in parameters:
        parameter.grad = torch.randn(*parameter.shape)
    return {"clip": torch.nn.utils.clip_grad_norm_, "parameters": parameters}


PARAMETER_CASES = [
    parameters_step("SGD", KERNEL_TARGET),
    parameters_step("SGD", KERNEL_TARGET, momentum=0.9),
    parameters_step("AdamW", KERNEL_TARGET),
    Case("clip_grad_norm_ over 25M", "clip(parameters, 1.0)", clip_grad_norm, KERNEL_TARGET),
    Case("total norm over 25M", "clip(parameters, 1e9)", clip_grad_norm, KERNEL_TARGET),
]


def report_imports(modules: list[str], arguments: argparse.Namespace) -> dict[str, Any]:
    """Time and memory of the first import, in alternating fresh processes."""
    if not re.search(arguments.only, "import"):
        return {}
    # As in normal use, byte code is cached.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    runs: dict[str, list[tuple[float, float]]] = {module: [] for module in modules}
    for _ in range(1 + arguments.rounds):
        for module in modules:
            command = [sys.executable, "-c", IMPORT_PROGRAM, module]
            printed = subprocess.run(
                command, check=True, capture_output=True, text=True, env=environment
            ).stdout
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
        [
            *OVERHEAD_CASES,
            *PRODUCT_CASES,
            *CONVOLUTION_CASES,
            *ELEMENTWISE_CASES,
            *REDUCTION_CASES,
            *NORM_CASES,
            *TRAINING_CASES,
            *PICKING_CASES,
            *PARAMETER_CASES,
        ],
        report_imports,
    )
