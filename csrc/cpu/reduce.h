// The driver of reductions: shares out elements to results, in a fixed order, and to threads.
#pragma once

#include "core/reduction.h"
#include "cpu/isa/reduce.h"
#include "cpu/kernel_table.h"

namespace bestiary::cpu {

inline const ReductionKernels& reductions() { return kernels<ReductionKernels>(); }

// The one of elements of type t; a NotImplementedError where there is none.
const Reduction& reduction_of(const ReductionByType& types, DType t);

// Folds the dimensions in `mask` of `in`: one accumulator per result, contiguous, in the results' order.
Tensor reduce(const ReductionByType& types, const Tensor& in, DimMask mask);

// Folds them into `result`.
void reduce_into(const Tensor& result, const ReductionByType& types, const Tensor& in, DimMask mask);

// The means over the dimensions in `mask` in float64, one per result.
Tensor mean_of(const Tensor& in, DimMask mask);

// Writes accumulators, converted, to a result: the same elements, perhaps with dimensions of size 1 between.
void store(const Tensor& result, const Tensor& acc);

}  // namespace bestiary::cpu
