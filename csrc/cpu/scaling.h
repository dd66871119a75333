// Elements brought to magnitudes whose squares and sums neither overflow nor underflow.
#pragma once

#include "cpu/reduce.h"

namespace bestiary::cpu {

// Note [Squares out of range]
// A square overflows or underflows long before its root does, and so does a sum long before the mean. The common case
// is calculated as it stands. Where a sum came out infinite, or so small that squares were lost, it is calculated again
// from elements divided by a power of two, that of the largest magnitude among them, which is exact.

// Per result of reducing the dimensions in `mask`, in float64: the power of two just below the largest magnitude, or 1
// where that is 0 or not finite.
Tensor scales_of(const Tensor& self, DimMask mask);

// Self's elements divided by their result's scale.
Tensor scaled(const Tensor& self, const Tensor& scales, DimMask mask);

// One value per result, seen with the reduced dimensions as size 1 and converted.
Tensor with_kept_dims(const Tensor& per_result, const Tensor& self, DimMask mask);

// An elementwise op of two floating tensors of one dtype; `b` is broadcast to a's shape.
Tensor combined(const Op& op, const Tensor& a, const Tensor& b);

// Changes each value of a float64 tensor: change(value, its index).
template <class F>
void each_value(const Tensor& t, const F& change) {
    double* const values = t.data<double>();
    for (int64_t i = 0; i < t.numel(); ++i) values[i] = change(values[i], i);
}

template <class F>
bool any_value(const Tensor& t, const F& test) {
    const double* const values = t.data<double>();
    for (int64_t i = 0; i < t.numel(); ++i)
        if (test(values[i], i)) return true;
    return false;
}

}  // namespace bestiary::cpu
