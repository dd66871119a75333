"""Scaled dot-product and multi-head attention (Vaswani et al., 2017)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine import _C
from engine._C import Tensor
from engine.nn.functional.dropout import dropout

scaled_dot_product_attention = _C.scaled_dot_product_attention


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Multi-head attention over (L, N, E) or (L, E); see nn.MultiheadAttention.

    In both masks True, or minus infinity, excludes a position. static_k and static_v
    (N * num_heads, S, head_dim) replace the projected keys and values.
    """
    if any(x.dim() not in (2, 3) or x.dim() != query.dim() for x in (query, key, value)):
        raise ValueError(
            "multi_head_attention_forward: query, key and value must all have 2 or all 3 "
            f"dimensions, got {tuple(query.shape)}, {tuple(key.shape)} and {tuple(value.shape)}"
        )
    if query.shape[-1] != embed_dim_to_check or embed_dim_to_check % num_heads:
        raise ValueError(
            f"multi_head_attention_forward: query has {query.shape[-1]} features, expected "
            f"{embed_dim_to_check}, a multiple of num_heads {num_heads}"
        )
    batched = query.dim() == 3
    if not batched:
        query, key, value = (x.unsqueeze(1) for x in (query, key, value))
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    if use_separate_proj_weight:
        weights = [w for w in (q_proj_weight, k_proj_weight, v_proj_weight) if w is not None]
        if len(weights) < 3:
            raise ValueError(
                "multi_head_attention_forward: use_separate_proj_weight needs q_proj_weight, "
                "k_proj_weight and v_proj_weight"
            )
        q, k, v = _project(query, key, value, weights, in_proj_bias)
    else:
        q, k, v = _project_packed(query, key, value, in_proj_weight, in_proj_bias)
    k, v = _with_extra_positions(k, v, bias_k, bias_v, add_zero_attn)
    added = k.shape[0] - key.shape[0]
    q, k, v = (_split_heads(x, num_heads) for x in (q, k, v))
    k = _static_or_projected("static_k", static_k, k)
    v = _static_or_projected("static_v", static_v, v)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "multi_head_attention_forward: is_causal is a hint about attn_mask and needs one"
        )
    mask = _merge_masks(attn_mask, key_padding_mask, q, k, added)
    attended, weights_out = _attend(
        q, k, v, mask, dropout_p if training else 0.0, need_weights, is_causal
    )
    n, heads, length, features = attended.shape
    joined = attended.permute(2, 0, 1, 3).reshape(length, n, heads * features)
    output = _C.linear(joined, out_proj_weight, out_proj_bias)
    if weights_out is not None and average_attn_weights:
        weights_out = weights_out.mean(1)
    if not batched:
        output = output.squeeze(1)
        weights_out = None if weights_out is None else weights_out.squeeze(0)
    return output, weights_out


def _project(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    weights: Sequence[Tensor],
    bias: Tensor | None,
) -> tuple[Tensor, ...]:
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    inputs = (query, key, value)
    return tuple(_C.linear(x, w, b) for x, w, b in zip(inputs, weights, biases, strict=True))


def _project_packed(
    query: Tensor, key: Tensor, value: Tensor, weight: Tensor | None, bias: Tensor | None
) -> tuple[Tensor, ...]:
    if weight is None:
        raise ValueError("multi_head_attention_forward: in_proj_weight is None")
    if query is key and key is value:
        return tuple(_C.linear(query, weight, bias).chunk(3, -1))
    return _project(query, key, value, weight.chunk(3), bias)


def _with_extra_positions(
    k: Tensor,
    v: Tensor,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
) -> tuple[Tensor, Tensor]:
    """Keys and values (S, N, E) with the learned position and the position of zeros appended."""
    n = k.shape[1]
    if bias_k is not None and bias_v is not None:
        k = _C.cat([k, bias_k.expand(1, n, -1)])
        v = _C.cat([v, bias_v.expand(1, n, -1)])
    if add_zero_attn:
        k = _C.cat([k, _C.zeros_like(k[:1])])
        v = _C.cat([v, _C.zeros_like(v[:1])])
    return k, v


def _split_heads(x: Tensor, heads: int) -> Tensor:
    """(L, N, E) to (N, heads, L, E / heads)."""
    length, n, features = x.shape
    return x.reshape(length, n, heads, features // heads).permute(1, 2, 0, 3)


def _static_or_projected(name: str, static: Tensor | None, projected: Tensor) -> Tensor:
    """The static keys or values as (N, heads, S, E / heads), or the projected ones."""
    if static is None:
        return projected
    n, heads, _, features = projected.shape
    if static.dim() != 3 or static.shape[0] != n * heads or static.shape[2] != features:
        raise ValueError(
            f"multi_head_attention_forward: {name} must be ({n * heads}, S, {features}), got "
            f"{tuple(static.shape)}"
        )
    return static.reshape(n, heads, static.shape[1], features)


def _as_float_mask(mask: Tensor, like: Tensor) -> Tensor:
    if mask.dtype == _C.bool:
        zeros = _C.zeros(mask.shape, dtype=like.dtype, device=like.device)
        return zeros.masked_fill(mask, -math.inf)
    return mask.to(like.dtype)


def _merge_masks(
    attn_mask: Tensor | None,
    key_padding_mask: Tensor | None,
    q: Tensor,
    k: Tensor,
    added: int,
) -> Tensor | None:
    """Both masks as one to add, (N, heads, L, S) or broadcast to it."""
    n, heads, length, _ = q.shape
    source = k.shape[2] - added
    merged = None
    if attn_mask is not None:
        mask = _as_float_mask(attn_mask, q)
        if tuple(mask.shape) == (n * heads, length, source):
            merged = mask.reshape(n, heads, length, source)
        elif tuple(mask.shape) == (length, source):
            merged = mask.reshape(1, 1, length, source)
        else:
            raise ValueError(
                f"multi_head_attention_forward: attn_mask must be {(length, source)} or "
                f"{(n * heads, length, source)}, got {tuple(mask.shape)}"
            )
    if key_padding_mask is not None:
        if tuple(key_padding_mask.shape) != (n, source):
            raise ValueError(
                f"multi_head_attention_forward: key_padding_mask must be {(n, source)}, got "
                f"{tuple(key_padding_mask.shape)}"
            )
        padding = _as_float_mask(key_padding_mask, q).reshape(n, 1, 1, source)
        merged = padding if merged is None else merged + padding
    if merged is not None and added:
        merged = _C.pad(merged, [0, added], "constant", 0.0)
    return merged


def _attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None,
    dropout_p: float,
    need_weights: bool,
    is_causal: bool,
) -> tuple[Tensor, Tensor | None]:
    if not need_weights:
        # is_causal is a hint that attn_mask is causal: used only without any other mask.
        causal = is_causal and mask is None
        return _C.scaled_dot_product_attention(q, k, v, mask, dropout_p, causal, None), None
    scores = (q * (1.0 / math.sqrt(q.shape[-1]))) @ k.transpose(-2, -1)
    if mask is not None:
        scores = scores + mask
    weights = dropout(_C.softmax(scores, -1), dropout_p)
    return weights @ v, weights
