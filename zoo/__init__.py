"""Reference models with pretrained weights, one line to load.

Models are named `arch` or `arch.tag`; the tag selects the weights:

>>> import zoo
>>> model = zoo.load("digits_cnn")
>>> zoo.info("digits_cnn").weights["uci"].ref
'builtin:digits_cnn.safetensors'
"""

from zoo.errors import ImageError, UnknownModelError, WeightsError, ZooError
from zoo.registry import Metric, ModelInfo, Weights, info, list_models as list, load, register

__all__ = [
    "ImageError",
    "Metric",
    "ModelInfo",
    "UnknownModelError",
    "Weights",
    "WeightsError",
    "ZooError",
    "info",
    "list",
    "load",
    "register",
]
