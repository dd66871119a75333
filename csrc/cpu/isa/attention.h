// The kernels of attention, on rows of scores: see Note [Kernel tables]. A mask, which is added, may be null.
#pragma once

#include <cstdint>

namespace bestiary::cpu {

template <class T>
struct AttentionKernels {
    // Turns a row's scores against n of the keys into exponentials. `most` and `sum`, the largest score and the sum of
    // exponentials over the keys so far, are updated. Returns the factor that corrects earlier exponentials.
    T (*exponentials)(T* scores, const T* mask, int64_t n, T scale, T& most, T& sum);
    // Turns scores into probabilities, and the gradient of the probabilities into that of the products of queries and
    // keys. `delta` is the sum of probability times gradient.
    void (*gradient)(T* scores, T* grad, const T* mask, int64_t n, T scale, double lse, T delta);
    void (*scale_row)(T* values, int64_t n, T factor);
};

}  // namespace bestiary::cpu
