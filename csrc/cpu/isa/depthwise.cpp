// The inner loops of depthwise convolutions, on vectors of channels.
#include "cpu/isa/depthwise.h"

#include <algorithm>
#include <utility>

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

constexpr int kTaps = 9;    // unrolled together
constexpr int kPixels = 4;  // adjacent ones, unrolled together: they share the loads of weights or of sums

// P output pixels from pixel i on, which meet K taps.
template <class T, int K, int P>
struct Block {
    const T* x[K > 0 ? K : 1];
    T* weight[K > 0 ? K : 1];
    T* y;
    const T* bias;
    int64_t step, y_pixel;
    bool adds;  // to the sums of earlier taps

    Block(const DepthwiseRow<T>& r, const DepthwiseTap<T>* taps, int64_t i, bool adds)
        : y(r.y + i * r.y_pixel), bias(r.bias), step(r.step), y_pixel(r.y_pixel), adds(adds) {
        for (int k = 0; k < K; ++k) {
            x[k] = taps[k].x + i * r.step;
            weight[k] = r.weight + taps[k].index * r.weight_tap;
        }
    }
};

// Stores all lanes but the first `known` ones.
template <class T, class Lanes>
inline void store_from(T* to, const Vec<T>& v, int64_t known, Lanes lanes) {
    if (known == 0) return store_vec(to, v, lanes);
    for (int64_t j = known; j < lanes; ++j) to[j] = v[j];
}

// Sums the taps of output pixels, for the channels from c on.
struct SumTaps {
    template <class T, int K, int P, class Lanes>
    static inline void run(const Block<T, K, P>& b, int64_t c, int64_t known, Lanes lanes) {
        Vec<T> sums[P];
#pragma GCC unroll 4
        for (int p = 0; p < P; ++p) {
            if (b.adds) sums[p] = load_vec(b.y + p * b.y_pixel + c, lanes);
            else sums[p] = b.bias ? load_vec(b.bias + c, lanes) : Vec<T>{};
        }
#pragma GCC unroll 9
        for (int k = 0; k < K; ++k) {
            const Vec<T> w = load_vec(b.weight[k] + c, lanes);
#pragma GCC unroll 4
            for (int p = 0; p < P; ++p) sums[p] += w * load_vec(b.x[k] + p * b.step + c, lanes);
        }
#pragma GCC unroll 4
        for (int p = 0; p < P; ++p) store_from<T>(b.y + p * b.y_pixel + c, sums[p], known, lanes);
    }
};

// Adds up the gradient of the weight, for the channels from c on.
struct SumPixels {
    template <class T, int K, int P, class Lanes>
    static inline void run(const Block<T, K, P>& b, int64_t c, int64_t known, Lanes lanes) {
        Vec<T> g[P];
#pragma GCC unroll 4
        for (int p = 0; p < P; ++p) g[p] = load_vec(b.y + p * b.y_pixel + c, lanes);
#pragma GCC unroll 9
        for (int k = 0; k < K; ++k) {
            Vec<T> sum = load_vec(b.weight[k] + c, lanes);
#pragma GCC unroll 4
            for (int p = 0; p < P; ++p) sum += g[p] * load_vec(b.x[k] + p * b.step + c, lanes);
            store_from<T>(b.weight[k] + c, sum, known, lanes);
        }
    }
};

// The last vector of channels overlaps the one before, which wrote its first `known` lanes.
template <class Kernel, class T, int K, int P>
void run_block(const DepthwiseRow<T>& r, const DepthwiseTap<T>* taps, int64_t i, bool adds) {
    const Block<T, K, P> block(r, taps, i, adds);
    constexpr int64_t lanes = kLanes<T>;
    const int64_t channels = r.channels, last = channels - lanes;
    if (last < 0) return Kernel::run(block, 0, 0, channels);
    int64_t c = 0;
    for (; c <= last; c += lanes) Kernel::run(block, c, 0, AllLanes<T>{});
    if (c < channels) Kernel::run(block, last, c - last, AllLanes<T>{});
}

// Any number of taps, all of them inside the image.
template <class Kernel, class T, int P, int... K>
void run_taps(const DepthwiseRow<T>& r, const DepthwiseTap<T>* taps, int64_t count, int64_t i,
              std::integer_sequence<int, K...>) {
    static constexpr void (*block[])(const DepthwiseRow<T>&, const DepthwiseTap<T>*, int64_t,
                                     bool) = {run_block<Kernel, T, K, P>...};
    for (int64_t k = 0; k == 0 || k < count; k += kTaps)
        block[std::min<int64_t>(kTaps, count - k)](r, taps + k, i, k > 0);
}

template <class Kernel, class T, int P>
void run_pixels(const DepthwiseRow<T>& r, const DepthwiseTap<T>* taps, int64_t count, int64_t i) {
    run_taps<Kernel, T, P>(r, taps, count, i, std::make_integer_sequence<int, kTaps + 1>());
}

template <class T, class Kernel>
void row(const DepthwiseRow<T>& r) {
    int64_t begin = 0, end = r.n;  // of the pixels whose taps are all inside
    for (int64_t k = 0; k < r.count; ++k) {
        begin = std::max(begin, r.taps[k].begin);
        end = std::min(end, r.taps[k].end);
    }
    const auto border = [&](int64_t i) {
        int64_t count = 0;
        for (int64_t k = 0; k < r.count; ++k)
            if (r.taps[k].begin <= i && i < r.taps[k].end) r.inside[count++] = r.taps[k];
        run_pixels<Kernel, T, 1>(r, r.inside, count, i);
    };
    int64_t i = 0;
    for (; i < std::min(begin, r.n); ++i) border(i);
    for (; i + kPixels <= end; i += kPixels) run_pixels<Kernel, T, kPixels>(r, r.taps, r.count, i);
    for (; i < end; ++i) run_pixels<Kernel, T, 1>(r, r.taps, r.count, i);
    for (; i < r.n; ++i) border(i);
}

LOOPS {
    provide(DepthwiseKernels<float>{row<float, SumTaps>, row<float, SumPixels>});
    provide(DepthwiseKernels<double>{row<double, SumTaps>, row<double, SumPixels>});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
