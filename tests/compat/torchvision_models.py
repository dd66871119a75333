"""Builds each family of torchvision's models and prints a summary of its outputs."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import torch

# A small model of each of torchvision's model files, and the size of its input.
_IMAGE_MODELS = {
    "alexnet": 64,
    "convnext_tiny": 64,
    "densenet121": 64,
    "efficientnet_b0": 64,
    "googlenet": 64,
    "inception_v3": 96,
    "maxvit_t": 224,
    "mnasnet0_5": 64,
    "mobilenet_v2": 64,
    "mobilenet_v3_small": 64,
    "regnet_y_400mf": 64,
    "resnet18": 64,
    "shufflenet_v2_x0_5": 64,
    "squeezenet1_1": 64,
    "swin_t": 64,
    "swin_v2_t": 64,
    "vgg11": 64,
    "vit_b_32": 224,
    "fcn_resnet50": 64,
    "deeplabv3_mobilenet_v3_large": 64,
    "lraspp_mobilenet_v3_large": 64,
}
_VIDEO_MODELS = {"r3d_18": (8, 32), "s3d": (16, 224), "mvit_v1_b": (16, 224), "swin3d_t": (4, 64)}
_SKIP_AUXILIARY = {"googlenet": {"aux_logits": False}, "inception_v3": {"aux_logits": False}}
_BACKBONE = ("fcn_resnet50", "deeplabv3_mobilenet_v3_large", "lraspp_mobilenet_v3_large")


def _built(name: str) -> Any:
    from torchvision import models

    options: dict[str, Any] = {"weights": None, **_SKIP_AUXILIARY.get(name, {})}
    if name in _BACKBONE:
        options["weights_backbone"] = None
    return models.get_model(name, **options).eval()


def _report(name: str, shape: tuple[int, ...]) -> bool:
    try:
        torch.manual_seed(0)
        model = _built(name)
        for parameter in model.parameters():
            if parameter.dim() > 1 and not parameter.any():  # heads initialised to zero
                parameter.data.normal_()
        x = torch.rand(shape)
        with torch.no_grad():
            answer = model(x)
        y = answer["out"] if isinstance(answer, dict) else answer
        sizes = y.abs().mean().item(), y.abs().max().item()
        print(f"{name}: {tuple(y.shape)} mean {sizes[0]:.5e} most {sizes[1]:.5e}")
    except Exception:
        print(f"{name}: {traceback.format_exc().strip().splitlines()[-1]}")
        traceback.print_exc()
        return False
    return True


def main() -> None:
    shapes: dict[str, tuple[int, ...]] = {n: (1, 3, s, s) for n, s in _IMAGE_MODELS.items()}
    shapes |= {n: (1, 3, t, s, s) for n, (t, s) in _VIDEO_MODELS.items()}
    wanted = sys.argv[1:] or list(shapes)
    good = [_report(name, shapes[name]) for name in wanted]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
