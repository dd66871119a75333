// Resampling along one dimension: every result is a weighted sum of a few elements.
#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

// data: result, operand, place and weight of tap k of element i at k * resampled + i; strides: taps per element,
// elements of the resampled line, elements of the source line, and `inner` neighbours that share their taps; n lines.
template <class T>
struct DimView {
    T* out;
    const T *in, *weights;
    const int32_t* places;
    int64_t taps, resampled, source, inner;

    DimView(char* const* data, const int64_t* s)
        : out(reinterpret_cast<T*>(data[0])), in(reinterpret_cast<const T*>(data[1])),
          weights(reinterpret_cast<const T*>(data[3])), places(reinterpret_cast<const int32_t*>(data[2])), taps(s[0]),
          resampled(s[1]), source(s[2]), inner(s[3]) {}
};

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

// Every element for itself, gathered.
template <class T, int Taps>
void forward_row(const DimView<T>& l, T* out, const T* in) {
    const int64_t n = l.resampled, taps = l.taps;
    const int32_t* const places = l.places;
    const T* const weights = l.weights;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i)
        out[i] = sum_taps<Taps, T>(taps, [&](int64_t k) { return weights[k * n + i] * in[places[k * n + i]]; });
}

template <class T, int Taps>
void forward_line(const DimView<T>& l, T* out, const T* in) {
    for (int64_t i = 0; i < l.resampled; ++i)
        for_vec<T>(l.inner, [&](int64_t c, auto lanes) {
            const Vec<T> sum = sum_taps<Taps, Vec<T>>(l.taps, [&](int64_t k) -> Vec<T> {
                const int64_t tap = k * l.resampled + i;
                return load_vec(in + l.places[tap] * l.inner + c, lanes) * l.weights[tap];
            });
            store_vec<T>(out + i * l.inner + c, sum, lanes);
        });
}

template <class T, int Taps>
void forward_lines(const DimView<T>& l, int64_t n) {
    const auto line = l.inner == 1 ? forward_row<T, Taps> : forward_line<T, Taps>;
    for (int64_t o = 0; o < n; ++o) line(l, l.out + o * l.resampled * l.inner, l.in + o * l.source * l.inner);
}

// Two neighbouring dimensions at once: a row of the result is a sum of source rows that were resampled across before.
// Of those, Taps are held; the source rows of one result follow each other, so each has a slot of its own.
template <class T, int Taps>
struct Grid {
    const DimView<T> down, across;
    T* const held;
    int64_t* const sources;  // which source row each slot holds
    const int64_t width;     // elements of a row of the result

    Grid(char* const* data, const int64_t* s)
        : down(data, s), across(data + 4, s + 4), held(reinterpret_cast<T*>(data[8])),
          sources(reinterpret_cast<int64_t*>(data[9])), width(across.resampled * across.inner) {}

    const T* resampled_across(int64_t source) const {
        const int64_t slot = source % Taps;
        T* const row = held + slot * width;
        if (sources[slot] == source) return row;
        sources[slot] = source;
        const auto line = across.inner == 1 ? forward_row<T, Taps> : forward_line<T, Taps>;
        line(across, row, down.in + source * across.source * across.inner);
        return row;
    }
    // Sums all taps of each pixel, which costs less than resampled rows if pixels have many channels.
    void write_pixels(T* out, const T* const* rows, const T* row_weights) const {
        const int64_t n = across.resampled, inner = across.inner;
        for (int64_t i = 0; i < n; ++i) {
            const T* from[Taps * Taps];
            T weight[Taps * Taps];
            for (int k = 0; k < Taps * Taps; ++k) {
                const int64_t tap = k % Taps * n + i;
                from[k] = rows[k / Taps] + across.places[tap] * inner;
                weight[k] = row_weights[k / Taps] * across.weights[tap];
            }
            for_vec<T>(inner, [&](int64_t c, auto lanes) {
                const auto term = [&](int64_t k) -> Vec<T> { return load_vec(from[k] + c, lanes) * weight[k]; };
                store_vec<T>(out + i * inner + c, sum_taps<Taps * Taps, Vec<T>>(Taps * Taps, term), lanes);
            });
        }
    }
    void write_row(int64_t index) const {
        const int64_t plane = index / down.resampled, i = index % down.resampled;
        const T* from[Taps];
        T weight[Taps];
        if (Taps <= 2 && across.taps == Taps && across.inner >= kLanes<T>) {
            for (int k = 0; k < Taps; ++k) {
                const int64_t row = plane * down.source + down.places[k * down.resampled + i];
                from[k] = down.in + row * across.source * across.inner;
                weight[k] = down.weights[k * down.resampled + i];
            }
            return write_pixels(down.out + index * width, from, weight);
        }
        for (int k = 0; k < Taps; ++k) {
            from[k] = resampled_across(plane * down.source + down.places[k * down.resampled + i]);
            weight[k] = down.weights[k * down.resampled + i];
        }
        for_vec<T>(width, [&](int64_t c, auto lanes) {
            const auto term = [&](int64_t k) -> Vec<T> { return load_vec(from[k] + c, lanes) * weight[k]; };
            store_vec<T>(down.out + index * width + c, sum_taps<Taps, Vec<T>>(Taps, term), lanes);
        });
    }
};

