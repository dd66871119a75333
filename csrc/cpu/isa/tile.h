// The innermost part of matrix products: a tile of sums in registers.
#pragma once

#include <type_traits>
#include <utility>

#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {

// Rows of a tile: with two vectors of columns, as many as there are registers for.
#if defined(__AVX512F__)
constexpr int kRows = 12;
#else
constexpr int kRows = 6;
#endif
template <class T>
constexpr int64_t kColumns = 2 * kLanes<T>;

template <class Acc, class In>
inline Vec<Acc> load_as(const In* p) {
    if constexpr (std::is_same_v<Acc, In>) {
        return load_vec(p, AllLanes<Acc>{});
    } else {
        Acc lanes[kLanes<Acc>];
        for (int64_t i = 0; i < kLanes<Acc>; ++i) lanes[i] = convert<Acc>(p[i]);
        return load_vec(lanes, AllLanes<Acc>{});
    }
}

template <class Acc>
inline void store_all(Acc* p, const Vec<Acc>& v) {
    store_vec(p, v, AllLanes<Acc>{});
}

// The destination of a tile's sums.
template <class Acc>
struct Target {
    Acc* c;
    int64_t row;
    int64_t columns;   // at most kColumns
    const Acc* bias;   // may be null; kColumns values
    bool accumulate;
};

template <class Acc, int R>
inline void store_tile(const Vec<Acc> (&sums)[R][2], const Target<Acc>& to) {
    constexpr int64_t lanes = kLanes<Acc>;
    Vec<Acc> bias[2] = {};
    if (to.bias)
        for (int v = 0; v < 2; ++v) bias[v] = load_as<Acc>(to.bias + v * lanes);
    for (int i = 0; i < R; ++i) {
        Acc* c = to.c + i * to.row;
        if (to.columns == kColumns<Acc>) {
            for (int v = 0; v < 2; ++v) {
                Vec<Acc> sum = sums[i][v] + bias[v];
                if (to.accumulate) sum += load_as<Acc>(c + v * lanes);
                store_all(c + v * lanes, sum);
            }
        } else {
            Acc row[kColumns<Acc>];
            for (int v = 0; v < 2; ++v) store_all(row + v * lanes, sums[i][v] + bias[v]);
            for (int64_t j = 0; j < to.columns; ++j) c[j] = to.accumulate ? c[j] + row[j] : row[j];
        }
    }
}

// R rows of a times a panel of b. Interleaved rows are adjacent, a_step apart along the depth; others are a_step apart,
// and adjacent along the depth.
template <class Acc, int R, bool Interleaved>
void tile(const Acc* a, int64_t a_step, const Acc* b, int64_t b_row, int64_t k, const Target<Acc>& to) {
    Vec<Acc> sums[R][2] = {};
    for (int64_t p = 0; p < k; ++p) {
        const Vec<Acc> b0 = load_as<Acc>(b), b1 = load_as<Acc>(b + kLanes<Acc>);
#pragma GCC unroll 16
        for (int i = 0; i < R; ++i) {
            const Acc x = Interleaved ? a[i] : a[i * a_step];
            sums[i][0] += x * b0;
            sums[i][1] += x * b1;
        }
        a += Interleaved ? a_step : 1;
        b += b_row;
    }
    store_tile<Acc, R>(sums, to);
}

template <class Acc>
using TileFn = void (*)(const Acc*, int64_t, const Acc*, int64_t, int64_t, const Target<Acc>&);

template <class Acc, bool Interleaved, int... R>
TileFn<Acc> tile_of(int64_t rows, std::integer_sequence<int, R...>) {
    static constexpr TileFn<Acc> table[] = {tile<Acc, R + 1, Interleaved>...};
    return table[rows - 1];
}

// At most kRows rows.
template <class Acc, bool Interleaved>
void run_tile(int64_t rows, const Acc* a, int64_t a_step, const Acc* b, int64_t b_row, int64_t k,
              const Target<Acc>& to) {
    if (rows == kRows) return tile<Acc, kRows, Interleaved>(a, a_step, b, b_row, k, to);
    tile_of<Acc, Interleaved>(rows, std::make_integer_sequence<int, kRows - 1>())(a, a_step, b, b_row, k, to);
}

}  // namespace bestiary::cpu::ISA
