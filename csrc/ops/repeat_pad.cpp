// Elements repeated, turned around, moved along and padded.
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
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& self = a.tensor(0);
        Dims seen(std::max(self.dim(), 1));
        for (int64_t given : a.ints(1)) {
            const int d = wrap_dim(given, self.dim(), "dims");
            check(!seen[d]++, "dims: dimension ", d, " comes twice in ", Dims(a.ints(1)));
        }
        m.add(self.sizes(), self.dtype());
    })
    .grad("self", "", [](const Backward& b) { return Call<"flip">()(b.g, b["dims"]); });

OP("fliplr(Tensor self) -> Tensor")
    .doc(R"(``flip`` of dimension 1.

>>> engine.fliplr(engine.tensor([[1, 2], [3, 4]]))
tensor([[2, 1],
        [4, 3]]))")
    .compose([](Args a, Results& r) {
        check(a.tensor(0).dim() > 1, "self: expected at least 2 dimensions, got shape ", a.tensor(0).sizes());
        r.push(Call<"flip">()(a[0], Dims{1}));
    });

OP("flipud(Tensor self) -> Tensor")
    .doc(R"(``flip`` of dimension 0.

>>> engine.flipud(engine.tensor([[1, 2], [3, 4]]))
tensor([[3, 4],
        [1, 2]]))")
    .compose([](Args a, Results& r) {
        check(a.tensor(0).dim() > 0, "self: expected at least 1 dimension, got shape ", a.tensor(0).sizes());
        r.push(Call<"flip">()(a[0], Dims{0}));
    });

