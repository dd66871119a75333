// Ops that select elements along a dimension and give their indices.
#pragma once

#include "ops/reduce.h"

namespace bestiary::ops {

// The gradient goes to the selected elements: `g` added at `indices` along b["dim"] of zeros like self.
inline Tensor scatter_to_indices(const Backward& b, const Tensor& indices, const Tensor& g) {
    return Call<"scatter_add">()(Call<"zeros">()(b.shape("self"), g.dtype(), g.device()), b["dim"], indices, g);
}

// The same where values and indices have kept the dimension.
inline Tensor arg_reduction_grad(const Backward& b) { return scatter_to_indices(b, b.results[1], b.g); }

// Elements that share the extreme (or are nan, as the result is) share its gradient evenly.
inline Tensor shared_evenly(const Backward& b) {
    const Call<"isnan"> is_nan;
    const Tensor result = with_dims(b.tensor("result"), b);
    const Tensor both_nan = Call<"logical_and">()(is_nan(b["self"]), is_nan(result));
    const Tensor ties = Call<"logical_or">()(eq(b["self"], result), both_nan);
    const Tensor count = Call<"sum.dim">()(ties, b["dim"].none() ? Value() : b["dim"], true);
    return where(ties, with_dims(b.g, b) / count, 0.0);
}

// Of ops that select one element along a dimension: values and indices.
inline constexpr auto arg_reduction_shape = [](Meta& m, const Tensor& self, int64_t dim, bool keepdim) {
    check_not_empty(self, dim);
    m.add(reduced_shape(self, dim, keepdim), self.dtype());
    m.add(m.outs[0].sizes, DType::Int64);
};

inline Tensor scatter_to_argmax(const Backward& b) {
    return scatter_to_indices(b, with_dims(b.results[1], b), with_dims(b.g, b));
}

}  // namespace bestiary::ops
