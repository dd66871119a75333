#include "cpu/channels_last.h"

#include "cpu/isa/transpose.h"
#include "cpu/kernel_table.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {
namespace {

constexpr int64_t kPixels = 256;  // transposed at a time

template <class T>
void transpose_planes(const Tensor& from, const Tensor& to) {
    const int64_t images = from.sizes()[0], channels = from.sizes()[1], plane = pixels(from) / images;
    const int64_t pieces = ceil_div(plane, kPixels);
    parallel_for(images * pieces, ceil_div(kGrain, kPixels * channels), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t image = i / pieces, first = i % pieces * kPixels;
            kernels<TransposeKernels<T>>().copy({to.data<T>() + (image * plane + first) * channels,
                                                 from.data<T>() + image * channels * plane + first, channels, plane,
                                                 channels, std::min(kPixels, plane - first)});
        }
    });
}

}  // namespace

Tensor to_channels_last(const Tensor& t) {
    if (is_channels_last(t)) return t;
    const Tensor copy = empty_channels_last(t.sizes(), t.dtype());
    const bool planar = t.is_contiguous() && t.numel() > 0;
    if (planar && t.dtype() == DType::Float32) transpose_planes<float>(t, copy);
    else if (planar && t.dtype() == DType::Float64) transpose_planes<double>(t, copy);
    else copy_into(copy, t);
    return copy;
}

}  // namespace bestiary::cpu
