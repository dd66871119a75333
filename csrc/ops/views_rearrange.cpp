// Other views: rearranged dimensions, diagonals, sliding windows.
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("t(Tensor self) -> Tensor")
    .doc(R"(A matrix transposed; tensors of fewer dimensions are unchanged.

>>> engine.ones(2, 3).t().shape
Size([3, 2]))")
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        check(self.dim() <= 2, "self: expected at most 2 dimensions, got shape ", self.sizes());
        r.push(self.dim() < 2 ? alias(self) : transpose(self, 0, 1));
    });

Tensor moved(const Tensor& self, std::span<const int64_t> from, std::span<const int64_t> to) {
    check(from.size() == to.size(), "destination: expected ", from.size(), " dimensions as source, got ",
          Dims(to));
    const int n = std::max(self.dim(), 1);  // a 0-d tensor has dimensions 0 and -1
    Dims order(n, -1), taken(n);
    for (size_t i = 0; i < from.size(); ++i) {
        const int s = wrap_dim(from[i], n, "source"), d = wrap_dim(to[i], n, "destination");
        check(order[d] < 0 && !taken[s], "source, destination: a dimension comes twice in ", Dims(from), ", ",
              Dims(to));
        order[d] = s;
        taken[s] = 1;
    }
    int next = 0;
    for (int64_t& place : order) {
        if (place >= 0) continue;
        while (taken[next]) ++next;
        place = next++;
    }
    return self.dim() == 0 ? alias(self) : permute(self, order);
}

OP("movedim(Tensor self, int[] source, int[] destination) -> Tensor")
    .doc(R"(Moves dimensions ``source`` to ``destination``; the others keep their order.

>>> engine.ones(2, 3, 4).movedim(0, -1).shape
Size([3, 4, 2]))")
    .compose([](Args a, Results& r) { r.push(moved(a.tensor(0), a.ints(1), a.ints(2))); });

OP("moveaxis(Tensor self, int[] source, int[] destination) -> Tensor")
    .doc("Alias of ``movedim``.")
    .compose([](Args a, Results& r) { r.push(moved(a.tensor(0), a.ints(1), a.ints(2))); });

OP("swapaxes(Tensor self, int axis0, int axis1) -> Tensor")
    .doc("Alias of ``transpose``.")
    .compose([](Args a, Results& r) { r.push(transpose(a[0], a[1], a[2])); });

OP("swapdims(Tensor self, int dim0, int dim1) -> Tensor")
    .doc("Alias of ``transpose``.")
    .compose([](Args a, Results& r) { r.push(transpose(a[0], a[1], a[2])); });

OP("expand_as(Tensor self, Tensor other) -> Tensor")
    .doc(R"(``expand`` to the shape of ``other``.

>>> engine.tensor([1, 2]).expand_as(engine.ones(2, 2))
tensor([[1, 2],
        [1, 2]]))")
    .compose([](Args a, Results& r) { r.push(expand(a[0], a.tensor(1).sizes())); });

OP("view_as(Tensor self, Tensor other) -> Tensor")
    .doc(R"(``view`` in the shape of ``other``.

>>> engine.arange(4).view_as(engine.ones(2, 2))
tensor([[0, 1],
        [2, 3]]))")
    .compose([](Args a, Results& r) { r.push(Call<"view">()(a[0], a.tensor(1).sizes())); });

OP("reshape_as(Tensor self, Tensor other) -> Tensor")
    .doc(R"(``reshape`` to the shape of ``other``.

>>> engine.arange(4).reshape_as(engine.ones(2, 2))
tensor([[0, 1],
        [2, 3]]))")
    .compose([](Args a, Results& r) { r.push(reshape(a[0], a.tensor(1).sizes())); });

OP("broadcast_to(Tensor self, int... size) -> Tensor")
    .doc("Alias of ``expand``.")
    .compose([](Args a, Results& r) { r.push(expand(a[0], a[1])); });

OP("_broadcast_all(Tensor[] tensors) -> Tensor[]")
    .doc("The tensors expanded to their common shape.")
    .compose([](Args a, Results& r) {
        Dims size;
        for (const Tensor& t : a.tensors(0)) size = broadcast(size, t.sizes());
        for (const Tensor& t : a.tensors(0)) r.push(expand(t, size));
    });

