// What addmm, addr and the like share: (self, ..., ..., beta, alpha) are their arguments.
#pragma once

#include <cmath>

#include "ops/names.h"

namespace bestiary::ops {

inline Tensor scaled(const char* name, const Tensor& t, const Value& factor) {
    if (factor.number() == 1) return t;
    check_as(ErrorKind::Type, is_floating(t.dtype()) || factor.number() == std::trunc(factor.number()), name,
             ": expected an integer for tensors of integers, got ", factor);
    return t * (is_floating(t.dtype()) ? factor : Value(static_cast<int64_t>(factor.number())));
}

// beta * self + alpha * product; where beta is 0, self does not count, not even its nan.
inline Tensor blended(Args a, const Tensor& product) {
    const Tensor& self = a.tensor(0);
    check(broadcast(self.sizes(), product.sizes()) == product.sizes(), "self: shape ", self.sizes(),
          " does not broadcast to the product's ", product.sizes());
    const Tensor term = scaled("alpha", product, a[4]);
    return a.number(3) == 0 ? term : scaled("beta", self, a[3]) + term;
}

}  // namespace bestiary::ops
