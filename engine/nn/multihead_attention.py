"""Multi-head attention as a layer."""

from __future__ import annotations

from typing import Any

from engine import _C
from engine._C import Tensor
from engine.nn import functional as F, init
from engine.nn.linear import NonDynamicallyQuantizableLinear
from engine.nn.module import Module
from engine.nn.parameter import Parameter


class MultiheadAttention(Module):
    """Attention of num_heads heads (Vaswani et al., 2017).

    Inputs are (L, N, embed_dim), (N, L, embed_dim) where batch_first, or (L, embed_dim). In
    key_padding_mask (N, S) and attn_mask (L, S) or (N * heads, L, S) True excludes a position;
    float masks are added. Returns the output and the weights, or None with need_weights=False,
    which is faster.

    >>> import engine
    >>> attention = engine.nn.MultiheadAttention(8, num_heads=2, batch_first=True)
    >>> x = engine.zeros(3, 5, 8)
    >>> output, weights = attention(x, x, x)
    >>> tuple(output.shape), tuple(weights.shape)
    ((3, 5, 8), (3, 5, 5))
    """

    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0 or embed_dim % num_heads:
            raise ValueError(
                f"MultiheadAttention: embed_dim {embed_dim} must be a positive multiple of "
                f"num_heads {num_heads}"
            )
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.add_zero_attn = add_zero_attn
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim

        def parameter(wanted: bool, *shape: int) -> Parameter | None:
            return Parameter(_C.empty(*shape, device=device, dtype=dtype)) if wanted else None

        same = self._qkv_same_embed_dim
        e = embed_dim
        self.register_parameter("in_proj_weight", parameter(same, 3 * e, e))
        self.register_parameter("q_proj_weight", parameter(not same, e, e))
        self.register_parameter("k_proj_weight", parameter(not same, e, self.kdim))
        self.register_parameter("v_proj_weight", parameter(not same, e, self.vdim))
        self.register_parameter("in_proj_bias", parameter(bias, 3 * e))
        self.out_proj = NonDynamicallyQuantizableLinear(e, e, bias=bias, device=device, dtype=dtype)
        self.register_parameter("bias_k", parameter(add_bias_kv, 1, 1, e))
        self.register_parameter("bias_v", parameter(add_bias_kv, 1, 1, e))
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            weight = getattr(self, name)
            if weight is not None:
                init.xavier_uniform_(weight)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        if is_causal and attn_mask is None:
            raise ValueError("MultiheadAttention: is_causal is a hint and needs attn_mask too")
        transposed = self.batch_first and query.dim() == 3
        if transposed:
            query, key, value = _batch_second(query, key, value)
        output, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (output.transpose(0, 1) if transposed else output), weights


def _batch_second(*tensors: Tensor) -> list[Tensor]:
    """(N, L, E) to (L, N, E); one tensor given thrice stays one, so it is projected once."""
    transposed: dict[int, Tensor] = {}
    for tensor in tensors:
        if id(tensor) not in transposed:
            transposed[id(tensor)] = tensor.transpose(0, 1)
    return [transposed[id(tensor)] for tensor in tensors]
