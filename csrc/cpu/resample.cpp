// Resampling along one dimension.
//
// Note [Taps]
// Every way to interpolate is linear in each dimension by itself: element i of the result is the sum over its taps of
// weight * source[place]. So one table per dimension stands for all modes, and its transpose for their gradients.
#include <cmath>

#include "cpu/dim_view.h"
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

struct Tap {
    int64_t place;
    double weight;
};
using Taps = std::vector<Tap>;

// One dimension: source elements, resampled elements, and source elements per resampled one.
struct Grid {
    int64_t source, resampled;
    double scale;
    bool align_corners;

    int64_t clamped(int64_t place) const { return std::clamp<int64_t>(place, 0, source - 1); }
    double centre(int64_t i) const {
        return align_corners ? scale * static_cast<double>(i) : scale * (static_cast<double>(i) + 0.5) - 0.5;
    }
};

// Calculated in float, so that the same element is chosen as elsewhere.
Taps nearest(const Grid& g, int64_t i) {
    return {{g.clamped(static_cast<int64_t>(std::floor(static_cast<float>(i) * static_cast<float>(g.scale)))), 1.0}};
}
Taps nearest_exact(const Grid& g, int64_t i) {
    return {{g.clamped(static_cast<int64_t>(std::floor((static_cast<float>(i) + 0.5f) * static_cast<float>(g.scale)))),
             1.0}};
}

Taps linear(const Grid& g, int64_t i) {
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

Taps cubic(const Grid& g, int64_t i) {
    const double at = g.centre(i), left = std::floor(at);
    Taps taps;
    for (int k = -1; k <= 2; ++k)
        taps.push_back({g.clamped(static_cast<int64_t>(left) + k), cubic_weight(at - left - k, -0.75)});
    return taps;
}

Taps area(const Grid& g, int64_t i) {
    const int64_t begin = i * g.source / g.resampled, end = ceil_div((i + 1) * g.source, g.resampled);
    Taps taps;
    for (int64_t place = begin; place < end; ++place) taps.push_back({place, 1.0 / static_cast<double>(end - begin)});
    return taps;
}

// The filter widened to the distance between resampled elements where that is larger than between source elements.
Taps antialiased(const Grid& g, int64_t i, bool is_cubic) {
    const double width = std::max(g.scale, 1.0), support = (is_cubic ? 2.0 : 1.0) * width;
    const double centre = g.scale * (static_cast<double>(i) + 0.5);
    const int64_t begin = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0),
                  end = std::min(static_cast<int64_t>(centre + support + 0.5), g.source);
    Taps taps;
    double total = 0;
    for (int64_t place = begin; place < end; ++place) {
        const double distance = (static_cast<double>(place) - centre + 0.5) / width;
        taps.push_back({place, is_cubic ? cubic_weight(distance, -0.5) : linear_weight(distance)});
        total += taps.back().weight;
    }
    for (Tap& tap : taps) tap.weight /= total;
    return taps;
}

Taps taps_of(const Grid& g, int64_t i, std::string_view mode, bool antialias) {
    if (antialias) return antialiased(g, i, mode == "cubic");
    if (mode == "nearest") return nearest(g, i);
    if (mode == "nearest-exact") return nearest_exact(g, i);
    if (mode == "linear") return linear(g, i);
    return mode == "cubic" ? cubic(g, i) : area(g, i);
}

// The taps of all elements, as many for each: those that are missing weigh nothing. Tap k of element i stands at
// k * resampled + i.
template <class T>
struct Table {
    int64_t taps = 0;
    std::vector<int32_t> places;
    std::vector<T> weights;

    Table(const Grid& g, std::string_view mode, bool antialias) {
        check(g.source <= INT32_MAX, "self: can't resample a dimension of ", g.source, " elements");
        std::vector<Taps> all;
        for (int64_t i = 0; i < g.resampled; ++i) {
            all.push_back(taps_of(g, i, mode, antialias));
            taps = std::max<int64_t>(taps, static_cast<int64_t>(all.back().size()));
        }
        places.resize(taps * g.resampled);
        weights.resize(taps * g.resampled);
        for (int64_t i = 0; i < g.resampled; ++i)
            for (int64_t k = 0; k < taps; ++k) {
                const Taps& some = all[i];
                const bool there = k < static_cast<int64_t>(some.size());
                places[k * g.resampled + i] = static_cast<int32_t>(some[there ? k : 0].place);
                weights[k * g.resampled + i] = there ? static_cast<T>(some[k].weight) : T(0);
            }
    }
};

