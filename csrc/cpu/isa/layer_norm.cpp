// Normalisation of rows: layer norm and, where nothing is centred, RMS norm.
#include <utility>

#include "cpu/isa/layer_norm.h"
#include "cpu/isa/loops.h"
#include "cpu/isa/moments.h"

namespace bestiary::cpu::ISA {
namespace {

// (x - mean) * scale, then weight and bias, either of which may be missing. Meanwhile the next row comes from memory.
template <class T>
void apply(T* out, const T* x, int64_t size, SplitDouble<T> mean, T scale, const T* weight, const T* bias) {
    const T shift = -mean.low * scale;
    for_vec<T>(size, [&](int64_t i, auto lanes) {
        __builtin_prefetch(x + size + i);
        Vec<T> y = (load_vec(x + i, lanes) - mean.high) * scale + shift;
        if (weight) y *= load_vec(weight + i, lanes);
        if (bias) y += load_vec(bias + i, lanes);
        store_vec<T>(out + i, y, lanes);
    });
}

// Rows whose statistics are out of range are left to the driver.
template <class T>
void forward(const LayerNormRows<T>& rows) {
    const int64_t size = rows.size;
    const T count = static_cast<T>(size);
    for (int64_t r = 0; r < rows.rows; ++r) {
        const T* x = rows.x + r * size;
        const T mean = rows.centred ? mean_vec(x, size) : T(0);
        const CentredSums<T> sums(x, size, mean);
        const double rest = static_cast<double>(sums.rest / count), center = mean + rest;
        const double variance = std::max(static_cast<double>(sums.squares / count) - rest * rest, 0.0);
        const double rstd = 1.0 / std::sqrt(variance + rows.eps);
        rows.mean[r] = center;
        rows.rstd[r] = rstd;
        apply(rows.out + r * size, x, size, SplitDouble<T>(center), static_cast<T>(rstd), rows.weight, rows.bias);
    }
}

// A row of the backward pass: h = grad * weight, y = (x - mean) * scale.
template <class T>
struct BackwardRow {
    const T *grad, *x, *weight;
    int64_t size;
    SplitDouble<T> mean;
    T scale;

    template <class Lanes>
    Vec<T> h(int64_t i, Lanes lanes) const {
        const Vec<T> g = load_vec(grad + i, lanes);
        return weight ? g * load_vec(weight + i, lanes) : g;
    }
    template <class Lanes>
    Vec<T> from_mean(int64_t i, Lanes lanes) const {
        return (load_vec(x + i, lanes, mean.high) - mean.high) - mean.low;
    }

    // Adds the row's part to the gradients of weight and bias, either of which may be missing. Returns the sums of h
    // and of h * (x - mean).
    std::pair<T, T> fold(T* weight_sum, T* bias_sum) const {
        Vec<T> sum{}, along{};
        for_vec<T>(size, [&](int64_t i, auto lanes) {
            const Vec<T> g = load_vec(grad + i, lanes), d = from_mean(i, lanes), weighted = h(i, lanes);
            sum += weighted;
            along += weighted * d;
            if (weight_sum) store_vec<T>(weight_sum + i, load_vec(weight_sum + i, lanes) + g * (d * scale), lanes);
            if (bias_sum) store_vec<T>(bias_sum + i, load_vec(bias_sum + i, lanes) + g, lanes);
        });
        return {sum_lanes<T>(sum), sum_lanes<T>(along)};
    }

    // scale * (h - mean(h) - y * mean(h * y)). Meanwhile the next row comes from memory.
    void gradient(T* out, T h_mean, T along_mean) const {
        const T along = along_mean * scale * scale;
        for_vec<T>(size, [&](int64_t i, auto lanes) {
            __builtin_prefetch(grad + size + i);
            __builtin_prefetch(x + size + i);
            store_vec<T>(out + i, (h(i, lanes) - h_mean - from_mean(i, lanes) * along) * scale, lanes);
        });
    }
};

template <class T>
void backward(const LayerNormGradRows<T>& rows) {
    const int64_t size = rows.size;
    const T count = static_cast<T>(size);
    for (int64_t r = 0; r < rows.rows; ++r) {
        const BackwardRow<T> row{rows.grad + r * size, rows.x + r * size, rows.weight, size,
                                 SplitDouble<T>(rows.mean[r]), static_cast<T>(rows.rstd[r])};
        const auto [sum, along] = row.fold(rows.weight_grad, rows.bias_grad);
        if (rows.x_grad) row.gradient(rows.x_grad + r * size, rows.centred ? sum / count : T(0), along / count);
    }
}

LOOPS {
    provide(LayerNormKernels<float>{forward<float>, backward<float>});
    provide(LayerNormKernels<double>{forward<double>, backward<double>});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
