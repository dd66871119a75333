// The kernels of pooling: see Note [Kernel tables].
#pragma once

#include <cstdint>

namespace bestiary::cpu {

// n windows of `count` elements each: element k of window i is in[offsets[k] + i * step], its result out[i]. Channels
// last, the windows of a pixel's channels are a run with a step of 1.
struct PoolRun {
    const int64_t* offsets;
    int64_t count, n, step;
    double scale = 1;   // of sums
    int64_t shift = 0;  // pixels from the window that the offsets are of
};

template <class T>
struct PoolKernels {
    void (*max)(const PoolRun&, const T* in, T* out);
    void (*argmax)(const PoolRun&, const T* in, T* out, int32_t* index);  // index: the k of the largest
    void (*sum)(const PoolRun&, const T* in, T* out);
    void (*sum_backward)(const PoolRun&, const T* out, T* in);  // adds to `in`
};

}  // namespace bestiary::cpu
