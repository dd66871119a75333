"""Vision models; importing this package registers all of them."""

from zoo.vision import digits, efficientnet_lite

__all__ = ["digits", "efficientnet_lite"]
