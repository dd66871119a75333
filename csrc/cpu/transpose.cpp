#include "cpu/transpose.h"

#include "cpu/isa/transpose.h"
#include "cpu/kernel_table.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {
namespace {

// Below this many elements a tile is not worth its buffer.
constexpr int64_t kNarrow = 4;

// The side of a square tile: the cache lines that are read stay in the first-level cache until they are used up.
template <class T>
constexpr int64_t kTile = sizeof(T) == 8 ? 32 : 64;

// Two dimensions: `width` elements are adjacent in the result, `height` in the source; the steps are bytes from a line
// to the next.
struct Plane {
    int64_t width, height, to_step, from_step;
};

// Lines a power of two apart share the sets of a cache. Those of the buffer do not.
template <class T>
void transpose_by_buffer(const Plane& plane, char* to, const char* from, int64_t width, int64_t height) {
    T tile[kTile<T>][kTile<T>];
    for (int64_t j = 0; j < width; ++j) {
        const T* line = reinterpret_cast<const T*>(from + j * plane.from_step);
        for (int64_t i = 0; i < height; ++i) tile[i][j] = line[i];
    }
    for (int64_t i = 0; i < height; ++i)
        std::memcpy(to + i * plane.to_step, tile[i], static_cast<size_t>(width) * sizeof(T));
}

template <class T>
void transpose_tile(const Plane& plane, char* to, const char* from, int64_t width, int64_t height) {
    constexpr int64_t item = sizeof(T);
    if constexpr (item < 4)
        return transpose_by_buffer<T>(plane, to, from, width, height);
    else
        kernels<TransposeKernels<T>>().copy({reinterpret_cast<T*>(to), reinterpret_cast<const T*>(from),
                                             plane.to_step / item, plane.from_step / item, width, height});
}

// Copies all planes; operands as in copy_transposed.
template <class T>
void transpose(const Plane& plane, const Strided& planes) {
    constexpr int64_t side = kTile<T>, item = sizeof(T);
    const int64_t across = ceil_div(plane.width, side), down = ceil_div(plane.height, side);
    const int64_t tiles = planes.sizes.product() * across * down;
    parallel_for(tiles, ceil_div(kGrain, side * side), [&](int64_t begin, int64_t end) {
        for (int64_t tile = begin; tile < end; ++tile) {
            const int64_t j = tile % across * side, i = tile / across % down * side;
            char *to = planes.data[0] + i * plane.to_step + j * item,
                 *from = planes.data[1] + j * plane.from_step + i * item;
            int64_t rest = tile / across / down;
            for (int d = planes.sizes.size() - 1; d >= 0; --d) {
                const int64_t k = rest % planes.sizes[d];
                rest /= planes.sizes[d];
                to += k * planes.strides[0][d];
                from += k * planes.strides[1][d];
            }
            transpose_tile<T>(plane, to, from, std::min(side, plane.width - j), std::min(side, plane.height - i));
        }
    });
}

}  // namespace

bool copy_transposed(const Strided& at, int64_t item) {
    const int last = at.sizes.size() - 1;
    int fastest = last;  // of the source
    for (int d = 0; d < last; ++d)
        if (at.strides[1][d] == item) fastest = d;
    if (fastest == last || at.inner_stride(0) != item || at.inner_stride(1) == item) return false;
    const Plane plane{at.inner(), at.sizes[fastest], at.strides[0][fastest], at.inner_stride(1)};
    if (plane.width < kNarrow || plane.height < kNarrow) return false;
    Strided planes = at;
    planes.drop(last);
    planes.drop(fastest);
    switch (item) {
        case 1: transpose<uint8_t>(plane, planes); break;
        case 2: transpose<uint16_t>(plane, planes); break;
        case 4: transpose<float>(plane, planes); break;
        default: transpose<double>(plane, planes);
    }
    return true;
}

}  // namespace bestiary::cpu
