// Copies inside kernels, unknown to the graph.
#pragma once

#include "core/dispatch.h"

namespace bestiary::cpu {

// Writes `from`, broadcast and converted, into `to`.
inline void copy_into(const Tensor& to, const Tensor& from) {
    const Value args[] = {to, from};
    Results results;
    results.push(to);
    const Op& op = Call<"copy_">::op();
    op.kernels[static_cast<int>(DeviceType::CPU)]({op, Args(args, 2), results, to.dtype()});
}

// The tensor itself where it is row-major and of that type, otherwise such a copy.
inline Tensor packed_as(const Tensor& t, DType dtype) {
    if (t.is_contiguous() && t.dtype() == dtype) return t;
    Tensor copy = Tensor::empty(t.sizes(), dtype);
    copy_into(copy, t);
    return copy;
}

inline Tensor packed(const Tensor& t) { return packed_as(t, t.dtype()); }

}  // namespace bestiary::cpu
