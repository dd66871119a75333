// Common code of the normalisations of channels.
#pragma once

#include "ops/names.h"

namespace bestiary::ops {

// The shape (1, C, 1, ...) in which a parameter per channel meets self.
inline Dims channel_shape(const Tensor& self) {
    Dims shape(self.dim(), 1);
    shape[1] = self.sizes()[1];
    return shape;
}

// normal * weight + bias, either of which may be missing.
inline Tensor affine(Tensor normal, const Value& weight, const Value& bias, const Dims& shape) {
    if (!weight.none()) normal = normal * reshape(weight, shape);
    if (!bias.none()) normal = normal + reshape(bias, shape);
    return normal;
}

// A statistic as the kernels give it: a vector of doubles outside the graph.
inline Tensor as_statistic(const Tensor& t) { return flatten(cast(Call<"detach">()(t), DType::Float64)); }

// running = (1 - momentum) * running + momentum * seen
inline void move_running(const Value& running, const Tensor& seen, double momentum) {
    const GradMode off(false);
    if (!running.none()) copy_(running, running * (1.0 - momentum) + seen * momentum);
}

inline void check_channels(const char* name, const Value& parameter, const Tensor& self) {
    if (parameter.none()) return;
    const Dims expected{self.sizes()[1]};
    check(parameter.t->sizes == expected, name, ": expected shape ", expected, " for self of shape ", self.sizes(),
          ", got ", parameter.t->sizes);
}

inline void check_writable(const char* name, const Value& running) {
    check(running.none() || running.t->storage->writable(), name,
          ": this tensor shows read-only memory; clone() it first");
}

}  // namespace bestiary::ops
