// What a sequential matrix product is told: shared by the driver and the kernels of every instruction set.
#pragma once

#include <cstdint>

namespace bestiary::cpu {

// c[m, n] = a[m, k] * b[k, n] (+ bias[n]) (+ c), with strides in elements; the columns of c lie side by side.
struct GemmTask {
    int64_t m, n, k;
    const char* a;
    int64_t a_row, a_col;
    const char* b;
    int64_t b_row, b_col;
    char* c;  // of the type that sums are kept in: float for 16-bit operands
    int64_t c_row;
    const char* bias = nullptr;  // of the operands' type
    bool accumulate = false;
    char* scratch = nullptr;  // kGemmScratch bytes, aligned
};

// Depth of a packed block, and the bytes kept for those of a and of b: a's stays in the second-level cache.
constexpr int64_t kGemmDepth = 512;
constexpr int64_t kGemmABytes = int64_t{240} << 10;
constexpr int64_t kGemmBBytes = int64_t{2} << 20;
constexpr int64_t kGemmScratch = kGemmABytes + kGemmBBytes;

}  // namespace bestiary::cpu
