// The layout of images in kernels: all channels of a pixel side by side.
#pragma once

#include "core/tensor.h"

namespace bestiary {

// Strides of (N, C, ...) that is (N, ..., C) in memory.
inline Dims channels_last_strides(const Dims& sizes) {
    Dims strides(sizes.size());
    strides[1] = 1;
    int64_t step = std::max<int64_t>(sizes[1], 1);
    for (int d = sizes.size() - 1; d > 1; --d) {
        strides[d] = step;
        step *= std::max<int64_t>(sizes[d], 1);
    }
    strides[0] = step;
    return strides;
}

// True if the strides are channels last; dimensions of size 1 may have any.
inline bool is_channels_last(const Tensor& t) {
    const Dims wanted = channels_last_strides(t.sizes());
    for (int d = 0; d < t.dim(); ++d)
        if (t.sizes()[d] != 1 && t.strides()[d] != wanted[d]) return false;
    return true;
}

// True if the layout is channels last and not row-major.
inline bool is_only_channels_last(const Tensor& t) { return !t.is_contiguous() && is_channels_last(t); }

// True if programs see the image as channels last. There is no such format for sequences.
inline bool shows_channels_last(const Tensor& t) {
    return t.dim() >= 4 && !t->engine_layout && is_only_channels_last(t);
}

}  // namespace bestiary
