// Sampling of images and volumes at points given by coordinates.
#include <array>
#include <vector>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

const Call<"clamp"> clamp;
const Call<"floor"> round_down;

struct GridSampleOptions {
    std::string_view mode, padding;
    bool align_corners;

    GridSampleOptions(std::string_view mode, std::string_view padding, std::optional<bool> align_corners)
        : mode(mode), padding(padding), align_corners(align_corners.value_or(false)) {}

    void check_for(int spatial) const {
        const bool known = mode == "bilinear" || mode == "nearest" || (mode == "bicubic" && spatial == 2);
        check_as(ErrorKind::Value, known, "mode: expected 'bilinear', 'nearest' or, for images, 'bicubic', got '", mode,
                 "' for ", spatial, " spatial dimensions");
        check_as(ErrorKind::Value, padding == "zeros" || padding == "border" || padding == "reflection",
                 "padding_mode: expected 'zeros', 'border' or 'reflection', got '", padding, "'");
    }
};

constexpr auto sampled_shape = [](Meta& m, const Tensor& input, const Tensor& grid, std::string_view mode,
                                  std::string_view padding_mode) {
    const int spatial = input.dim() - 2;
    check(spatial == 2 || spatial == 3, "input: expected shape (N, C, H, W) or (N, C, D, H, W), got ", input.sizes());
    check(grid.dim() == input.dim() && grid.sizes()[0] == input.sizes()[0] && grid.sizes().back() == spatial,
          "grid: expected ", input.dim(), " dimensions, the first ", input.sizes()[0], " and the last ", spatial,
          ", got shape ", grid.sizes());
    check_as(ErrorKind::Type, is_floating(input.dtype()) && input.dtype() == grid.dtype(),
             "grid: expected the floating dtype of input, ", input.dtype(), ", got ", grid.dtype());
    for (int d = 2; d < input.dim(); ++d)
        check(input.sizes()[d] > 0 || grid.numel() == 0, "input: expected elements to sample from, got shape ",
              input.sizes());
    GridSampleOptions(mode, padding_mode, std::nullopt).check_for(spatial);
    Dims sizes{input.sizes()[0], input.sizes()[1]};
    for (int d = 1; d <= spatial; ++d) sizes.push_back(grid.sizes()[d]);
    m.add(sizes, input.dtype());
};

// The definition in other ops follows; the kernels are in cpu/grid_sample.cpp.

// The positions among n elements of coordinates from -1 to 1; nan counts as -1.
Tensor position_of(const Tensor& coordinate, int64_t n, bool align_corners) {
    const Tensor from_start = where(Call<"isnan">()(coordinate), -1.0, coordinate) + 1.0;
    const auto size = static_cast<double>(n);
    return align_corners ? from_start * ((size - 1) / 2) : (from_start * size - 1.0) * 0.5;
}

// Positions brought inside, as the padding says.
Tensor padded_position(const Tensor& at, int64_t n, const GridSampleOptions& s) {
    if (s.padding == "zeros") return at;
    const double low = s.align_corners ? 0.0 : -0.5, last = static_cast<double>(n - 1), span = last - 2 * low;
    if (s.padding == "border" || span == 0) return clamp(at, 0.0, last);
    const Call<"abs"> magnitude;
    const Tensor folded = Call<"remainder">()(magnitude(at - low), 2 * span);
    return clamp(span - magnitude(folded - span) + low, 0.0, last);
}

struct Tap {
    Tensor index, weight;
};

// The weight of cubic convolution (Keys, 1981) with a = -0.75.
Tensor cubic_weight(const Tensor& distance) {
    const Tensor d = Call<"abs">()(distance);
    const Tensor near = (d * 1.25 - 2.25) * d * d + 1.0;
    const Tensor far = (((d - 5.0) * d + 8.0) * d - 4.0) * -0.75;
    return where(le(d, 1.0), near, far);
}

