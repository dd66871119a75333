// Other shapes over the same memory.
#include <optional>

#include "core/layout.h"
#include "core/overflow.h"
#include "ops/names.h"

namespace bestiary::ops {
namespace {

Tensor as_view(const Tensor& self, Dims sizes, Dims strides, int64_t offset = 0) {
    return self.alias(std::move(sizes), std::move(strides), self->offset + offset);
}

// The shape with its one -1 worked out.
Dims infer_size(std::span<const int64_t> asked, int64_t numel) {
    Dims size(asked);
    int unknown = -1;
    int64_t known = 1;
    for (int i = 0; i < size.size(); ++i) {
        check(size[i] >= -1, "shape: expected sizes of -1 or more, got ", size);
        if (size[i] >= 0) {
            known = size[i] == 0 || known == 0 ? 0 : checked_mul(known, size[i], "shape");
        } else {
            check(unknown < 0, "shape: only one size can be -1, got ", size);
            unknown = i;
        }
    }
    if (unknown >= 0 && known != 0) size[unknown] = numel / known;
    check((unknown < 0 ? known : known * size[unknown]) == numel && (unknown < 0 || known != 0), "shape: ", Dims(asked),
          " does not hold ", numel, " elements");
    return size;
}

// Strides that view self's memory in the shape `to`; none if no strides can.
std::optional<Dims> view_strides(const Tensor& self, const Dims& to) {
    if (self.numel() == 0 || self.is_contiguous()) return contiguous_strides(to);
    Dims strides(to.size());
    int d = to.size() - 1;
    int64_t block = 1, seen = 1;  // elements of self's dimensions that run on in memory; of `to` placed in them
    int64_t base = self.strides().back();
    for (int i = self.dim() - 1; i >= 0; --i) {
        block *= self.sizes()[i];
        const bool runs_on = i > 0 && (self.sizes()[i - 1] == 1 || self.strides()[i - 1] == block * base);
        if (runs_on) continue;
        for (; d >= 0 && (seen < block || to[d] == 1); --d) {
            strides[d] = seen * base;
            seen *= to[d];
        }
        if (seen != block) return std::nullopt;
        if (i > 0) base = self.strides()[i - 1];
        block = seen = 1;
    }
    return d < 0 ? std::optional(strides) : std::nullopt;
}

OP("alias(Tensor self) -> Tensor")
    .doc(R"(A tensor over the same memory, with its own node in the graph.

>>> engine.alias(engine.tensor([1, 2]))
tensor([1, 2]))")
    .view([](const Tensor& self) { return self.alias(); })
    .grad("self", "", [](const Backward& b) { return b.g; });

OP("detach(Tensor self) -> Tensor")
    .doc(R"(The same memory outside the graph: no gradient flows through it.

>>> engine.ones(2, requires_grad=True).detach().requires_grad
False)")
    .view([](const Tensor& self) { return self.alias(); });

OP("expand(Tensor self, int... size) -> Tensor")
    .doc(R"(A view of self broadcast to ``size``; -1 keeps a dimension's size.

>>> engine.tensor([[1], [2]]).expand(2, 3)
tensor([[1, 1, 1],
        [2, 2, 2]]))")
    .view([](const Tensor& self, Ints size) {
        Dims full(size);
        const int lead = full.size() - self.dim();
        check(lead >= 0, "size: ", full, " has fewer dimensions than self's shape ", self.sizes());
        for (int i = 0; i < full.size(); ++i) {
            if (full[i] == -1 && i >= lead) full[i] = self.sizes()[i - lead];
            check(full[i] >= 0, "size: expected sizes of 0 or more, got ", Dims(size));
            check(i < lead || self.sizes()[i - lead] == full[i] || self.sizes()[i - lead] == 1, "size: shape ",
                  self.sizes(), " does not expand to ", full);
        }
        return as_view(self, full, broadcast_strides(self, full));
    })
    .grad("self", "", [](const Backward& b) { return sum_to_size(b.g, b.shape("self")); });

OP("permute(Tensor self, int... dims) -> Tensor")
    .doc(R"(A view with the dimensions in another order.

>>> engine.ones(2, 3, 4).permute(2, 0, 1).shape
Size([4, 2, 3]))")
    .view([](const Tensor& self, Ints dims) {
        const int n = self.dim();
        check(static_cast<int>(dims.size()) == n, "dims: expected ", n, " of them for shape ", self.sizes(), ", got ",
              Dims(dims));
        Dims sizes(n), strides(n), seen(n);
        for (int i = 0; i < n; ++i) {
            const int d = wrap_dim(dims[i], n, "dims");
            check(!seen[d]++, "dims: dimension ", d, " comes twice in ", Dims(dims));
            sizes[i] = self.sizes()[d];
            strides[i] = self.strides()[d];
        }
        return as_view(self, sizes, strides);
    })
    .grad("self", "", [](const Backward& b) {
        const Dims dims = b.ints("dims");
        Dims inverse(dims.size());
        for (int i = 0; i < dims.size(); ++i) inverse[wrap_dim(dims[i], dims.size())] = i;
        return permute(b.g, inverse);
    });

OP("transpose(Tensor self, int dim0, int dim1) -> Tensor")
    .doc(R"(A view with two dimensions exchanged.

>>> engine.ones(2, 3).transpose(0, 1).shape
Size([3, 2]))")
    .view([](const Tensor& self, int64_t dim0, int64_t dim1) {
        Dims sizes = self.sizes(), strides = self.strides();
        const int i = wrap_dim(dim0, self.dim(), "dim0"), j = wrap_dim(dim1, self.dim(), "dim1");
        if (self.dim() > 0) {
            std::swap(sizes[i], sizes[j]);
            std::swap(strides[i], strides[j]);
        }
        return as_view(self, sizes, strides);
    })
    .grad("self", "", [](const Backward& b) { return transpose(b.g, b["dim0"], b["dim1"]); });

OP("_view(Tensor self, int[] size) -> Tensor")
    .doc("A view whose shape is known to fit the memory.")
    .view([](const Tensor& self, Ints size) { return as_view(self, Dims(size), *view_strides(self, Dims(size))); })
    .grad("self", "", [](const Backward& b) { return reshape(b.g, b.shape("self")); });

OP("view(Tensor self, int... shape) -> Tensor")
    .doc(R"(The same memory in another shape; RuntimeError if that needs a copy (see ``reshape``).

>>> engine.arange(6).view(2, -1)
tensor([[0, 1, 2],
        [3, 4, 5]]))")
    .compose([](const Tensor& self, Ints shape) {
        to_row_major(self);
        const Dims size = infer_size(shape, self.numel());
        check(view_strides(self, size).has_value(), "shape: a tensor of shape ", self.sizes(), " and strides ",
              self.strides(), " can't be seen as ", size, " without a copy; use reshape()");
        return Call<"_view">()(self, size);
    });

OP("view.dtype(Tensor self, dtype dtype) -> Tensor")
    .doc(R"(The same memory as elements of another dtype; the last dimension grows or shrinks with their size.

>>> engine.tensor([1.0]).view(engine.int32)
tensor([1065353216], dtype=int32))")
    .view([](const Tensor& self, DType dtype) {
        const int64_t from = item_size(self.dtype()), to = item_size(dtype);
        Dims sizes = self.sizes(), strides = self.strides();
        int64_t offset = self->offset;
        if (from != to) {
            const int last = self.dim() - 1;
            check(last >= 0 && strides[last] == 1,
                  "dtype: elements of another size need a last dimension without gaps");
            for (int d = 0; d < last; ++d)
                check(strides[d] * from % to == 0, "dtype: stride ", strides[d], " is no whole number of ", dtype);
            check(sizes[last] * from % to == 0 && offset * from % to == 0, "dtype: ", sizes[last], " elements of ",
                  self.dtype(), " are no whole number of ", dtype);
            for (int d = 0; d < last; ++d) strides[d] = strides[d] * from / to;
            sizes[last] = sizes[last] * from / to;
            offset = offset * from / to;
        }
        return Tensor(new TensorImpl(self->storage, sizes, strides, offset, dtype));
    });

OP("reshape(Tensor self, int... shape) -> Tensor")
    .doc(R"(Another shape: a view where the memory allows it, otherwise a copy. One size may be -1.

>>> engine.arange(6).reshape(3, 2).shape
Size([3, 2]))")
    .compose([](const Tensor& self, Ints shape) {
        to_row_major(self);
        const Dims size = infer_size(shape, self.numel());
        if (size == self.sizes()) return alias(self);
        return Call<"_view">()(view_strides(self, size) ? self : contiguous(self), size);
    });

OP("select(Tensor self, int dim, int index) -> Tensor")
    .doc(R"(A view of the slice at ``index`` of a dimension, which is removed.

>>> engine.arange(6).view(2, 3).select(1, -1)
tensor([2, 5]))")
    .view([](const Tensor& self, int64_t dim, int64_t index) {
        check_as(ErrorKind::Index, self.dim() > 0, "self: a 0-d tensor can't be indexed");
        const int d = wrap_dim(dim, self.dim());
        const int64_t n = self.sizes()[d];
        check_as(ErrorKind::Index, -n <= index && index < n, "index: ", index, " is out of range for dimension ", d,
                 " of size ", n);
        const int64_t i = index < 0 ? index + n : index;
        return as_view(self, self.sizes().without(d), self.strides().without(d), i * self.strides()[d]);
    })
    .grad("self", "",
          [](const Backward& b) { return Call<"_select_backward">()(b.g, b.shape("self"), b["dim"], b["index"]); });

OP("_select_backward(Tensor grad, int[] size, int dim, int index) -> Tensor")
    .doc("Zeros of ``size`` with ``grad`` written to the selected slice.")
    .compose([](const Tensor& grad, Ints size, int64_t dim, int64_t index) {
        const Tensor out = Call<"zeros">()(size, grad.dtype(), grad.device());
        copy_(select(out, dim, index), grad);
        return out;
    });

OP("slice(Tensor self, int dim=0, int? start=None, int? end=None, int step=1) -> Tensor")
    .doc(R"(A view of elements ``start`` to ``end`` of a dimension, every ``step``-th; a negative step reverses.

>>> engine.arange(6).slice(0, 1, 6, 2)
tensor([1, 3, 5]))")
    .view([](const Tensor& self, int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end, int64_t step) {
        check_as(ErrorKind::Index, self.dim() > 0, "self: a 0-d tensor can't be sliced");
        const int d = wrap_dim(dim, self.dim());
        const int64_t n = self.sizes()[d];
        check_as(ErrorKind::Value, step != 0, "step: expected any number but 0");
        const int64_t lowest = step > 0 ? 0 : -1, highest = step > 0 ? n : n - 1;  // as Python's slice.indices()
        const auto bound = [&](std::optional<int64_t> i, int64_t otherwise) {
            return i ? std::clamp(*i < 0 ? *i + n : *i, lowest, highest) : otherwise;
        };
        const int64_t first = bound(start, step > 0 ? lowest : highest), last = bound(end, step > 0 ? highest : lowest);
        const int64_t span = step > 0 ? last - first + step - 1 : first - last - step - 1;
        Dims sizes = self.sizes(), strides = self.strides();
        sizes[d] = std::max<int64_t>(span / std::abs(step), 0);
        strides[d] *= step;
        return as_view(self, sizes, strides, sizes[d] ? first * self.strides()[d] : 0);
    })
    .grad("self", "", [](const Backward& b) {
        return Call<"_slice_backward">()(b.g, b.shape("self"), b["dim"], b["start"], b["end"], b["step"]);
    });

OP("_slice_backward(Tensor grad, int[] size, int dim, int? start, int? end, int step) -> Tensor")
    .doc("Zeros of ``size`` with ``grad`` written to the slice.")
    .compose([](const Tensor& grad, Ints size, int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end,
                int64_t step) {
        const Tensor out = Call<"zeros">()(size, grad.dtype(), grad.device());
        copy_(slice(out, dim, start, end, step), grad);
        return out;
    });

OP("narrow(Tensor self, int dim, int start, int length) -> Tensor")
    .doc(R"(A view of ``length`` elements of a dimension from ``start``.

>>> engine.arange(5).narrow(0, 1, 3)
tensor([1, 2, 3]))")
    .compose([](const Tensor& self, int64_t dim, int64_t start, int64_t length) {
        const int64_t n = self.size(dim), first = start < 0 ? start + n : start;
        check_as(ErrorKind::Index, first >= 0 && first <= n && length >= 0 && length <= n - first, "start: ", first,
                 " with length ", length, " is outside a dimension of size ", n);
        return slice(self, dim, first, first + length);
    });

OP("unsqueeze(Tensor self, int dim) -> Tensor")
    .doc(R"(A view with a dimension of size 1 inserted at ``dim``.

>>> engine.ones(3).unsqueeze(0).shape
Size([1, 3]))")
    .view([](const Tensor& self, int64_t dim) {
        const int d = wrap_dim(dim, self.dim() + 1);
        Dims sizes = self.sizes(), strides = self.strides();
        const int64_t stride = d < self.dim() ? sizes[d] * strides[d] : 1;
        sizes.insert(d, 1);
        strides.insert(d, stride);
        return as_view(self, sizes, strides);
    })
    .grad("self", "", [](const Backward& b) { return reshape(b.g, b.shape("self")); });

Tensor squeeze_where(const Tensor& self, auto&& chosen) {
    Dims sizes = self.sizes(), strides = self.strides();
    for (int d = self.dim() - 1; d >= 0; --d) {
        if (sizes[d] != 1 || !chosen(d)) continue;
        sizes.erase(d);
        strides.erase(d);
    }
    return as_view(self, sizes, strides);
}

OP("squeeze(Tensor self) -> Tensor")
    .doc(R"(A view without the dimensions of size 1.

>>> engine.ones(1, 3, 1).squeeze().shape
Size([3]))")
    .view([](const Tensor& self) { return squeeze_where(self, [](int) { return true; }); })
    .grad("self", "", [](const Backward& b) { return reshape(b.g, b.shape("self")); });

OP("squeeze.dim(Tensor self, int[] dim) -> Tensor")
    .doc(R"(A view without those of the given dimensions that have size 1.

>>> engine.ones(1, 3, 1).squeeze(0).shape
Size([3, 1]))")
    .view([](const Tensor& self, Ints dim) {
        Dims named(std::max(self.dim(), 1));
        for (int64_t d : dim) named[wrap_dim(d, self.dim())] = 1;
        return squeeze_where(self, [&](int d) { return named[d] == 1; });
    })
    .grad("self", "", [](const Backward& b) { return reshape(b.g, b.shape("self")); });

OP("flatten(Tensor self, int start_dim=0, int end_dim=-1) -> Tensor")
    .doc(R"(Joins dimensions ``start_dim`` to ``end_dim`` into one: a view where possible.

>>> engine.ones(2, 3, 4).flatten(1).shape
Size([2, 12]))")
    .compose([](const Tensor& self, int64_t start_dim, int64_t end_dim) {
        const int start = wrap_dim(start_dim, self.dim(), "start_dim"), end = wrap_dim(end_dim, self.dim(), "end_dim");
        check(start <= end, "start_dim: ", start, " comes after end_dim ", end);
        Dims sizes;
        for (int d = 0; d < start; ++d) sizes.push_back(self.sizes()[d]);
        int64_t joined = 1;
        for (int d = start; d <= end && d < self.dim(); ++d) joined *= self.sizes()[d];
        sizes.push_back(joined);
        for (int d = end + 1; d < self.dim(); ++d) sizes.push_back(self.sizes()[d]);
        return reshape(self, sizes);
    });

}  // namespace
}  // namespace bestiary::ops
