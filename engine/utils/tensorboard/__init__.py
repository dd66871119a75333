"""Event files for TensorBoard, under the names of torch.utils.tensorboard."""

from __future__ import annotations

from engine.utils.tensorboard.writer import FileWriter, SummaryWriter

__all__ = ["FileWriter", "SummaryWriter"]
