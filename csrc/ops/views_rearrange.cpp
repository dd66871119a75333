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
    .compose([](const Tensor& self) {
        check(self.dim() <= 2, "self: expected at most 2 dimensions, got shape ", self.sizes());
        return self.dim() < 2 ? alias(self) : transpose(self, 0, 1);
    });

Tensor moved(const Tensor& self, std::span<const int64_t> from, std::span<const int64_t> to) {
    check(from.size() == to.size(), "destination: expected ", from.size(), " dimensions as source, got ", Dims(to));
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
    .compose([](const Tensor& self, Ints source, Ints destination) { return moved(self, source, destination); });

OP("moveaxis(Tensor self, int[] source, int[] destination) -> Tensor")
    .doc("Alias of ``movedim``.")
    .compose([](const Tensor& self, Ints source, Ints destination) { return moved(self, source, destination); });

OP("swapaxes(Tensor self, int axis0, int axis1) -> Tensor")
    .doc("Alias of ``transpose``.")
    .compose([](const Tensor& self, int64_t axis0, int64_t axis1) { return transpose(self, axis0, axis1); });

OP("swapdims(Tensor self, int dim0, int dim1) -> Tensor")
    .doc("Alias of ``transpose``.")
    .compose([](const Tensor& self, int64_t dim0, int64_t dim1) { return transpose(self, dim0, dim1); });

OP("expand_as(Tensor self, Tensor other) -> Tensor")
    .doc(R"(``expand`` to the shape of ``other``.

>>> engine.tensor([1, 2]).expand_as(engine.ones(2, 2))
tensor([[1, 2],
        [1, 2]]))")
    .compose([](const Tensor& self, const Tensor& other) { return expand(self, other.sizes()); });

OP("view_as(Tensor self, Tensor other) -> Tensor")
    .doc(R"(``view`` in the shape of ``other``.

>>> engine.arange(4).view_as(engine.ones(2, 2))
tensor([[0, 1],
        [2, 3]]))")
    .compose([](const Tensor& self, const Tensor& other) { return Call<"view">()(self, other.sizes()); });

OP("reshape_as(Tensor self, Tensor other) -> Tensor")
    .doc(R"(``reshape`` to the shape of ``other``.

>>> engine.arange(4).reshape_as(engine.ones(2, 2))
tensor([[0, 1],
        [2, 3]]))")
    .compose([](const Tensor& self, const Tensor& other) { return reshape(self, other.sizes()); });

OP("broadcast_to(Tensor self, int... size) -> Tensor")
    .doc("Alias of ``expand``.")
    .compose([](const Tensor& self, Ints size) { return expand(self, size); });

OP("_broadcast_all(Tensor[] tensors) -> Tensor[]")
    .doc("The tensors expanded to their common shape.")
    .compose([](Tensors tensors) {
        Dims size;
        for (const Tensor& t : tensors) size = broadcast(size, t.sizes());
        std::vector<Tensor> out;
        for (const Tensor& t : tensors) out.push_back(expand(t, size));
        return out;
    });

OP("unflatten(Tensor self, int dim, int[] sizes) -> Tensor")
    .doc(R"(Splits a dimension into several; one of ``sizes`` may be -1.

>>> engine.ones(2, 12).unflatten(1, (3, -1)).shape
Size([2, 3, 4]))")
    .compose([](const Tensor& self, int64_t dim, Ints sizes) {
        check_as(ErrorKind::Index, self.dim() > 0, "dim: a 0-d tensor has no dimensions, got ", dim);
        const int d = wrap_dim(dim, self.dim());
        check(!sizes.empty(), "sizes: expected at least one size");
        for (int64_t n : sizes) check(n >= -1, "sizes: expected sizes of 0 or more, or -1, got ", n);
        int64_t known = 1;
        for (int64_t n : sizes) known *= n < 0 ? 1 : n;
        Dims full(self.sizes().data(), d);
        for (int64_t n : sizes) full.push_back(n < 0 && known > 0 ? self.sizes()[d] / known : n);
        check(Dims(full.data() + d, static_cast<int>(sizes.size())).product() == self.sizes()[d],
              "sizes: ", Dims(sizes), " do not make up dimension ", d, " of size ", self.sizes()[d]);
        for (int k = d + 1; k < self.dim(); ++k) full.push_back(self.sizes()[k]);
        return reshape(self, full);
    });

OP("atleast_1d(Tensor self) -> Tensor")
    .doc(R"(Self with at least one dimension.

>>> engine.atleast_1d(engine.tensor(2))
tensor([2]))").compose([](const Tensor& self) {
    return self.dim() < 1 ? unsqueeze(self, 0) : self;
});