std::vector<Tap> taps_of(const Tensor& coordinate, int64_t n, const GridSampleOptions& s) {
    const Tensor raw = position_of(coordinate, n, s.align_corners);
    if (s.mode == "bicubic") {
        const Tensor left = round_down(detach(raw));
        std::vector<Tap> taps;
        for (int k = -1; k <= 2; ++k)
            taps.push_back({padded_position(left + double(k), n, s), cubic_weight(raw - left - double(k))});
        return taps;
    }
    const Tensor at = padded_position(raw, n, s);
    if (s.mode == "nearest") return {{Call<"round">()(detach(at)), Call<"ones_like">()(at)}};
    const Tensor left = round_down(detach(at));
    return {{left, 1.0 - (at - left)}, {left + 1.0, at - left}};
}

// Input (N, C, elements) at one tap per spatial dimension, weighted; zero outside.
Tensor weighted_pixels(const Tensor& input, const Dims& sizes, std::span<const Tap* const> taps) {
    Tensor flat, weight;
    for (size_t d = 0; d < taps.size(); ++d) {
        const int64_t n = sizes[static_cast<int>(d) + 2];
        const Tensor at = detach(taps[d]->index);
        const Tensor inside = Call<"logical_and">()(ge(at, 0.0), lt(at, static_cast<double>(n)));
        const Tensor index = cast(clamp(at, 0.0, static_cast<double>(n - 1)), DType::Int64);
        const Tensor factor = where(inside, taps[d]->weight, 0.0);
        flat = flat.defined() ? flat * n + index : index;
        weight = weight.defined() ? weight * factor : factor;
    }
    const int64_t points = flat.sizes().product() / std::max<int64_t>(sizes[0], 1);
    const Dims row{sizes[0], 1, points}, all{sizes[0], sizes[1], points};
    return Call<"gather">()(input, 2, expand(reshape(flat, row), all)) * reshape(weight, row);
}

constexpr auto grid_sample_definition = [](const Tensor& input, const Tensor& grid, std::string_view mode,
                                           std::string_view padding_mode, std::optional<bool> align_corners) {
    const GridSampleOptions s(mode, padding_mode, align_corners);
    const Dims& sizes = input.sizes();
    const int spatial = input.dim() - 2;
    std::array<std::vector<Tap>, 3> taps;
    for (int d = 0; d < spatial; ++d) taps[d] = taps_of(select(grid, -1, spatial - 1 - d), sizes[d + 2], s);
    const Tensor flat = reshape(input, Dims{sizes[0], sizes[1], Dims(sizes.data() + 2, spatial).product()});
    const size_t each = taps[0].size();
    Tensor total;
    for (size_t combination = 0, all = spatial == 2 ? each * each : each * each * each; combination < all;
         ++combination) {
        std::array<const Tap*, 3> chosen{};
        for (size_t d = 0, rest = combination; d < static_cast<size_t>(spatial); ++d, rest /= each)
            chosen[d] = &taps[d][rest % each];
        const Tensor part = weighted_pixels(flat, sizes, std::span(chosen.data(), static_cast<size_t>(spatial)));
        total = total.defined() ? total + part : part;
    }
    Dims shape{sizes[0], sizes[1]};
    for (int d = 1; d <= spatial; ++d) shape.push_back(grid.sizes()[d]);
    return reshape(total, shape);
};

