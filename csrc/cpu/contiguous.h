// Tensors as kernels read them: row-major, and of one dtype.
#pragma once

#include "core/op.h"
#include "cpu/copy.h"

namespace bestiary::cpu {

// The tensor itself where it is row-major and of that type, otherwise such a copy.
inline Tensor packed_as(const Tensor& t, DType dtype) {
    if (t.is_contiguous() && t.dtype() == dtype) return t;
    Tensor copy = Tensor::empty(t.sizes(), dtype);
    copy_into(copy, t);
    return copy;
}

inline Tensor packed(const Tensor& t) { return packed_as(t, t.dtype()); }

}  // namespace bestiary::cpu
