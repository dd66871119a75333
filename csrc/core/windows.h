// Windows that slide over images.
#pragma once

#include <cstdint>
#include <span>

namespace bestiary {

// The number of windows of `kernel` along a dimension.
inline int64_t windows_in(int64_t size, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
    return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
}

// The windows of an image in im2col and col2im. Lists are (vertical, horizontal); one number stands for both.
struct UnfoldWindows {
    struct Axis {
        int64_t size, kernel, dilation, padding, stride;

        int64_t count() const { return windows_in(size, kernel, stride, padding, dilation); }
    };
    Axis vertical, horizontal;

    using Ints = std::span<const int64_t>;
    UnfoldWindows(Ints image, Ints kernel, Ints dilation, Ints padding, Ints stride)
        : vertical{image.front(), kernel.front(), dilation.front(), padding.front(), stride.front()},
          horizontal{image.back(), kernel.back(), dilation.back(), padding.back(), stride.back()} {}

    int64_t kernel_elements() const { return vertical.kernel * horizontal.kernel; }
    int64_t count() const { return vertical.count() * horizontal.count(); }
};

}  // namespace bestiary
