// Flips, rolls, repetition, padding and pixel shuffles.
#include <algorithm>
#include <limits>
#include <vector>

#include "core/overflow.h"
#include "ops/names.h"

namespace bestiary::ops {
namespace {

const Call<"cat"> cat;

OP("flip(Tensor self, int... dims) -> Tensor")
    .doc(R"(A copy with the order of the given dimensions reversed.

>>> engine.tensor([1, 2, 3]).flip(0)
tensor([3, 2, 1]))")
    .shape([](Meta& m, const Tensor& self, Ints dims) {
        Dims seen(std::max(self.dim(), 1));
        for (int64_t given : dims) {
            const int d = wrap_dim(given, self.dim(), "dims");
            check(!seen[d]++, "dims: dimension ", d, " comes twice in ", Dims(dims));
        }
        m.add(self.sizes(), self.dtype());
    })
    .grad("self", "", [](const Backward& b) { return Call<"flip">()(b.g, b["dims"]); });

OP("fliplr(Tensor self) -> Tensor")
    .doc(R"(``flip`` of dimension 1.

>>> engine.fliplr(engine.tensor([[1, 2], [3, 4]]))
tensor([[2, 1],
        [4, 3]]))")
    .compose([](const Tensor& self) {
        check(self.dim() > 1, "self: expected at least 2 dimensions, got shape ", self.sizes());
        return Call<"flip">()(self, Dims{1});
    });

OP("flipud(Tensor self) -> Tensor")
    .doc(R"(``flip`` of dimension 0.

>>> engine.flipud(engine.tensor([[1, 2], [3, 4]]))
tensor([[3, 4],
        [1, 2]]))")
    .compose([](const Tensor& self) {
        check(self.dim() > 0, "self: expected at least 1 dimension, got shape ", self.sizes());
        return Call<"flip">()(self, Dims{0});
    });

OP("rot90(Tensor self, int k=1, int[] dims=[0, 1]) -> Tensor")
    .doc(R"(Rotates by ``k`` quarter turns, from the first of the two dimensions towards the second.

>>> engine.tensor([[1, 2], [3, 4]]).rot90()
tensor([[2, 4],
        [1, 3]]))")
    .compose([](const Tensor& self, int64_t k, Ints dims) {
        check(dims.size() == 2, "dims: expected 2 dimensions, got ", Dims(dims));
        const int64_t from = dims[0], to = dims[1], turns = (k % 4 + 4) % 4;
        check(wrap_dim(from, self.dim()) != wrap_dim(to, self.dim()), "dims: expected two different dimensions, got ",
              Dims(dims));
        const Call<"flip"> flip;
        if (turns == 0) return clone(self);
        if (turns == 1) return transpose(flip(self, Dims{to}), from, to);
        if (turns == 2) return flip(self, Dims{from, to});
        return flip(transpose(self, from, to), Dims{to});
    });

Tensor rolled(const Tensor& t, int64_t shift, int64_t dim) {
    const int64_t n = t.size(dim);
    if (n == 0) return t;
    const int64_t first = (n - shift % n) % n;
    if (first == 0) return t;
    return cat(std::vector<Tensor>{narrow(t, dim, first, n - first), narrow(t, dim, 0, first)}, dim);
}

OP("roll(Tensor self, int[] shifts, int[] dims=[]) -> Tensor")
    .doc(R"(Shifts elements cyclically by ``shifts`` along dimensions; without ``dims`` in the flattened tensor.

>>> engine.tensor([1, 2, 3]).roll(1)
tensor([3, 1, 2]))")
    .compose([](const Tensor& self, Ints shifts, Ints dims) {
        if (dims.empty()) {
            check(shifts.size() == 1, "shifts: expected one without dims, got ", Dims(shifts));
            return reshape(rolled(flatten(self), shifts[0], 0), self.sizes());
        }
        check(shifts.size() == dims.size(), "shifts: expected ", dims.size(), " of them as dims, got ", Dims(shifts));
        Tensor out = self;
        for (size_t i = 0; i < dims.size(); ++i) out = rolled(out, shifts[i], dims[i]);
        return out.impl() == self.impl() ? clone(self) : out;
    });

// Tiles self: every dimension repeated as a whole.
Tensor repeated(const Tensor& self, Dims repeats) {
    const int lead = repeats.size() - self.dim();
    Dims apart, wide, joined;
    for (int d = 0; d < repeats.size(); ++d) {
        const int64_t n = d < lead ? 1 : self.sizes()[d - lead];
        check(repeats[d] >= 0, "repeats: expected 0 or more, got ", repeats);
        apart.push_back(1);
        apart.push_back(n);
        wide.push_back(repeats[d]);
        wide.push_back(n);
        joined.push_back(checked_mul(repeats[d], n, "repeats"));
    }
    const Tensor tiled = reshape(expand(reshape(self, apart), wide), joined);
    return tiled->storage.get() == self->storage.get() ? clone(tiled) : tiled;
}

OP("repeat(Tensor self, int... repeats) -> Tensor")
    .doc(R"(Repeats self ``repeats`` times along each dimension; surplus repeats add leading dimensions.

>>> engine.tensor([1, 2]).repeat(2, 2)
tensor([[1, 2, 1, 2],
        [1, 2, 1, 2]]))")
    .compose([](const Tensor& self, Ints repeats) {
        check(static_cast<int>(repeats.size()) >= self.dim(), "repeats: expected at least ", self.dim(),
              " of them for shape ", self.sizes(), ", got ", Dims(repeats));
        return repeated(self, Dims(repeats));
    });

OP("tile(Tensor self, int... dims) -> Tensor")
    .doc(R"(``repeat`` with missing leading repeats as 1.

>>> engine.tensor([[1, 2]]).tile(2)
tensor([[1, 2, 1, 2]]))")
    .compose([](const Tensor& self, Ints dims) {
        Dims repeats(dims);
        while (repeats.size() < self.dim()) repeats.insert(0, 1);
        return repeated(self, repeats);
    });

// Flat without a dim. A 0-d tensor has one element along its dimension.
Tensor as_line(const Tensor& self, std::optional<int64_t> dim) {
    return !dim || self.dim() == 0 ? flatten(self) : self;
}

OP("repeat_interleave(Tensor self, int repeats, int? dim=None) -> Tensor")
    .doc(R"(Repeats each element ``repeats`` times along ``dim``, or in the flattened tensor.

>>> engine.tensor([1, 2]).repeat_interleave(2)
tensor([1, 1, 2, 2]))")
    .compose([](const Tensor& self, int64_t repeats, std::optional<int64_t> dim) {
        check(repeats >= 0, "repeats: expected 0 or more, got ", repeats);
        const Tensor line = as_line(self, dim);
        const int d = wrap_dim(dim.value_or(0), line.dim());
        Dims wide = line.sizes(), joined = line.sizes();
        wide.insert(d + 1, repeats);
        joined[d] = checked_mul(joined[d], repeats, "repeats");
        return reshape(expand(unsqueeze(line, d + 1), wide), joined);
    });

OP("repeat_interleave.each(Tensor self, Tensor repeats, int? dim=None) -> Tensor")
    .doc(R"(Repeats each element by its number in ``repeats``, one per element of ``dim``.

>>> engine.tensor([5, 6]).repeat_interleave(engine.tensor([1, 2]))
tensor([5, 6, 6]))")
    .compose([](const Tensor& self, const Tensor& repeats, std::optional<int64_t> dim) {
        const Tensor line = as_line(self, dim);
        const int d = wrap_dim(dim.value_or(0), line.dim());
        return Call<"index_select">()(line, d, Call<"_repeated_indices">()(expand(repeats, Dims{line.size(d)})));
    });

OP("_repeated_indices(Tensor repeats) -> Tensor").doc("Each index i of repeats, repeats[i] times.");

// Self's shape widened, or cut where a width is negative.
Dims padded_sizes(const Tensor& self, std::span<const int64_t> pad) {
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
        return Call<"_pad_constant">()(b.g, back, 0.0);
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
    .grad("self", "",
          [](const Backward& b) { return Call<"_pad_border_backward">()(b.g, b["pad"], b["mode"], b.shape("self")); });

OP("_pad_border_backward(Tensor grad, int[] pad, str mode, int[] size) -> Tensor")
    .doc("The gradient of _pad_border for a self of shape ``size``.")
    .shape([](Meta& m, const Tensor& grad, Ints, std::string_view, Ints size) { m.add(Dims(size), grad.dtype()); })
    .grad("grad", "", [](const Backward& b) { return Call<"_pad_border">()(b.g, b["pad"], b["mode"]); });

OP("pad(Tensor self, int[] pad, str mode='constant', float? value=None) -> Tensor")
    .doc(R"(Pads self: ``pad`` has (before, after) for the last dimension, then for the one before it.
``mode`` is 'constant' (with ``value``, by default 0), 'reflect' (the edge is not repeated), 'replicate' or 'circular'.
Negative widths crop.

>>> engine.pad(engine.tensor([1.0, 2.0, 3.0]), (1, 2), mode='reflect')
tensor([2., 1., 2., 3., 2., 1.]))")
    .compose([](const Tensor& self, Ints pad, std::string_view mode, std::optional<double> value) {
        if (mode == "constant") return Call<"_pad_constant">()(self, pad, value.value_or(0.0));
        check_as(ErrorKind::Value, !value, "value: only mode 'constant' takes one, got mode '", mode, "'");
        const bool cuts = std::ranges::any_of(pad, [](int64_t n) { return n < 0; });
        if (mode != "circular" || !cuts) return Call<"_pad_border">()(self, pad, mode);
        // A circle is cut before it is widened.
        Dims cut(pad), wide(pad);
        for (int64_t& n : cut) n = std::min<int64_t>(n, 0);
        for (int64_t& n : wide) n = std::max<int64_t>(n, 0);
        return Call<"_pad_border">()(Call<"_pad_constant">()(self, cut, 0.0), wide, mode);
    });

OP("pixel_shuffle(Tensor self, int upscale_factor) -> Tensor")
    .doc(R"(Moves channels into space: (..., C r r, H, W) to (..., C, H r, W r) (Shi et al., "Real-time single image and
video super-resolution using an efficient sub-pixel CNN", 2016).

>>> engine.ones(1, 4, 2, 2).pixel_shuffle(2).shape
Size([1, 1, 4, 4]))")
    .compose([](const Tensor& self, int64_t upscale_factor) {
        const int lead = self.dim() - 3;
        check(upscale_factor > 0, "upscale_factor: expected 1 or more, got ", upscale_factor);
        const int64_t area = checked_mul(upscale_factor, upscale_factor, "upscale_factor");
        check(lead >= 0 && self.sizes()[lead] % area == 0,
              "self: expected (..., channels, height, width) with channels divisible by ", area, ", got shape ",
              self.sizes());
        const int64_t c = self.sizes()[lead] / area, h = self.sizes()[lead + 1], w = self.sizes()[lead + 2];
        Dims apart(self.sizes().data(), lead), order(lead), joined = apart;
        for (int d = 0; d < lead; ++d) order[d] = d;
        for (int64_t n : {c, upscale_factor, upscale_factor, h, w}) apart.push_back(n);
        for (int d : {0, 3, 1, 4, 2}) order.push_back(lead + d);
        for (int64_t n : {c, h * upscale_factor, w * upscale_factor}) joined.push_back(n);
        return reshape(permute(reshape(self, apart), order), joined);
    });

OP("pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor")
    .doc(R"(The inverse of ``pixel_shuffle``: (..., C, H r, W r) to (..., C r r, H, W).

>>> engine.ones(1, 1, 4, 4).pixel_unshuffle(2).shape
Size([1, 4, 2, 2]))")
    .compose([](const Tensor& self, int64_t downscale_factor) {
        const int lead = self.dim() - 3;
        check(downscale_factor > 0, "downscale_factor: expected 1 or more, got ", downscale_factor);
        check(lead >= 0 && self.sizes()[lead + 1] % downscale_factor == 0 &&
                  self.sizes()[lead + 2] % downscale_factor == 0,
              "self: expected (..., channels, height, width) with sides divisible by ", downscale_factor,
              ", got shape ", self.sizes());
        const int64_t c = self.sizes()[lead], h = self.sizes()[lead + 1] / downscale_factor,
                      w = self.sizes()[lead + 2] / downscale_factor;
        Dims apart(self.sizes().data(), lead), order(lead), joined = apart;
        for (int d = 0; d < lead; ++d) order[d] = d;
        for (int64_t n : {c, h, downscale_factor, w, downscale_factor}) apart.push_back(n);
        for (int d : {0, 2, 4, 1, 3}) order.push_back(lead + d);
        for (int64_t n :
             {checked_mul(c, checked_mul(downscale_factor, downscale_factor, "downscale_factor"), "downscale_factor"),
              h, w})
            joined.push_back(n);
        return reshape(permute(reshape(self, apart), order), joined);
    });

}  // namespace
}  // namespace bestiary::ops
