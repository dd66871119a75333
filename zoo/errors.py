"""The errors of the zoo; each message is one line that says what to do."""

from __future__ import annotations


class ZooError(Exception):
    """Base of the zoo's own errors."""


class UnknownModelError(ZooError, LookupError):
    """No model, or no weights, of that name; the message lists the closest ones."""


class WeightsError(ZooError):
    """The weights of a model are missing or do not match it."""


class MissingWeightsError(WeightsError, FileNotFoundError):
    """There is no file of weights at a path."""


class ImageError(ZooError, ValueError):
    """An image that cannot be read; the message names the file."""
