// The kernels of layer norm and RMS norm: see Note [Kernel tables].
#pragma once

#include <cstdint>

namespace bestiary::cpu {

// Rows of `size` elements, contiguous. weight and bias may be null; mean and rstd have an element per row.
template <class T>
struct LayerNormRows {
    T* out;
    const T* x;
    double *mean, *rstd;  // written
    const T *weight, *bias;
    int64_t rows, size;
    double eps;
    bool centred;  // false: RMS norm, which subtracts no mean
};

// x_grad, weight, weight_grad and bias_grad may be null. The gradients of weight and bias are added to.
template <class T>
struct LayerNormGradRows {
    T* x_grad;
    const T *grad, *x;
    const double *mean, *rstd;
    const T* weight;
    T *weight_grad, *bias_grad;
    int64_t rows, size;
    bool centred;
};

template <class T>
struct LayerNormKernels {
    void (*forward)(const LayerNormRows<T>&);
    void (*backward)(const LayerNormGradRows<T>&);
};

}  // namespace bestiary::cpu
