"""The tokenizer's interface without its downloaded vocabulary: one token per byte."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Encoding:
    name = "gpt2"
    n_vocab = 50257
    eot_token = 50256
    _special = "<|endoftext|>"

    def encode(
        self, text: str, allowed_special: Any = (), disallowed_special: Any = ()
    ) -> list[int]:
        pieces = text.split(self._special) if allowed_special else [text]
        tokens: list[int] = []
        for i, piece in enumerate(pieces):
            tokens += ([self.eot_token] if i else []) + list(piece.encode())
        return tokens

    encode_ordinary = encode

    def decode(self, tokens: Iterable[int]) -> str:
        parts = (
            self._special.encode() if t == self.eot_token else bytes([t % 256]) for t in tokens
        )
        return b"".join(parts).decode(errors="replace")


def get_encoding(name: str) -> Encoding:
    return Encoding()
