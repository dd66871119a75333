// Windows that slide along a dimension.
#pragma once

#include <cstdint>

namespace bestiary {

// The number of windows of `kernel` along a dimension.
inline int64_t windows_in(int64_t size, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
    return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
}

}  // namespace bestiary
