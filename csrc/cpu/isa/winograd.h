// The kernels of 3x3 convolutions in Winograd's form: see Note [Kernel tables].
#pragma once

#include <cstdint>

namespace bestiary::cpu {

constexpr int kWinogradPoints = 16;       // of a transformed window, 4x4
constexpr int64_t kWinogradColumns = 32;  // outputs of a panel

// Images (N, height, width, channels) in memory, divided into tiles: windows that are 2 pixels apart.
struct WinogradImage {
    float* data;
    int64_t height, width, channels;
};

// Tiles [first, first + count), counted row by row and image by image. Tile (i, j) of an image computes rows 2 i and
// 2 i + 1 and columns 2 j and 2 j + 1 of y from the 4x4 pixels of x from (2 i - padding[0], 2 j - padding[1]) on.
struct WinogradTiles {
    WinogradImage x, y;
    int64_t padding[2];
    int64_t rows, columns;  // of tiles in an image
    int64_t first, count;
    const float* zeros;  // a pixel of x outside the image
    // Buffers for (16, count, channels of x) and, of one panel after the other, (16, count, kWinogradColumns).
    float *windows, *products;
    int64_t window;  // elements from a window to the next
    int64_t windows_point, products_point;  // elements from a point to the next
};

// Weights are (panels, 16, inputs, kWinogradColumns), with zeros behind the last output. Panels [first, last) are
// computed.
struct WinogradForward {
    WinogradTiles tiles;
    int64_t first, last;
    const float* weight;
    const float* bias;  // may be null
};

// Sums are stored as weights are.
struct WinogradGradient {
    WinogradTiles tiles;
    int64_t first, last;
    float* sums;
    bool accumulate;  // adds to the sums
};

struct WinogradKernels {
    bool (*forward)(const WinogradForward&);  // returns whether all results are finite
    void (*weight_gradient)(const WinogradGradient&);
    // Weights of kWinogradColumns outputs for one input, (9, kWinogradColumns), to the transformed (16, ...), whose
    // points are `step` elements apart, and the gradient back.
    void (*transform_weight)(const float* weight, float* transformed, int64_t step);
    void (*transform_weight_gradient)(const float* transformed, int64_t step, float* gradient);
};

}  // namespace bestiary::cpu
