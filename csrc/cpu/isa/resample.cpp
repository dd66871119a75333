// Resampling along one dimension: every result is a weighted sum of a few elements.
#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

// data: result, operand, place and weight of every tap of every element of the larger grid of taps; strides: taps per
// element, elements of the resampled line, elements of the source line, and `inner` neighbours that share their taps;
// n lines.
template <class T>
struct Lines {
    T* out;
    const T *in, *weights;
    const int64_t* places;
    int64_t taps, resampled, source, inner;

    Lines(char* const* data, const int64_t* s)
        : out(reinterpret_cast<T*>(data[0])), in(reinterpret_cast<const T*>(data[1])), weights(reinterpret_cast<const T*>(data[3])),
          places(reinterpret_cast<const int64_t*>(data[2])), taps(s[0]), resampled(s[1]), source(s[2]), inner(s[3]) {}
};

template <class T>
void forward_line(const Lines<T>& l, T* out, const T* in) {
    for (int64_t i = 0; i < l.resampled; ++i) {
        const int64_t* place = l.places + i * l.taps;
        const T* weight = l.weights + i * l.taps;
        if (l.inner == 1) {
            T sum = T(0);
            for (int64_t k = 0; k < l.taps; ++k) sum += weight[k] * in[place[k]];
            out[i] = sum;
            continue;
        }
        for_vec<T>(l.inner, [&](int64_t c, auto lanes) {
            Vec<T> sum{};
            for (int64_t k = 0; k < l.taps; ++k) sum += load_vec(in + place[k] * l.inner + c, lanes) * weight[k];
            store_vec<T>(out + i * l.inner + c, sum, lanes);
        });
    }
}

template <class T>
void backward_line(const Lines<T>& l, T* out, const T* grad) {
    std::memset(out, 0, sizeof(T) * static_cast<size_t>(l.source * l.inner));
    for (int64_t i = 0; i < l.resampled; ++i)
        for (int64_t k = 0; k < l.taps; ++k) {
            const T weight = l.weights[i * l.taps + k];
            T* to = out + l.places[i * l.taps + k] * l.inner;
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
    const Lines<T> l(data, strides);
    for (int64_t o = 0; o < n; ++o) forward_line(l, l.out + o * l.resampled * l.inner, l.in + o * l.source * l.inner);
}

template <class T>
void backward(char* const* data, const int64_t* strides, int64_t n, const double*) {
    const Lines<T> l(data, strides);
    for (int64_t o = 0; o < n; ++o) backward_line(l, l.out + o * l.source * l.inner, l.in + o * l.resampled * l.inner);
}

LOOPS {
    register_loop("_resample", DType::Float32, IsaLevel::ISA, forward<float>);
    register_loop("_resample", DType::Float64, IsaLevel::ISA, forward<double>);
    register_loop("_resample_backward", DType::Float32, IsaLevel::ISA, backward<float>);
    register_loop("_resample_backward", DType::Float64, IsaLevel::ISA, backward<double>);
}

}  // namespace
}  // namespace bestiary::cpu::ISA
