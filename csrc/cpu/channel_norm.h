// Statistics of channels, rows and groups: parts of the drivers of normalisations.
#pragma once

#include <cmath>
#include <limits>

#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {

// The memory of (N, C, ...): planes of one channel, or rows of all channels.
struct ChannelLayout {
    bool channels_last = false;
    int64_t batch = 1, channels = 1, spatial = 1;
    Dims strides;

    explicit ChannelLayout(const Tensor& self);
    int64_t elements_per_channel() const { return batch * spatial; }
    // The tensor in this layout, copied if it is not.
    Tensor fit(const Tensor& t, DType computed) const;
    StagedResult result(const Tensor& t, DType computed) const { return {t, computed, strides, fits(t)}; }
    bool fits(const Tensor& t) const;
};

// One parameter per channel, or the same value for all channels.
template <class T>
class PerChannel {
public:
    PerChannel(const Tensor& t, T otherwise) : values_(staged(t, dtype_of<T>())), otherwise_(otherwise) {}
    T operator[](int64_t c) const { return values_.defined() ? values_.template data<T>()[c] : otherwise_; }

private:
    Tensor values_;
    T otherwise_;
};

// Tells whether the statistics behind this 1/std of elements of type T are right: squares neither overflowed nor
// underflowed.
template <class T>
bool in_range(double rstd) {
    static const double most = 0x1p-12 / std::sqrt(double(std::numeric_limits<T>::min()));
    return rstd > 0 && rstd < most;
}

// Statistics of n elements of any finite magnitude, calculated from the elements divided by a power of two: slow, for
// those that are not in_range. element(i) is a double.
struct RowMoments {
    double mean = 0, variance = 0;
    int exponent = 0;

    template <class F>
    RowMoments(int64_t n, bool centred, const F& element) {
        double most = 0;
        for (int64_t i = 0; i < n; ++i) most = std::max(most, std::abs(element(i)));
        exponent = most > 0 && std::isfinite(most) ? std::ilogb(most) : 0;
        for (int64_t i = 0; centred && i < n; ++i) mean += scaled(element(i)) / static_cast<double>(n);
        for (int64_t i = 0; i < n; ++i) {
            const double d = scaled(element(i)) - mean;
            variance += d * d / static_cast<double>(n);
        }
    }
    double scaled(double x) const { return std::ldexp(x, -exponent); }
    // Of scaled elements.
    double scaled_rstd(double eps) const { return 1.0 / std::sqrt(variance + std::ldexp(eps, -2 * exponent)); }
    double rstd(double eps) const { return scaled(scaled_rstd(eps)); }
    double true_mean() const { return std::ldexp(mean, exponent); }
    double true_variance() const { return std::ldexp(variance, 2 * exponent); }
};

// running = (1 - momentum) * running + momentum * seen, unless running is undefined.
void move_running(const Tensor& running, const std::vector<double>& seen, double momentum);

}  // namespace bestiary::cpu
