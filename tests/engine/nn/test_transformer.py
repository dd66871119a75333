"""Attention beside its equations, and the composition of the transformer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.nn import functional as F
from tests.engine.nn.reference import Array, array, close, double, draw, softmax, tensor


def heads(x: Array, weight: Array, bias: Array, n: int) -> Array:
    """(L, N, E) projected and split: (N, heads, L, E / heads)."""
    y = x @ weight.T + bias
    return y.reshape(*y.shape[:2], n, -1).transpose(1, 2, 0, 3)


def attention(module: Any, q: Array, k: Array, v: Array, mask: Array) -> tuple[Array, Array]:
    n = module.num_heads
    weights = np.split(array(module.in_proj_weight), 3)
    biases = np.split(array(module.in_proj_bias), 3)
    q, k, v = (heads(x, w, b, n) for x, w, b in zip((q, k, v), weights, biases, strict=True))
    scores = q @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[-1]) + mask
    probability = softmax(scores)
    joined = (probability @ v).transpose(2, 0, 1, 3)
    joined = joined.reshape(*joined.shape[:2], -1)
    output = joined @ array(module.out_proj.weight).T + array(module.out_proj.bias)
    return output, probability


@pytest.mark.parametrize("need_weights", [True, False])
def test_multihead_attention(need_weights: bool) -> None:
    module = double(nn.MultiheadAttention(6, 2))
    q, k, v = draw(4, 3, 6), draw(5, 3, 6, seed=1), draw(5, 3, 6, seed=2)
    blocked = np.zeros((4, 5), bool)
    blocked[0, 1:] = True
    padding = np.zeros((3, 5), bool)
    padding[1, 3:] = True
    mask = np.where(blocked[None, None] | padding[:, None, None], -np.inf, 0.0)
    wanted, probability = attention(module, q, k, v, mask)
    output, weights = module(
        tensor(q),
        tensor(k),
        tensor(v),
        key_padding_mask=tensor(padding),
        attn_mask=tensor(blocked),
        need_weights=need_weights,
    )
    close(output, wanted)
    if not need_weights:
        assert weights is None
        return
    close(weights, probability.mean(1))
    _, each = module(tensor(q), tensor(k), tensor(v), average_attn_weights=False)
    close(each, attention(module, q, k, v, np.zeros(1))[1])


def test_float_masks_are_added() -> None:
    module = double(nn.MultiheadAttention(6, 2))
    x, mask = draw(4, 3, 6), draw(6, 4, 4, seed=3)
    wanted, _ = attention(module, x, x, x, mask.reshape(3, 2, 4, 4))
    close(module(tensor(x), tensor(x), tensor(x), attn_mask=tensor(mask))[0], wanted)


def test_batch_first_and_no_batch() -> None:
    module = double(nn.MultiheadAttention(6, 3))
    x = tensor(draw(4, 2, 6))
    wanted, weights = module(x, x, x)
    alone, alone_weights = module(x[:, 1], x[:, 1], x[:, 1])
    close(alone, array(wanted[:, 1]))
    close(alone_weights, array(weights[1]))
    module.batch_first = True
    turned = x.transpose(0, 1)
    close(module(turned, turned, turned)[0], array(wanted.transpose(0, 1)))


def test_extra_positions_for_attention() -> None:
    module = double(nn.MultiheadAttention(4, 2, add_bias_kv=True, add_zero_attn=True))
    x = tensor(draw(3, 2, 4))
    output, weights = module(x, x, x, attn_mask=engine.zeros(3, 3, dtype=engine.bool))
    assert tuple(output.shape) == (3, 2, 4) and tuple(weights.shape) == (2, 3, 5)
    close(weights.sum(-1), np.ones((2, 3)))


def test_other_widths_of_key_and_value() -> None:
    module = double(nn.MultiheadAttention(4, 2, kdim=3, vdim=5))
    same = double(nn.MultiheadAttention(4, 2))
    k, v = draw(6, 2, 3), draw(6, 2, 5)
    # An attention with identity projections of projected inputs gives the same.
    q_w, k_w, v_w = (array(getattr(module, f"{n}_proj_weight")) for n in "qkv")
    same.in_proj_weight.data = tensor(np.concatenate([q_w, np.eye(4), np.eye(4)]))
    same.in_proj_bias.data = module.in_proj_bias.data
    same.out_proj = module.out_proj
    q = tensor(draw(3, 2, 4, seed=1))
    wanted, _ = same(q, tensor(k @ k_w.T), tensor(v @ v_w.T))
    close(module(q, tensor(k), tensor(v))[0], array(wanted))


def test_attention_says_what_is_wrong() -> None:
    module = nn.MultiheadAttention(4, 2)
    x = engine.zeros(3, 2, 4)
    with pytest.raises(ValueError, match=r"attn_mask must be \(3, 3\) or \(4, 3, 3\), got \(2, 3"):
        module(x, x, x, attn_mask=engine.zeros(2, 3))
    with pytest.raises(ValueError, match=r"key_padding_mask must be \(2, 3\), got \(3, 2\)"):
        module(x, x, x, key_padding_mask=engine.zeros(3, 2))
    with pytest.raises(ValueError, match="query has 5 features, expected 4"):
        module(engine.zeros(3, 2, 5), x, x)
    with pytest.raises(ValueError, match="positive multiple of num_heads 3"):
        nn.MultiheadAttention(4, 3)
    with pytest.raises(ValueError, match="is_causal is a hint and needs attn_mask"):
        module(x, x, x, is_causal=True)


def test_scaled_dot_product_attention() -> None:
    q, k, v = draw(2, 4, 3, 5), draw(2, 2, 6, 5, seed=1), draw(2, 2, 6, 5, seed=2)
    k2, v2 = (np.repeat(x, 2, 1) for x in (k, v))
    wanted = softmax(q @ k2.transpose(0, 1, 3, 2) / math.sqrt(5)) @ v2
    got = F.scaled_dot_product_attention(tensor(q), tensor(k), tensor(v), enable_gqa=True)
    close(got, wanted)
    causal = np.where(np.tril(np.ones((3, 3))), 0, -np.inf)
    wanted = softmax(q @ q.transpose(0, 1, 3, 2) * 0.7 + causal) @ q
    close(
        F.scaled_dot_product_attention(tensor(q), tensor(q), tensor(q), is_causal=True, scale=0.7),
        wanted,
    )


@pytest.mark.parametrize("norm_first", [False, True])
def test_encoder_layer(norm_first: bool) -> None:
    layer = double(
        nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0, norm_first=norm_first, activation="gelu")
    )
    x = tensor(draw(4, 3, 6))

    def attend(y: Any) -> Any:
        return layer.self_attn(y, y, y)[0]

    def feed(y: Any) -> Any:
        return layer.linear2(F.gelu(layer.linear1(y)))

    if norm_first:
        y = x + attend(layer.norm1(x))
        wanted = y + feed(layer.norm2(y))
    else:
        y = layer.norm1(x + attend(x))
        wanted = layer.norm2(y + feed(y))
    close(layer(x), array(wanted))


def test_decoder_layer() -> None:
    layer = double(nn.TransformerDecoderLayer(6, 2, 8, dropout=0.0))
    x, memory = tensor(draw(4, 3, 6)), tensor(draw(5, 3, 6, seed=1))
    y = layer.norm1(x + layer.self_attn(x, x, x)[0])
    y = layer.norm2(y + layer.multihead_attn(y, memory, memory)[0])
    wanted = layer.norm3(y + layer.linear2(layer.linear1(y).relu()))
    close(layer(x, memory), array(wanted))


def test_causal_masks_hide_the_future() -> None:
    model = double(nn.Transformer(6, 2, 2, 2, 8, dropout=0.0, batch_first=True))
    src, tgt = tensor(draw(2, 5, 6)), tensor(draw(2, 4, 6, seed=1))
    mask = nn.Transformer.generate_square_subsequent_mask(4, dtype=engine.float64)
    assert mask.tolist()[1] == [0.0, 0.0, -math.inf, -math.inf]
    output = model(src, tgt, tgt_mask=mask, tgt_is_causal=True)
    changed = tgt.clone()
    changed[:, 2:] = 7.0
    other = model(src, changed, tgt_mask=mask)
    close(other[:, :2], array(output[:, :2]))
    assert not engine.allclose(other[:, 2:], output[:, 2:])


def test_padded_positions_do_not_matter() -> None:
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0), 2, nn.LayerNorm(6)
    ).double()
    assert encoder.layers[0] is not encoder.layers[1]
    x = tensor(draw(4, 2, 6))
    padding = engine.tensor([[False, False, True, True]] * 2)
    close(encoder(x, src_key_padding_mask=padding)[:2], array(encoder(x[:2])))


def test_transformer_checks_its_width() -> None:
    with pytest.raises(ValueError, match=r"must have d_model 6 features, got shapes .* 5\)"):
        nn.Transformer(6, 2, 1, 1, 8)(engine.zeros(3, 1, 5), engine.zeros(3, 1, 6))
    with pytest.raises(ValueError, match="activation must be 'relu', 'gelu' or callable"):
        nn.TransformerEncoderLayer(6, 2, activation="swish")


def test_training_uses_dropout() -> None:
    engine.manual_seed(0)
    layer = nn.TransformerEncoderLayer(6, 2, 8, dropout=0.5)
    x = engine.ones(4, 1, 6)
    assert not engine.allclose(layer(x), layer(x))
    layer.eval()
    np.testing.assert_array_equal(array(layer(x)), array(layer(x)))


def test_static_keys_and_values_replace_the_projected_ones() -> None:
    layer = double(nn.MultiheadAttention(4, 2))
    q, k, v = (tensor(draw(3, 1, 4, seed=seed)) for seed in range(3))
    weights = layer.in_proj_weight.chunk(3), layer.in_proj_bias.chunk(3)
    keys, values = (
        F.linear(x, w, b).reshape(3, 2, 2).transpose(0, 1)
        for x, w, b in list(zip((q, k, v), *weights, strict=True))[1:]
    )
    arguments = (
        q, engine.zeros_like(k), engine.zeros_like(v), 4, 2, layer.in_proj_weight,
        layer.in_proj_bias, None, None, False, 0.0, layer.out_proj.weight, layer.out_proj.bias,
    )  # fmt: skip
    output, _ = F.multi_head_attention_forward(*arguments, static_k=keys, static_v=values)
    close(output, array(layer(q, k, v)[0]))
    with pytest.raises(ValueError, match=r"static_k must be \(2, S, 2\), got \(1, 3, 4\)"):
        F.multi_head_attention_forward(*arguments, static_k=engine.zeros(1, 3, 4))
