// Padding at the borders of tensors.
#include <algorithm>
#include <limits>

#include "core/overflow.h"
#include "ops/names.h"

namespace bestiary::ops {
namespace {

constexpr Call<"_pad_constant"> pad_constant;
constexpr Call<"_pad_border"> pad_border;

// The sizes of self with padding; negative widths crop.
Dims padded_sizes(const Tensor& self, Ints pad) {
    check(pad.size() % 2 == 0 && static_cast<int>(pad.size()) / 2 <= self.dim(),
          "pad: expected a pair for each of at most ", self.dim(), " dimensions, got ", Dims(pad));
    Dims sizes = self.sizes();
    for (size_t i = 0; i < pad.size() / 2; ++i) {
        int64_t& n = sizes[self.dim() - 1 - static_cast<int>(i)];
        n = checked_add(checked_add(n, pad[2 * i], "pad"), pad[2 * i + 1], "pad");
        check(n >= 0, "pad: ", Dims(pad), " cuts more than there is of shape ", self.sizes());
    }
    return sizes;
}

OP("_pad_constant(Tensor self, int[] pad, Number value) -> Tensor")
    .doc("Self within a frame of value; negative widths cut.")
    .shape([](Meta& m, const Tensor& self, Ints pad) { m.add(padded_sizes(self, pad), self.dtype()); })
    .grad("self", "", [](const Backward& b) {
        Dims back = b.ints("pad");
        for (int64_t& n : back) n = -n;
        return pad_constant(b.g, back, 0.0);
    });

// The widest padding of n elements in a mode.
int64_t widest(std::string_view mode, int64_t n) {
    if (mode == "reflect") return n - 1;
    if (mode == "replicate") return n > 0 ? std::numeric_limits<int64_t>::max() : 0;
    check_as(ErrorKind::Value, mode == "circular",
             "mode: expected 'constant', 'reflect', 'replicate' or 'circular', got '", mode, "'");
    return n;
}

OP("_pad_border(Tensor self, int[] pad, str mode) -> Tensor")
    .doc("Self continued beyond its ends with elements of its own; negative widths cut.")
    .shape([](Meta& m, const Tensor& self, Ints pad, std::string_view mode) {
        m.add(padded_sizes(self, pad), self.dtype());
        for (size_t i = 0; i < pad.size() / 2; ++i) {
            const int d = self.dim() - 1 - static_cast<int>(i);
            const int64_t before = pad[2 * i], after = pad[2 * i + 1], n = self.sizes()[d];
            check(std::max(before, after) <= std::max<int64_t>(widest(mode, n), 0), "pad: (", before, ", ", after,
                  ") is too wide for dimension ", d, " of size ", n);
        }
    })
    .grad("self", "", [](const Backward& b) {
        return Call<"_pad_border_backward">()(b.g, b["pad"], b["mode"], b.shape("self"));
    });

OP("_pad_border_backward(Tensor grad, int[] pad, str mode, int[] size) -> Tensor")
    .doc("The gradient of _pad_border for a self of shape ``size``.")
    .shape([](Meta& m, const Tensor& grad, Ints, std::string_view, Ints size) { m.add(size, grad.dtype()); })
    .grad("grad", "", [](const Backward& b) { return pad_border(b.g, b["pad"], b["mode"]); });

OP("pad(Tensor self, int[] pad, str mode='constant', float? value=None) -> Tensor")
    .doc(R"(Pads self: ``pad`` has (before, after) for the last dimension, then for the one before it.
``mode`` is 'constant' (with ``value``, by default 0), 'reflect' (the edge is not repeated), 'replicate' or 'circular'.
Negative widths crop.

>>> engine.pad(engine.tensor([1.0, 2.0, 3.0]), (1, 2), mode='reflect')
tensor([2., 1., 2., 3., 2., 1.]))")
    .compose([](const Tensor& self, Ints pad, std::string_view mode, std::optional<double> value) -> Tensor {
        if (mode == "constant") return pad_constant(self, pad, value.value_or(0.0));
        check_as(ErrorKind::Value, !value, "value: only mode 'constant' takes one, got mode '", mode, "'");
        const bool cuts = std::ranges::any_of(pad, [](int64_t n) { return n < 0; });
        if (mode != "circular" || !cuts) return pad_border(self, pad, mode);
        // A circle is cut before it is widened.
        Dims cut(pad), wide(pad);
        for (int64_t& n : cut) n = std::min<int64_t>(n, 0);
        for (int64_t& n : wide) n = std::max<int64_t>(n, 0);
        return pad_border(pad_constant(self, cut, 0.0), wide, mode);
    });

}  // namespace
}  // namespace bestiary::ops
