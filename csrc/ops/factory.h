// What ops that make tensors from nothing have in common.
#pragma once

#include "core/default_dtype.h"
#include "ops/names.h"

namespace bestiary::ops {

inline DType dtype_or(const Value& v, DType otherwise) { return v.none() ? otherwise : v.dtype; }

inline Device device_or_default(const Value& v) { return v.none() ? Device() : v.device; }
inline Device device_or(const Value& v, const Tensor& like) { return v.none() ? like.device() : v.device; }

inline Tensor made(Tensor t, bool wants_grad) {
    check(!wants_grad || is_floating(t.dtype()), "requires_grad: only floating tensors can require a gradient, got ",
          t.dtype());
    t->requires_grad = wants_grad;
    return t;
}

// `t` in the memory format asked for: None and 'preserve_format' leave it as it is.
inline Tensor in_format(const Tensor& t, const Value& format) {
    return format.none() || format.str() == "preserve_format" ? t : contiguous(t, format);
}

inline Tensor filled(const Dims& size, const Value& value, DType dtype, Device device) {
    if (value.number() == 0) return Tensor::zeros(size, dtype, device);
    const Tensor t = Tensor::empty(size, dtype, device);
    const GradMode off(false);
    Call<"fill_">()(t, value);
    return t;
}

// How what is made like t lies: as t does, if that leaves no gaps.
inline Dims strides_like(const Tensor& t) {
    return is_dense(t.sizes(), t.strides()) ? t.strides() : contiguous_strides(t.sizes());
}

inline Tensor empty_like(const Tensor& t, DType dtype, Device device) {
    return Tensor::empty_strided(t.sizes(), strides_like(t), dtype, device);
}

inline Tensor filled_like(const Tensor& t, const Value& value, DType dtype, Device device) {
    return filled(t.sizes(), value, dtype, device).alias(t.sizes(), strides_like(t), 0);
}

}  // namespace bestiary::ops
