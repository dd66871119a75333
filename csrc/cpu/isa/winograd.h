// What the kernels of 3x3 convolutions in Winograd's form are told: shared by the driver and the kernels of every
// instruction set.
#pragma once

#include <cstdint>

namespace bestiary::cpu {

constexpr int kWinogradPlaces = 16;      // of a transformed window, 4x4
constexpr int64_t kWinogradColumns = 32;  // outputs of a panel

// Images (N, height, width, channels) in memory, of which tiles are taken: windows that are 2 pixels apart.
struct WinogradImage {
    float* data;
    int64_t height, width, channels;
};

// Tiles [first, first + count), counted row by row and image by image. Tile (i, j) of an image makes rows 2 i and
// 2 i + 1 and columns 2 j and 2 j + 1 of y from the 4x4 pixels of x from (2 i - padding[0], 2 j - padding[1]) on.
struct WinogradTiles {
    WinogradImage x, y;
    int64_t padding[2];
    int64_t rows, columns;  // of tiles in an image
    int64_t first, count;
    const float* zeros;  // as many as x has channels: what lies around the image
    // Room for (16, count, channels of x) and, of one panel after the other, (16, count, kWinogradColumns).
    float *windows, *products;
    int64_t window;  // elements from a window to the next
    int64_t windows_place, products_place;  // elements from a place to the next
};

// Weights lie as (panels, 16, inputs, kWinogradColumns), with zeros behind the last output. Panels [first, last) are
// computed.
struct WinogradForward {
    WinogradTiles tiles;
    int64_t first, last;
    const float* weight;
    const float* bias;  // may be null
    bool finite;        // set: whether all results are
};

// The sums lie as the weights do, and are added to those that are there.
struct WinogradGradient {
    WinogradTiles tiles;
    int64_t first, last;
    float* sums;
    bool accumulate;
};

// Weights of kWinogradColumns outputs for one input, (9, kWinogradColumns), to and from the transformed (16, ...),
// whose places are `step` elements apart.
struct WinogradWeight {
    float* plain;
    float* transformed;
    int64_t step;
};

}  // namespace bestiary::cpu