OP("rot90(Tensor self, int k=1, int[] dims=[0, 1]) -> Tensor")
    .doc(R"(Rotates by ``k`` quarter turns, from the first of the two dimensions towards the second.

>>> engine.tensor([[1, 2], [3, 4]]).rot90()
tensor([[2, 4],
        [1, 3]]))")
    .compose([](Args a, Results& r) {
        check(a.ints(2).size() == 2, "dims: expected 2 dimensions, got ", Dims(a.ints(2)));
        const int64_t from = a.ints(2)[0], to = a.ints(2)[1], turns = (a.integer(1) % 4 + 4) % 4;
        check(wrap_dim(from, a.tensor(0).dim()) != wrap_dim(to, a.tensor(0).dim()),
              "dims: expected two different dimensions, got ", Dims(a.ints(2)));
        const Call<"flip"> flip;
        if (turns == 0) r.push(clone(a[0]));
        else if (turns == 1) r.push(transpose(flip(a[0], Dims{to}), from, to));
        else if (turns == 2) r.push(flip(a[0], Dims{from, to}));
        else r.push(flip(transpose(a[0], from, to), Dims{to}));
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
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        const auto shifts = a.ints(1), dims = a.ints(2);
        if (dims.empty()) {
            check(shifts.size() == 1, "shifts: expected one without dims, got ", Dims(shifts));
            return r.push(reshape(rolled(flatten(self), shifts[0], 0), self.sizes()));
        }
        check(shifts.size() == dims.size(), "shifts: expected ", dims.size(), " of them as dims, got ",
              Dims(shifts));
        Tensor out = self;
        for (size_t i = 0; i < dims.size(); ++i) out = rolled(out, shifts[i], dims[i]);
        r.push(out.impl() == self.impl() ? clone(self) : out);
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
    .compose([](Args a, Results& r) {
        check(static_cast<int>(a.ints(1).size()) >= a.tensor(0).dim(), "repeats: expected at least ",
              a.tensor(0).dim(), " of them for shape ", a.tensor(0).sizes(), ", got ", Dims(a.ints(1)));
        r.push(repeated(a.tensor(0), Dims(a.ints(1))));
    });

OP("tile(Tensor self, int... dims) -> Tensor")
    .doc(R"(``repeat`` with missing leading repeats as 1.

>>> engine.tensor([[1, 2]]).tile(2)
tensor([[1, 2, 1, 2]]))")
    .compose([](Args a, Results& r) {
        Dims repeats(a.ints(1));
        while (repeats.size() < a.tensor(0).dim()) repeats.insert(0, 1);
        r.push(repeated(a.tensor(0), repeats));
    });

OP("repeat_interleave(Tensor self, int repeats, int? dim=None) -> Tensor")
    .doc(R"(Repeats each element ``repeats`` times along ``dim``, or in the flattened tensor.

>>> engine.tensor([1, 2]).repeat_interleave(2)
tensor([1, 1, 2, 2]))")
    .compose([](Args a, Results& r) {
        check(a.integer(1) >= 0, "repeats: expected 0 or more, got ", a.integer(1));
        // A 0-d tensor is a line of one element.
        const Tensor self = a.none(2) || a.tensor(0).dim() == 0 ? flatten(a[0]) : a.tensor(0);
        const int d = a.none(2) ? 0 : wrap_dim(a.integer(2), self.dim());
        Dims wide = self.sizes(), joined = self.sizes();
        wide.insert(d + 1, a.integer(1));
        joined[d] = checked_mul(joined[d], a.integer(1), "repeats");
        r.push(reshape(expand(unsqueeze(self, d + 1), wide), joined));
    });

OP("repeat_interleave.each(Tensor self, Tensor repeats, int? dim=None) -> Tensor")
    .doc(R"(Repeats each element by its number in ``repeats``, one per element of ``dim``.

>>> engine.tensor([5, 6]).repeat_interleave(engine.tensor([1, 2]))
tensor([5, 6, 6]))")
    .compose([](Args a, Results& r) {
        const Tensor self = a.none(2) || a.tensor(0).dim() == 0 ? flatten(a[0]) : a.tensor(0);
        const int d = a.none(2) ? 0 : wrap_dim(a.integer(2), self.dim());
        r.push(Call<"index_select">()(self, d, Call<"_repeated_places">()(expand(a[1], Dims{self.size(d)}))));
    });

OP("_repeated_places(Tensor repeats) -> Tensor")
    .doc("Each place i of repeats, repeats[i] times.");

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
    .shape([](const Op&, Args a, Meta& m) { m.add(padded_sizes(a.tensor(0), a.ints(1)), a.tensor(0).dtype()); })
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
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& self = a.tensor(0);
        const auto pad = a.ints(1);
        m.add(padded_sizes(self, pad), self.dtype());
        for (size_t i = 0; i < pad.size() / 2; ++i) {
            const int d = self.dim() - 1 - static_cast<int>(i);
            const int64_t before = pad[2 * i], after = pad[2 * i + 1], n = self.sizes()[d];
            check(std::max(before, after) <= std::max<int64_t>(widest(a.str(2), n), 0), "pad: (", before, ", ",
                  after, ") is too wide for dimension ", d, " of size ", n);
        }
    })
    .grad("self", "", [](const Backward& b) {
        return Call<"_pad_border_backward">()(b.g, b["pad"], b["mode"], b.shape("self"));
    });

OP("_pad_border_backward(Tensor grad, int[] pad, str mode, int[] size) -> Tensor")
    .doc("The gradient of _pad_border for a self of shape ``size``.")
    .shape([](const Op&, Args a, Meta& m) { m.add(Dims(a.ints(3)), a.tensor(0).dtype()); })
    .grad("grad", "", [](const Backward& b) { return Call<"_pad_border">()(b.g, b["pad"], b["mode"]); });

