// The kernels of depthwise convolutions: see Note [Kernel tables].
#pragma once

#include <cstdint>

namespace bestiary::cpu {

// An element of the kernel and the pixels that it meets: output pixel i of [begin, end) meets pixel i * step of x.
// Other output pixels meet padding, and x itself need not be a pixel.
template <class T>
struct DepthwiseTap {
    const T* x;
    int64_t begin, end;
    int64_t index;  // in the weight
};

// A row of n output pixels. All pixels have `channels` elements, side by side.
template <class T>
struct DepthwiseRow {
    const DepthwiseTap<T>* taps;
    DepthwiseTap<T>* inside;  // a buffer for as many
    int64_t count;            // of taps
    int64_t n, channels;
    int64_t step, y_pixel, weight_tap;  // elements between pixels of x and of y, and between taps in the weight
    T* y;
    T* weight;      // (taps, channels); the sums in the gradient of the weight
    const T* bias;  // may be null
};

template <class T>
struct DepthwiseKernels {
    using Kernel = void (*)(const DepthwiseRow<T>&);
    Kernel forward;          // y from the weight
    Kernel weight_gradient;  // added to the weight, from y
};

}  // namespace bestiary::cpu
