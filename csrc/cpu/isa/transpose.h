// The kernels of transposing: see Note [Kernel tables].
#pragma once

#include <cstdint>

namespace bestiary::cpu {

// Element i of the source's line j becomes element j of the result's line i. T stands for any type of its size.
template <class T>
struct TransposeTile {
    T* to;
    const T* from;
    int64_t to_step, from_step;  // elements from a line to the next
    int64_t lines, length;       // of the source
};

template <class T>
struct TransposeKernels {
    void (*copy)(const TransposeTile<T>&);
};

}  // namespace bestiary::cpu
