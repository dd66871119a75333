// Sampling of images and volumes at points, and its gradients.
//
// Every mode is a sum over taps: per dimension a few elements with weights that depend on the coordinate, and the
// products of the weights over the dimensions.
#include <cmath>

#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

enum class SampleMode { Nearest, Linear, Cubic };
enum class SamplePadding { Zeros, Border, Reflection };

constexpr int kTaps = 4;          // per dimension, of cubic convolution
constexpr int64_t kOutside = -1;  // an index whose element is zero

// A position and its derivative by the coordinate.
struct Position {
    double at, slope;
};

struct Tap {
    int64_t index;
    double weight, slope;
};

struct GridSampleOptions {
    SampleMode mode;
    SamplePadding padding;
    bool align_corners;

    GridSampleOptions(std::string_view mode, std::string_view padding, std::optional<bool> align_corners)
        : mode(mode == "nearest"    ? SampleMode::Nearest
               : mode == "bilinear" ? SampleMode::Linear
                                    : SampleMode::Cubic),
          padding(padding == "zeros"    ? SamplePadding::Zeros
                  : padding == "border" ? SamplePadding::Border
                                        : SamplePadding::Reflection),
          align_corners(align_corners.value_or(false)) {}

    Position unpadded(double coordinate, int64_t n) const {
        const double slope = static_cast<double>(align_corners ? n - 1 : n) / 2;
        const double from_start = (std::isnan(coordinate) ? -1.0 : coordinate) + 1;
        return {align_corners ? from_start * slope : from_start * slope - 0.5, slope};
    }
    Position padded(Position p, int64_t n) const {
        if (padding == SamplePadding::Zeros) return p;
        if (padding == SamplePadding::Reflection) p = reflected(p, n);
        const auto last = static_cast<double>(n - 1);
        if (!(p.at > 0)) return {0, 0};
        return p.at < last ? p : Position{last, 0};
    }
    Position reflected(Position p, int64_t n) const {
        const double low = align_corners ? 0 : -0.5, span = static_cast<double>(n - 1) - 2 * low;
        if (span == 0 || !std::isfinite(p.at)) return {0, 0};
        const double from_low = std::abs(p.at - low), folded = std::fmod(from_low, 2 * span);
        const bool before = p.at < low, returning = folded > span;
        return {(returning ? 2 * span - folded : folded) + low, before != returning ? -p.slope : p.slope};
    }
    static int64_t index_of(double at, int64_t n) {
        return at >= 0 && at < static_cast<double>(n) ? static_cast<int64_t>(at) : kOutside;
    }
    // Finds the taps of a coordinate along a dimension of n elements. Returns their number.
    int taps(double coordinate, int64_t n, Tap* out) const {
        const Position raw = unpadded(coordinate, n);
        if (mode == SampleMode::Cubic) return cubic(raw, n, out);
        const Position p = padded(raw, n);
        if (mode == SampleMode::Nearest) {
            out[0] = {index_of(std::nearbyint(p.at), n), 1, 0};
            return 1;
        }
        const double left = std::floor(p.at), part = p.at - left;
        out[0] = {index_of(left, n), 1 - part, -p.slope};
        out[1] = {index_of(left + 1, n), part, p.slope};
        return 2;
    }
    // Cubic convolution (Keys, 1981) with a = -0.75; each tap by itself is brought inside.
    int cubic(Position raw, int64_t n, Tap* out) const {
        constexpr double a = -0.75;
        const double left = std::floor(raw.at), t = raw.at - left;
        const double distance[kTaps] = {t + 1, t, 1 - t, 2 - t};
        for (int k = 0; k < kTaps; ++k) {
            const double d = distance[k], side = k < 2 ? raw.slope : -raw.slope;
            const bool near = k == 1 || k == 2;
            const double weight = near ? ((a + 2) * d - (a + 3)) * d * d + 1 : (((d - 5) * d + 8) * d - 4) * a;
            const double slope = near ? (3 * (a + 2) * d - 2 * (a + 3)) * d : ((3 * d - 10) * d + 8) * a;
            out[k] = {index_of(padded({left + k - 1, 0}, n).at, n), weight, slope * side};
        }
        return kTaps;
    }
};

// Sizes of one call, and a point's taps in all dimensions.
struct GridSampler {
    GridSampleOptions options;
    int spatial;
    int64_t batch, channels, points;
    int64_t elements = 1;  // of a channel
    int64_t sizes[3];

    GridSampler(const Tensor& input, const Tensor& grid, const GridSampleOptions& options)
        : options(options), spatial(input.dim() - 2), batch(input.sizes()[0]), channels(input.sizes()[1]),
          points(grid.numel() / std::max<int64_t>(batch * (input.dim() - 2), 1)) {
        for (int d = 0; d < spatial; ++d) elements *= sizes[d] = input.sizes()[d + 2];
    }

