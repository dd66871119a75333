// Interpolation: every result is a weighted sum of a few elements.
#include "cpu/isa/interpolate.h"

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

// The sum of term(k) over the taps; Taps is their number where the compiler knows it.
template <int Taps, class Sum, class Term>
inline Sum sum_taps(int64_t taps, const Term& term) {
    Sum sum = term(0);
    if constexpr (Taps > 0) {
#pragma GCC unroll 16
        for (int k = 1; k < Taps; ++k) sum += term(k);
    } else {
        for (int64_t k = 1; k < taps; ++k) sum += term(k);
    }
    return sum;
}

// Gathers the taps of every element.
template <class T, int Taps>
void forward_row(const TapTable<T>& t, int64_t, T* out, const T* in) {
    const int64_t n = t.resampled, taps = t.taps;
    const int32_t* const index = t.index;
    const T* const weight = t.weight;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i)
        out[i] = sum_taps<Taps, T>(taps, [&](int64_t k) { return weight[k * n + i] * in[index[k * n + i]]; });
}

template <class T, int Taps>
void forward_line(const TapTable<T>& t, int64_t inner, T* out, const T* in) {
    for (int64_t i = 0; i < t.resampled; ++i)
        for_vec<T>(inner, [&](int64_t c, auto lanes) {
            const Vec<T> sum = sum_taps<Taps, Vec<T>>(t.taps, [&](int64_t k) -> Vec<T> {
                const int64_t tap = k * t.resampled + i;
                return load_vec(in + t.index[tap] * inner + c, lanes) * t.weight[tap];
            });
            store_vec<T>(out + i * inner + c, sum, lanes);
        });
}

template <class T, int Taps>
void forward_lines(const InterpolateLines<T>& l) {
    const int64_t to = l.table.resampled * l.inner, from = l.table.source * l.inner;
    const auto line = l.inner == 1 ? forward_row<T, Taps> : forward_line<T, Taps>;
    for (int64_t o = 0; o < l.count; ++o) line(l.table, l.inner, l.out + o * to, l.in + o * from);
}

// Two adjacent dimensions at once: a row of the result is a sum of source rows that are resampled across. Of those,
// Taps are cached; the source rows of one result are adjacent, so that each has a slot of its own.
template <class T, int Taps>
struct RowWriter {
    const InterpolateRows<T>& r;
    const int64_t width = r.across.resampled * r.inner;  // elements of a row of the result

    const T* resampled_across(int64_t source) const {
        const int64_t slot = source % Taps;
        T* const row = r.cache + slot * width;
        if (r.cached[slot] == source) return row;
        r.cached[slot] = source;
        const auto line = r.inner == 1 ? forward_row<T, Taps> : forward_line<T, Taps>;
        line(r.across, r.inner, row, r.in + source * r.across.source * r.inner);
        return row;
    }
    // Sums all taps of a pixel again: with many neighbours of the same taps that costs less than caching rows.
    void write_pixels(T* out, const T* const* rows, const T* row_weights) const {
        const int64_t n = r.across.resampled, inner = r.inner;
        for (int64_t i = 0; i < n; ++i) {
            const T* from[Taps * Taps];
            T weight[Taps * Taps];
            for (int k = 0; k < Taps * Taps; ++k) {
                const int64_t tap = k % Taps * n + i;
                from[k] = rows[k / Taps] + r.across.index[tap] * inner;
                weight[k] = row_weights[k / Taps] * r.across.weight[tap];
            }
            for_vec<T>(inner, [&](int64_t c, auto lanes) {
                const auto term = [&](int64_t k) -> Vec<T> { return load_vec(from[k] + c, lanes) * weight[k]; };
                store_vec<T>(out + i * inner + c, sum_taps<Taps * Taps, Vec<T>>(Taps * Taps, term), lanes);
            });
        }
    }
    void write_row(int64_t row) const {
        const int64_t plane = row / r.down.resampled, i = row % r.down.resampled;
        const bool by_pixel = Taps <= 2 && r.across.taps == Taps && r.inner >= kLanes<T>;
        const T* from[Taps];
        T weight[Taps];
        for (int k = 0; k < Taps; ++k) {
            const int64_t source = plane * r.down.source + r.down.index[k * r.down.resampled + i];
            from[k] = by_pixel ? r.in + source * r.across.source * r.inner : resampled_across(source);
            weight[k] = r.down.weight[k * r.down.resampled + i];
        }
        if (by_pixel) return write_pixels(r.out + row * width, from, weight);
        for_vec<T>(width, [&](int64_t c, auto lanes) {
            const auto term = [&](int64_t k) -> Vec<T> { return load_vec(from[k] + c, lanes) * weight[k]; };
            store_vec<T>(r.out + row * width + c, sum_taps<Taps, Vec<T>>(Taps, term), lanes);
        });
    }
};

template <class T, int Taps>
void write_rows(const InterpolateRows<T>& rows) {
    const RowWriter<T, Taps> writer{rows};
    for (int64_t row = rows.first; row < rows.first + rows.count; ++row) writer.write_row(row);
}
template <class T>
void plane(const InterpolateRows<T>& rows) {
    switch (rows.down.taps) {
        case 1: return write_rows<T, 1>(rows);
        case 2: return write_rows<T, 2>(rows);
        default: return write_rows<T, 4>(rows);
    }
}

template <class T>
void forward(const InterpolateLines<T>& l) {
    switch (l.table.taps) {
        case 1: return forward_lines<T, 1>(l);
        case 2: return forward_lines<T, 2>(l);
        case 4: return forward_lines<T, 4>(l);
        default: return forward_lines<T, 0>(l);
    }
}

template <class T>
void backward_line(const TapTable<T>& t, int64_t inner, T* out, const T* grad) {
    std::memset(out, 0, sizeof(T) * static_cast<size_t>(t.source * inner));
    for (int64_t i = 0; i < t.resampled; ++i)
        for (int64_t k = 0; k < t.taps; ++k) {
            const T weight = t.weight[k * t.resampled + i];
            T* to = out + t.index[k * t.resampled + i] * inner;
            const T* from = grad + i * inner;
            if (inner == 1) {
                *to += weight * *from;
                continue;
            }
            for_vec<T>(inner, [&](int64_t c, auto lanes) {
                store_vec<T>(to + c, load_vec(to + c, lanes) + load_vec(from + c, lanes) * weight, lanes);
            });
        }
}

template <class T>
void backward(const InterpolateLines<T>& l) {
    const int64_t to = l.table.source * l.inner, from = l.table.resampled * l.inner;
    for (int64_t o = 0; o < l.count; ++o) backward_line(l.table, l.inner, l.out + o * to, l.in + o * from);
}

LOOPS {
    provide(InterpolateKernels<float>{forward<float>, backward<float>, plane<float>});
    provide(InterpolateKernels<double>{forward<double>, backward<double>, plane<double>});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
