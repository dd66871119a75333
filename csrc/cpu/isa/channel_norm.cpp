// Statistics of channels and their normalisation: batch norm and group norm.
//
// Note [Channel loops]
// Loops "channel.<what>" see one channel's elements side by side (a plane of NCHW): strides[0] of them, or n where
// nothing else is said. Loops "channels.<what>" see n rows of strides[0] neighbouring channels (channels last), and
// work on all of them at once. Statistics are gathered in chunks that fit the first-level cache: a chunk's mean, then
// its squares about that mean; chunks are joined in double (Chan, Golub and LeVeque, 1979). The mean is rounded to the
// elements' type; far from 0, where that shows in the squares, the mean of the differences corrects both. Statistics
// that overflow are left to the drivers.
#include <limits>

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

constexpr int64_t kChunk = 4096;

template <class T>
const T* operand(char* const* data, int k) {
    return reinterpret_cast<const T*>(data[k]);
}
template <class T>
T* result(char* const* data, int k) {
    return reinterpret_cast<T*>(data[k]);
}

// Adds `count` elements of this mean and sum of squares about it to the running statistics of `seen` elements.
inline void join(double& mean, double& squares, double seen, double chunk_mean, double chunk_squares, double count) {
    const double delta = chunk_mean - mean, share = count / (seen + count);
    mean += delta * share;
    squares += chunk_squares + delta * delta * seen * share;
}

// True if the rounding of the mean is visible in the squares about it.
template <class T>
bool is_far(T mean, T squares, T count) {
    constexpr T visible = T(int64_t{1} << (std::numeric_limits<T>::digits - 6));
    return count * mean * mean > squares * visible;
}

// data: statistics {mean, sum of squares about it} in double, to which n elements of x are joined; params: how many
// elements they hold already.
template <class T>
void moments(char* const* data, const int64_t*, int64_t n, const double* params) {
    double* stats = result<double>(data, 0);
    double seen = params[0];
    for (int64_t begin = 0; begin < n; begin += kChunk) {
        const T* x = operand<T>(data, 1) + begin;
        const int64_t count = n - begin < kChunk ? n - begin : kChunk;
        const T mean = sum_vec<T>(count, [&](int64_t i, auto lanes) { return load_vec(x + i, lanes); }) /
                       static_cast<T>(count);
        const T squares = sum_vec<T>(count, [&](int64_t i, auto lanes) {
            const Vec<T> d = load_vec(x + i, lanes, mean) - mean;
            return d * d;
        });
        double center = mean, about = squares;
        if (is_far(mean, squares, static_cast<T>(count))) {
            const double rest =
                sum_vec<T>(count, [&](int64_t i, auto lanes) { return load_vec(x + i, lanes, mean) - mean; });
            center += rest / static_cast<double>(count);
            about = std::max(about - rest * rest / static_cast<double>(count), 0.0);
        }
        join(stats[0], stats[1], seen, center, about, static_cast<double>(count));
        seen += static_cast<double>(count);
    }
}

// data: result, x, center, scale, shift. result = (x - center) * scale + shift.
template <class T>
void scale_shift(char* const* data, const int64_t*, int64_t n, const double*) {
    const T *x = operand<T>(data, 1), center = *operand<T>(data, 2), scale = *operand<T>(data, 3),
            shift = *operand<T>(data, 4);
    T* out = result<T>(data, 0);
    for_vec<T>(n, [&](int64_t i, auto lanes) {
        store_vec<T>(out + i, (load_vec(x + i, lanes) - center) * scale + shift, lanes);
    });
}

// data: sums {of grad, of grad * (x - center)} in double, which are added to; grad, x, center.
template <class T>
void gradient_sums(char* const* data, const int64_t*, int64_t n, const double*) {
    double* sums = result<double>(data, 0);
    const T center = *operand<T>(data, 3);
    for (int64_t begin = 0; begin < n; begin += kChunk) {
        const T *grad = operand<T>(data, 1) + begin, *x = operand<T>(data, 2) + begin;
        const int64_t count = n - begin < kChunk ? n - begin : kChunk;
        sums[0] += sum_vec<T>(count, [&](int64_t i, auto lanes) { return load_vec(grad + i, lanes); });
        sums[1] += sum_vec<T>(count, [&](int64_t i, auto lanes) {
            return load_vec(grad + i, lanes) * (load_vec(x + i, lanes) - center);
        });
    }
}

