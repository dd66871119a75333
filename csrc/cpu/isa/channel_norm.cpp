// Statistics of channels and their normalisation: batch norm and group norm.
//
// Note [Channel kernels]
// Kernels of planes see one channel of NCHW; kernels of rows see channels last, and compute all channels at once.
// Statistics are gathered in chunks that fit the first-level cache: a chunk's mean, then its squares about that mean;
// chunks are joined in double (Chan, Golub and LeVeque, 1979). The mean is rounded to the elements' type; far from 0,
// where that shows in the squares, the mean of the differences corrects both. Statistics that overflow are left to the
// drivers.
#include "cpu/isa/channel_norm.h"

#include "cpu/isa/loops.h"
#include "cpu/isa/moments.h"

namespace bestiary::cpu::ISA {
namespace {

constexpr int64_t kChunk = 4096;

// Adds `count` elements of this mean and sum of squares about it to the running statistics of `seen` elements.
inline void join(double& mean, double& squares, double seen, double chunk_mean, double chunk_squares, double count) {
    const double delta = chunk_mean - mean, share = count / (seen + count);
    mean += delta * share;
    squares += chunk_squares + delta * delta * seen * share;
}

template <class T>
void plane_moments(const ChannelMoments<T>& of, int64_t n, double seen) {
    for (int64_t begin = 0; begin < n; begin += kChunk) {
        const T* x = of.x + begin;
        const int64_t count = n - begin < kChunk ? n - begin : kChunk;
        const T mean = mean_vec(x, count);
        const CentredSums<T> sums(x, count, mean);
        const double rest = sums.rest, elements = static_cast<double>(count);
        join(*of.mean, *of.squares, seen, mean + rest / elements,
             std::max(sums.squares - rest * rest / elements, 0.0), elements);
        seen += elements;
    }
}

template <class T>
void plane_scale_shift(const ChannelScaleShift<T>& of, int64_t n) {
    const T center = *of.center, scale = *of.scale, shift = *of.shift;
    for_vec<T>(n, [&, x = of.x, out = of.out](int64_t i, auto lanes) {
        store_vec<T>(out + i, (load_vec(x + i, lanes) - center) * scale + shift, lanes);
    });
}

template <class T>
void plane_gradient_sums(const ChannelGradientSums<T>& of, int64_t n) {
    const T center = *of.center;
    for (int64_t begin = 0; begin < n; begin += kChunk) {
        const T *grad = of.grad + begin, *x = of.x + begin;
        const int64_t count = n - begin < kChunk ? n - begin : kChunk;
        *of.sum += sum_vec<T>(count, [&](int64_t i, auto lanes) { return load_vec(grad + i, lanes); });
        *of.dot += sum_vec<T>(count, [&](int64_t i, auto lanes) {
            return load_vec(grad + i, lanes) * (load_vec(x + i, lanes) - center);
        });
    }
}

template <class T>
void plane_input_gradient(const ChannelInputGradient<T>& of, int64_t n) {
    const T center = *of.center, scale = *of.scale, a = *of.a, b = *of.b, c = *of.c;
    for_vec<T>(n, [&, grad = of.grad, x = of.x, out = of.out](int64_t i, auto lanes) {
        const Vec<T> normal = (load_vec(x + i, lanes) - center) * scale;
        store_vec<T>(out + i, load_vec(grad + i, lanes) * a + (normal * b + c), lanes);
    });
}

// Calls body(row, channel, lanes) for n rows of `channels`.
template <class T, class Body>
void each(int64_t n, int64_t channels, const Body& body) {
    for (int64_t row = 0; row < n; ++row)
        for_vec<T>(channels, [&](int64_t c, auto lanes) { body(row * channels + c, c, lanes); });
}

// Rows that fit the first-level cache.
inline int64_t rows_of_chunk(int64_t channels) {
    return 0 < channels && channels < kChunk * 2 ? kChunk * 2 / channels : 1;
}

template <class T>
void row_moments(const ChannelMoments<T>& of, int64_t n, int64_t channels, T* scratch) {
    const int64_t chunk = rows_of_chunk(channels);
    T *mean = scratch, *square = mean + channels, *rest = square + channels;
    double *means = of.mean, *squares = of.squares, seen = 0;
    for (int64_t begin = 0; begin < n; begin += chunk) {
        const int64_t rows = n - begin < chunk ? n - begin : chunk;
        const T* x = of.x + begin * channels;
        const T per_row = T(1) / static_cast<T>(rows);
        std::memset(mean, 0, 3 * sizeof(T) * static_cast<size_t>(channels));
        each<T>(rows, channels, [&](int64_t at, int64_t c, auto lanes) {
            store_vec<T>(mean + c, load_vec(mean + c, lanes) + load_vec(x + at, lanes), lanes);
        });
        for (int64_t c = 0; c < channels; ++c) mean[c] *= per_row;
        each<T>(rows, channels, [&](int64_t at, int64_t c, auto lanes) {
            const Vec<T> d = load_vec(x + at, lanes) - load_vec(mean + c, lanes);
            store_vec<T>(square + c, load_vec(square + c, lanes) + d * d, lanes);
        });
        int far = 0;
        for (int64_t c = 0; c < channels; ++c) far |= is_far(mean[c], square[c], static_cast<T>(rows));
        if (far)
            each<T>(rows, channels, [&](int64_t at, int64_t c, auto lanes) {
                const Vec<T> d = load_vec(x + at, lanes) - load_vec(mean + c, lanes);
                store_vec<T>(rest + c, load_vec(rest + c, lanes) + d, lanes);
            });
#pragma omp simd
        for (int64_t c = 0; c < channels; ++c) {
            const double shift = rest[c] / static_cast<double>(rows), about = square[c] - rest[c] * shift;
            join(means[c], squares[c], seen, mean[c] + shift, about < 0 ? 0 : about, static_cast<double>(rows));
        }
        seen += static_cast<double>(rows);
    }
}

template <class T>
void row_scale_shift(const ChannelScaleShift<T>& of, int64_t rows, int64_t channels) {
    each<T>(rows, channels, [of](int64_t at, int64_t c, auto lanes) {
        const Vec<T> d = load_vec(of.x + at, lanes) - load_vec(of.center + c, lanes);
        store_vec<T>(of.out + at, d * load_vec(of.scale + c, lanes) + load_vec(of.shift + c, lanes), lanes);
    });
}

template <class T>
void row_gradient_sums(const ChannelGradientSums<T>& of, int64_t n, int64_t channels, T* scratch) {
    const int64_t chunk = rows_of_chunk(channels);
    const T* center = of.center;
    T *sum = scratch, *dot = sum + channels;
    for (int64_t begin = 0; begin < n; begin += chunk) {
        const T *grad = of.grad + begin * channels, *x = of.x + begin * channels;
        std::memset(sum, 0, 2 * sizeof(T) * static_cast<size_t>(channels));
        each<T>(n - begin < chunk ? n - begin : chunk, channels, [&](int64_t at, int64_t c, auto lanes) {
            const Vec<T> g = load_vec(grad + at, lanes);
            store_vec<T>(sum + c, load_vec(sum + c, lanes) + g, lanes);
            const Vec<T> d = load_vec(x + at, lanes) - load_vec(center + c, lanes);
            store_vec<T>(dot + c, load_vec(dot + c, lanes) + g * d, lanes);
        });
        for (int64_t c = 0; c < channels; ++c) {
            of.sum[c] += sum[c];
            of.dot[c] += dot[c];
        }
    }
}

template <class T>
void row_input_gradient(const ChannelInputGradient<T>& of, int64_t rows, int64_t channels) {
    each<T>(rows, channels, [of](int64_t at, int64_t k, auto lanes) {
        const Vec<T> normal =
            (load_vec(of.x + at, lanes) - load_vec(of.center + k, lanes)) * load_vec(of.scale + k, lanes);
        const Vec<T> rest = normal * load_vec(of.b + k, lanes) + load_vec(of.c + k, lanes);
        store_vec<T>(of.out + at, load_vec(of.grad + at, lanes) * load_vec(of.a + k, lanes) + rest, lanes);
    });
}

template <class T>
void provide_for() {
    provide(ChannelNormKernels<T>{plane_moments<T>, plane_scale_shift<T>, plane_gradient_sums<T>,
                                  plane_input_gradient<T>, row_moments<T>, row_scale_shift<T>, row_gradient_sums<T>,
                                  row_input_gradient<T>});
}

LOOPS {
    provide_for<float>();
    provide_for<double>();
}

}  // namespace
}  // namespace bestiary::cpu::ISA
