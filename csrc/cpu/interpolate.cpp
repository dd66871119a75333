// Interpolation along one dimension, or two adjacent ones.
//
// Note [Taps]
// Every way to interpolate is linear in each dimension by itself: element i of the result is the sum over its taps of
// weight * source[index]. So one table per dimension stands for all modes, and its transpose for their gradients.
#include <cmath>

#include "cpu/dim_view.h"
#include "cpu/isa/interpolate.h"
#include "cpu/kernel_table.h"
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

struct Tap {
    int64_t index;
    double weight;
};
using Taps = std::vector<Tap>;

// One dimension: source elements, resampled elements, and source elements per resampled one.
struct ResampleGrid {
    int64_t source, resampled;
    double scale;
    bool align_corners;

    int64_t clamped(int64_t index) const { return std::clamp<int64_t>(index, 0, source - 1); }
    double centre(int64_t i) const {
        return align_corners ? scale * static_cast<double>(i) : scale * (static_cast<double>(i) + 0.5) - 0.5;
    }
};

// Calculated in float, so that the same element is chosen as elsewhere.
Taps nearest(const ResampleGrid& g, int64_t i) {
    return {{g.clamped(static_cast<int64_t>(std::floor(static_cast<float>(i) * static_cast<float>(g.scale)))), 1.0}};
}
Taps nearest_exact(const ResampleGrid& g, int64_t i) {
    return {{g.clamped(static_cast<int64_t>(std::floor((static_cast<float>(i) + 0.5f) * static_cast<float>(g.scale)))),
             1.0}};
}

Taps linear(const ResampleGrid& g, int64_t i) {
    const double at = std::max(g.centre(i), 0.0);
    const int64_t left = g.clamped(static_cast<int64_t>(at));
    const double right_part = std::clamp(at - static_cast<double>(left), 0.0, 1.0);
    return {{left, 1.0 - right_part}, {g.clamped(left + 1), right_part}};
}

// The kernel of cubic convolution (Keys, 1981) with slope `a`.
double cubic_weight(double distance, double a) {
    const double d = std::abs(distance);
    if (d < 1.0) return ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0;
    return d < 2.0 ? (((d - 5.0) * d + 8.0) * d - 4.0) * a : 0.0;
}
double linear_weight(double distance) { return std::max(1.0 - std::abs(distance), 0.0); }

Taps cubic(const ResampleGrid& g, int64_t i) {
    const double at = g.centre(i), left = std::floor(at);
    Taps taps;
    for (int k = -1; k <= 2; ++k)
        taps.push_back({g.clamped(static_cast<int64_t>(left) + k), cubic_weight(at - left - k, -0.75)});
    return taps;
}

Taps area(const ResampleGrid& g, int64_t i) {
    const int64_t begin = i * g.source / g.resampled, end = ceil_div((i + 1) * g.source, g.resampled);
    Taps taps;
    for (int64_t index = begin; index < end; ++index) taps.push_back({index, 1.0 / static_cast<double>(end - begin)});
    return taps;
}

// The filter widened to the distance between resampled elements where that is larger than between source elements.
Taps antialiased(const ResampleGrid& g, int64_t i, bool is_cubic) {
    const double width = std::max(g.scale, 1.0), support = (is_cubic ? 2.0 : 1.0) * width;
    const double centre = g.scale * (static_cast<double>(i) + 0.5);
    const int64_t begin = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0),
                  end = std::min(static_cast<int64_t>(centre + support + 0.5), g.source);
    Taps taps;
    double total = 0;
    for (int64_t index = begin; index < end; ++index) {
        const double distance = (static_cast<double>(index) - centre + 0.5) / width;
        taps.push_back({index, is_cubic ? cubic_weight(distance, -0.5) : linear_weight(distance)});
        total += taps.back().weight;
    }
    for (Tap& tap : taps) tap.weight /= total;
    return taps;
}

Taps taps_of(const ResampleGrid& g, int64_t i, std::string_view mode, bool antialias) {
    if (antialias) return antialiased(g, i, mode == "cubic");
    if (mode == "nearest") return nearest(g, i);
    if (mode == "nearest-exact") return nearest_exact(g, i);
    if (mode == "linear") return linear(g, i);
    return mode == "cubic" ? cubic(g, i) : area(g, i);
}

