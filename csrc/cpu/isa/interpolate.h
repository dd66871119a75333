// The kernels of interpolation: see Note [Kernel tables] and Note [Taps].
#pragma once

#include <cstdint>

namespace bestiary::cpu {

// Tap k of element i of a resampled dimension is at k * resampled + i.
template <class T>
struct TapTable {
    int64_t taps;  // of each element
    int64_t source, resampled;
    const int32_t* index;  // in the source
    const T* weight;
};

// `count` blocks of lines along one dimension, whose elements are `inner` apart.
template <class T>
struct InterpolateLines {
    TapTable<T> table;
    int64_t inner, count;
    const T* in;
    T* out;
};

// Rows [first, first + count) of planes of the result. Source rows that are resampled across are cached.
template <class T>
struct InterpolateRows {
    TapTable<T> down, across;
    int64_t inner, first, count;
    const T* in;
    T* out;
    T* cache;         // down.taps rows
    int64_t* cached;  // which source rows they are
};

template <class T>
struct InterpolateKernels {
    void (*forward)(const InterpolateLines<T>&);
    void (*backward)(const InterpolateLines<T>&);  // `in` is resampled, `out` the source
    void (*plane)(const InterpolateRows<T>&);
};

}  // namespace bestiary::cpu
