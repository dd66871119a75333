"""Warnings of the hub; the command line shows them on standard error."""

from __future__ import annotations


def warn(message: str) -> None:
    """Log a problem that was recovered from."""
    import logging  # rarely needed; a fifth of the hub's import time

    logging.getLogger("hub").warning(message)
