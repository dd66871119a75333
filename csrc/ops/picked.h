// Ops that pick elements along a dimension and say which.
#pragma once

#include "ops/reduce.h"

namespace bestiary::ops {

inline constexpr Call<"ne"> ne;

// The gradient goes to the elements that were picked: `g` added at `places` along b["dim"] of zeros like self.
inline Tensor to_the_picked(const Backward& b, const Tensor& places, const Tensor& g) {
    return Call<"scatter_add">()(Call<"zeros">()(b.shape("self"), g.dtype(), g.device()), b["dim"], places, g);
}

// The same where values and indices have kept the dimension.
inline Tensor picked_along(const Backward& b) { return to_the_picked(b, b.results[1], b.g); }

// Of ops (self, dim, keepdim, ...) that pick one element along a dimension: values and indices.
inline void picked_shape(const Op&, Args a, Meta& m) {
    check_not_empty(a);
    m.add(reduced_shape(a), a.tensor(0).dtype());
    m.add(m.outs[0].sizes, DType::Int64);
}

inline Tensor to_the_one_picked(const Backward& b) {
    return to_the_picked(b, with_dims(b.results[1], b), with_dims(b.g, b));
}

// The element picked from all of a vector, with a gradient that all its equals share.
inline Tensor share_among_equals(const Tensor& self, const Tensor& picked) {
    if (!picked.requires_grad()) return picked;
    const Tensor equal = eq(self, picked), both_nan = Call<"logical_and">()(ne(self, self), ne(picked, picked));
    return Call<"amax">()(Call<"masked_select">()(self, Call<"logical_or">()(equal, both_nan)));
}

// The median of no elements is nan.
inline Tensor middle_of_none(const Tensor& self) {
    check(is_floating(self.dtype()), "self: expected elements, got shape ", self.sizes(), " of ", self.dtype());
    return Call<"mean">()(self);
}

}  // namespace bestiary::ops
