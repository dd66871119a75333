"""Bestiary's deep-learning framework: eager tensors, automatic differentiation, neural networks."""

from engine import _C
