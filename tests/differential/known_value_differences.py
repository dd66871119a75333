"""Intended differences of values, dtypes, shapes and gradients."""

from __future__ import annotations

import numpy as np

from . import definitions as d, verification as v
from .execution import writes
from .rule import Meant

VALUES = [
    Meant(
        "nan among boundaries comes last, as in NumPy",
        "value",
        "bucketize searchsorted",
        when=lambda case, found: any(np.isnan(t.values).any() for t in case.tensors()),
        right=d.searched_by_numpy,
    ),
    Meant(
        "the commonest element is found also beside nan",
        "value",
        "mode",
        when=lambda case, found: any(np.isnan(t.values).any() for t in case.tensors()),
        right=d.commonest,
    ),
    Meant(
        "the limit at 0 is 1",
        "value",
        "igamma igammac",
        right=lambda case, found: bool(
            (np.abs(v.broadcast_apart(case.tensors()[0].values, found)) < 1e-30).all()
        ),
    ),
    Meant(
        "the slope at either zero is infinite",
        "gradient",
        "logit",
        right=lambda case, found: bool(
            (case.tensors()[0].values[v.apart(found)] == 0).all()
            and np.isposinf(np.abs(found.pair()[0].values[v.apart(found)])).all()
        ),
    ),
    Meant(
        "far beyond the poles a polygamma function is 0",
        "value",
        "polygamma",
        right=lambda case, found: bool(
            np.isposinf(case.tensors()[0].values[v.apart(found)]).all()
            and (found.pair()[0].values[v.apart(found)] == 0).all()
        ),
    ),
    Meant(
        "an infinite variance has no finite gradient",
        "gradient",
        "var std var_mean std_mean",
        right=lambda case, found: not np.isfinite(v.ours(found).results()[0].values).all(),
    ),
    Meant("bools times numbers are integers", "dtype", "addr", ours=("int64",), theirs=("bool",)),
    Meant(
        "losses of integers are floats",
        "dtype",
        "hinge_embedding_loss",
        right=v.in_wider_dtypes,
    ),
    Meant(
        "norms of huge order are those of infinite order",
        "value",
        "pairwise_distance cdist pdist norm dist",
        when=lambda case, found: any(
            isinstance(x, (int, float)) and abs(x) > 1e3 for x in case.arguments()
        ),
        right=v.nothing,
    ),
    Meant(
        "places of an area may have more dimensions than its samples",
        "shape",
        "trapz trapezoid cumulative_trapezoid",
        when=lambda case, found: len({t.values.ndim for t in case.tensors()}) > 1,
        right=v.nothing,
    ),
    Meant(
        "the dtype of a loss is the promoted one, not the target's",
        "dtype",
        "mse_loss l1_loss smooth_l1_loss huber_loss soft_margin_loss binary_cross_entropy "
        "binary_cross_entropy_with_logits",
        right=v.both(d.promoted, v.in_wider_dtypes),
    ),
    Meant(
        "which of several writes to one element stays is not defined",
        "value, argument value",
        "put index_put index_copy scatter __setitem__",
        right=d.one_of_several_writes,
    ),
    Meant(
        "PyTorch's constants are rounded to float32",
        "gradient",
        "hardsigmoid hardswish",
        right=v.derivative,
    ),
    Meant(
        "integers are centred as floats and do not wrap around",
        "value",
        "cov corrcoef",
        when=lambda case, found: d.has_extremes(case),
        right=v.in_wider_dtypes,
    ),
    Meant(
        "PyTorch's gradient of statistics over dim=[] counts no elements",
        "gradient",
        "std var std_mean var_mean",
        when=lambda case, found: [] in case.arguments() or () in case.arguments(),
        right=v.over_all_dims,
    ),
    Meant(
        "PyTorch gives back shuffles without elements as they came",
        "shape",
        "pixel_shuffle pixel_unshuffle",
        when=lambda case, found: not case.tensors()[0].values.size,
    ),
    Meant(
        "of equal elements any may get the gradient",
        "gradient",
        "quantile nanquantile kthvalue sort topk msort mode median nanmedian max min",
        right=v.either(d.shifted_among_equals, v.derivative),
    ),
    Meant(
        "where the extreme is nan, nan gets the gradient, as of max along a dimension",
        "gradient",
        "amax amin",
        right=v.both(d.theirs_is_nan, d.only_nan_gets_gradient),
    ),
    Meant(
        "topk without sorted=True gives no order",
        "value",
        "topk",
        when=lambda case, found: False in (case.kwargs.get("sorted"), *case.args[4:]),
        right=d.same_in_any_order,
    ),
    Meant(
        "PyTorch's 1 - target wraps around for targets of uint8",
        "value, gradient",
        "multilabel_soft_margin_loss binary_cross_entropy_with_logits",
        when=lambda case, found: any(t.dtype == "uint8" for t in case.tensors()),
        right=v.in_wider_dtypes,
    ),
    Meant("sum_to_size keeps the dtype", "dtype", "sum_to_size",
          when=lambda case, found: found.ours == case.tensors()[0].dtype,
          right=v.in_wider_dtypes),
    Meant(
        "of memory that elements share each element gets the whole gradient",
        "gradient",
        "as_strided",
        when=lambda case, found: d.has_expanded(case),
    ),
    Meant(
        "what is written in place no longer depends on what was there",
        "gradient",
        "logical_and logical_or logical_xor logical_not",
        right=lambda case, found: not found.pair()[0].values.any(),
    ),
    Meant("integers need no gradient", "requires_grad", ours=("False",),
          when=lambda case, found: writes(case) and "float" not in case.tensors()[0].dtype),
    Meant(
        "PyTorch's gradient is nan where the answer does not depend on the element",
        "gradient",
        "nanmean kl_div poisson_nll_loss copysign digamma logcumsumexp cumprod logit hypot "
        "index_reduce scatter_reduce mish",
        right=v.both(d.theirs_is_nan, v.derivative),
    ),
    Meant("of a product of no columns PyTorch's keeps self's shape", "shape", "addmv",
          when=lambda case, found: any(t.values.size == 0 for t in case.tensors())),
    Meant(
        "PyTorch's gradient stops where a norm is clamped",
        "gradient",
        "cosine_similarity",
        right=v.derivative,
    ),
    Meant(
        "PyTorch loses the gradient where the exponents are integers",
        "gradient",
        "ldexp",
        right=v.in_wider_dtypes,
    ),
    Meant(
        "PyTorch squares integers in their own dtype",
        "gradient",
        "atan2 arctan2",
        when=lambda case, found: any("int" in t.dtype for t in case.tensors()),
        right=v.derivative,
    ),
    Meant(
        "logarithms are cut off at -100, and the gradient with them",
        "gradient",
        "binary_cross_entropy",
        right=v.derivative,
    ),
    Meant(
        "alpha scales the sum, not each product",
        "value",
        "addbmm",
        right=d.non_finite,
    ),
    Meant(
        "infinite factors give nan or infinities, as the products are arranged",
        "value, gradient",
        "addmm addmv addbmm baddbmm addr bilinear lerp matrix_power multilabel_soft_margin_loss "
        "binary_cross_entropy_with_logits",
        when=lambda case, found: d.has_extremes(case) or d.has_infinite_numbers(case),
        right=d.non_finite,
    ),
    Meant(
        "Winograd's form makes nan of infinities in a window",
        "value",
        "conv2d",
        right=d.non_finite,
    ),
    Meant(
        "padding is not multiplied: infinities and nan of the weight do not spread there",
        "value",
        "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
        right=v.without_odd_weights,
    ),
    Meant(
        "the gradient of a product is that of the others, also beside infinities",
        "gradient",
        "prod",
        right=d.products_of_others,
    ),
    Meant(
        "PyTorch squares large elements beyond the dtype's range",
        "gradient",
        "sinc",
        when=lambda case, found: bool(
            (np.abs(case.tensors()[0].values[v.apart(found)]) > 1e15).all()
        ),
        right=lambda case, found: bool((np.abs(found.pair()[0].values) < 1e-14).all()),
    ),
    Meant(
        "areas of narrow integers do not wrap around",
        "value",
        "trapz trapezoid cumulative_trapezoid",
        when=lambda case, found: any("int" in t.dtype for t in case.tensors()),
        right=v.either(v.in_wider_dtypes, lambda case, found: d.has_extremes(case)),
    ),
    Meant(
        "an infinite alpha is multiplied also where x is 0",
        "value",
        "elu celu",
        when=lambda case, found: d.has_infinite_numbers(case),
        right=lambda case, found: bool((case.tensors()[0].values[v.apart(found)] == 0).all()),
    ),
    Meant("nan has the slope nan", "gradient", "selu elu celu",
          right=lambda case, found: bool(np.isnan(case.tensors()[0].values[v.apart(found)]).all())),
    Meant(
        "infinities, nan and huge numbers are no integers; what they become is not defined",
        "value",
        "cumsum cumprod sum prod to",
        when=lambda case, found: "int" in found.pair()[0].dtype
        and any("float" in t.dtype for t in case.tensors()),
        right=v.only_undefined_casts,
    ),
    Meant(
        "the order of summation decides between nan and infinities",
        "gradient",
        "ldexp",
        right=d.non_finite,
    ),
    Meant(
        "infinite weights give nan or infinities, as the terms are arranged",
        "value, gradient",
        "group_norm batch_norm instance_norm layer_norm rms_norm",
        when=lambda case, found: any(np.isinf(t.values).any() for t in case.tensors()[1:]),
        right=d.non_finite,
    ),
    Meant(
        "PyTorch's gradient overflows beside huge elements",
        "gradient",
        "logcumsumexp logaddexp logsumexp",
        when=lambda case, found: d.has_extremes(case),
        right=v.derivative,
    ),
    Meant(
        "alpha=0 does not hide infinities and nan of the product",
        "value",
        "addmm addmv addbmm baddbmm addr",
        when=lambda case, found: case.kwargs.get("alpha") == 0,
        right=lambda case, found: bool(np.isnan(found.pair()[0].values[v.apart(found)]).all()),
    ),
    Meant(
        "terms that cancel leave rounding errors",
        "gradient",
        "normalize cosine_similarity",
        right=d.cancels,
    ),
    Meant("PyTorch's gcd overflows", "value", "gcd", right=d.greatest_common_divisors),
    Meant(
        "statistics and distances are right wherever the result fits",
        "value",
        "cdist pdist norm linalg_vector_norm dist std std_mean pairwise_distance renorm",
        right=v.scaled(1),
    ),
    Meant(
        "statistics are right wherever the result fits",
        "value, gradient",
        "layer_norm group_norm instance_norm batch_norm native_layer_norm rms_norm",
        right=d.normalized,
    ),
    Meant(
        "PyTorch's windows are rounded in each step",
        "value",
        "blackman_window bartlett_window hamming_window hann_window",
        right=lambda case, found: bool(
            np.allclose(*(r.values for r in found.pair()), rtol=0, atol=2e-7)
        ),
    ),
    Meant(
        "PyTorch's nanmedian of a tensor whose elements share memory sorts them in place",
        "value",
        "nanmedian median",
        when=lambda case, found: d.has_expanded(case),
        right=v.contiguous,
    ),
    Meant(
        "nan spreads",
        "value",
        "multi_margin_loss",
        when=lambda case, found: any(np.isnan(t.values).any() for t in case.tensors()),
        right=lambda case, found: bool(np.isnan(found.pair()[0].values[v.apart(found)]).all()),
    ),
    Meant("dtype and gradient do not depend on whether there are elements",
          "dtype, requires_grad", "trapz trapezoid cumulative_trapezoid bincount",
          when=lambda case, found: any(t.values.size == 0 for t in case.tensors())),
]  # fmt: skip
