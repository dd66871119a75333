// The geometry of a convolution in 1, 2 or 3 dimensions.
#pragma once

#include "core/channels_last.h"
#include "cpu/contiguous.h"

namespace bestiary::cpu {

struct Convolution {
    Dims stride, padding, dilation;
    int64_t groups;

    int spatial() const { return stride.size(); }
};

inline Tensor empty_channels_last(const Dims& sizes, DType dtype) {
    return Tensor::empty_strided(sizes, channels_last_strides(sizes), dtype);
}

// The tensor itself, or a copy that lies so.
Tensor channels_last(const Tensor& t);

inline int64_t pixels(const Tensor& image) { return image.sizes()[1] == 0 ? 0 : image.numel() / image.sizes()[1]; }

}  // namespace bestiary::cpu