OP("atleast_2d(Tensor self) -> Tensor")
    .doc(R"(Self with at least two dimensions; a vector becomes a row.

>>> engine.atleast_2d(engine.tensor([1, 2]))
tensor([[1, 2]]))")
    .compose([](const Tensor& self) {
        Tensor t = self;
        while (t.dim() < 2) t = unsqueeze(t, 0);
        return t;
    });

OP("atleast_3d(Tensor self) -> Tensor")
    .doc(R"(Self with at least three dimensions; a matrix gets a last one of size 1.

>>> engine.atleast_3d(engine.ones(2, 3)).shape
Size([2, 3, 1]))")
    .compose([](const Tensor& self) {
        Tensor t = self;
        while (t.dim() < 2) t = unsqueeze(t, 0);
        return t.dim() < 3 ? unsqueeze(t, -1) : t;
    });

// The sizes and strides of unfold of memory with the given layout.
struct UnfoldWindows {
    Dims sizes, strides;

    UnfoldWindows(const Dims& full, const Dims& layout, int64_t dim, int64_t size, int64_t step)
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
    .view([](const Tensor& self, int64_t dimension, int64_t size, int64_t step) {
        const int64_t n = self.dim() > 0 ? self.size(dimension) : 1;
        check(size >= 0 && size <= n, "size: expected 0 to ", n, ", got ", size);
        check(step > 0, "step: expected 1 or more, got ", step);
        const UnfoldWindows w(self.sizes(), self.strides(), dimension, size, step);
        return self.alias(w.sizes, w.strides, self->offset);
    })
    .grad("self", "", [](const Backward& b) {
        const Dims layout = contiguous_strides(b.shape("self"));
        const UnfoldWindows w(b.shape("self"), layout, b.integer("dimension"), b.integer("size"), b.integer("step"));
        return Call<"_strided_scatter">()(b.g, w.strides, 0, b.shape("self"), layout);
    });

// The sizes, strides and offset of the diagonal of memory with the given layout.
struct Diagonal {
    Dims sizes, strides;
    int64_t start = 0;

    Diagonal(const Dims& full, const Dims& layout, int64_t offset, int64_t dim1, int64_t dim2) {
        const int r = wrap_dim(dim1, full.size(), "dim1"), c = wrap_dim(dim2, full.size(), "dim2");
        check(full.size() >= 2 && r != c, "dim1, dim2: expected two different dimensions, got ", dim1, " and ", dim2,
              " of shape ", full);
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
    .view([](const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2) {
        const Diagonal d(self.sizes(), self.strides(), offset, dim1, dim2);
        return self.alias(d.sizes, d.strides, self->offset + d.start);
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
    .compose([](const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2) {
        check(self.dim() > 0, "self: expected at least one dimension");
        const int row = wrap_dim(dim1, self.dim() + 1, "dim1"), column = wrap_dim(dim2, self.dim() + 1, "dim2");
        check(row != column, "dim1: expected another dimension than dim2 ", column, ", got ", dim1);
        check(std::abs(static_cast<double>(offset)) < 0x1p53, "offset: ", offset, " is out of range");
        const int64_t n = self.sizes().back() + std::abs(offset);
        Dims full = self.sizes().without(self.dim() - 1);
        full.insert(std::min(row, column), n);
        full.insert(std::max(row, column), n);
        const Dims layout = contiguous_strides(full);
        const Diagonal d(full, layout, offset, row, column);
        if (is_floating(self.dtype())) return Call<"_strided_scatter">()(self, d.strides, d.start, full, layout);
        const Tensor out = Call<"zeros">()(full, self.dtype(), self.device());
        copy_(Call<"diagonal">()(out, offset, row, column), self);
        return out;
    });

OP("diag(Tensor self, int diagonal=0) -> Tensor")
    .doc(R"(The diagonal of a matrix, or a matrix with a vector on its diagonal.

>>> engine.tensor([[1, 2], [3, 4]]).diag()
tensor([1, 4]))")
    .compose([](const Tensor& self, int64_t diagonal) {
        check(self.dim() == 1 || self.dim() == 2, "self: expected 1 or 2 dimensions, got shape ", self.sizes());
        if (self.dim() == 1) return Call<"diag_embed">()(self, diagonal);
        return clone(Call<"diagonal">()(self, diagonal));
    });

}  // namespace
}  // namespace bestiary::ops
