// beta * self + alpha * product: addmm, addr and the like.
#pragma once

#include <cmath>

#include "ops/names.h"

namespace bestiary::ops {

inline Tensor scaled(const char* name, const Tensor& t, const Value& factor) {
    if (factor.number() == 1) return t;
    const bool whole = factor.number() == std::trunc(factor.number()) && std::abs(factor.number()) < 0x1p63;
    check_as(ErrorKind::Type, is_floating(t.dtype()) || whole, name,
             ": expected an integer for tensors of integers, got ", factor);
    return t * (is_floating(t.dtype()) ? factor : Value(static_cast<int64_t>(factor.number())));
}

// With beta 0 self is ignored, even if it is nan.
inline Tensor blended(const Tensor& self, const Tensor& product, const Value& beta, const Value& alpha) {
    check(broadcast(self.sizes(), product.sizes()) == product.sizes(), "self: shape ", self.sizes(),
          " does not broadcast to the product's ", product.sizes());
    const Tensor term = scaled("alpha", product, alpha);
    if (beta.number() == 0) return term;
    // Scaled in the dtype of the sum: narrow integers would wrap around.
    const bool narrow = category(self.dtype()) <= category(term.dtype());
    const DType type = self.dim() == 0 && narrow ? term.dtype() : promote(self.dtype(), term.dtype());
    return scaled("beta", cast(self, type), beta) + term;
}

}  // namespace bestiary::ops
