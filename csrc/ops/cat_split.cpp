// Concatenation, stacking and splitting.
#include <vector>

#include "core/overflow.h"
#include "ops/names.h"

namespace bestiary::ops {
namespace {

const Call<"cat"> cat;

// The size (0,) stands for "nothing yet", whatever the others' shape.
bool is_nothing(const Tensor& t) { return t.dim() == 1 && t.sizes()[0] == 0; }

DType common_type(std::span<const Tensor> tensors) {
    DType type = tensors[0].dtype();
    for (const Tensor& t : tensors) type = promote(type, t.dtype());
    return type;
}

constexpr auto cat_shape = [](Meta& m, Tensors tensors, int64_t dim) {
    check_as(ErrorKind::Value, !tensors.empty(), "tensors: expected at least one");
    const Tensor* first = nullptr;
    Dims size = tensors[0].sizes();
    for (size_t i = 0; i < tensors.size(); ++i) {
        const Tensor& t = tensors[i];
        check(t.dim() > 0, "tensors[", i, "]: a 0-d tensor can't be concatenated; use stack()");
        if (is_nothing(t)) continue;
        if (!first) {
            first = &t;
            size = t.sizes();
            continue;
        }
        const int d = wrap_dim(dim, size.size());
        check(t.dim() == size.size() && t.sizes().without(d) == size.without(d), "tensors[", i, "]: shape ", t.sizes(),
              " does not fit ", first->sizes(), " outside of dimension ", d);
        size[d] += t.sizes()[d];
    }
    wrap_dim(dim, size.size());
    m.add(size, common_type(tensors));
};

OP("cat(Tensor[] tensors, int dim=0) -> Tensor")
    .doc(R"(Concatenates tensors along a dimension, in their promoted dtype.

>>> engine.cat([engine.tensor([1, 2]), engine.tensor([3])])
tensor([1, 2, 3]))")
    .shape(cat_shape)
    .grads("tensors", [](const Backward& b) {
        std::vector<Tensor> parts;
        const int d = wrap_dim(b.integer("dim"), b.g.dim());
        int64_t at = 0;
        for (const Tensor& t : b["tensors"].tensor_list()) {
            parts.push_back(is_nothing(t) ? Call<"zeros">()(t.sizes(), t.dtype(), t.device())
                                          : narrow(b.g, d, at, t.sizes()[d]));
            at += is_nothing(t) ? 0 : t.sizes()[d];
        }
        b.give_list("tensors", std::move(parts));
    });

OP("concat(Tensor[] tensors, int dim=0) -> Tensor")
    .doc("Alias of ``cat``.")
    .compose([](Tensors tensors, int64_t dim) { return cat(tensors, dim); });

OP("stack(Tensor[] tensors, int dim=0) -> Tensor")
    .doc(R"(Concatenates tensors of one shape along a new dimension.

>>> engine.stack([engine.tensor([1, 2]), engine.tensor([3, 4])])
tensor([[1, 2],
        [3, 4]]))")
    .compose([](Tensors tensors, int64_t dim) {
        std::vector<Tensor> rows;
        for (const Tensor& t : tensors) {
            check(t.sizes() == tensors[0].sizes(), "tensors: expected one shape, got ", tensors[0].sizes(), " and ",
                  t.sizes());
            rows.push_back(unsqueeze(t, dim));
        }
        return cat(rows, dim);
    });

// As matrices of at least that many dimensions; a vector is a row.
std::vector<Tensor> at_least(std::span<const Tensor> tensors, int dims) {
    std::vector<Tensor> out;
    for (Tensor t : tensors) {
        while (t.dim() < dims) t = unsqueeze(t, 0);
        out.push_back(t);
    }
    return out;
}

OP("hstack(Tensor[] tensors) -> Tensor")
    .doc(R"(Concatenates along dimension 1, or 0 for vectors.

>>> engine.hstack([engine.tensor([1]), engine.tensor([2, 3])])
tensor([1, 2, 3]))")
    .compose([](Tensors tensors) {
        return cat(at_least(tensors, 1), !tensors.empty() && tensors[0].dim() > 1 ? 1 : 0);
    });

OP("vstack(Tensor[] tensors) -> Tensor")
    .doc(R"(Concatenates along dimension 0, with vectors as rows.

>>> engine.vstack([engine.tensor([1, 2]), engine.tensor([3, 4])])
tensor([[1, 2],
        [3, 4]]))")
    .compose([](Tensors tensors) { return cat(at_least(tensors, 2), 0); });

OP("column_stack(Tensor[] tensors) -> Tensor")
    .doc(R"(Concatenates along dimension 1, with vectors as columns.

>>> engine.column_stack([engine.tensor([1, 2]), engine.tensor([3, 4])])
tensor([[1, 3],
        [2, 4]]))")
    .compose([](Tensors tensors) {
        std::vector<Tensor> columns;
        for (const Tensor& t : tensors) columns.push_back(t.dim() < 2 ? reshape(t, Dims{t.numel(), 1}) : t);
        return cat(columns, 1);
    });

OP("dstack(Tensor[] tensors) -> Tensor")
    .doc(R"(Concatenates along the third dimension; see ``atleast_3d``.

>>> engine.dstack([engine.tensor([1, 2]), engine.tensor([3, 4])])
tensor([[[1, 3],
         [2, 4]]]))")
    .compose([](Tensors tensors) {
        std::vector<Tensor> layers;
        for (const Tensor& t : tensors) layers.push_back(Call<"atleast_3d">()(t));
        return cat(layers, 2);
    });

// The gradient of a part that nothing used: zeros, like the parts that were used.
Tensor unused_grad(const Backward& b, Dims size, int d, int64_t n) {
    size[d] = n;
    for (const Tensor* grad = b.grads;; ++grad)
        if (grad->defined()) return Call<"zeros">()(size, grad->dtype(), grad->device());
}

OP("_split(Tensor self, int[] sizes, int dim) -> Tensor[]")
    .doc("Neighbouring parts of a dimension, which they fill.")
    .view([](const Tensor& self, Ints sizes, int64_t dim) {
        const int d = wrap_dim(dim, self.dim());
        std::vector<Tensor> parts;
        int64_t at = self->offset;
        for (int64_t n : sizes) {
            Dims size = self.sizes();
            size[d] = n;
            parts.push_back(self.alias(size, self.strides(), at));
            at += n * self.strides()[d];
        }
        return parts;
    })
    .grads("", [](const Backward& b) {
        const Dims sizes = b.ints("sizes");
        const int d = wrap_dim(b.integer("dim"), b.shape("self").size());
        std::vector<Tensor> parts;
        for (int i = 0; i < sizes.size(); ++i)
            parts.push_back(b.grads[i].defined() ? b.grads[i] : unused_grad(b, b.shape("self"), d, sizes[i]));
        b.give("self", cat(parts, d));
    });

using Sizes = std::vector<int64_t>;

Results split_into(const Tensor& self, const Sizes& sizes, int64_t dim) {
    return Call<"_split">().all(self, Ints(sizes), dim);
}

int64_t size_along(const Tensor& self, int64_t dim) {
    check(self.dim() > 0, "self: a 0-d tensor can't be split");
    return self.sizes()[wrap_dim(dim, self.dim())];
}

// Parts of `step`, the last perhaps smaller; a dimension of size 0 is one empty part.
Sizes even_parts(int64_t n, int64_t step) {
    Sizes sizes;
    for (int64_t left = n; left > 0; left -= sizes.back()) sizes.push_back(std::min(step, left));
    if (n == 0) sizes.push_back(0);
    return sizes;
}

OP("split(Tensor self, int split_size, int dim=0) -> Tensor[]")
    .doc(R"(Views of ``split_size`` along a dimension; the last may be smaller.

>>> engine.arange(5).split(2)
(tensor([0, 1]), tensor([2, 3]), tensor([4])))")
    .compose([](const Tensor& self, int64_t split_size, int64_t dim) {
        check(split_size > 0 || (split_size == 0 && size_along(self, dim) == 0), "split_size: expected 1 or more, got ",
              split_size);
        return split_into(self, even_parts(size_along(self, dim), split_size), dim);
    });

OP("split.sizes(Tensor self, int[] split_size, int dim=0) -> Tensor[]")
    .doc(R"(Views of the given sizes along a dimension, which they must fill.

>>> engine.arange(5).split([1, 4])
(tensor([0]), tensor([1, 2, 3, 4])))")
    .compose([](const Tensor& self, Ints split_size, int64_t dim) {
        int64_t total = 0;
        for (int64_t n : split_size) {
            check(n >= 0, "split_size: expected sizes of 0 or more, got ", Dims(split_size));
            total = checked_add(total, n, "split_size");
        }
        check(total == size_along(self, dim), "split_size: ", Dims(split_size), " must add up to ",
              size_along(self, dim));
        return split_into(self, Sizes(split_size.begin(), split_size.end()), dim);
    });

OP("chunk(Tensor self, int chunks, int dim=0) -> Tensor[]")
    .doc(R"(At most ``chunks`` views of equal size along a dimension; the last may be smaller.

>>> engine.arange(5).chunk(2)
(tensor([0, 1, 2]), tensor([3, 4])))")
    .compose([](const Tensor& self, int64_t chunks, int64_t dim) {
        const int64_t n = size_along(self, dim);
        check(chunks > 0, "chunks: expected 1 or more, got ", chunks);
        if (n == 0) return split_into(self, Sizes(static_cast<size_t>(chunks)), dim);
        return split_into(self, even_parts(n, n / chunks + (n % chunks != 0)), dim);
    });

OP("tensor_split(Tensor self, int sections, int dim=0) -> Tensor[]")
    .doc(R"(``sections`` views, whose sizes differ by at most one.

>>> engine.arange(5).tensor_split(3)
(tensor([0, 1]), tensor([2, 3]), tensor([4])))")
    .compose([](const Tensor& self, int64_t sections, int64_t dim) {
        const int64_t n = size_along(self, dim);
        check(sections > 0, "sections: expected 1 or more, got ", sections);
        Sizes sizes(static_cast<size_t>(sections), n / sections);
        for (int64_t i = 0; i < n % sections; ++i) ++sizes[static_cast<size_t>(i)];
        return split_into(self, sizes, dim);
    });

OP("tensor_split.indices(Tensor self, int[] indices, int dim=0) -> Tensor[]")
    .doc(R"(Views between the given positions of a dimension.

>>> engine.arange(5).tensor_split([1, 3])
(tensor([0]), tensor([1, 2]), tensor([3, 4])))")
    .compose([](const Tensor& self, Ints indices, int64_t dim) {
        const int64_t n = size_along(self, dim);
        std::vector<Tensor> parts;
        int64_t from = 0;
        for (int64_t to : indices) {
            parts.push_back(slice(self, dim, from, to));
            from = to;
        }
        parts.push_back(slice(self, dim, from, n));
        return parts;
    });

// tensor_split along the dimension that "horizontally", "vertically" and "in depth" stand for.
void check_dims(const Tensor& self, int least) {
    check(self.dim() >= least, "self: expected at least ", least, " dimensions, got shape ", self.sizes());
}
Results split_evenly(const Tensor& self, int64_t sections, int dim, int least) {
    check_dims(self, least);
    check(sections > 0 && self.sizes()[dim] % sections == 0, "sections: expected a divisor of ", self.sizes()[dim],
          ", the size of dimension ", dim, ", got ", sections);
    return Call<"tensor_split">().all(self, sections, dim);
}
Results split_at(const Tensor& self, Ints indices, int dim, int least) {
    check_dims(self, least);
    return Call<"tensor_split.indices">().all(self, indices, dim);
}
int horizontal(const Tensor& self) { return self.dim() > 1 ? 1 : 0; }

OP("hsplit(Tensor self, int sections) -> Tensor[]")
    .doc(R"(``tensor_split`` along dimension 1, or 0 of a vector.

>>> engine.arange(4).hsplit(2)
(tensor([0, 1]), tensor([2, 3])))")
    .compose([](const Tensor& self, int64_t sections) { return split_evenly(self, sections, horizontal(self), 1); });

OP("hsplit.indices(Tensor self, int[] indices) -> Tensor[]")
    .doc("``tensor_split`` at positions of dimension 1, or 0 of a vector.")
    .compose([](const Tensor& self, Ints indices) { return split_at(self, indices, horizontal(self), 1); });

OP("vsplit(Tensor self, int sections) -> Tensor[]")
    .doc(R"(``tensor_split`` along dimension 0 of a matrix.

>>> engine.tensor([[1, 2], [3, 4]]).vsplit(2)
(tensor([[1, 2]]), tensor([[3, 4]])))")
    .compose([](const Tensor& self, int64_t sections) { return split_evenly(self, sections, 0, 2); });

OP("vsplit.indices(Tensor self, int[] indices) -> Tensor[]")
    .doc("``tensor_split`` at positions of dimension 0 of a matrix.")
    .compose([](const Tensor& self, Ints indices) { return split_at(self, indices, 0, 2); });

OP("dsplit(Tensor self, int sections) -> Tensor[]")
    .doc(R"(``tensor_split`` along dimension 2.

>>> engine.ones(1, 1, 2).dsplit(2)
(tensor([[[1.]]]), tensor([[[1.]]])))")
    .compose([](const Tensor& self, int64_t sections) { return split_evenly(self, sections, 2, 3); });

OP("dsplit.indices(Tensor self, int[] indices) -> Tensor[]")
    .doc("``tensor_split`` at positions of dimension 2.")
    .compose([](const Tensor& self, Ints indices) { return split_at(self, indices, 2, 3); });

OP("unbind(Tensor self, int dim=0) -> Tensor[]")
    .doc(R"(Views of all slices of a dimension, which is removed.

>>> engine.tensor([[1, 2], [3, 4]]).unbind()
(tensor([1, 2]), tensor([3, 4])))")
    .view([](const Tensor& self, int64_t dim) {
        check(self.dim() > 0, "self: a 0-d tensor can't be taken apart");
        const int d = wrap_dim(dim, self.dim());
        const Dims sizes = self.sizes().without(d), strides = self.strides().without(d);
        std::vector<Tensor> slices;
        for (int64_t i = 0; i < self.sizes()[d]; ++i)
            slices.push_back(self.alias(sizes, strides, self->offset + i * self.strides()[d]));
        return slices;
    })
    .grads("", [](const Backward& b) {
        const Dims& full = b.shape("self");
        const int d = wrap_dim(b.integer("dim"), full.size());
        std::vector<Tensor> slices;
        for (int i = 0; i < full[d]; ++i)
            slices.push_back(b.grads[i].defined() ? unsqueeze(b.grads[i], d) : unused_grad(b, full, d, 1));
        b.give("self", cat(slices, d));
    });

}  // namespace
}  // namespace bestiary::ops
