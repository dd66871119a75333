// The kernels of matrix products on one thread: see Note [Kernel tables].
#pragma once

#include "core/dtype.h"

namespace bestiary::cpu {

// c[m, n] = a[m, k] * b[k, n] (+ bias[n]) (+ c), all of one dtype. Strides in elements; the columns of c are adjacent.
struct GemmArgs {
    DType dtype;
    int64_t m, n, k;
    const char* a;
    int64_t a_row, a_col;
    const char* b;
    int64_t b_row, b_col;
    char* c;
    int64_t c_row;
    const char* bias = nullptr;
    bool accumulate = false;
};

// Kernels by dtype, for floating ones. Of 16-bit operands they leave the sums, in float, at c. `scratch` has
// kGemmScratch bytes, aligned.
struct GemmKernels {
    void (*run[kDTypes])(const GemmArgs& args, char* scratch);
};

// Depth of a packed block, and the bytes reserved for those of a and of b: a's stays in the second-level cache.
constexpr int64_t kGemmDepth = 512;
constexpr int64_t kGemmABytes = int64_t{240} << 10;
constexpr int64_t kGemmBBytes = int64_t{2} << 20;
constexpr int64_t kGemmScratch = kGemmABytes + kGemmBBytes;

}  // namespace bestiary::cpu
