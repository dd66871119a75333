"""The differences that are meant, each with its reason and a check that ours is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import verifying as v
from .case import Case
from .comparing import NOTHING, Difference
from .running import writes


@dataclass(frozen=True)
class Meant:
    reason: str
    kinds: str  # of difference, with commas
    names: str = ""  # of functions, without path and the _ of in-place forms; empty: all
    ours: tuple[str, ...] = ("",)  # one of these is in our error or answer
    theirs: tuple[str, ...] = ("",)  # and one of these in PyTorch's
    when: Callable[[Case, Difference], bool] = lambda case, found: True
    right: v.Check | None = None  # whether ours is right; needed where ours is an answer

    def covers(self, case: Case, found: Difference) -> bool:
        name = case.name if case.name.endswith("__") else case.name.rstrip("_")
        return (
            found.kind in self.kinds.split(", ")
            and (not self.names or name in self.names.split())
            and any(text in found.ours for text in self.ours)
            and any(text in found.theirs for text in self.theirs)
            and self.when(case, found)
        )

    def judge(self, case: Case, found: Difference) -> str | None:
        """The reason, and whether ours could be compared with something; None if it is wrong."""
        if not self.covers(case, found):
            return None
        said = True if self.right is None or found.ours == NOTHING else self.right(case, found)
        if said is None:
            return f"{self.reason} ({UNCOMPARED})"
        return self.reason if said else None


UNCOMPARED = "nothing of PyTorch's to compare with"


def _no_wrong_type(case: Case, found: Difference) -> bool:
    return not any("text" in str(value) for value in case.arguments())


MEANT = [
    Meant(
        "PyTorch has no kernel for the dtype; ours calculates",
        "accepts, gradient accepts",
        theirs=(
            "not implemented for '",
            "not implemented for type",
            "does not support bool",
            "Unsupported input type",
            "bool is not supported",
            "bool dtype is not supported",
            "Autograd not support dtype",
            "on a bool tensor is not supported",
            "with a bool tensor is not supported",
            "may not be a boolean tensor",
            "Expected a floating point or complex tensor as input",
            "Expected tensor for argument #1 'weight' to have one of the following scalar types",
            "only supports floating-point dtypes",
            "could not infer output dtype",
            "without overflow",
            "Integral inputs not supported",
            "Integer division with addcdiv",
        ),
        right=v.in_wider_dtypes,
    ),
    Meant(
        "PyTorch has no kernel for the dtype; integers wrap around and halves are infinite",
        "accepts",
        theirs=("not implemented for '", "not implemented for type"),
        when=lambda case, found: v.has_extremes(case),
        right=v.nothing,
    ),
    Meant(
        "PyTorch has no such gradient; ours is the derivative",
        "accepts, gradient accepts",
        theirs=("is not differentiable with respect to", "is not implemented", "not implemented."),
        right=v.either(v.out_of_place, v.derivative),
    ),
    Meant(
        "one callable is function and method: numbers as operands, sizes one by one, names of "
        "parameters and None for a default are taken in every form",
        "accepts",
        theirs=(
            "received an invalid combination",
            "descriptor '",
            "missing 1 required",
            "unexpected keyword",
            "positional arguments but",
            "must be Tensor, not int",
            "must be Tensor, not float",
            "must be Tensor, not bool",
            "must be int, not Tensor",
            "must be tuple of ints",
            "not NoneType",
            "None is not a valid value",
        ),
        when=_no_wrong_type,
        right=v.other_forms,
    ),
    Meant(
        "None for a default is taken; areas of integers do not wrap around",
        "accepts",
        "trapz trapezoid cumulative_trapezoid",
        theirs=("received an invalid combination",),
        when=lambda case, found: v.has_extremes(case),
        right=v.nothing,
    ),
    Meant(
        "operands of different dtypes are promoted where PyTorch's kernel wants one dtype",
        "accepts, gradient accepts",
        theirs=(
            "same dtype",
            "did not match",
            "expected scalar type",
            "mixed dtype",
            "Type promoting not supported",
            "expected dtype",
            "different dtypes",
            "dtypes match",
            "dtypes must be the same",
            "Found dtype",
            "needs_dynamic_casting",
        ),
        right=v.in_wider_dtypes,
    ),
    Meant(
        "operands of different dtypes are promoted where PyTorch computes in place",
        "accepts, gradient accepts",
        theirs=("can't be cast to the desired",),
        when=lambda case, found: not writes(case),
        right=v.in_wider_dtypes,
    ),
    Meant(
        "the dtype of a loss is the promoted one, not the target's",
        "dtype",
        "binary_cross_entropy_with_logits huber_loss soft_margin_loss",
        right=v.both(v.promoted, v.in_wider_dtypes),
    ),
    Meant(
        "an index may have any integer dtype",
        "accepts",
        theirs=(
            "Expected dtype int32/int64 for index",
            "Expected a long tensor for index",
            "Expected dtype int64 for index",
            "dtype of indices should be Long",
            "expected target dtype to be Long or Byte",
        ),
        right=v.in_wider_dtypes,
    ),
    Meant(
        "writing through memory that several elements share is refused",
        "raises",
        ours=("share one place in memory", "share memory"),
    ),
    Meant(
        "arguments are checked also where there are no elements",
        "raises",
        theirs=(NOTHING,),
    ),
    Meant(
        "arguments are checked also where there are no elements",
        "raises",
        "bmm addbmm",
        ours=("expected dtype",),
        when=lambda case, found: any(t.values.size == 0 for t in case.tensors()),
    ),
    Meant(
        "a fractional alpha or beta of integers is refused, not truncated",
        "raises",
        "addmm addmv addbmm baddbmm addr index_add",
        ours=("expected an integer for tensors of integers",),
    ),
    Meant(
        "which of several writes to one element stays is not defined",
        "value, argument value",
        "put index_put index_copy scatter __setitem__",
        right=v.one_of_several_writes,
    ),
    Meant(
        "PyTorch's constants are rounded to float32",
        "gradient",
        "hardsigmoid hardswish",
        right=v.derivative,
    ),
    Meant("PyTorch's cov centres integers in place", "argument value, accepts", "cov corrcoef",
          theirs=("int", "used in an in-place operation"), right=v.unchanged),
    Meant("a mask of uint8 is refused", "raises", "where", ours=("expected dtype bool",)),
    Meant(
        "dim=[] means all dimensions, as of sum",
        "accepts",
        "logsumexp",
        theirs=("doesn't match the broadcast shape",),
        right=v.over_all_dims,
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
        "where there are no elements there is an answer",
        "accepts",
        ours=(NOTHING,),
        theirs=("non-zero", "empty", "0 sized", "numel() == 0", "cannot reshape tensor of 0"),
    ),
    Meant(
        "products without elements are sums of nothing",
        "accepts",
        "bilinear",
        theirs=("cannot reshape tensor of 0 elements",),
        right=v.sum_of_nothing,
    ),
    Meant(
        "a whole number may be a float where integers are scaled",
        "accepts",
        theirs=("argument alpha must not be a floating point", "argument beta must not be"),
        right=v.whole_numbers,
    ),
    Meant(
        "True and False may scale what is not of bools",
        "accepts",
        theirs=("Boolean alpha only supported", "Boolean beta only supported"),
        right=v.whole_numbers,
    ),
    Meant(
        "a dtype given to an in-place scan is that of the calculation",
        "accepts",
        "cumsum cumprod",
        theirs=("Bad in-place call",),
        right=v.out_of_place,
    ),
    Meant(
        "dropout of integers is refused also where nothing is dropped",
        "raises",
        "dropout",
        ours=("expected a floating dtype",),
    ),
    Meant(
        "values are not read to be checked: standard deviations, frequencies, weights",
        "accepts",
        "normal cov",
        theirs=("std >= 0", "fweights cannot be negative", "aweights cannot be negative"),
        right=v.nothing,
    ),
    Meant(
        "a negative step goes backwards, as in Python",
        "accepts",
        "__getitem__ __setitem__ slice",
        theirs=("step must be greater than zero", "slice step must be positive"),
        right=v.as_in_numpy,
    ),
    Meant(
        "of equal elements any may get the gradient",
        "gradient",
        "quantile nanquantile kthvalue sort topk msort mode median nanmedian max min",
        right=v.derivative,
    ),
    Meant(
        "where the extreme is nan, nan gets the gradient, as of max along a dimension",
        "gradient",
        "amax amin",
        right=v.both(v.theirs_is_nan, v.only_nan_gets_gradient),
    ),
    Meant(
        "topk without sorted=True gives no order",
        "value",
        "topk",
        when=lambda case, found: False in (case.kwargs.get("sorted"), *case.args[4:]),
        right=v.same_in_any_order,
    ),
    Meant(
        "PyTorch's 1 - target wraps around for targets of uint8",
        "value, gradient",
        "multilabel_soft_margin_loss binary_cross_entropy_with_logits",
        when=lambda case, found: any(t.dtype == "uint8" for t in case.tensors()),
        right=v.in_wider_dtypes,
    ),
    Meant(
        "target must have the input's shape",
        "raises",
        "multilabel_soft_margin_loss",
        ours=("target: expected self's shape",),
    ),
    Meant("sum_to_size keeps the dtype", "dtype", "sum_to_size",
          when=lambda case, found: found.ours == case.tensors()[0].dtype,
          right=v.in_wider_dtypes),
    Meant(
        "of memory that elements share each element gets the whole gradient",
        "gradient",
        "as_strided",
        when=lambda case, found: v.has_expanded(case),
    ),
    Meant(
        "the other numbers of nextafter and heaviside have no gradient either",
        "gradient raises",
        "nextafter heaviside",
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
        "a 0-d tensor is a line of one element",
        "accepts, raises",
        "take_along_dim index_add index_reduce topk repeat_interleave",
        ours=("an answer", "k: expected 1 to 1", "expected one dimension"),
        theirs=("tensor has no dimensions", "Dimension out of range", "an answer"),
        when=lambda case, found: not case.tensors()[0].values.ndim,
        right=v.as_a_line,
    ),
    Meant("there is no median of no integers", "raises", "median nanmedian",
          ours=("expected elements",)),
    Meant("PyTorch's gradient is nan where the answer does not depend on the element",
          "gradient", "nanmean kl_div poisson_nll_loss copysign digamma logcumsumexp cumprod logit",
          right=v.both(v.theirs_is_nan, v.derivative)),
    Meant("a stride or dilation beyond 2^31 is refused", "raises",
          ours=("expected numbers of 1 to 2147483647",)),
    Meant(
        "channels are shuffled also without further dimensions",
        "accepts",
        "channel_shuffle native_channel_shuffle",
        theirs=("expects input with > 2 dims",),
        right=v.with_one_more_dim,
    ),
    Meant("of a product of no columns PyTorch's keeps self's shape", "shape", "addmv",
          when=lambda case, found: any(t.values.size == 0 for t in case.tensors())),
    Meant(
        "padding counts for the least size, as in two dimensions",
        "accepts",
        "avg_pool3d max_pool3d lp_pool3d max_pool3d_with_indices",
        theirs=("smaller than kernel size",),
        right=v.over_padded,
    ),
    Meant(
        "matrices of bools have no product",
        "raises",
        ours=("not implemented for bool",),
    ),
    Meant(
        "the derivative at a pole is infinite; PyTorch rounds the pole",
        "value, gradient, accepts",
        "digamma polygamma lgamma mvlgamma",
        right=v.infinite_at_poles,
    ),
    Meant(
        "in place the result has self's shape",
        "raises",
        "addbmm",
        ours=("in place, the result's shape",),
    ),
    Meant(
        "a list is not read as None, nor None as a list",
        "raises",
        "roll broadcast_shapes",
        ours=("got NoneType",),
    ),
    Meant("a number is no dtype", "raises", "to", ours=("expected dtype, got",)),
    Meant("indices are integers or bools", "raises", "__getitem__ __setitem__",
          ours=("index: expected integers or bools",)),
    Meant(
        "PyTorch does not check the index and reads beyond the tensor",
        "raises",
        "take_along_dim",
        ours=("is out of range",),
        when=lambda case, found: v.has_index_out_of_range(case),
    ),
    Meant(
        "an operand of another layout is no obstacle",
        "accepts",
        "kron pixel_shuffle pixel_unshuffle",
        theirs=("Use .reshape(...) instead", "Unsupported memory format"),
        right=v.contiguous,
    ),
    Meant(
        "src may be larger than index; its gradient is 0 outside",
        "gradient accepts",
        "scatter_reduce scatter scatter_add",
        right=v.derivative,
    ),
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
        right=v.non_finite,
    ),
    Meant(
        "padding is not multiplied: infinities and nan of the weight do not spread there",
        "value",
        "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
        right=v.without_odd_weights,
    ),
    Meant(
        "the norm of infinite order is the largest",
        "value, dtype, gradient, requires_grad, accepts",
        "lp_pool1d lp_pool2d lp_pool3d",
        when=lambda case, found: any(
            isinstance(x, float) and abs(x) == float("inf") for x in case.arguments()
        ),
        right=v.largest_of_windows,
    ),
    Meant(
        "a window may be a list of sizes",
        "accepts",
        "lp_pool1d",
        theirs=("must be Tensor, not tuple", "must be Tensor, not list"),
        right=v.one_size,
    ),
    Meant(
        "in place, too, a negative alpha has a gradient",
        "gradient accepts",
        "celu elu",
        theirs=("with a negative slope",),
        right=v.derivative,
    ),
    Meant(
        "the slope must not be negative: the gradient reads signs off the result",
        "raises",
        "leaky_relu",
        ours=("negative_slope: expected 0 or more",),
    ),
    Meant(
        "negative powers are those of linalg.matrix_power",
        "raises",
        "matrix_power",
        ours=("n: expected 0 or more",),
    ),
    Meant(
        "any number of dimensions may be padded",
        "accepts",
        "pad",
        theirs=("Supported combinations for non-constant padding",),
        right=v.as_numpy_pads,
    ),
    Meant(
        "the gradient of a product is that of the others, also beside infinities",
        "gradient",
        "prod",
        right=v.products_of_others,
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
        "a dimension without elements has distinct slices too",
        "accepts",
        "unique unique_consecutive",
        theirs=("There are 0 sized dimensions",),
        right=v.nothing,
    ),
    Meant(
        "flags of functions in Python are read by their truth",
        "accepts",
        "unique_consecutive unique combinations",
        theirs=("must be bool, not str",),
        right=v.nothing,
    ),
    Meant(
        "integers are summed as floats",
        "value",
        "trapz trapezoid cumulative_trapezoid",
        right=v.in_wider_dtypes,
    ),
    Meant("PyTorch's gcd overflows", "value", "gcd", right=v.greatest_common_divisors),
    Meant(
        "statistics and distances are right wherever the result fits",
        "value",
        "cdist pdist norm linalg_vector_norm dist std std_mean pairwise_distance renorm",
        right=v.scaled(1),
    ),
    Meant(
        "statistics are right wherever the result fits",
        "value, gradient",
        "layer_norm group_norm instance_norm batch_norm native_layer_norm",
        right=v.normalized,
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
        when=lambda case, found: v.has_expanded(case),
        right=v.contiguous,
    ),
    Meant(
        "a flag may be any number",
        "accepts",
        theirs=("must be bool, not int", "must be bool, not float", "must be bool, not NoneType"),
        right=v.flags,
    ),
    Meant(
        "PyTorch's gradient of group_norm refuses bfloat16 with one of weight and bias",
        "gradient accepts",
        "group_norm",
        theirs=("tensor does not have a device",),
        right=v.derivative,
    ),
    Meant(
        "a bias of another dtype than the images' is refused",
        "raises",
        "conv_transpose1d conv_transpose2d conv_transpose3d",
        ours=("bias: expected dtype",),
    ),
    Meant(
        "where the gradient is dense, sparse=True is no obstacle",
        "accepts, gradient accepts",
        "embedding_bag",
        theirs=("does not support sparse", "not supported with sparse", "step must be nonzero"),
        right=v.without_sparse,
    ),
    Meant(
        "nan spreads",
        "value",
        "multi_margin_loss",
        when=lambda case, found: any(np.isnan(t.values).any() for t in case.tensors()),
        right=lambda case, found: bool(np.isnan(found.pair()[0].values[v.apart(found)]).all()),
    ),
    Meant(
        "targets behind the first negative one do not count",
        "accepts",
        "multilabel_margin_loss",
        theirs=("is out of range",),
        right=v.only_leading_targets,
    ),
    Meant("the dtype does not depend on whether there are elements", "dtype",
          "trapz trapezoid",
          when=lambda case, found: any(t.values.size == 0 for t in case.tensors())),
    Meant(
        "a dtype may be narrower than the elements'",
        "accepts",
        "norm linalg_vector_norm",
        theirs=("without narrowing",),
        right=v.without_dtype,
    ),
]  # fmt: skip


def reason(case: Case, found: Difference) -> str | None:
    """Why the difference is meant, or None where no rule covers it or ours is wrong."""
    reasons = (meant.judge(case, found) for meant in MEANT)
    return next((text for text in reasons if text), None)
