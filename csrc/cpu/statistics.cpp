// Variances and norms: sums of functions of each element. See Note [Squares out of range].
#include <cmath>
#include <limits>

#include "core/dispatch.h"
#include "cpu/contiguous.h"
#include "cpu/scaling.h"

namespace bestiary::cpu {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Precision {
    double digits, smallest;  // bits of the significand; the smallest normal number

    explicit Precision(DType t) {
        visit_float(t, [&]<class T>() {
            digits = std::numeric_limits<T>::digits;
            smallest = std::numeric_limits<T>::min();
        });
    }
};

void norm_1(const KernelCall& call, const Tensor& self, const Value& dim) {
    store(call.outs[0], reduce(reductions().sum_of_magnitudes, self, dim_mask(dim, self.dim())));
}

void norm_2(const KernelCall& call, const Tensor& given, const Value& dim) {
    const DimMask mask = dim_mask(dim, given.dim());
    const double lost = Precision(compute_type(given.dtype())).smallest *
                        static_cast<double>(reduced_count(given.sizes(), mask));
    Tensor total = reduce(reductions().sum_of_squares, given, mask);
    Tensor scales;
    if (any_value(total, [&](double x, int64_t) { return x == kInfinity || x < lost; })) {
        const Tensor self = packed_as(given, compute_type(given.dtype()));
        scales = scales_of(self, mask);
        total = reduce(reductions().sum_of_squares, scaled(self, scales, mask), mask);
    }
    each_value(total, [&](double x, int64_t i) {
        return std::sqrt(x) * (scales.defined() ? scales.data<double>()[i] : 1.0);
    });
    store(call.outs[0], total);
}

// Per result: the mean and the sum of squares about it, both of the elements divided by `scales` where there are any.
struct Moments {
    Tensor mean, squares, scales;

    double scale(int64_t i) const { return scales.defined() ? scales.data<double>()[i] : 1.0; }
};

// In two passes: differences from the mean keep the digits that a difference of large sums would lose. The mean that is
// subtracted is rounded; where that shows in the squares, the mean of the differences corrects both.
Moments moments_of(const Tensor& self, DimMask mask) {
    const double count = static_cast<double>(reduced_count(self.sizes(), mask));
    Moments m{mean_of(self, mask), {}, {}};
    const Tensor rounded = with_kept_dims(m.mean, self, mask);
    const Tensor differences = combined(Call<"sub">::op(), self, rounded);
    m.squares = reduce(reductions().sum_of_squares, differences, mask);
    const double visible = std::ldexp(1.0, static_cast<int>(Precision(self.dtype()).digits) - 6);
    const double* const mean = m.mean.data<double>();
    if (!any_value(m.squares, [&](double x, int64_t i) { return count * mean[i] * mean[i] > x * visible; })) return m;
    const Tensor centers = packed_as(rounded, DType::Float64), rests = reduce(reductions().sum, differences, mask);
    each_value(m.squares, [&](double x, int64_t i) {
        const double rest = rests.data<double>()[i];
        return std::isfinite(x) ? std::max(x - rest * (rest / count), 0.0) : x;
    });
    each_value(m.mean, [&](double x, int64_t i) {
        const double mean = centers.data<double>()[i] + rests.data<double>()[i] / count;
        return std::isfinite(mean) ? mean : x;
    });
    return m;
}

Moments moments_in_range(const Tensor& self, DimMask mask) {
    const Precision precision(self.dtype());
    const double lost = precision.smallest * static_cast<double>(reduced_count(self.sizes(), mask));
    // Elements near a larger mean differ by so much, if at all, that their squares count.
    const double small = std::ldexp(std::sqrt(precision.smallest), 2 * static_cast<int>(precision.digits));
    Moments m = moments_of(self, mask);
    const double* const mean = m.mean.data<double>();
    const bool in_range = !any_value(m.squares, [&](double x, int64_t i) {
        return x == kInfinity || (x < lost && std::abs(mean[i]) < small);
    });
    if (in_range) return m;
    const Tensor scales = scales_of(self, mask);
    m = moments_of(scaled(self, scales, mask), mask);
    m.scales = scales;
    return m;
}

// The variance or its root, and the mean.
template <bool root>
void variance(const KernelCall& call, const Tensor& given, const Value& dim, bool, double correction) {
    const Tensor self = packed_as(given, compute_type(given.dtype()));
    const DimMask mask = dim_mask(dim, self.dim());
    const auto count = static_cast<double>(reduced_count(self.sizes(), mask));
    const double degrees = count > 0 ? std::max(count - correction, 0.0) : 0.0;  // nothing has no variance
    const Moments m = moments_in_range(self, mask);
    each_value(m.squares, [&](double x, int64_t i) {
        const double found = x / degrees, scale = m.scale(i);
        return root ? std::sqrt(found) * scale : found * scale * scale;
    });
    each_value(m.mean, [&](double x, int64_t i) { return x * m.scale(i); });
    store(call.outs[0], m.squares);
    store(call.outs[1], m.mean);
}

KERNEL(CPU, "_norm_1", norm_1);
KERNEL(CPU, "_norm_2", norm_2);
KERNEL(CPU, "_variance", variance<false>);
KERNEL(CPU, "_deviation", variance<true>);

}  // namespace
}  // namespace bestiary::cpu
