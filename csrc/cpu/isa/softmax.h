// The kernels of softmax and log-softmax: see Note [Kernel tables].
#pragma once

#include <cstdint>

namespace bestiary::cpu {

// The most columns of a call: their sums stay in the first-level cache.
constexpr int64_t kSoftmaxColumns = 64;

// Lines of n elements, along which sums are taken. Of step 1: contiguous rows, one after the other. Otherwise adjacent
// columns, whose elements are `step` apart.
template <class T>
struct SoftmaxLines {
    T* out;
    const T* x;     // in the backward pass: the result of the forward pass
    const T* grad;  // null in the forward pass
    int64_t lines, n, step;
};

template <class T>
struct SoftmaxKernels {
    using Kernel = void (*)(const SoftmaxLines<T>& a);
    Kernel softmax, log_softmax, softmax_backward, log_softmax_backward;
};

}  // namespace bestiary::cpu
