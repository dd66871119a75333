// The inner loops of depthwise convolutions, on vectors of channels.
#include "cpu/isa/depthwise.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

constexpr int kTaps = 9;  // taken at a time: their weights, or sums, stay in registers

// The channels from c on of a row, for K of its taps.
template <class T, int K>
struct Taps {
    const DepthwiseTap* tap;
    std::array<const T*, K> x;
    int64_t n, begin = 0, end;  // for output pixels [begin, end) all taps lie inside

    Taps(const DepthwiseRow& r, int64_t first, int64_t c) : tap(r.taps + first), n(r.n), end(r.n) {
        for (int k = 0; k < K; ++k) {
            x[k] = reinterpret_cast<const T*>(tap[k].x) + c;
            begin = std::max(begin, tap[k].begin);
            end = std::min(end, tap[k].end);
        }
        end = std::max(begin, end);
    }
    // Calls visit(i, inside) for the output pixels; most know at compile time that inside(k) is true.
    template <class Visit>
    void for_pixels(const Visit& visit) const {
        const auto border = [&](int64_t i) { visit(i, [&](int k) { return tap[k].begin <= i && i < tap[k].end; }); };
        for (int64_t i = 0; i < begin; ++i) border(i);
        for (int64_t i = begin; i < end; ++i) visit(i, [](int) { return std::true_type(); });
        for (int64_t i = end; i < n; ++i) border(i);
    }
};

template <class T, int K, class Lanes>
void sum_taps(const DepthwiseRow& r, int64_t first, int64_t c, int64_t, Lanes lanes) {
    const Taps<T, K> taps(r, first, c);
    std::array<Vec<T>, K> weight;
    for (int k = 0; k < K; ++k)
        weight[k] = load_vec(reinterpret_cast<const T*>(r.weight) + taps.tap[k].place * r.place + c, lanes);
    const Vec<T> bias = r.bias ? load_vec(reinterpret_cast<const T*>(r.bias) + c, lanes) : Vec<T>{};
    T* const y = reinterpret_cast<T*>(r.y) + c;
    taps.for_pixels([&](int64_t i, const auto& inside) {
        Vec<T> sum = first == 0 ? bias : load_vec(y + i * r.y_pixel, lanes);
#pragma GCC unroll 9
        for (int k = 0; k < K; ++k)
            if (inside(k)) sum += weight[k] * load_vec(taps.x[k] + i * r.step, lanes);
        store_vec(y + i * r.y_pixel, sum, lanes);
    });
}

// Adds all lanes but the first `known` ones.
template <class T, class Lanes>
inline void add_to(T* to, const Vec<T>& v, int64_t known, Lanes lanes) {
    if (known == 0) return store_vec(to, load_vec(to, lanes) + v, lanes);
    for (int64_t i = known; i < lanes; ++i) to[i] += v[i];
}

template <class T, int K, class Lanes>
void sum_pixels(const DepthwiseRow& r, int64_t first, int64_t c, int64_t known, Lanes lanes) {
    const Taps<T, K> taps(r, first, c);
    const T* const y = reinterpret_cast<const T*>(r.y) + c;
    std::array<Vec<T>, K> sums{};
    taps.for_pixels([&](int64_t i, const auto& inside) {
        const Vec<T> g = load_vec(y + i * r.y_pixel, lanes);
#pragma GCC unroll 9
        for (int k = 0; k < K; ++k)
            if (inside(k)) sums[k] += g * load_vec(taps.x[k] + i * r.step, lanes);
    });
    for (int k = 0; k < K; ++k)
        add_to<T>(reinterpret_cast<T*>(r.weight) + taps.tap[k].place * r.place + c, sums[k], known, lanes);
}

template <class T, class Lanes>
using Sum = void (*)(const DepthwiseRow&, int64_t first, int64_t c, int64_t known, Lanes);

template <class T, class Lanes, int... K>
Sum<T, Lanes> tap_sum(int64_t count, std::integer_sequence<int, K...>) {
    static constexpr Sum<T, Lanes> table[] = {sum_taps<T, K, Lanes>...};
    return table[count];
}

template <class T, class Lanes, int... K>
Sum<T, Lanes> pixel_sum(int64_t count, std::integer_sequence<int, K...>) {
    static constexpr Sum<T, Lanes> table[] = {sum_pixels<T, K, Lanes>...};
    return table[count];
}

template <class T, bool OfPixels, class Lanes>
void run_taps(const DepthwiseRow& r, int64_t c, int64_t known, Lanes lanes) {
    constexpr std::make_integer_sequence<int, kTaps + 1> counts;
    for (int64_t tap = 0; tap == 0 || tap < r.count; tap += kTaps) {
        const int64_t count = std::min<int64_t>(kTaps, r.count - tap);
        const auto sum = OfPixels ? pixel_sum<T, Lanes>(count, counts) : tap_sum<T, Lanes>(count, counts);
        sum(r, tap, c, known, lanes);
    }
}

// The last vector of channels overlaps the one before: its first `known` lanes are done already.
template <class T, bool OfPixels>
void row(char* const* data, const int64_t*, int64_t, const double*) {
    const DepthwiseRow& r = *reinterpret_cast<const DepthwiseRow*>(data[0]);
    constexpr int64_t lanes = kLanes<T>;
    if (r.channels < lanes) return run_taps<T, OfPixels>(r, 0, 0, r.channels);
    int64_t c = 0;
    for (; c + lanes <= r.channels; c += lanes) run_taps<T, OfPixels>(r, c, 0, AllLanes<T>{});
    const int64_t last = r.channels - lanes;
    if (c < r.channels) run_taps<T, OfPixels>(r, last, c - last, AllLanes<T>{});
}

template <class T>
void turn(char* const* data, const int64_t*, int64_t, const double*) {
    const PlanarPixels& p = *reinterpret_cast<const PlanarPixels*>(data[0]);
    const T* const from = reinterpret_cast<const T*>(p.from);
    T* const to = reinterpret_cast<T*>(p.to);
    constexpr int64_t lanes = kLanes<T>;
    const auto one_by_one = [&](int64_t c, int64_t c_end, int64_t begin) {
        for (int64_t i = begin; i < p.n; ++i)
            for (int64_t j = c; j < c_end; ++j) to[i * p.channels + j] = from[j * p.plane + i];
    };
    int64_t c = 0;
    for (; c + lanes <= p.channels; c += lanes) {
        int64_t i = 0;
        for (; i + lanes <= p.n; i += lanes) {
            Vec<T> block[lanes];
            for (int j = 0; j < lanes; ++j) block[j] = load_vec(from + (c + j) * p.plane + i, AllLanes<T>{});
            transpose_vecs<T>(block);
            for (int j = 0; j < lanes; ++j) store_vec(to + (i + j) * p.channels + c, block[j], AllLanes<T>{});
        }
        one_by_one(c, c + lanes, i);
    }
    one_by_one(c, p.channels, 0);
}

template <class T>
void register_type() {
    register_loop("depthwise", dtype_of<T>(), IsaLevel::ISA, row<T, false>);
    register_loop("depthwise.weight", dtype_of<T>(), IsaLevel::ISA, row<T, true>);
    register_loop("depthwise.turn", dtype_of<T>(), IsaLevel::ISA, turn<T>);
}

LOOPS {
    register_type<float>();
    register_type<double>();
}

}  // namespace
}  // namespace bestiary::cpu::ISA
