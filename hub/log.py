"""What the hub tells besides its results; the command line shows it on standard error."""

from __future__ import annotations


def warn(message: str) -> None:
    """Tell of something that was got over."""
    import logging  # rarely needed, and a fifth of what importing the hub would take

    logging.getLogger("hub").warning(message)
