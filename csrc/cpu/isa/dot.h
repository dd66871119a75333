// The dot product of rows: see Note [Kernel tables].
#pragma once

#include <cstdint>

namespace bestiary::cpu {

template <class T>
struct DotKernels {
    T (*dot)(const T* x, const T* y, int64_t n);
};

}  // namespace bestiary::cpu
