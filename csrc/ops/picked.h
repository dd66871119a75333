// Ops that pick elements along a dimension and say which.
#pragma once

#include "ops/names.h"

namespace bestiary::ops {

// The gradient goes to the elements that were picked: `g` added at `places` along b["dim"] of zeros like self.
inline Tensor to_the_picked(const Backward& b, const Tensor& places, const Tensor& g) {
    return Call<"scatter_add">()(Call<"zeros">()(b.shape("self"), g.dtype()), b["dim"], places, g);
}

// The same where values and indices have kept the dimension.
inline Tensor picked_along(const Backward& b) { return to_the_picked(b, b.results[1], b.g); }

}  // namespace bestiary::ops
