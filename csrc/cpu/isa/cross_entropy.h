// The kernels of cross entropy: see Note [Kernel tables].
#pragma once

#include <cstdint>

namespace bestiary::cpu {

template <class T>
struct CrossEntropyKernels {
    // log(sum(exp(x))) of each of the rows of n elements, in double: beside large x, float would lose the logarithm.
    void (*logsumexp)(double* lse, const T* x, int64_t rows, int64_t n);
    // out = exp(x - lse) * scale + shift
    void (*scaled_softmax)(T* out, const T* x, int64_t n, double lse, T scale, T shift);
    // The sum of weight * (x - centre); without weights, which may be null, of x - centre.
    T (*weighted_sum)(const T* x, const T* weights, int64_t n, T centre);
};

}  // namespace bestiary::cpu
