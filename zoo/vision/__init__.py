"""Networks that look at images; importing this registers all of them."""

from zoo.vision import digits, efficientnet_lite

__all__ = ["digits", "efficientnet_lite"]
