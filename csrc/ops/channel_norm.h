// Checks and compositions of normalisations of channels.
#pragma once

#include "ops/names.h"

namespace bestiary::ops {

inline constexpr Call<"mean.dim"> mean_along;
inline constexpr Call<"rsqrt"> rsqrt;

// The shape (1, C, 1, ...) in which a parameter per channel is broadcast to self.
inline Dims channel_shape(const Tensor& self) {
    Dims shape(self.dim(), 1);
    shape[1] = self.sizes()[1];
    return shape;
}

// normal * weight + bias, either of which may be undefined.
inline Tensor affine(Tensor normal, const Tensor& weight, const Tensor& bias, const Dims& shape) {
    if (weight.defined()) normal = normal * reshape(weight, shape);
    if (bias.defined()) normal = normal + reshape(bias, shape);
    return normal;
}

// A statistic as the kernels return it: a vector of doubles outside the graph.
inline Tensor as_statistic(const Tensor& t) { return flatten(cast(detach(t), DType::Float64)); }

// Hands over the gradients of self, weight and bias that are needed.
inline void give_gradients(const Backward& b, const Results& grads) {
    static constexpr const char* names[] = {"self", "weight", "bias"};
    for (int i = 0; i < 3; ++i)
        if (b.needs(names[i])) b.give(names[i], grads[i]);
}

// running = (1 - momentum) * running + momentum * seen
inline void move_running(const Tensor& running, const Tensor& seen, double momentum) {
    if (running.defined()) copy_(running, running * (1.0 - momentum) + seen * momentum);
}

// The variance without bias, from the biased one of `count` elements.
inline Tensor unbiased(const Tensor& variance, int64_t count) {
    return variance * (static_cast<double>(count) / static_cast<double>(count - 1));
}

// Each parameter may be undefined.
inline void check_channels(const Tensor& self, const Tensor& running_mean, const Tensor& running_var,
                           const Tensor& weight, const Tensor& bias) {
    const Dims expected{self.sizes()[1]};
    const auto check_one = [&](const char* name, const Tensor& t) {
        check(!t.defined() || t.sizes() == expected, name, ": expected shape ", expected, " for self of shape ",
              self.sizes(), ", got ", t.sizes());
    };
    check_one("running_mean", running_mean);
    check_one("running_var", running_var);
    check_one("weight", weight);
    check_one("bias", bias);
    check_as(ErrorKind::Value, running_mean.defined() == running_var.defined(),
             "running_mean, running_var: expected both or neither");
}

// Statistics of one element each have no variance.
inline void check_several(const Tensor& self, int64_t statistics) {
    check_as(ErrorKind::Value, self.numel() != statistics,
             "self: expected more than 1 value per channel when training, got shape ", self.sizes());
}

}  // namespace bestiary::ops
