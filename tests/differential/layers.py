"""Sampling of arguments of layers: convolution, pooling, normalization, losses, attention."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .case import TensorArg
from .sampling import Draw
from .shapes import shapes

FLOATING = ("float32", "float32", "float64", "float16", "bfloat16")


def _floating(draw: Draw) -> None:
    """Usually a floating dtype, as most layers require."""
    if draw.chance(0.9):
        draw.dtype = draw.pick(FLOATING)


def _per_dim(draw: Draw, n: int, low: int, high: int) -> Any:
    """An int for all spatial dimensions, or one for each, occasionally too many."""
    if draw.chance(0.5):
        return draw.int(low, high)
    if draw.chance(0.05):
        n += 1
    return tuple(draw.int(low, high) for _ in range(n))


def _images(draw: Draw, n: int, channels: int, low: int = 1, high: int = 7) -> Any:
    batch = (draw.int(0 if draw.chance(0.1) else 1, 3),) if draw.chance(0.8) else ()
    draw.shape = (*batch, channels, *(draw.int(low, high) for _ in range(n)))
    return draw.tensor(draw.shape)


def _convolution(n: int, transposed: bool) -> Callable[[Draw], dict[str, Any]]:
    def draw_arguments(draw: Draw) -> dict[str, Any]:
        _floating(draw)
        groups = draw.pick((1, 1, 2, 3))
        channels, filters = groups * draw.int(1, 3), groups * draw.int(1, 3)
        kernel = tuple(draw.int(1, 3) for _ in range(n))
        if draw.chance(0.05):
            filters += 1
        lead = (channels, filters // groups) if transposed else (filters, channels // groups)
        found = {
            "input": _images(draw, n, channels),
            "weight": draw.tensor((*lead, *kernel)),
            "bias": draw.tensor((filters,)) if draw.chance(0.5) else None,
            "stride": _per_dim(draw, n, 1, 3),
            "padding": _per_dim(draw, n, 0, 2),
            "dilation": _per_dim(draw, n, 1, 2),
            "groups": groups,
        }
        if transposed:
            found["output_padding"] = _per_dim(draw, n, 0, 1)
        elif draw.chance(0.15):
            found["padding"] = draw.pick(("same", "valid"))
        return found

    return draw_arguments


def _pooling(n: int) -> Callable[[Draw], dict[str, Any]]:
    def draw_arguments(draw: Draw) -> dict[str, Any]:
        _floating(draw)
        found = {
            "input": _images(draw, n, draw.int(1, 3)),
            "kernel_size": _per_dim(draw, n, 1, 3),
            "stride": draw.pick((None, _per_dim(draw, n, 1, 3))),
            "padding": draw.pick((0, 0, _per_dim(draw, n, 0, 1))),
            "ceil_mode": draw.chance(0.3),
            "count_include_pad": draw.chance(0.5),
            "norm_type": draw.pick((1, 2, 2.0, 3.0, math.inf)),
        }
        if draw.chance(0.3):
            found["dilation"] = _per_dim(draw, n, 1, 2)
        if draw.chance(0.2):
            found["divisor_override"] = draw.int(-1, 4)
        return found

    return draw_arguments


def _adaptive(n: int) -> Callable[[Draw], dict[str, Any]]:
    def draw_arguments(draw: Draw) -> dict[str, Any]:
        _floating(draw)
        size = _per_dim(draw, n, 1, 5)
        if isinstance(size, tuple) and draw.chance(0.2):
            size = (None, *size[1:])
        return {"input": _images(draw, n, draw.int(1, 3)), "output_size": size}

    return draw_arguments


def _normalized(spec: str, positive: tuple[str, ...] = ()) -> Callable[[Draw], dict[str, Any]]:
    def draw_arguments(draw: Draw) -> dict[str, Any]:
        _floating(draw)
        found = shapes(draw, spec)
        for name in positive:
            if found.get(name) is not None:
                variance = found[name]
                found[name] = draw.tensor(variance.values.shape, variance.dtype, 0.1, 3.0)
        for name in ("running_mean", "running_var"):
            found.setdefault(name, None)
            if found[name] is not None:
                found[name] = draw.tensor(
                    found[name].values.shape, found[name].dtype, 0.1, 2.0, grad=False
                )
        return found | {"eps": draw.pick((1e-5, 1e-3, 0.1)), "momentum": draw.pick((0.1, 0.5, 0))}

    return draw_arguments  # fmt: skip


_batch_norm = _normalized("self=bc* ?running_mean=c ?running_var=c ?weight=c ?bias=c")


def _group_norm(draw: Draw) -> dict[str, Any]:
    _floating(draw)
    groups = draw.int(1, 3)
    channels = groups * draw.int(1, 3)
    found = shapes(draw, f"self=b{channels}* ?weight={channels} ?bias={channels}")
    return found | {"num_groups": groups if draw.chance(0.95) else groups + 1, "eps": 1e-5}


def _layer_norm(draw: Draw) -> dict[str, Any]:
    _floating(draw)
    lead, inner = draw.sizes(0, 2), draw.sizes(1, 2)
    draw.shape = lead + inner
    return {
        "self": draw.tensor(draw.shape),
        "normalized_shape": inner if draw.chance(0.95) else lead,
        "weight": draw.tensor(inner) if draw.chance(0.6) else None,
        "bias": draw.tensor(inner) if draw.chance(0.6) else None,
        "eps": draw.pick((1e-5, 1e-3)),
    }


def _pair_loss(draw: Draw) -> dict[str, Any]:
    _floating(draw)
    found = shapes(draw, "input=* target=~*")
    found |= {
        "self": found["input"],
        "weight": draw.tensor(draw.shape) if draw.chance(0.2) else None,
        "delta": draw.pick((1.0, 0.5)),
        "beta": draw.pick((1.0, 0.5, 0)),
    }
    return found | {"var": draw.tensor(draw.shape, found["input"].dtype, 0.1, 2.0),
                    "eps": 1e-3, "p": draw.pick((1, 2)), "margin": draw.pick((1.0, 0.5)),
                    }  # fmt: skip


def _probability_loss(draw: Draw) -> dict[str, Any]:
    _floating(draw)
    draw.shape = draw.sizes(0, 3)
    draw.odd_values = False
    given = {name: draw.tensor(draw.shape, None, 0.0, 1.0) for name in ("self", "target")}
    weight = draw.tensor(draw.shape, None, 0.0, 2.0) if draw.chance(0.4) else None
    return {**given, "input": given["self"], "weight": weight, "pos_weight": weight}


def _class_loss(draw: Draw) -> dict[str, Any]:
    _floating(draw)
    classes = draw.int(1, 5)
    lead = () if draw.chance(0.2) else (draw.size(),)
    rest = draw.sizes(0, 2) if lead else ()
    draw.shape = (*lead, classes, *rest)
    if draw.chance(0.2):
        target = draw.tensor(draw.shape, None, 0.0, 1.0)
    else:
        target = draw.ints((*lead, *rest), 0, classes)
    given = draw.tensor(draw.shape)
    weight = draw.tensor((classes,), given.dtype, 0.1, 2.0) if draw.chance(0.3) else None
    return {
        "self": given,
        "input": given,
        "target": target,
        "weight": weight,
        "ignore_index": draw.pick((-100, 0, 1)),
        "label_smoothing": draw.pick((0.0, 0.1, 1.0)),
        "p": draw.pick((1, 2)),
        "margin": draw.pick((1.0, 0.5)),
    }


def _sign_loss(draw: Draw) -> dict[str, Any]:
    """Targets of 1 and -1."""
    _floating(draw)
    found = shapes(draw, "input1=bk input2=bk")
    target = draw.tensor(draw.shape[:1], "int64", 0, 1, grad=False)
    plain = draw.tensor(draw.shape, None, 0, 1, grad=False)
    values = draw.chance(0.5)
    signs = target if values else plain
    signs = type(signs)(signs.values.round() * 2.0 - 1, "float32")
    return found | {"input": found["input1"], "target": signs, "margin": draw.pick((0.0, 0.5))}


def _multilabel_loss(draw: Draw) -> dict[str, Any]:
    _floating(draw)
    found = shapes(draw, "input=bk target=bk ?weight=k")
    return found


def _triplet_loss(draw: Draw) -> dict[str, Any]:
    _floating(draw)
    found = shapes(draw, "anchor=*k positive=*k negative=*k")
    return found | {"p": draw.pick((1.0, 2.0, 2)), "margin": draw.pick((0.5, 1.0, 2)), "eps": 1e-6}


def _attention(draw: Draw) -> dict[str, Any]:
    _floating(draw)
    draw.odd_values = False
    if draw.chance(0.3):
        draw.wants_grad = False
    found = shapes(draw, "query=*nk key=*mk value=*mj")
    n, m = draw.shape[-2], found["key"].values.shape[-2]
    mask = None
    if draw.chance(0.4):
        shape = draw.broadcastable((*draw.shape[:-2], n, m))
        mask = draw.tensor(shape, draw.pick(("bool", found["query"].dtype)))
    causal = mask is None and draw.chance(0.4)
    return found | {"attn_mask": mask, "dropout_p": 0.0, "is_causal": causal, "enable_gqa": False}


def _embedding(draw: Draw) -> dict[str, Any]:
    _floating(draw)
    rows, width = draw.int(1, 5), draw.size()
    indices = draw.ints(draw.sizes(0, 2), 0, rows)
    return {
        "input": indices,
        "indices": indices,
        "weight": draw.tensor((rows, width)),
        "padding_idx": draw.pick((None, 0, -1, rows)) if draw.chance(0.4) else None,
        "max_norm": None,
    }


def _embedding_bag(draw: Draw) -> dict[str, Any]:
    found = _embedding(draw)
    rows = len(found["weight"].values)
    count = draw.int(0, 6)
    found["mode"] = draw.pick(("sum", "mean", "max"))
    if draw.chance(0.5):
        found["input"] = draw.ints((draw.int(1, 3), count), 0, rows)
        found["offsets"] = None
    else:
        cuts = sorted(draw.int(0, count) for _ in range(draw.int(0, 3)))
        found["input"] = draw.ints((count,), 0, rows)
        found["offsets"] = TensorArg(np.array([0, *cuts]), found["input"].dtype)
    if found["mode"] == "sum" and draw.chance(0.4):
        shape = found["input"].values.shape
        found["per_sample_weights"] = draw.tensor(shape, found["weight"].dtype)
    return found | {"indices": found["input"], "include_last_offset": draw.chance(0.2)}


MODES = {3: ("nearest", "nearest-exact", "linear", "area"),
         4: ("nearest", "nearest-exact", "bilinear", "bicubic", "area"),
         5: ("nearest", "nearest-exact", "trilinear", "area")}  # fmt: skip


def _interpolate(draw: Draw) -> dict[str, Any]:
    _floating(draw)
    n = draw.int(1, 3)
    draw.shape = (draw.int(1, 2), draw.int(1, 3), *(draw.int(1, 6) for _ in range(n)))
    mode = draw.pick(MODES[n + 2]) if draw.chance(0.95) else "bilinear"
    size = _per_dim(draw, n, 1, 8) if draw.chance(0.5) else None
    scale: Any = None
    if size is None:
        scale = draw.pick(
            (2, 0.5, 1.5, 2.0, 3, 0.7, tuple(draw.pick((0.5, 1.0, 2.0)) for _ in range(n)))
        )
    linear = mode.endswith("linear") or mode == "bicubic"
    image = draw.tensor(draw.shape)
    return {
        "self": image,
        "input": image,
        "size": size,
        "scale_factor": scale,
        "mode": mode,
        "align_corners": draw.pick((None, True, False)) if linear else None,
        "antialias": mode in ("bilinear", "bicubic") and draw.chance(0.3),
    }  # fmt: skip


def _grid_sample(draw: Draw) -> dict[str, Any]:
    _floating(draw)
    draw.odd_values = False
    n = draw.int(2, 3)
    batch, channels = draw.int(1, 2), draw.int(1, 3)
    draw.shape = (batch, channels, *(draw.int(1, 5) for _ in range(n)))
    dtype = draw.dtype
    return {
        "input": draw.tensor(draw.shape, dtype),
        "grid": draw.tensor((batch, *(draw.int(0, 4) for _ in range(n)), n), dtype, -1.4, 1.4),
        "mode": draw.pick(("bilinear", "nearest", "bicubic")),
        "padding_mode": draw.pick(("zeros", "border", "reflection")),
        "align_corners": draw.pick((None, True, False)),
    }


def _affine_grid(draw: Draw) -> dict[str, Any]:
    _floating(draw)
    n, batch = draw.int(2, 3), draw.int(1, 3)
    size = [batch, 2, *(draw.int(1, 4) for _ in range(n))]
    return {"theta": draw.tensor((batch, n, n + 1)), "size": size}


def _patches(draw: Draw) -> dict[str, Any]:
    _floating(draw)
    image = _images(draw, 2, draw.int(1, 3))
    return {
        "self": image,
        "input": image,
        "kernel_size": _per_dim(draw, 2, 1, 3),
        "dilation": _per_dim(draw, 2, 1, 2),
        "padding": _per_dim(draw, 2, 0, 1),
        "stride": _per_dim(draw, 2, 1, 2),
    }


def _fold(draw: Draw) -> dict[str, Any]:
    _floating(draw)
    height, width, kernel = draw.int(1, 5), draw.int(1, 5), draw.int(1, 2)
    stride, padding = draw.int(1, 2), draw.int(0, 1)
    count = math.prod(max((n + 2 * padding - kernel) // stride + 1, 0) for n in (height, width))
    batch = (draw.int(1, 2),) if draw.chance(0.8) else ()
    draw.shape = (*batch, draw.int(1, 2) * kernel**2, count if draw.chance(0.95) else count + 1)
    columns = draw.tensor(draw.shape)
    return {
        "self": columns,
        "input": columns,
        "output_size": (height, width),
        "kernel_size": kernel if draw.chance(0.5) else (kernel, kernel),
        "dilation": 1,
        "padding": padding,
        "stride": stride,
    }


def _shuffle(draw: Draw) -> dict[str, Any]:
    _floating(draw)
    factor = draw.int(1, 3)
    lead = draw.sizes(0, 2)
    c, h, w = draw.int(1, 2), draw.int(1, 2) * factor, draw.int(1, 2) * factor
    draw.shape = (*lead, c * factor**2, h, w)
    given = draw.tensor(draw.shape)
    wrong = draw.chance(0.1)
    return {"self": given, "upscale_factor": factor + wrong, "downscale_factor": factor + wrong}


def _channel_shuffle(draw: Draw) -> dict[str, Any]:
    groups = draw.int(1, 3)
    draw.shape = (draw.int(1, 2), groups * draw.int(1, 3), *draw.sizes(0, 2))
    return {"input": draw.tensor(draw.shape), "groups": groups}


def _multi_head_attention(draw: Draw) -> dict[str, Any]:
    draw.dtype = draw.pick(("float32", "float64"))
    draw.odd_values = False
    heads, width = draw.int(1, 2), 2 * draw.int(1, 2)
    source, target, batch = draw.int(1, 4), draw.int(1, 4), draw.int(1, 3)
    own = draw.dtype
    separate = draw.chance(0.3)
    square = [draw.tensor((width, width), own) for _ in range(3)]
    return {
        "query": draw.tensor((target, batch, width), own),
        "key": draw.tensor((source, batch, width), own),
        "value": draw.tensor((source, batch, width), own),
        "embed_dim_to_check": width,
        "num_heads": heads,
        "in_proj_weight": None if separate else draw.tensor((3 * width, width), own),
        "in_proj_bias": draw.tensor((3 * width,), own) if draw.chance(0.8) else None,
        "bias_k": None,
        "bias_v": None,
        "add_zero_attn": draw.chance(0.2),
        "dropout_p": 0.0,
        "out_proj_weight": draw.tensor((width, width), own),
        "out_proj_bias": draw.tensor((width,), own),
        "use_separate_proj_weight": separate,
        **(dict(zip(("q_proj_weight", "k_proj_weight", "v_proj_weight"), square, strict=True))
           if separate else {}),
        "is_causal": False,
    }  # fmt: skip


def _floats_only(draw: Draw) -> dict[str, Any]:
    _floating(draw)
    return {}


BY_DIMENSIONS = {
    f"{name}{n}d{ending}": family(n)
    for n in (1, 2, 3)
    for name, ending, family in (
        ("conv", "", lambda n: _convolution(n, transposed=False)),
        ("conv_transpose", "", lambda n: _convolution(n, transposed=True)),
        ("avg_pool", "", _pooling),
        ("max_pool", "", _pooling),
        ("max_pool", "_with_indices", _pooling),
        ("lp_pool", "", _pooling),
        ("adaptive_avg_pool", "", _adaptive),
        ("adaptive_max_pool", "", _adaptive),
        ("adaptive_max_pool", "_with_indices", _adaptive),
    )
}
LAYERS: dict[str, Callable[[Draw], dict[str, Any]]] = {
    **BY_DIMENSIONS,
    **dict.fromkeys(("batch_norm", "instance_norm"), _batch_norm),
    "group_norm": _group_norm,
    **dict.fromkeys(("layer_norm", "rms_norm"), _layer_norm),
    **dict.fromkeys(
        ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "soft_margin_loss", "kl_div",
         "poisson_nll_loss", "gaussian_nll_loss"),
        _pair_loss,
    ),
    **dict.fromkeys(
        ("binary_cross_entropy", "binary_cross_entropy_with_logits"), _probability_loss
    ),
    **dict.fromkeys(("cross_entropy", "nll_loss", "multi_margin_loss"), _class_loss),
    **dict.fromkeys(
        ("cosine_embedding_loss", "margin_ranking_loss", "hinge_embedding_loss"), _sign_loss
    ),
    "multilabel_soft_margin_loss": _multilabel_loss,
    **dict.fromkeys(("triplet_margin_loss", "triplet_margin_with_distance_loss"), _triplet_loss),
    "scaled_dot_product_attention": _attention,
    "multi_head_attention_forward": _multi_head_attention,
    "embedding": _embedding,
    "embedding_bag": _embedding_bag,
    **dict.fromkeys(("interpolate", "upsample"), _interpolate),
    "grid_sample": _grid_sample,
    "affine_grid": _affine_grid,
    **dict.fromkeys(("nn.functional.unfold", "im2col"), _patches),
    **dict.fromkeys(("fold", "col2im"), _fold),
    **dict.fromkeys(("pixel_shuffle", "pixel_unshuffle"), _shuffle),
    "channel_shuffle": _channel_shuffle,
    **dict.fromkeys(
        ("gelu", "silu", "mish", "elu", "selu", "celu", "softplus", "hardswish", "hardsigmoid",
         "hardtanh", "leaky_relu", "relu6", "glu", "softmin", "logsigmoid", "softsign",
         "local_response_norm", "normalize"),
        _floats_only,
    ),
}  # fmt: skip
