// What a row of a depthwise convolution is told: shared by the driver and the kernels of every instruction set.
#pragma once

#include <cstdint>

namespace bestiary::cpu {

// A row of n output pixels and the row of input pixels under one row of the kernel: input pixel i * stride + k *
// dilation - padding, where it lies in [0, size), belongs to output pixel i and place k of `kernel`. All of them have
// `channels` elements.
struct DepthwiseRow {
    const char* x;
    const char* dy;
    char* sums;  // kernel rows of channels
    int64_t n, size, kernel, stride, dilation, padding, channels;
};

}  // namespace bestiary::cpu
