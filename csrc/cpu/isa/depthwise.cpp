// The innermost loop of the gradient of a depthwise convolution's weight.
#include "cpu/isa/depthwise.h"

#include <algorithm>

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

constexpr int kPlaces = 4;  // of the kernel, summed at a time: each needs a register

// Places [k, k + K) of the kernel, for a vector of channels from c on.
template <class T, int K, class Lanes>
inline void add_places(const DepthwiseRow& r, int64_t k, int64_t c, Lanes lanes) {
    const T* const dy = reinterpret_cast<const T*>(r.dy) + c;
    T* const to = reinterpret_cast<T*>(r.sums) + k * r.channels + c;
    const int64_t first = k * r.dilation - r.padding, last = first + (K - 1) * r.dilation;
    // Output pixels whose K places all lie inside; those at the borders take them one by one.
    const int64_t begin = std::clamp<int64_t>(first >= 0 ? 0 : (-first + r.stride - 1) / r.stride, 0, r.n);
    const int64_t end = last < r.size ? std::clamp<int64_t>((r.size - 1 - last) / r.stride + 1, begin, r.n) : begin;
    const T* const x = reinterpret_cast<const T*>(r.x) + c;
    Vec<T> sums[K];
    for (int j = 0; j < K; ++j) sums[j] = load_vec(to + j * r.channels, lanes);
    const auto border = [&](int64_t i) {
        const Vec<T> g = load_vec(dy + i * r.channels, lanes);
        for (int j = 0; j < K; ++j) {
            const int64_t at = i * r.stride + first + j * r.dilation;
            if (0 <= at && at < r.size) sums[j] += g * load_vec(x + at * r.channels, lanes);
        }
    };
    for (int64_t i = 0; i < begin; ++i) border(i);
    for (int64_t i = begin; i < end; ++i) {
        const Vec<T> g = load_vec(dy + i * r.channels, lanes);
        const T* const from = x + (i * r.stride + first) * r.channels;
#pragma GCC unroll 4
        for (int j = 0; j < K; ++j) sums[j] += g * load_vec(from + j * r.dilation * r.channels, lanes);
    }
    for (int64_t i = end; i < r.n; ++i) border(i);
    for (int j = 0; j < K; ++j) store_vec(to + j * r.channels, sums[j], lanes);
}

template <class T>
void weight_row(char* const* data, const int64_t*, int64_t, const double*) {
    const DepthwiseRow& r = *reinterpret_cast<const DepthwiseRow*>(data[0]);
    for_vec<T>(r.channels, [&](int64_t c, auto lanes) {
        int64_t k = 0;
        for (; k + kPlaces <= r.kernel; k += kPlaces) add_places<T, kPlaces>(r, k, c, lanes);
        switch (r.kernel - k) {
            case 3: return add_places<T, 3>(r, k, c, lanes);
            case 2: return add_places<T, 2>(r, k, c, lanes);
            case 1: return add_places<T, 1>(r, k, c, lanes);
        }
    });
}

LOOPS {
    register_loop("depthwise.weight", DType::Float32, IsaLevel::ISA, weight_row<float>);
    register_loop("depthwise.weight", DType::Float64, IsaLevel::ISA, weight_row<double>);
}

}  // namespace
}  // namespace bestiary::cpu::ISA