// data: result, operand, places and weights down; two unused, places and weights across; room for the rows held and for
// which they are. strides: those of DimView down, then across, then the first of n rows of the result.
template <class T, int Taps>
void write_rows(char* const* data, const int64_t* strides, int64_t n) {
    const Grid<T, Taps> grid(data, strides);
    for (int64_t index = strides[8]; index < strides[8] + n; ++index) grid.write_row(index);
}
template <class T>
void forward_grid(char* const* data, const int64_t* strides, int64_t n, const double*) {
    switch (strides[0]) {
        case 1: return write_rows<T, 1>(data, strides, n);
        case 2: return write_rows<T, 2>(data, strides, n);
        default: return write_rows<T, 4>(data, strides, n);
    }
}

template <class T>
void backward_line(const DimView<T>& l, T* out, const T* grad) {
    std::memset(out, 0, sizeof(T) * static_cast<size_t>(l.source * l.inner));
    for (int64_t i = 0; i < l.resampled; ++i)
        for (int64_t k = 0; k < l.taps; ++k) {
            const T weight = l.weights[k * l.resampled + i];
            T* to = out + l.places[k * l.resampled + i] * l.inner;
            const T* from = grad + i * l.inner;
            if (l.inner == 1) {
                *to += weight * *from;
                continue;
            }
            for_vec<T>(l.inner, [&](int64_t c, auto lanes) {
                store_vec<T>(to + c, load_vec(to + c, lanes) + load_vec(from + c, lanes) * weight, lanes);
            });
        }
}

template <class T>
void forward(char* const* data, const int64_t* strides, int64_t n, const double*) {
    const DimView<T> l(data, strides);
    switch (l.taps) {
        case 1: return forward_lines<T, 1>(l, n);
        case 2: return forward_lines<T, 2>(l, n);
        case 4: return forward_lines<T, 4>(l, n);
        default: return forward_lines<T, 0>(l, n);
    }
}

template <class T>
void backward(char* const* data, const int64_t* strides, int64_t n, const double*) {
    const DimView<T> l(data, strides);
    for (int64_t o = 0; o < n; ++o) backward_line(l, l.out + o * l.source * l.inner, l.in + o * l.resampled * l.inner);
}

LOOPS {
    register_loop("_resample", DType::Float32, IsaLevel::ISA, forward<float>);
    register_loop("_resample", DType::Float64, IsaLevel::ISA, forward<double>);
    register_loop("_resample_grid", DType::Float32, IsaLevel::ISA, forward_grid<float>);
    register_loop("_resample_grid", DType::Float64, IsaLevel::ISA, forward_grid<double>);
    register_loop("_resample_backward", DType::Float32, IsaLevel::ISA, backward<float>);
    register_loop("_resample_backward", DType::Float64, IsaLevel::ISA, backward<double>);
}

}  // namespace
}  // namespace bestiary::cpu::ISA
