// Resizing of images and other signals.
#include <algorithm>
#include <cmath>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

constexpr Call<"_interpolate"> interpolate_dim;
constexpr Call<"_interpolate_backward"> interpolate_backward;

// Self's shape with `size` in one dimension.
constexpr auto resized_shape = [](Meta& m, const Tensor& self, int64_t dim, int64_t size) {
    check(is_floating(self.dtype()), "self: expected a floating-point dtype, got ", self.dtype());
    Dims sizes = self.sizes();
    sizes[wrap_dim(dim, self.dim())] = size;
    m.add(sizes, self.dtype());
};

int64_t size_of(const Dims& shape, int64_t dim) { return shape[wrap_dim(dim, shape.size())]; }

OP("_interpolate(Tensor self, int dim, int size, str mode, bool align_corners, float scale, bool antialias) -> Tensor")
    .doc("``interpolate`` along one dimension; ``scale`` is self's elements per element of the result.")
    .shape(resized_shape)
    .grad("self", "", [](const Backward& b) {
        return interpolate_backward(b.g, b["dim"], size_of(b.shape("self"), b.integer("dim")), b["mode"],
                                    b["align_corners"], b["scale"], b["antialias"]);
    });

OP("_interpolate_backward(Tensor grad, int dim, int size, str mode, bool align_corners, float scale, bool antialias) "
   "-> Tensor")
    .doc("The gradient of _interpolate; ``size`` is that of its self.")
    .shape(resized_shape)
    .grad("grad", "", [](const Backward& b) {
        return interpolate_dim(b.g, b["dim"], size_of(b.shape("grad"), b.integer("dim")), b["mode"],
                               b["align_corners"], b["scale"], b["antialias"]);
    });

OP("_interpolate_plane(Tensor self, int dim, int[] size, str mode, bool align_corners, float[] scale) -> Tensor")
    .doc("``interpolate`` along two adjacent dimensions, not antialiased.")
    .shape([](Meta& m, const Tensor& self, int64_t dim, Ints size) {
        check(is_floating(self.dtype()), "self: expected a floating-point dtype, got ", self.dtype());
        Dims sizes = self.sizes();
        const int d = wrap_dim(dim, self.dim());
        for (int i = 0; i < 2; ++i) sizes[d + i] = size[i];
        m.add(sizes, self.dtype());
    })
    .grad("self", "", [](const Backward& b) {
        const int64_t dim = b.integer("dim");
        Tensor g = b.g;
        for (int i = 0; i < 2; ++i)
            g = interpolate_backward(g, dim + i, size_of(b.shape("self"), dim + i), b["mode"], b["align_corners"],
                                     b["scale"].float_list()[i], false);
        return g;
    });

// One spatial dimension of a call.
struct Resize {
    int dim;
    int64_t from, to;
    double scale;

    bool changes() const { return from != to || scale != 1.0; }
};

// The arguments of a call.
struct InterpolateOptions {
    std::optional<Ints> size;
    std::optional<Floats> scale_factor;
    std::string_view mode;
    std::optional<bool> align_corners, recompute_scale_factor;
    bool antialias;

    bool aligns() const { return align_corners.value_or(false); }
};

template <class T>
T at_or_only(std::span<const T> list, int i) {
    return list[list.size() == 1 ? 0 : i];
}

Resize resize_of(const Tensor& self, int i, const InterpolateOptions& o) {
    const int64_t from = self.sizes()[i + 2];
    if (o.size) {
        const int64_t to = at_or_only(*o.size, i);
        return {i + 2, from, to, static_cast<double>(from) / static_cast<double>(to)};
    }
    const double factor = at_or_only(*o.scale_factor, i);
    check_as(ErrorKind::Value, factor > 0 && static_cast<double>(from) * factor < 0x1p53,
             "scale_factor: expected more than 0 and a size in range, got ", factor);
    const int64_t to = static_cast<int64_t>(std::floor(static_cast<double>(from) * factor));
    const bool recomputed = o.recompute_scale_factor.value_or(false) || o.aligns();
    return {i + 2, from, to, recomputed ? static_cast<double>(from) / static_cast<double>(to) : 1.0 / factor};
}

std::string_view per_dimension(std::string_view mode, int spatial) {
    static constexpr std::pair<std::string_view, int> named[] = {{"linear", 1}, {"bilinear", 2}, {"trilinear", 3}};
    for (const auto& [name, dims] : named)
        if (mode == name) {
            check(spatial == dims, "mode: '", mode, "' expects ", dims, " spatial dimensions, got ", spatial);
            return "linear";
        }
    if (mode == "bicubic") {
        check(spatial == 2, "mode: 'bicubic' expects 2 spatial dimensions, got ", spatial);
        return "cubic";
    }
    check_as(ErrorKind::Value, mode == "nearest" || mode == "nearest-exact" || mode == "area",
             "mode: expected 'nearest', 'nearest-exact', 'linear', 'bilinear', 'trilinear', 'bicubic' or 'area', got '",
             mode, "'");
    return mode;
}

