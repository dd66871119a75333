// The kernels of reductions: see Note [Kernel tables].
#pragma once

#include "core/dtype.h"

namespace bestiary::cpu {

// Rows of `size` neighbouring elements, `step` bytes apart, and the accumulators that they are folded into.
struct ReductionRows {
    char* acc;
    const char* in;
    int64_t rows, size, step;
};

// A reduction of elements of one type.
struct Reduction {
    DType accumulator;                       // the type of accumulators
    void (*rows)(const ReductionRows&);      // folds each row into an accumulator of its own
    void (*columns)(const ReductionRows&);   // folds all rows into `size` accumulators
    void (*merge)(const ReductionRows&);     // the same for rows of accumulators
    void (*identity)(char* acc, int64_t n);  // sets accumulators to the value that changes nothing
};

// A reduction by dtype; without functions for the types that it is not for.
struct ReductionByType {
    Reduction of[kDTypes];
};

struct ReductionKernels {
    ReductionByType sum, sum_of_squares, sum_of_magnitudes, prod, max, min;
};

}  // namespace bestiary::cpu
