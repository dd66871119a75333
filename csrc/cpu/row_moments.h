// Statistics of rows that the kernels of normalisations can't take: of elements whose squares are out of range.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace bestiary::cpu {

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

}  // namespace bestiary::cpu