OP("unflatten(Tensor self, int dim, int[] sizes) -> Tensor")
    .doc(R"(Splits a dimension into several; one of ``sizes`` may be -1.

>>> engine.ones(2, 12).unflatten(1, (3, -1)).shape
Size([2, 3, 4]))")
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        check_as(ErrorKind::Index, self.dim() > 0, "dim: a 0-d tensor has no dimensions, got ", a.integer(1));
        const int d = wrap_dim(a.integer(1), self.dim());
        const auto parts = a.ints(2);
        check(!parts.empty(), "sizes: expected at least one size");
        for (int64_t n : parts) check(n >= -1, "sizes: expected sizes of 0 or more, or -1, got ", n);
        int64_t known = 1;
        for (int64_t n : parts) known *= n < 0 ? 1 : n;
        Dims sizes(self.sizes().data(), d);
        for (int64_t n : parts) sizes.push_back(n < 0 && known > 0 ? self.sizes()[d] / known : n);
        check(Dims(sizes.data() + d, static_cast<int>(parts.size())).product() == self.sizes()[d],
              "sizes: ", Dims(parts), " do not make up dimension ", d, " of size ", self.sizes()[d]);
        for (int k = d + 1; k < self.dim(); ++k) sizes.push_back(self.sizes()[k]);
        r.push(reshape(self, sizes));
    });

OP("atleast_1d(Tensor self) -> Tensor")
    .doc(R"(Self with at least one dimension.

>>> engine.atleast_1d(engine.tensor(2))
tensor([2]))")
    .compose([](Args a, Results& r) { r.push(a.tensor(0).dim() < 1 ? unsqueeze(a[0], 0) : a.tensor(0)); });

OP("atleast_2d(Tensor self) -> Tensor")
    .doc(R"(Self with at least two dimensions; a vector becomes a row.

>>> engine.atleast_2d(engine.tensor([1, 2]))
tensor([[1, 2]]))")
    .compose([](Args a, Results& r) {
        Tensor t = a.tensor(0);
        while (t.dim() < 2) t = unsqueeze(t, 0);
        r.push(t);
    });

OP("atleast_3d(Tensor self) -> Tensor")
    .doc(R"(Self with at least three dimensions; a matrix gets a last one of size 1.

>>> engine.atleast_3d(engine.ones(2, 3)).shape
Size([2, 3, 1]))")
    .compose([](Args a, Results& r) {
        Tensor t = a.tensor(0);
        while (t.dim() < 2) t = unsqueeze(t, 0);
        r.push(t.dim() < 3 ? unsqueeze(t, -1) : t);
    });

// The sizes and strides of unfold of memory with the given layout.
struct Windows {
    Dims sizes, strides;

    Windows(const Dims& full, const Dims& layout, int64_t dim, int64_t size, int64_t step)
        : sizes(full), strides(layout) {
        if (full.empty()) {
            sizes = {size};
            strides = {1};
            return;
        }
        const int d = wrap_dim(dim, full.size());
        sizes[d] = (full[d] - size) / step + 1;
        strides[d] = layout[d] * step;
        sizes.push_back(size);
        strides.push_back(layout[d]);
    }
};

OP("unfold(Tensor self, int dimension, int size, int step) -> Tensor")
    .doc(R"(A view of all windows of ``size`` elements along a dimension, with the given step; the window is a new last dimension.

>>> engine.arange(4).unfold(0, 2, 1)
tensor([[0, 1],
        [1, 2],
        [2, 3]]))")
    .view([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        const int64_t n = self.dim() > 0 ? self.size(a.integer(1)) : 1;
        check(a.integer(2) >= 0 && a.integer(2) <= n, "size: expected 0 to ", n, ", got ", a.integer(2));
        check(a.integer(3) > 0, "step: expected 1 or more, got ", a.integer(3));
        Windows w(self.sizes(), self.strides(), a.integer(1), a.integer(2), a.integer(3));
        r.push(self.alias(w.sizes, w.strides, self->offset));
    })
    .grad("self", "", [](const Backward& b) {
        const Dims layout = contiguous_strides(b.shape("self"));
        const Windows w(b.shape("self"), layout, b.integer("dimension"), b.integer("size"), b.integer("step"));
        return Call<"_strided_scatter">()(b.g, w.strides, 0, b.shape("self"), layout);
    });