std::vector<Resize> resizes_of(const Tensor& self, const InterpolateOptions& o) {
    const int spatial = self.dim() - 2;
    check(spatial >= 1, "self: expected (N, C, ...) with 1 to 3 more dimensions, got shape ", self.sizes());
    check_as(ErrorKind::Value, o.size.has_value() != o.scale_factor.has_value(),
             "size, scale_factor: expected one of them");
    const size_t given = o.size ? o.size->size() : o.scale_factor->size();
    check_as(ErrorKind::Value, given == 1 || static_cast<int>(given) == spatial, o.size ? "size" : "scale_factor",
             ": expected one number or ", spatial, ", got ", given);
    std::vector<Resize> all;
    for (int i = 0; i < spatial; ++i) {
        all.push_back(resize_of(self, i, o));
        Resize& r = all.back();
        check_as(ErrorKind::Value, r.from > 0 && r.to > 0, "self: can't resize ", r.from, " elements to ", r.to);
        if (o.aligns()) r.scale = r.to > 1 ? static_cast<double>(r.from - 1) / static_cast<double>(r.to - 1) : 0.0;
    }
    // The dimension that shrinks most comes first; of equal ones the last, which is the slowest to traverse.
    std::stable_sort(all.begin(), all.end(), [](const Resize& x, const Resize& y) {
        const double left = static_cast<double>(x.to) * static_cast<double>(y.from),
                     right = static_cast<double>(y.to) * static_cast<double>(x.from);
        return left < right || (left == right && x.dim > y.dim);
    });
    return all;
}

// True if rows and columns are resized together, as growing images resample each row across only once.
bool in_one_go(const std::vector<Resize>& resizes, std::string_view mode) {
    if (resizes.size() != 2 || mode == "area") return false;
    return std::all_of(resizes.begin(), resizes.end(), [](const Resize& r) { return r.changes() && r.to >= r.from; });
}

// Self with its first spatial dimension at `first`.
Tensor resized(const Tensor& self, int first, std::vector<Resize> resizes, std::string_view mode, bool align_corners,
               bool antialias) {
    if (!antialias && in_one_go(resizes, mode)) {
        if (resizes[0].dim > resizes[1].dim) std::swap(resizes[0], resizes[1]);
        const double scales[] = {resizes[0].scale, resizes[1].scale};
        return Call<"_interpolate_plane">()(self, first, Dims{resizes[0].to, resizes[1].to}, mode, align_corners,
                                            Floats(scales));
    }
    Tensor out = self;
    for (const Resize& r : resizes)
        if (r.changes()) out = interpolate_dim(out, r.dim - 2 + first, r.to, mode, align_corners, r.scale, antialias);
    return out;
}

// Dimensions with the channels moved last.
Dims channels_last_order(const Tensor& self) {
    Dims order{0};
    for (int d = 2; d < self.dim(); ++d) order.push_back(d);
    order.push_back(1);
    return order;
}

Tensor interpolated(const Tensor& self, const InterpolateOptions& o) {
    const std::vector<Resize> resizes = resizes_of(self, o);
    const std::string_view mode = per_dimension(o.mode, self.dim() - 2);
    const bool smooth = mode == "linear" || mode == "cubic";
    check_as(ErrorKind::Value, !o.align_corners || smooth, "align_corners: mode '", o.mode, "' has no such option");
    check_as(ErrorKind::Value, !o.antialias || (self.dim() == 4 && smooth),
             "antialias: expected mode 'bilinear' or 'bicubic', got '", o.mode, "'");
    const Dims order = channels_last_order(self);
    const Tensor last = permute(self, order);
    const bool channels_last = !self.is_contiguous() && last.is_contiguous();
    const Tensor out = resized(channels_last ? last : self, channels_last ? 1 : 2, resizes, mode, o.aligns(),
                               o.antialias);
    if (!channels_last) return out.impl() == self.impl() ? clone(out) : out;
    Dims back(self.dim());
    for (int d = 0; d < self.dim(); ++d) back[static_cast<int>(order[d])] = d;
    return permute(out, back);
}

OP("interpolate(Tensor self, int[]? size=None, float[]? scale_factor=None, str mode='nearest', "
   "bool? align_corners=None, bool? recompute_scale_factor=None, bool antialias=False) -> Tensor")
    .doc(R"(Resizes (N, C, ...) to ``size``, or by ``scale_factor``.
``mode`` is 'nearest', 'nearest-exact', 'area', 'linear', 'bilinear', 'trilinear' or 'bicubic' (the cubic convolution
of Keys, 1981, with a = -0.75). With ``align_corners`` the centres of the corner elements are aligned, otherwise their
outer corners. ``antialias`` widens the filter of 'bilinear' and 'bicubic' when downsampling. uint8 results are rounded.

>>> engine.interpolate(engine.tensor([[[1.0, 2.0]]]), scale_factor=2)
tensor([[[1., 1., 2., 2.]]]))")
    .compose([](const Tensor& self, std::optional<Ints> size, std::optional<Floats> scale_factor,
                std::string_view mode, std::optional<bool> align_corners, std::optional<bool> recompute_scale_factor,
                bool antialias) {
        check_as(ErrorKind::Value, !size || !recompute_scale_factor.value_or(false),
                 "recompute_scale_factor: expected scale_factor, not size");
        const InterpolateOptions o{size, scale_factor, mode, align_corners, recompute_scale_factor, antialias};
        if (self.dtype() != DType::UInt8) return interpolated(self, o);
        // Bytes are interpolated as floats and rounded.
        const Tensor floats = interpolated(cast(self, DType::Float32), o);
        return cast(Call<"clamp">()(Call<"round">()(floats), 0.0, 255.0), DType::UInt8);
    });

}  // namespace
}  // namespace bestiary::ops