OP("grid_sample(Tensor input, Tensor grid, str mode='bilinear', str padding_mode='zeros', bool? align_corners=None) -> "
   "Tensor")
    .doc(R"(Samples input (N, C, H, W) or (N, C, D, H, W) at points ``grid`` (N, ..., 2 or 3) with x, y (, z) from -1 to 1.
``mode`` is 'bilinear' (trilinear for volumes), 'nearest' or, for images, 'bicubic'. Points outside read 'zeros', the
nearest element ('border') or the mirrored image ('reflection'). With ``align_corners`` -1 and 1 are the centres of
the corner elements, otherwise their outer edges (Jaderberg et al., 2015).

>>> engine.grid_sample(engine.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), engine.zeros(1, 1, 1, 2))
tensor([[[[2.5000]]]]))")
    .shape(sampled_shape)
    .compose(grid_sample_definition)
    .grads("input grid", [](const Backward& b) {
        const Results grads = Call<"_grid_sample_backward">().all(b.g, b["input"], b["grid"], b["mode"],
                                                                  b["padding_mode"], b["align_corners"]);
        if (b.needs("input")) b.give("input", grads[0]);
        if (b.needs("grid")) b.give("grid", grads[1]);
    });

OP("_grid_sample_backward(Tensor grad, Tensor input, Tensor grid, str mode, str padding_mode, bool? align_corners) "
   "-> (Tensor input_grad, Tensor grid_grad)")
    .doc("The gradients of grid_sample.")
    .shape([](Meta& m, const Tensor&, const Tensor& input, const Tensor& grid) {
        m.add(input.sizes(), input.dtype());
        m.add(grid.sizes(), grid.dtype());
    });

// Coordinates of n elements between -1 and 1.
Tensor grid_coordinates(int64_t n, bool align_corners, const Tensor& like) {
    const double edge = align_corners ? (n > 1 ? 1.0 : 0.0) : 1.0 - 1.0 / static_cast<double>(n);
    return Call<"linspace">()(-edge, edge, n, like.dtype(), like.device());
}

// The points of a grid of `sizes`, (elements, dimensions + 1): x, y (, z) and 1.
Tensor homogeneous_points(const Dims& sizes, bool align_corners, const Tensor& like) {
    std::vector<Tensor> columns;
    for (int d = sizes.size() - 1; d >= 0; --d) {
        Dims shape(sizes.size(), 1);
        shape[d] = sizes[d];
        columns.push_back(expand(reshape(grid_coordinates(sizes[d], align_corners, like), shape), sizes));
    }
    columns.push_back(Call<"ones">()(sizes, like.dtype(), like.device()));
    return reshape(Call<"stack">()(columns, -1), Dims{sizes.product(), sizes.size() + 1});
}

OP("affine_grid(Tensor theta, int[] size, bool? align_corners=None) -> Tensor")
    .doc(R"(The sampling points of ``grid_sample`` for affine maps ``theta`` (N, 2, 3) and images of ``size`` (N, C, H, W).
The result is (N, H, W, 2); maps (N, 3, 4) and volumes (N, C, D, H, W) give (N, D, H, W, 3). With ``align_corners``
-1 and 1 are the centres of the corner elements, otherwise their outer edges.

>>> engine.affine_grid(engine.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), (1, 1, 1, 2))
tensor([[[[-0.5000,  0.0000],
          [ 0.5000,  0.0000]]]]))")
    .compose([](const Tensor& theta, Ints given, std::optional<bool> align_corners) {
        const Dims size(given);
        const int spatial = size.size() - 2;
        check(spatial == 2 || spatial == 3, "size: expected (N, C, H, W) or (N, C, D, H, W), got ", size);
        for (int64_t n : size) check(n > 0, "size: expected sizes of 1 or more, got ", size);
        const Dims expected{size[0], spatial, spatial + 1};
        check(theta.sizes() == expected, "theta: expected shape ", expected, ", got ", theta.sizes());
        check_as(ErrorKind::Type, is_floating(theta.dtype()), "theta: expected a floating dtype, got ", theta.dtype());
        const Dims image(size.data() + 2, spatial);
        const Tensor points = homogeneous_points(image, align_corners.value_or(false), theta);
        Dims shape{size[0]};
        for (int64_t n : image) shape.push_back(n);
        shape.push_back(spatial);
        return reshape(Call<"matmul">()(points, transpose(theta, 1, 2)), shape);
    });

}  // namespace
}  // namespace bestiary::ops
