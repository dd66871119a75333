"""Intended differences from PyTorch, each with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .case import Case
from .comparing import NOTHING, Difference
from .running import writes


@dataclass(frozen=True)
class Meant:
    reason: str
    kinds: str  # of difference, with commas
    names: str = ""  # of functions, without path and the suffix _ of in-place forms; empty: all
    ours: tuple[str, ...] = ("",)  # one of these is in the engine's error or answer
    theirs: tuple[str, ...] = ("",)  # and one of these in PyTorch's
    when: Callable[[Case, Difference], bool] = lambda case, found: True

    def covers(self, case: Case, found: Difference) -> bool:
        name = case.name if case.name.endswith("__") else case.name.rstrip("_")
        return (
            found.kind in self.kinds.split(", ")
            and (not self.names or name in self.names.split())
            and any(text in found.ours for text in self.ours)
            and any(text in found.theirs for text in self.theirs)
            and self.when(case, found)
        )


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
            "Expected a floating point or complex tensor as input",
            "without overflow",
            "Integral inputs not supported",
            "Integer division with addcdiv",
        ),
    ),
    Meant(
        "PyTorch has no such gradient; ours is the derivative",
        "accepts, gradient accepts",
        theirs=("is not differentiable with respect to", "is not implemented", "not implemented."),
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
            "must be tuple of ints",
            "not NoneType",
            "None is not a valid value",
        ),
        when=_no_wrong_type,
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
            "Found dtype",
            "needs_dynamic_casting",
        ),
    ),
    Meant(
        "operands of different dtypes are promoted where PyTorch computes in place",
        "accepts, gradient accepts",
        theirs=("can't be cast to the desired",),
        when=lambda case, found: not writes(case),
    ),
    Meant(
        "the dtype of a loss is the promoted one, not the target's",
        "dtype",
        "binary_cross_entropy_with_logits",
    ),
    Meant(
        "an index may have any integer dtype",
        "accepts",
        theirs=(
            "Expected dtype int32/int64 for index",
            "Expected a long tensor for index",
            "Expected dtype int64 for index",
            "dtype of indices should be Long",
        ),
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
        "a fractional alpha or beta of integers is refused, not truncated",
        "raises",
        "addmm addmv addbmm baddbmm addr",
        ours=("expected an integer for tensors of integers",),
    ),
    Meant(
        "which of several writes to one element stays is not defined",
        "value, argument value",
        "put index_put index_copy scatter __setitem__",
    ),
    Meant("PyTorch's constants are rounded to float32", "gradient", "hardsigmoid hardswish"),
    Meant("PyTorch's cov centres integers in place", "argument value, accepts", "cov corrcoef",
          theirs=("int", "used in an in-place operation")),
    Meant("a mask of uint8 is refused", "raises", "where", ours=("expected dtype bool",)),
    Meant(
        "dim=[] means all dimensions, as of sum",
        "accepts",
        "logsumexp",
        theirs=("doesn't match the broadcast shape",),
    ),
    Meant(
        "PyTorch gives back shuffles without elements as they came",
        "shape",
        "pixel_shuffle pixel_unshuffle",
        ours=("0",),
    ),
    Meant(
        "where there are no elements there is an answer",
        "accepts",
        ours=(NOTHING,),
        theirs=("non-zero", "empty", "0 sized", "numel() == 0"),
    ),
    Meant(
        "a whole number may be a float where integers are scaled",
        "accepts",
        theirs=("argument alpha must not be a floating point", "argument beta must not be"),
    ),
    Meant(
        "a dtype given to an in-place scan is that of the calculation",
        "accepts",
        "cumsum cumprod",
        theirs=("Bad in-place call",),
    ),
    Meant(
        "dropout of integers is refused also where nothing is dropped",
        "raises",
        "dropout",
        ours=("expected a floating dtype",),
    ),
    Meant(
        "values are not read to be checked: standard deviations, frequencies",
        "accepts",
        "normal cov",
        theirs=("std >= 0", "fweights cannot be negative"),
    ),
    Meant(
        "a negative step goes backwards, as in Python",
        "accepts",
        "__getitem__ __setitem__ slice",
        theirs=("step must be greater than zero", "slice step must be positive"),
    ),
    Meant(
        "of equal elements any may get the gradient",
        "gradient",
        "quantile nanquantile kthvalue sort topk msort mode median nanmedian max min",
    ),
    Meant(
        "topk without sorted=True gives no order",
        "value",
        "topk",
        when=lambda case, found: False in (case.kwargs.get("sorted"), *case.args[4:]),
    ),
    Meant("sum_to_size keeps the dtype", "dtype", "sum_to_size"),
    Meant(
        "of memory that elements share each element gets the whole gradient",
        "gradient",
        "as_strided",
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
    ),
    Meant("integers need no gradient", "requires_grad", ours=("False",),
          when=lambda case, found: writes(case) and "float" not in case.tensors()[0].dtype),
    Meant(
        "a 0-d tensor is a line of one element",
        "accepts, raises",
        "take_along_dim index_add index_reduce topk",
        ours=("an answer", "k: expected 1 to 1", "expected one dimension"),
        theirs=("tensor has no dimensions", "an answer"),
        when=lambda case, found: not case.tensors()[0].values.ndim,
    ),
    Meant("there is no median of no integers", "raises", "median nanmedian",
          ours=("expected elements",)),
    Meant("PyTorch's gradient is nan where the answer does not depend on the element",
          "gradient", "nanmean kl_div poisson_nll_loss copysign digamma logcumsumexp cumprod logit",
          theirs=("nan",)),
    Meant("a stride or dilation beyond 2^31 is refused", "raises",
          ours=("expected numbers of 1 to 2147483647",)),
    Meant(
        "channels are shuffled also without further dimensions",
        "accepts",
        "channel_shuffle",
        theirs=("expects input with > 2 dims",),
    ),
    Meant("of a product of no columns PyTorch's keeps self's shape", "shape", "addmv"),
    Meant(
        "padding counts for the least size, as in two dimensions",
        "accepts",
        "avg_pool3d max_pool3d",
        theirs=("smaller than kernel size",),
    ),
    Meant(
        "matrices of bools have no product",
        "raises",
        ours=("not implemented for bool",),
    ),
]  # fmt: skip


def reason(case: Case, found: Difference) -> str | None:
    return next((m.reason for m in MEANT if m.covers(case, found)), None)