// self or grad, dim, size (of the result), mode, align_corners, scale, antialias
template <class T>
void resample(const KernelCall& call, bool backward) {
    const Args a = call.args;
    const Tensor &in = a.tensor(0), &out = call.outs[0];
    if (out.numel() == 0) return;
    const int dim = wrap_dim(a.integer(1), in.dim());
    const Tensor &source = backward ? out : in, &resampled = backward ? in : out;
    const Grid grid{source.sizes()[dim], resampled.sizes()[dim], a.number(5), a.flag(4)};
    const Table<T> table(grid, a.str(3), a.flag(6));
    const DimView lines(in.sizes(), dim);
    const int64_t inner = lines.inner;
    const Tensor x = packed_as(in, dtype_of<T>());
    const StagedResult result(out, dtype_of<T>());
    const int64_t strides[] = {table.taps, grid.resampled, grid.source, inner};
    const Loop loop = loop_of(call.op.name(), dtype_of<T>());
    const int64_t grain = ceil_div(kGrain, inner * (grid.source + grid.resampled));
    parallel_for(lines.outer, grain, [&](int64_t begin, int64_t end) {
        char* const data[] = {bytes(result.template data<T>() + begin * inner * out.sizes()[dim]),
                              bytes(x.data<T>() + begin * inner * in.sizes()[dim]),
                              bytes(table.places.data()),
                              bytes(table.weights.data())};
        loop(data, strides, end - begin, nullptr);
    });
}

// self, dim, size, mode, align_corners, scale: dimensions dim and dim + 1
template <class T>
void resample_grid(const KernelCall& call) {
    const Args a = call.args;
    const Tensor &in = a.tensor(0), &out = call.outs[0];
    if (out.numel() == 0) return;
    const int dim = wrap_dim(a.integer(1), in.dim());
    const auto grid = [&](int i) {
        return Grid{in.sizes()[dim + i], out.sizes()[dim + i], a[5].float_list()[i], a.flag(4)};
    };
    const Grid rows = grid(0), columns = grid(1);
    const Table<T> down(rows, a.str(3), false), across(columns, a.str(3), false);
    int64_t outer = 1, inner = 1;
    for (int d = 0; d < dim; ++d) outer *= in.sizes()[d];
    for (int d = dim + 2; d < in.dim(); ++d) inner *= in.sizes()[d];
    const Tensor x = packed_as(in, dtype_of<T>());
    const StagedResult result(out, dtype_of<T>());
    const int64_t width = columns.resampled * inner;
    const Loop loop = loop_of("_resample_grid", dtype_of<T>());
    parallel_for(outer * rows.resampled, ceil_div(kGrain, width), [&](int64_t begin, int64_t end) {
        std::vector<T> held(down.taps * width);
        std::vector<int64_t> sources(down.taps, -1);
        char* const data[] = {result.raw(),
                              x.raw(),
                              bytes(down.places.data()),
                              bytes(down.weights.data()),
                              nullptr,
                              nullptr,
                              bytes(across.places.data()),
                              bytes(across.weights.data()),
                              bytes(held.data()),
                              bytes(sources.data())};
        const int64_t strides[] = {down.taps,         rows.resampled, rows.source, width, across.taps,
                                   columns.resampled, columns.source, inner,       begin};
        loop(data, strides, end - begin, nullptr);
    });
}

KERNEL(CPU, "_resample_grid", [](const KernelCall& call) {
    visit_float(compute_type(call.outs[0].dtype()), [&]<class T>() { resample_grid<T>(call); });
});
KERNEL(CPU, "_resample", [](const KernelCall& call) {
    visit_float(compute_type(call.outs[0].dtype()), [&]<class T>() { resample<T>(call, false); });
});
KERNEL(CPU, "_resample_backward", [](const KernelCall& call) {
    visit_float(compute_type(call.outs[0].dtype()), [&]<class T>() { resample<T>(call, true); });
});

}  // namespace
}  // namespace bestiary::cpu
