"""Batches of sequences of different lengths: padded or packed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine import _C, _creation
from engine._C import Tensor


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Sequences sorted by descending length and stored step by step.

    Step t has the first batch_sizes[t] of them; data concatenates all steps. unsorted_indices is
    the inverse of sorted_indices.
    """

    def __new__(
        cls,
        data: Tensor,
        batch_sizes: Tensor,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        if unsorted_indices is None and sorted_indices is not None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same with its data on another device or in another dtype."""
        return self._replace(data=self.data.to(*args, **kwargs))

    def cpu(self) -> PackedSequence:
        """The same in the host's memory."""
        return self.to("cpu")

    def cuda(self, device: Any = 0) -> PackedSequence:
        """The same in the memory of a GPU."""
        return self.to(f"cuda:{device}")

    def double(self) -> PackedSequence:
        """The same in float64."""
        return self.to(_C.float64)

    def float(self) -> PackedSequence:
        """The same in float32."""
        return self.to(_C.float32)

    def half(self) -> PackedSequence:
        """The same in float16."""
        return self.to(_C.float16)

    def long(self) -> PackedSequence:
        """The same in int64."""
        return self.to(_C.int64)

    def int(self) -> PackedSequence:
        """The same in int32."""
        return self.to(_C.int32)

    def short(self) -> PackedSequence:
        """The same in int16."""
        return self.to(_C.int16)

    def char(self) -> PackedSequence:
        """The same in int8."""
        return self.to(_C.int8)

    def byte(self) -> PackedSequence:
        """The same in uint8."""
        return self.to(_C.uint8)

    @property
    def is_cuda(self) -> bool:
        """True if the data is in the memory of a GPU."""
        return str(self.data.device).startswith("cuda")


def invert_permutation(permutation: Tensor) -> Tensor:
    """The inverse of the permutation."""
    positions = _C.arange(permutation.shape[0], device=permutation.device)
    return _C.empty_like(permutation).scatter_(0, permutation, positions)


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack a padded batch (L, N, ...), or (N, L, ...) where batch_first, of these lengths."""
    lengths = lengths.tolist() if isinstance(lengths, Tensor) else list(lengths)
    if batch_first:
        input = input.transpose(0, 1)
    if len(lengths) != input.shape[1]:
        raise ValueError(
            f"pack_padded_sequence: got {len(lengths)} lengths for a batch of {input.shape[1]}"
        )
    if not lengths or min(lengths) <= 0 or max(lengths) > input.shape[0]:
        raise ValueError(
            f"pack_padded_sequence: lengths must be from 1 to {input.shape[0]}, got {lengths}"
        )
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    sorted_indices = None
    if not enforce_sorted:
        sorted_indices = _creation.tensor(order, dtype=_C.int64, device=input.device)
        input = input.index_select(1, sorted_indices)
    elif any(a < b for a, b in itertools.pairwise(lengths)):
        raise ValueError(
            "pack_padded_sequence: lengths must fall; pass enforce_sorted=False for others"
        )
    falling = [lengths[i] for i in order]
    sizes = [sum(length > step for length in falling) for step in range(falling[0])]
    data = _C.cat([input[step, :size] for step, size in enumerate(sizes)])
    return PackedSequence(
        data,
        _creation.tensor(sizes, dtype=_C.int64),
        sorted_indices,
    )


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The padded batch and the lengths of a PackedSequence."""
    sizes = sequence.batch_sizes.tolist()
    length = len(sizes) if total_length is None else total_length
    if length < len(sizes):
        raise ValueError(
            f"pad_packed_sequence: total_length {total_length} is less than the longest "
            f"sequence, {len(sizes)}"
        )
    data, batch = sequence.data, sizes[0]
    margin = [0, 0] * (data.dim() - 1)
    steps = [
        _C.pad(step, [*margin, 0, batch - size], "constant", padding_value)
        for step, size in zip(data.split(sizes), sizes, strict=True)
    ]
    padded = _C.stack(steps)
    if length > len(sizes):
        extra = [0, 0] * data.dim() + [0, length - len(sizes)]
        padded = _C.pad(padded, extra, "constant", padding_value)
    counts = [sum(size > i for size in sizes) for i in range(batch)]
    lengths = _creation.tensor(counts, dtype=_C.int64)
    if sequence.unsorted_indices is not None:
        padded = padded.index_select(1, sequence.unsorted_indices)
        lengths = lengths.index_select(0, sequence.unsorted_indices)
    return (padded.transpose(0, 1) if batch_first else padded), lengths


def pad_sequence(
    sequences: Sequence[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Tensors (L, ...) of different lengths as one (L, N, ...), or (N, L, ...).

    >>> import engine
    >>> parts = [engine.ones(1), engine.ones(3)]
    >>> engine.nn.utils.rnn.pad_sequence(parts, batch_first=True).tolist()
    [[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
    """
    if padding_side not in ("left", "right"):
        raise ValueError(
            f"pad_sequence: padding_side must be 'left' or 'right', got '{padding_side}'"
        )
    longest = max(sequence.shape[0] for sequence in sequences)
    padded = []
    for sequence in sequences:
        missing = longest - sequence.shape[0]
        ends = [0, missing] if padding_side == "right" else [missing, 0]
        margins = [0, 0] * (sequence.dim() - 1) + ends
        padded.append(_C.pad(sequence, margins, "constant", padding_value))
    return _C.stack(padded, 0 if batch_first else 1)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """The sequences of a padded batch; inverts pad_sequence."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    return [padded_sequences[i, :length] for i, length in enumerate(lengths.tolist())]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack tensors (L, ...) of different lengths."""
    lengths = [sequence.shape[0] for sequence in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences of a PackedSequence."""
    padded, lengths = pad_packed_sequence(packed_sequences)
    return unpad_sequence(padded, lengths)
