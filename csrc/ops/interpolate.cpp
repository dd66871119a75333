// Resizing of images and other signals.
#include <algorithm>
#include <cmath>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

constexpr Call<"_resample"> resample;
constexpr Call<"_resample_backward"> resample_backward;

// Self's shape with `size` in one dimension.
void resampled_shape(const Op&, Args a, Meta& m) {
    const Tensor& self = a.tensor(0);
    check(is_floating(self.dtype()), "self: expected a floating-point dtype, got ", self.dtype());
    Dims sizes = self.sizes();
    sizes[wrap_dim(a.integer(1), self.dim())] = a.integer(2);
    m.add(sizes, self.dtype());
}

OP("_resample(Tensor self, int dim, int size, str mode, bool align_corners, float scale, bool antialias) -> Tensor")
    .doc("``interpolate`` along one dimension; ``scale`` is self's elements per element of the result.")
    .shape(resampled_shape)
    .grad("self", "", [](const Backward& b) {
        return resample_backward(b.g, b["dim"], b.shape("self")[wrap_dim(b.integer("dim"), b.shape("self").size())],
                                 b["mode"], b["align_corners"], b["scale"], b["antialias"]);
    });

OP("_resample_backward(Tensor grad, int dim, int size, str mode, bool align_corners, float scale, bool antialias) -> "
   "Tensor")
    .doc("The gradient of _resample; ``size`` is that of its self.")
    .shape(resampled_shape)
    .grad("grad", "", [](const Backward& b) {
        return resample(b.g, b["dim"], b.shape("grad")[wrap_dim(b.integer("dim"), b.shape("grad").size())], b["mode"],
                        b["align_corners"], b["scale"], b["antialias"]);
    });

