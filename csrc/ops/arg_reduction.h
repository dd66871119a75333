// Ops that pick elements along a dimension and say which.
#pragma once

#include "ops/reduce.h"

namespace bestiary::ops {

inline constexpr Call<"ne"> ne;

// The gradient goes to the elements that were picked: `g` added at `places` along b["dim"] of zeros like self.
inline Tensor scatter_to_indices(const Backward& b, const Tensor& places, const Tensor& g) {
    return Call<"scatter_add">()(Call<"zeros">()(b.shape("self"), g.dtype(), g.device()), b["dim"], places, g);
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

// Of ops (self, dim, keepdim, ...) that pick one element along a dimension: values and indices.
inline void arg_reduction_shape(const Op&, Args a, Meta& m) {
    check_not_empty(a);
    m.add(reduced_shape(a), a.tensor(0).dtype());
    m.add(m.outs[0].sizes, DType::Int64);
}

inline Tensor scatter_to_argmax(const Backward& b) {
    return scatter_to_indices(b, with_dims(b.results[1], b), with_dims(b.g, b));
}

}  // namespace bestiary::ops
