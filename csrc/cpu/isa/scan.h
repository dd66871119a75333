// The kernels of running sums: see Note [Kernel tables].
#pragma once

#include <cstdint>

namespace bestiary::cpu {

template <class T>
struct ScanKernels {
    void (*sum)(T* out, const T* in, int64_t n);  // of a row of neighbouring elements
};

}  // namespace bestiary::cpu