    // Calls visit(element, weight, derivatives of the weight by x, y, z) for each tap inside.
    template <class T, class F>
    void for_taps(const T* coordinates, const F& visit) const {
        Tap taps[3][kTaps];
        int count[3] = {1, 1, 1};
        taps[2][0] = {0, 1, 0};  // of an image: its only layer
        for (int d = 0; d < spatial; ++d) count[d] = options.taps(coordinates[spatial - 1 - d], sizes[d], taps[d]);
        const int64_t last = spatial == 3 ? sizes[2] : 1;
        for (int i = 0; i < count[0]; ++i)
            for (int j = 0; j < count[1]; ++j)
                for (int k = 0; k < count[2]; ++k) {
                    const Tap &a = taps[0][i], &b = taps[1][j], &c = taps[2][k];
                    if (a.index < 0 || b.index < 0 || c.index < 0) continue;
                    const double by_size[3] = {a.slope * b.weight * c.weight, a.weight * b.slope * c.weight,
                                               a.weight * b.weight * c.slope};
                    double slopes[3];
                    for (int d = 0; d < spatial; ++d) slopes[d] = by_size[spatial - 1 - d];
                    visit((a.index * sizes[1] + b.index) * last + c.index, a.weight * b.weight * c.weight, slopes);
                }
    }
};

template <class T>
void sample(const GridSampler& s, const Tensor& input, const Tensor& grid, const StagedResult& out) {
    parallel_for(s.batch * s.points, ceil_div(kGrain / 16, std::max<int64_t>(s.channels, 1)),
                 [&](int64_t begin, int64_t end) {
                     for (int64_t i = begin; i < end; ++i) {
                         const int64_t image = i / s.points * s.channels;
                         const T* const from = input.data<T>() + image * s.elements;
                         T* const to = out.data<T>() + image * s.points + i % s.points;
                         for (int64_t c = 0; c < s.channels; ++c) to[c * s.points] = 0;
                         s.for_taps(grid.data<T>() + i * s.spatial, [&](int64_t element, double weight, const double*) {
                             for (int64_t c = 0; c < s.channels; ++c)
                                 to[c * s.points] += from[c * s.elements + element] * static_cast<T>(weight);
                         });
                     }
                 });
}

// Threads share out the channels, so that the additions to an element keep their order.
template <class T>
void input_gradient(const GridSampler& s, const T* grad, const T* grid, T* out) {
    std::fill_n(out, s.batch * s.channels * s.elements, T(0));
    const int64_t grain = ceil_div(kGrain / 16, std::max<int64_t>(s.points, 1));
    for (int64_t n = 0; n < s.batch; ++n)
        parallel_for(s.channels, grain, [&](int64_t begin, int64_t end) {
            for (int64_t p = 0; p < s.points; ++p)
                s.for_taps(grid + (n * s.points + p) * s.spatial, [&](int64_t element, double weight, const double*) {
                    for (int64_t c = n * s.channels + begin; c < n * s.channels + end; ++c)
                        out[c * s.elements + element] += grad[c * s.points + p] * static_cast<T>(weight);
                });
        });
}

template <class T>
void grid_gradient(const GridSampler& s, const T* grad, const T* input, const T* grid, T* out) {
    parallel_for(s.batch * s.points, ceil_div(kGrain / 16, std::max<int64_t>(s.channels, 1)),
                 [&](int64_t begin, int64_t end) {
                     for (int64_t i = begin; i < end; ++i) {
                         const int64_t image = i / s.points * s.channels;
                         double sums[3] = {};
                         s.for_taps(grid + i * s.spatial, [&](int64_t element, double, const double* slopes) {
                             double along = 0;
                             for (int64_t c = image; c < image + s.channels; ++c)
                                 along += double(input[c * s.elements + element]) *
                                          double(grad[c * s.points + i % s.points]);
                             for (int d = 0; d < s.spatial; ++d) sums[d] += slopes[d] * along;
                         });
                         for (int d = 0; d < s.spatial; ++d) out[i * s.spatial + d] = static_cast<T>(sums[d]);
                     }
                 });
}

void grid_sample(const KernelCall& call, const Tensor& input, const Tensor& grid, std::string_view mode,
                 std::string_view padding_mode, std::optional<bool> align_corners) {
    const DType type = compute_type(input.dtype());
    const Tensor image = packed_as(input, type), points = packed_as(grid, type);
    const GridSampler sampler(image, points, {mode, padding_mode, align_corners});
    const StagedResult out(call.outs[0], type);
    visit_float(type, [&]<class T>() { sample<T>(sampler, image, points, out); });
}

void grid_sample_backward(const KernelCall& call, const Tensor& grad, const Tensor& input, const Tensor& grid,
                          std::string_view mode, std::string_view padding_mode, std::optional<bool> align_corners) {
    const DType type = compute_type(input.dtype());
    const Tensor g = packed_as(grad, type), image = packed_as(input, type), points = packed_as(grid, type);
    const GridSampler sampler(image, points, {mode, padding_mode, align_corners});
    const StagedResult to_input(call.outs[0], type), to_grid(call.outs[1], type);
    visit_float(type, [&]<class T>() {
        input_gradient(sampler, g.data<T>(), points.data<T>(), to_input.data<T>());
        grid_gradient(sampler, g.data<T>(), image.data<T>(), points.data<T>(), to_grid.data<T>());
    });
}

KERNEL(CPU, "grid_sample", grid_sample);
KERNEL(CPU, "_grid_sample_backward", grid_sample_backward);

}  // namespace
}  // namespace bestiary::cpu
