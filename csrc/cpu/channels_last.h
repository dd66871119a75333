// Images with the channels of a pixel side by side, as convolutions compute them.
#pragma once

#include "core/channels_last.h"
#include "cpu/contiguous.h"

namespace bestiary::cpu {

inline Tensor empty_channels_last(const Dims& sizes, DType dtype) {
    return Tensor::empty_strided(sizes, channels_last_strides(sizes), dtype);
}

// The tensor itself where it is channels last, otherwise such a copy.
Tensor to_channels_last(const Tensor& t);

inline int64_t pixels(const Tensor& image) { return image.sizes()[1] == 0 ? 0 : image.numel() / image.sizes()[1]; }

}  // namespace bestiary::cpu
