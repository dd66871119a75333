// The kernels of batch norm and group norm: see Note [Channel kernels] in isa/channel_norm.cpp.
#pragma once

#include <cstdint>

namespace bestiary::cpu {

// Operands of the kernels. Statistics and parameters have a value per channel; at(i, c) is the part of them that begins
// at element i and channel c.
template <class T>
struct ChannelMoments {
    double *mean, *squares;  // about the mean
    const T* x;
    ChannelMoments at(int64_t i, int64_t c) const { return {mean + c, squares + c, x + i}; }
};

// out = (x - center) * scale + shift
template <class T>
struct ChannelScaleShift {
    T* out;
    const T *x, *center, *scale, *shift;
    ChannelScaleShift at(int64_t i, int64_t c) const { return {out + i, x + i, center + c, scale + c, shift + c}; }
};

// To sum is added grad, to dot grad * (x - center).
template <class T>
struct ChannelGradientSums {
    double *sum, *dot;
    const T *grad, *x, *center;
    ChannelGradientSums at(int64_t i, int64_t c) const { return {sum + c, dot + c, grad + i, x + i, center + c}; }
};

// out = a * grad + b * (x - center) * scale + c
template <class T>
struct ChannelInputGradient {
    T* out;
    const T *grad, *x, *center, *scale, *a, *b, *c;
    ChannelInputGradient at(int64_t i, int64_t k) const {
        return {out + i, grad + i, x + i, center + k, scale + k, a + k, b + k, c + k};
    }
};

// Planes are n contiguous elements of one channel; rows have `channels` adjacent elements, one of each channel.
// `scratch` has room for so many values per channel.
template <class T>
struct ChannelNormKernels {
    // Joins n elements to the statistics of `seen` others.
    void (*plane_moments)(const ChannelMoments<T>&, int64_t n, double seen);
    void (*plane_scale_shift)(const ChannelScaleShift<T>&, int64_t n);
    void (*plane_gradient_sums)(const ChannelGradientSums<T>&, int64_t n);
    void (*plane_input_gradient)(const ChannelInputGradient<T>&, int64_t n);
    // Joins rows to statistics that begin as zeros. scratch: 3.
    void (*row_moments)(const ChannelMoments<T>&, int64_t rows, int64_t channels, T* scratch);
    void (*row_scale_shift)(const ChannelScaleShift<T>&, int64_t rows, int64_t channels);
    // scratch: 2.
    void (*row_gradient_sums)(const ChannelGradientSums<T>&, int64_t rows, int64_t channels, T* scratch);
    void (*row_input_gradient)(const ChannelInputGradient<T>&, int64_t rows, int64_t channels);
};

}  // namespace bestiary::cpu