OP("pad(Tensor self, int[] pad, str mode='constant', float? value=None) -> Tensor")
    .doc(R"(Pads self: ``pad`` has (before, after) for the last dimension, then for the one before it.
``mode`` is 'constant' (with ``value``, by default 0), 'reflect' (the edge is not repeated), 'replicate' or 'circular'.
Negative widths crop.

>>> engine.pad(engine.tensor([1.0, 2.0, 3.0]), (1, 2), mode='reflect')
tensor([2., 1., 2., 3., 2., 1.]))")
    .compose([](Args a, Results& r) {
        if (a.str(2) == "constant")
            return r.push(Call<"_pad_constant">()(a[0], a[1], a.none(3) ? Value(0.0) : a[3]));
        check_as(ErrorKind::Value, a.none(3), "value: only mode 'constant' takes one, got mode '", a.str(2),
                 "'");
        // Of a circle, what is cut is cut first.
        Dims cut(a.ints(1)), wide(a.ints(1));
        if (a.str(2) != "circular") return r.push(Call<"_pad_border">()(a[0], a[1], a[2]));
        for (int64_t& n : cut) n = std::min<int64_t>(n, 0);
        for (int64_t& n : wide) n = std::max<int64_t>(n, 0);
        r.push(Call<"_pad_border">()(cut == Dims(cut.size(), 0) ? a.tensor(0)
                                                                : Call<"_pad_constant">()(a[0], cut, 0.0), wide, a[2]));
    });

OP("pixel_shuffle(Tensor self, int upscale_factor) -> Tensor")
    .doc(R"(Moves channels into space: (..., C r r, H, W) to (..., C, H r, W r) (Shi et al., "Real-time single image and
video super-resolution using an efficient sub-pixel CNN", 2016).

>>> engine.ones(1, 4, 2, 2).pixel_shuffle(2).shape
Size([1, 1, 4, 4]))")
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        const int64_t f = a.integer(1);
        const int lead = self.dim() - 3;
        check(f > 0, "upscale_factor: expected 1 or more, got ", f);
        const int64_t area = checked_mul(f, f, "upscale_factor");
        check(lead >= 0 && self.sizes()[lead] % area == 0,
              "self: expected (..., channels, height, width) with channels divisible by ", area,
              ", got shape ", self.sizes());
        const int64_t c = self.sizes()[lead] / area, h = self.sizes()[lead + 1], w = self.sizes()[lead + 2];
        Dims apart(self.sizes().data(), lead), order(lead), joined = apart;
        for (int d = 0; d < lead; ++d) order[d] = d;
        for (int64_t n : {c, f, f, h, w}) apart.push_back(n);
        for (int d : {0, 3, 1, 4, 2}) order.push_back(lead + d);
        for (int64_t n : {c, h * f, w * f}) joined.push_back(n);
        r.push(reshape(permute(reshape(self, apart), order), joined));
    });

OP("pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor")
    .doc(R"(The inverse of ``pixel_shuffle``: (..., C, H r, W r) to (..., C r r, H, W).

>>> engine.ones(1, 1, 4, 4).pixel_unshuffle(2).shape
Size([1, 4, 2, 2]))")
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        const int64_t f = a.integer(1);
        const int lead = self.dim() - 3;
        check(f > 0, "downscale_factor: expected 1 or more, got ", f);
        check(lead >= 0 && self.sizes()[lead + 1] % f == 0 && self.sizes()[lead + 2] % f == 0,
              "self: expected (..., channels, height, width) with sides divisible by ", f, ", got shape ",
              self.sizes());
        const int64_t c = self.sizes()[lead], h = self.sizes()[lead + 1] / f, w = self.sizes()[lead + 2] / f;
        Dims apart(self.sizes().data(), lead), order(lead), joined = apart;
        for (int d = 0; d < lead; ++d) order[d] = d;
        for (int64_t n : {c, h, f, w, f}) apart.push_back(n);
        for (int d : {0, 2, 4, 1, 3}) order.push_back(lead + d);
        for (int64_t n : {checked_mul(c, checked_mul(f, f, "downscale_factor"), "downscale_factor"), h, w})
            joined.push_back(n);
        r.push(reshape(permute(reshape(self, apart), order), joined));
    });

}  // namespace
}  // namespace bestiary::ops
