"""Distances and similarities of vectors."""

from __future__ import annotations

from engine import _C

cosine_similarity = _C.cosine_similarity
pairwise_distance = _C.pairwise_distance
pdist = _C.pdist