// The taps of all elements, as many for each: those that are missing have a weight of 0.
template <class T>
class StoredTaps {
public:
    StoredTaps(const ResampleGrid& g, std::string_view mode, bool antialias) : grid_(g) {
        check(g.source <= INT32_MAX, "self: can't resample a dimension of ", g.source, " elements");
        std::vector<Taps> all;
        for (int64_t i = 0; i < g.resampled; ++i) {
            all.push_back(taps_of(g, i, mode, antialias));
            taps_ = std::max<int64_t>(taps_, static_cast<int64_t>(all.back().size()));
        }
        index_.resize(taps_ * g.resampled);
        weight_.resize(taps_ * g.resampled);
        for (int64_t i = 0; i < g.resampled; ++i)
            for (int64_t k = 0; k < taps_; ++k) {
                const bool exists = k < static_cast<int64_t>(all[i].size());
                index_[k * g.resampled + i] = static_cast<int32_t>(all[i][exists ? k : 0].index);
                weight_[k * g.resampled + i] = exists ? static_cast<T>(all[i][k].weight) : T(0);
            }
    }
    TapTable<T> table() const { return {taps_, grid_.source, grid_.resampled, index_.data(), weight_.data()}; }

private:
    const ResampleGrid grid_;
    int64_t taps_ = 0;
    std::vector<int32_t> index_;
    std::vector<T> weight_;
};

// Calls kernel with the lines of `in` and of `out`, along a dimension.
template <class T>
void for_lines(const Tensor& in, const Tensor& out, int64_t dim, const TapTable<T>& table,
               void (*kernel)(const InterpolateLines<T>&)) {
    const DimView from(in.sizes(), dim), to(out.sizes(), dim);
    const Tensor x = packed_as(in, dtype_of<T>());
    const StagedResult result(out, dtype_of<T>());
    const int64_t inner = from.inner, grain = ceil_div(kGrain, inner * (from.n + to.n));
    parallel_for(from.outer, grain, [&](int64_t begin, int64_t end) {
        kernel({table, inner, end - begin, x.data<T>() + begin * inner * from.n,
                result.data<T>() + begin * inner * to.n});
    });
}

void interpolate(const KernelCall& call, const Tensor& self, int64_t dim, int64_t size, std::string_view mode,
                 bool align_corners, double scale, bool antialias) {
    const Tensor& out = call.outs[0];
    if (out.numel() == 0) return;
    visit_float(compute_type(out.dtype()), [&]<class T>() {
        const StoredTaps<T> taps({self.size(dim), size, scale, align_corners}, mode, antialias);
        for_lines(self, out, dim, taps.table(), kernels<InterpolateKernels<T>>().forward);
    });
}

void interpolate_backward(const KernelCall& call, const Tensor& grad, int64_t dim, int64_t size, std::string_view mode,
                          bool align_corners, double scale, bool antialias) {
    const Tensor& out = call.outs[0];
    if (out.numel() == 0) return;
    visit_float(compute_type(out.dtype()), [&]<class T>() {
        const StoredTaps<T> taps({size, grad.size(dim), scale, align_corners}, mode, antialias);
        for_lines(grad, out, dim, taps.table(), kernels<InterpolateKernels<T>>().backward);
    });
}

void interpolate_plane(const KernelCall& call, const Tensor& self, int64_t dim, Ints size, std::string_view mode,
                       bool align_corners, Floats scale) {
    const Tensor& out = call.outs[0];
    if (out.numel() == 0) return;
    const int64_t outer = DimView(self.sizes(), dim).outer, inner = DimView(self.sizes(), dim + 1).inner;
    visit_float(compute_type(out.dtype()), [&]<class T>() {
        const StoredTaps<T> down({self.size(dim), size[0], scale[0], align_corners}, mode, false),
            across({self.size(dim + 1), size[1], scale[1], align_corners}, mode, false);
        const Tensor x = packed_as(self, dtype_of<T>());
        const StagedResult result(out, dtype_of<T>());
        const int64_t width = size[1] * inner;
        parallel_for(outer * size[0], ceil_div(kGrain, width), [&](int64_t begin, int64_t end) {
            std::vector<T> cache(down.table().taps * width);
            std::vector<int64_t> cached(down.table().taps, -1);
            kernels<InterpolateKernels<T>>().plane({down.table(), across.table(), inner, begin, end - begin,
                                                    x.data<T>(), result.data<T>(), cache.data(), cached.data()});
        });
    });
}

KERNEL(CPU, "_interpolate", interpolate);
KERNEL(CPU, "_interpolate_backward", interpolate_backward);
KERNEL(CPU, "_interpolate_plane", interpolate_plane);

}  // namespace
}  // namespace bestiary::cpu