// data: result, grad, x, center, scale, and the factors a, b, c. result = a * grad + b * (x - center) * scale + c.
template <class T>
void input_gradient(char* const* data, const int64_t*, int64_t n, const double*) {
    const T *grad = operand<T>(data, 1), *x = operand<T>(data, 2), center = *operand<T>(data, 3),
            scale = *operand<T>(data, 4);
    const T a = *operand<T>(data, 5), b = *operand<T>(data, 6), c = *operand<T>(data, 7);
    T* out = result<T>(data, 0);
    for_vec<T>(n, [&](int64_t i, auto lanes) {
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

// data: means and squares of all channels in double, x, and room for three values per channel.
template <class T>
void channels_moments(char* const* data, const int64_t* strides, int64_t n, const double* params) {
    const int64_t channels = strides[0], chunk = kChunk * 2 > channels ? kChunk * 2 / channels : 1;
    double *means = result<double>(data, 0), *squares = result<double>(data, 1), seen = params[0];
    T *mean = result<T>(data, 3), *square = mean + channels, *rest = square + channels;
    for (int64_t begin = 0; begin < n; begin += chunk) {
        const int64_t rows = n - begin < chunk ? n - begin : chunk;
        const T* x = operand<T>(data, 2) + begin * channels;
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
void channels_scale_shift(char* const* data, const int64_t* strides, int64_t n, const double*) {
    const T *x = operand<T>(data, 1), *center = operand<T>(data, 2), *scale = operand<T>(data, 3),
            *shift = operand<T>(data, 4);
    T* out = result<T>(data, 0);
    each<T>(n, strides[0], [&](int64_t at, int64_t c, auto lanes) {
        const Vec<T> d = load_vec(x + at, lanes) - load_vec(center + c, lanes);
        store_vec<T>(out + at, d * load_vec(scale + c, lanes) + load_vec(shift + c, lanes), lanes);
    });
}

// data: the sums of grad and of grad * (x - center) of all channels in double, grad, x, centers, and room for two
// values per channel.
template <class T>
void channels_gradient_sums(char* const* data, const int64_t* strides, int64_t n, const double*) {
    const int64_t channels = strides[0], chunk = kChunk * 2 > channels ? kChunk * 2 / channels : 1;
    double *sums = result<double>(data, 0), *dots = result<double>(data, 1);
    const T* center = operand<T>(data, 4);
    T *sum = result<T>(data, 5), *dot = sum + channels;
    for (int64_t begin = 0; begin < n; begin += chunk) {
        const T *grad = operand<T>(data, 2) + begin * channels, *x = operand<T>(data, 3) + begin * channels;
        std::memset(sum, 0, 2 * sizeof(T) * static_cast<size_t>(channels));
        each<T>(n - begin < chunk ? n - begin : chunk, channels, [&](int64_t at, int64_t c, auto lanes) {
            const Vec<T> g = load_vec(grad + at, lanes);
            store_vec<T>(sum + c, load_vec(sum + c, lanes) + g, lanes);
            const Vec<T> d = load_vec(x + at, lanes) - load_vec(center + c, lanes);
            store_vec<T>(dot + c, load_vec(dot + c, lanes) + g * d, lanes);
        });
        for (int64_t c = 0; c < channels; ++c) {
            sums[c] += sum[c];
            dots[c] += dot[c];
        }
    }
}

template <class T>
void channels_input_gradient(char* const* data, const int64_t* strides, int64_t n, const double*) {
    const T *grad = operand<T>(data, 1), *x = operand<T>(data, 2);
    const T *center = operand<T>(data, 3), *scale = operand<T>(data, 4);
    const T *a = operand<T>(data, 5), *b = operand<T>(data, 6), *c = operand<T>(data, 7);
    T* out = result<T>(data, 0);
    each<T>(n, strides[0], [&](int64_t at, int64_t k, auto lanes) {
        const Vec<T> normal = (load_vec(x + at, lanes) - load_vec(center + k, lanes)) * load_vec(scale + k, lanes);
        const Vec<T> rest = normal * load_vec(b + k, lanes) + load_vec(c + k, lanes);
        store_vec<T>(out + at, load_vec(grad + at, lanes) * load_vec(a + k, lanes) + rest, lanes);
    });
}

template <class T>
void add_loops() {
    const auto add = [](const char* name, Loop loop) { register_loop(name, dtype_of<T>(), IsaLevel::ISA, loop); };
    add("channel.moments", moments<T>);
    add("channel.scale_shift", scale_shift<T>);
    add("channel.gradient_sums", gradient_sums<T>);
    add("channel.input_gradient", input_gradient<T>);
    add("channels.moments", channels_moments<T>);
    add("channels.scale_shift", channels_scale_shift<T>);
    add("channels.gradient_sums", channels_gradient_sums<T>);
    add("channels.input_gradient", channels_input_gradient<T>);
}

LOOPS {
    add_loops<float>();
    add_loops<double>();
}

}  // namespace
}  // namespace bestiary::cpu::ISA
