// What the kernels of depthwise convolutions are told: shared by the driver and the kernels of every instruction set.
#pragma once

#include <cstdint>

namespace bestiary::cpu {

// A place of the kernel, and the pixels that it meets: output pixel i, of [begin, end), meets pixel i * step of x. The
// others meet nothing, and x itself need not be a pixel.
struct DepthwiseTap {
    const char* x;
    int64_t begin, end;
    int64_t place;
};

// A row of n output pixels. All pixels have `channels` elements, side by side.
struct DepthwiseRow {
    const DepthwiseTap* taps;
    DepthwiseTap* inside;  // room for as many
    int64_t count;         // of taps
    int64_t n, channels;
    int64_t step, y_pixel, place;  // elements: of x and of y from an output pixel to the next, of weight between places
    char* y;
    char* weight;      // (places, channels); where the sums go in the gradient of the weight
    const char* bias;  // may be null
};

}  // namespace bestiary::cpu