// The sizes, strides and offset of the diagonal of memory with the given layout.
struct Diagonal {
    Dims sizes, strides;
    int64_t start = 0;

    Diagonal(const Dims& full, const Dims& layout, int64_t offset, int64_t dim1, int64_t dim2) {
        const int r = wrap_dim(dim1, full.size(), "dim1"), c = wrap_dim(dim2, full.size(), "dim2");
        check(full.size() >= 2 && r != c, "dim1, dim2: expected two different dimensions, got ", dim1, " and ",
              dim2, " of shape ", full);
        check(offset > std::numeric_limits<int64_t>::min(), "offset: ", offset, " is out of range");
        const int64_t down = std::max<int64_t>(-offset, 0), right = std::max<int64_t>(offset, 0);
        const int64_t n = std::max<int64_t>(std::min(full[r] - down, full[c] - right), 0);
        start = n > 0 ? down * layout[r] + right * layout[c] : 0;
        sizes = full.without(std::max(r, c)).without(std::min(r, c));
        strides = layout.without(std::max(r, c)).without(std::min(r, c));
        sizes.push_back(n);
        strides.push_back(layout[r] + layout[c]);
    }
};

OP("diagonal(Tensor self, int offset=0, int dim1=0, int dim2=1) -> Tensor")
    .doc(R"(A view of the diagonal of two dimensions, as the last dimension; ``offset`` above 0 selects one to the right.

>>> engine.tensor([[1, 2], [3, 4]]).diagonal()
tensor([1, 4]))")
    .view([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        Diagonal d(self.sizes(), self.strides(), a.integer(1), a.integer(2), a.integer(3));
        r.push(self.alias(d.sizes, d.strides, self->offset + d.start));
    })
    .grad("self", "", [](const Backward& b) {
        const Dims layout = contiguous_strides(b.shape("self"));
        const Diagonal d(b.shape("self"), layout, b.integer("offset"), b.integer("dim1"), b.integer("dim2"));
        return Call<"_strided_scatter">()(b.g, d.strides, d.start, b.shape("self"), layout);
    });

OP("diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor")
    .doc(R"(Matrices of zeros with the last dimension of self on their diagonals.

>>> engine.tensor([1, 2]).diag_embed()
tensor([[1, 0],
        [0, 2]]))")
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        check(self.dim() > 0, "self: expected at least one dimension");
        const int dim1 = wrap_dim(a.integer(2), self.dim() + 1, "dim1"),
                  dim2 = wrap_dim(a.integer(3), self.dim() + 1, "dim2");
        check(dim1 != dim2, "dim1: expected another dimension than dim2 ", dim2, ", got ", a.integer(2));
        check(std::abs(a.number(1)) < 0x1p53, "offset: ", a.integer(1), " is out of range");
        const int64_t n = self.sizes().back() + std::abs(a.integer(1));
        Dims full = self.sizes().without(self.dim() - 1);
        full.insert(std::min(dim1, dim2), n);
        full.insert(std::max(dim1, dim2), n);
        const Dims layout = contiguous_strides(full);
        const Diagonal d(full, layout, a.integer(1), dim1, dim2);
        if (is_floating(self.dtype()))
            return r.push(Call<"_strided_scatter">()(self, d.strides, d.start, full, layout));
        const Tensor out = Call<"zeros">()(full, self.dtype(), self.device());
        copy_(Call<"diagonal">()(out, a[1], dim1, dim2), self);
        r.push(out);
    });

OP("diag(Tensor self, int diagonal=0) -> Tensor")
    .doc(R"(The diagonal of a matrix, or a matrix with a vector on its diagonal.

>>> engine.tensor([[1, 2], [3, 4]]).diag()
tensor([1, 4]))")
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        check(self.dim() == 1 || self.dim() == 2, "self: expected 1 or 2 dimensions, got shape ", self.sizes());
        if (self.dim() == 1) r.push(Call<"diag_embed">()(self, a[1]));
        else r.push(clone(Call<"diagonal">()(self, a[1])));
    });

}  // namespace
}  // namespace bestiary::ops