OP("_resample_grid(Tensor self, int dim, int[] size, str mode, bool align_corners, float[] scale) -> Tensor")
    .doc("``interpolate`` along two neighbouring dimensions, not antialiased.")
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& self = a.tensor(0);
        check(is_floating(self.dtype()), "self: expected a floating-point dtype, got ", self.dtype());
        Dims sizes = self.sizes();
        const int d = wrap_dim(a.integer(1), self.dim());
        for (int i = 0; i < 2; ++i) sizes[d + i] = a.ints(2)[i];
        m.add(sizes, self.dtype());
    })
    .grad("self", "", [](const Backward& b) {
        const int64_t dim = b.integer("dim");
        Tensor g = b.g;
        for (int i = 0; i < 2; ++i)
            g = resample_backward(g, dim + i, b.shape("self")[static_cast<int>(dim) + i], b["mode"], b["align_corners"],
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

int64_t at_or_only(std::span<const int64_t> list, int i) { return list[list.size() == 1 ? 0 : i]; }

Resize resize_of(Args a, int i, bool align_corners) {
    const Tensor& self = a.tensor(0);
    const int64_t from = self.sizes()[i + 2];
    if (a[1].none()) {
        const std::span<const double> factors = a[2].float_list();
        const double factor = factors[factors.size() == 1 ? 0 : i];
        check_as(ErrorKind::Value, factor > 0 && static_cast<double>(from) * factor < 0x1p53,
                 "scale_factor: expected more than 0 and a size in range, got ", factor);
        const int64_t to = static_cast<int64_t>(std::floor(static_cast<double>(from) * factor));
        const bool keep = a[5].none() || !a[5].b;
        if (keep && !align_corners) return {i + 2, from, to, 1.0 / factor};
        return {i + 2, from, to, static_cast<double>(from) / static_cast<double>(to)};
    }
    const int64_t to = at_or_only(a.ints(1), i);
    return {i + 2, from, to, static_cast<double>(from) / static_cast<double>(to)};
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

std::vector<Resize> resizes_of(Args a, bool align_corners) {
    const Tensor& self = a.tensor(0);
    const int spatial = self.dim() - 2;
    check(spatial >= 1, "self: expected (N, C, ...) with 1 to 3 more dimensions, got shape ", self.sizes());
    check_as(ErrorKind::Value, a[1].none() != a[2].none(), "size, scale_factor: expected one of them");
    const size_t given = a[1].none() ? a[2].length : a[1].length;
    check_as(ErrorKind::Value, given == 1 || static_cast<int>(given) == spatial, a[1].none() ? "scale_factor" : "size",
             ": expected one number or ", spatial, ", got ", given);
    std::vector<Resize> all;
    for (int i = 0; i < spatial; ++i) {
        all.push_back(resize_of(a, i, align_corners));
        Resize& r = all.back();
        check_as(ErrorKind::Value, r.from > 0 && r.to > 0, "self: can't resize ", r.from, " elements to ", r.to);
        if (align_corners) r.scale = r.to > 1 ? static_cast<double>(r.from - 1) / static_cast<double>(r.to - 1) : 0.0;
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
        return Call<"_resample_grid">()(self, first, Dims{resizes[0].to, resizes[1].to}, mode, align_corners,
                                        std::span<const double>(scales));
    }
    Tensor out = self;
    for (const Resize& r : resizes)
        if (r.changes()) out = resample(out, r.dim - 2 + first, r.to, mode, align_corners, r.scale, antialias);
    return out;
}

// Dimensions with the channels moved last.
Dims channels_last_order(const Tensor& self) {
    Dims order{0};
    for (int d = 2; d < self.dim(); ++d) order.push_back(d);
    order.push_back(1);
    return order;
}

void push_interpolated(Args a, Results& r) {
    const Tensor& self = a.tensor(0);
    const bool align_corners = !a[4].none() && a[4].b, antialias = a.flag(6);
    const std::vector<Resize> resizes = resizes_of(a, align_corners);
    const std::string_view mode = per_dimension(a.str(3), self.dim() - 2);
    check_as(ErrorKind::Value, a[4].none() || mode == "linear" || mode == "cubic", "align_corners: mode '", a.str(3),
             "' has no such option");
    check_as(ErrorKind::Value, !antialias || (self.dim() == 4 && (mode == "linear" || mode == "cubic")),
             "antialias: expected mode 'bilinear' or 'bicubic', got '", a.str(3), "'");
    const Dims order = channels_last_order(self);
    const Tensor last = permute(self, order);
    const bool channels_last = !self.is_contiguous() && last.is_contiguous();
    const Tensor out = resized(channels_last ? last : self, channels_last ? 1 : 2, resizes, mode, align_corners,
                               antialias);
    if (!channels_last) return r.push(out.impl() == self.impl() ? Tensor(clone(out)) : out);
    Dims back(self.dim());
    for (int d = 0; d < self.dim(); ++d) back[static_cast<int>(order[d])] = d;
    r.push(permute(out, back));
}

// Bytes are resampled as floats and rounded.
void push_interpolated_bytes(Args a, Results& r) {
    const Tensor floats = cast(a[0], DType::Float32);
    const Value values[] = {floats, a[1], a[2], a[3], a[4], a[5], a[6]};
    Results found;
    push_interpolated(Args(values, 7), found);
    r.push(cast(Call<"clamp">()(Call<"round">()(found[0]), 0.0, 255.0), DType::UInt8));
}

OP("interpolate(Tensor self, int[]? size=None, float[]? scale_factor=None, str mode='nearest', bool? "
   "align_corners=None, "
   "bool? recompute_scale_factor=None, bool antialias=False) -> Tensor")
    .doc(R"(Resizes (N, C, ...) to ``size``, or by ``scale_factor``.
``mode`` is 'nearest', 'nearest-exact', 'area', 'linear', 'bilinear', 'trilinear' or 'bicubic' (the cubic convolution
of Keys, 1981, with a = -0.75). With ``align_corners`` the centres of the corner elements are aligned, otherwise their
outer corners. ``antialias`` widens the filter of 'bilinear' and 'bicubic' when downsampling. uint8 results are rounded.

>>> engine.interpolate(engine.tensor([[[1.0, 2.0]]]), scale_factor=2)
tensor([[[1., 1., 2., 2.]]]))")
    .compose([](Args a, Results& r) {
        check_as(ErrorKind::Value, a[1].none() || a[5].none() || !a.flag(5),
                 "recompute_scale_factor: expected scale_factor, not size");
        if (a.tensor(0).dtype() == DType::UInt8) push_interpolated_bytes(a, r);
        else push_interpolated(a, r);
    });

}  // namespace
}  // namespace bestiary::ops
