// The kernels of extremes and their indices: see Note [Kernel tables].
#pragma once

#include <cstdint>

namespace bestiary::cpu {

// Rows of `size` elements, `step` elements apart; the extreme of each column and the row that it is in are written.
template <class T>
struct ArgColumns {
    T* extreme;
    int64_t* index;
    const T* in;
    int64_t rows, size, step;
};

template <class T>
struct MinMaxKernels {
    void (*max)(const ArgColumns<T>&);
    void (*min)(const ArgColumns<T>&);
};

}  // namespace bestiary::cpu
