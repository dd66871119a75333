// Common code of the ops that create tensors.
#pragma once

#include "core/default_dtype.h"
#include "ops/names.h"

namespace bestiary::ops {

using OptionalDType = std::optional<DType>;
using OptionalDevice = std::optional<Device>;

inline Device device_or_default(OptionalDevice device) { return device.value_or(thread_state.default_device); }

inline Tensor with_requires_grad(Tensor t, bool wants_grad) {
    check(!wants_grad || is_floating(t.dtype()), "requires_grad: only floating tensors can require a gradient, got ",
          t.dtype());
    t->requires_grad = wants_grad;
    return t;
}

// `t` in the memory format asked for: None and 'preserve_format' leave it as it is.
inline Tensor in_format(const Tensor& t, std::optional<std::string_view> format) {
    return !format || *format == "preserve_format" ? t : contiguous(t, *format);
}

inline Tensor filled(const Dims& size, const Value& value, OptionalDType dtype, OptionalDevice device) {
    const DType type = dtype.value_or(default_dtype);
    const Device where = device_or_default(device);
    const bool zeros = value.number() == 0;
    const Tensor t = zeros ? Call<"_zeros">()(size, type, where) : Call<"_empty">()(size, type, where);
    const GradMode off(false);
    if (!zeros) Call<"fill_">()(t, value);
    return t;
}

// In the layout of t, if that leaves no gaps.
inline Tensor empty_like(const Tensor& t, OptionalDType dtype, OptionalDevice device) {
    const DType type = dtype.value_or(t.dtype());
    const Device where = device.value_or(t.device());
    if (t.is_contiguous() || t->engine_layout || !is_dense(t.sizes(), t.strides()))
        return Call<"_empty">()(t.sizes(), type, where);
    return Call<"_empty_strided">()(t.sizes(), t.strides(), type, where);
}

inline Tensor filled_like(const Tensor& t, const Value& value, OptionalDType dtype, OptionalDevice device) {
    const Tensor like = empty_like(t, dtype, device);
    const GradMode off(false);
    if (value.number() == 0) Call<"zero_">()(like);
    else Call<"fill_">()(like, value);
    return like;
}

}  // namespace bestiary::ops
