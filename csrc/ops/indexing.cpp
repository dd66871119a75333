// Index tensors, one per dimension: reading, writing, and ops composed of them.
#include <vector>

#include "core/indexing.h"
#include "ops/blended.h"

namespace bestiary::ops {
namespace {

const Call<"_index"> read_index;
const Call<"_index_put"> index_put;
const Call<"_index_backward"> index_backward;

// A mask stands for the indices where it is true: an index tensor for each of its dimensions. Bytes are masks too.
std::vector<Tensor> without_masks(const Tensor& self, const Value& indices) {
    const Dims& sizes = self.sizes();
    std::vector<Tensor> plain;
    for (const Tensor& index : indices.tensor_list()) {
        if (!index.defined() || (index.dtype() != DType::Bool && index.dtype() != DType::UInt8)) {
            plain.push_back(index);
            continue;
        }
        const int first = static_cast<int>(plain.size());
        const bool fits = first + index.dim() <= sizes.size() &&
                          Dims(sizes.data() + first, index.dim()) == index.sizes();
        check_as(ErrorKind::Index, fits, "indices: a mask of shape ", index.sizes(), " does not fit ", sizes,
                 " from dimension ", first);
        const Tensor positions = Call<"nonzero">()(index);
        for (int d = 0; d < index.dim(); ++d) plain.push_back(select(positions, 1, d));
    }
    return plain;
}

OP("index(Tensor self, Tensor[]? indices) -> Tensor")
    .doc(R"(The elements at integer index tensors, one per dimension; None selects a whole dimension.
A bool tensor (a mask) selects the positions where it is true, and spans as many dimensions as it has. Index tensors
are broadcast together. Their common shape replaces the indexed dimensions if those are adjacent, otherwise it comes
first. Negative indices count from the end; others out of range raise IndexError.

>>> engine.tensor([[1, 2], [3, 4]]).index([None, engine.tensor([1, 0])])
tensor([[2, 1],
        [4, 3]]))")
    .compose([](const Tensor& self, const Value& indices) {
        return read_index(self, without_masks(self, indices), true);
    });

OP("_index(Tensor self, Tensor[]? indices, bool from_end) -> Tensor")
    .doc("index by integers; negative ones count ``from_end`` or are out of range.")
    .shape([](Meta& m, const Tensor& self, const Value& indices) {
        m.add(index_layout(self.sizes(), indices.tensor_list()).result(), self.dtype());
    })
    .grad("self", "indices", [](const Backward& b) { return index_backward(b.g, b["indices"], b.shape("self")); });

OP("_index_backward(Tensor grad, Tensor[]? indices, int[] size) -> Tensor")
    .doc("Zeros of size with grad added where index reads.")
    .shape([](Meta& m, const Tensor& grad, const Value&, Ints size) { m.add(Dims(size), grad.dtype()); })
    .grad("grad", "indices", [](const Backward& b) { return read_index(b.g, b["indices"], true); });

OP("index_put(Tensor self, Tensor[]? indices, Tensor values, bool accumulate=False) -> Tensor")
    .doc(R"(A copy of self with ``values`` written at ``indices`` (see ``index``), or added to the elements there.

>>> engine.zeros(3).index_put([engine.tensor([0, 0])], engine.tensor(1.0), accumulate=True)
tensor([2., 0., 0.]))")
    .compose([](const Tensor& self, const Value& indices, const Tensor& values, bool accumulate) {
        return index_put(self, without_masks(self, indices), values, accumulate, true);
    });

OP("index_put_(Tensor self, Tensor[]? indices, Tensor values, bool accumulate=False) -> Tensor")
    .doc("In-place form of index_put.")
    .compose([](const Tensor& self, const Value& indices, const Tensor& values, bool accumulate) {
        return Call<"_index_put_">()(self, without_masks(self, indices), values, accumulate, true);
    });

OP("_index_put(Tensor self, Tensor[]? indices, Tensor values, bool accumulate, bool from_end) -> Tensor")
    .doc("index_put by integers; negative ones count ``from_end`` or are out of range.")
    .shape([](Meta& m, const Tensor& self, const Value& indices, const Tensor& values) {
        const Dims indexed = index_layout(self.sizes(), indices.tensor_list()).result();
        check(broadcast(indexed, values.sizes()) == indexed, "values: shape ", values.sizes(),
              " does not broadcast to the indexed shape ", indexed);
        m.add(self.sizes(), self.dtype());
    })
    .from_self()
    .in_place_too()
    .grad("self", "indices", [](const Backward& b) {
        if (b.flag("accumulate")) return b.g;
        return index_put(b.g, b["indices"], Call<"full">()(Dims(), 0.0, b.g.dtype(), b.g.device()), false, true);
    })
    .grad("values", "indices", [](const Backward& b) { return read_index(b.g, b["indices"], true); });

// Index tensors for one dimension only.
std::vector<Tensor> along(int dim, const Tensor& index) {
    std::vector<Tensor> indices(static_cast<size_t>(dim) + 1);
    indices[static_cast<size_t>(dim)] = index;
    return indices;
}

// Narrow integers are masks or a mistake, and some ops take no int32 either.
void check_index_dtype(const Tensor& index, bool int64_only = true) {
    const DType type = index.dtype();
    check(type == DType::Int64 || (type == DType::Int32 && !int64_only), "index: expected dtype int64",
          int64_only ? "" : " or int32", ", got ", type);
}

std::vector<Tensor> along_dim(const Tensor& self, int64_t dim, const Tensor& index, bool int64_only = false) {
    check_index_dtype(index, int64_only);
    check_as(ErrorKind::Index, index.dim() <= 1, "index: expected one dimension, got shape ", index.sizes());
    return along(wrap_dim(dim, self.dim()), index.dim() == 1 ? index : unsqueeze(index, 0));
}

// One slice of `source` for each index: no broadcasting, which would hide a mistake.
void check_slices(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
    Dims expected = self.sizes();
    if (!expected.empty()) expected[wrap_dim(dim, self.dim())] = index.numel();
    check_as(ErrorKind::Index, self.dim() > 0 || index.numel() == 1,
             "index: expected one index into a 0-d tensor, got shape ", index.sizes());
    const bool single = index.numel() == 1 && source.numel() == 1 && self.dim() <= 1;
    check(single || source.sizes() == expected, "source: expected shape ", expected, ", got ", source.sizes());
}

Tensor at_least_1d(const Tensor& t) { return t.dim() > 0 ? t : unsqueeze(t, 0); }

OP("index_select(Tensor self, int dim, Tensor index) -> Tensor")
    .doc(R"(The slices of a dimension at ``index``, a 1-d integer tensor.

>>> engine.tensor([[1, 2], [3, 4]]).index_select(1, engine.tensor([1, 1]))
tensor([[2, 2],
        [4, 4]]))")
    .compose([](const Tensor& self, int64_t dim, const Tensor& index) {
        const Tensor slices = read_index(at_least_1d(self), along_dim(self, dim, index), false);
        check(self.dim() > 0 || slices.numel() == 1, "index: expected one index into a 0-d tensor, got shape ",
              index.sizes());
        return self.dim() > 0 ? slices : squeeze(slices);
    });

// Self with its slices at the indices replaced or added to; a 0-d tensor is a line of one element.
Tensor with_slices(const Tensor& self, const std::vector<Tensor>& indices, const Tensor& values, bool accumulate,
                   bool from_end) {
    return reshape(index_put(at_least_1d(self), indices, values, accumulate, from_end), self.sizes());
}

OP("index_add(Tensor self, int dim, Tensor index, Tensor source, *, Number alpha=1) -> Tensor")
    .doc(R"(Self with ``alpha`` times the slices of ``source`` added to its slices at ``index``.

>>> engine.zeros(3).index_add(0, engine.tensor([0, 0, 2]), engine.ones(3))
tensor([2., 0., 1.]))")
    .compose([](const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source, const Value& alpha) {
        check_slices(self, dim, index, source);
        return with_slices(self, along_dim(self, dim, index), scaled("alpha", source, alpha), true, false);
    })
    .in_place_too();

OP("index_copy(Tensor self, int dim, Tensor index, Tensor source) -> Tensor")
    .doc(R"(Self with its slices at ``index`` replaced by those of ``source``.

>>> engine.zeros(3).index_copy(0, engine.tensor([2, 0]), engine.tensor([1.0, 2.0]))
tensor([2., 0., 1.]))")
    .compose([](const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
        check_slices(self, dim, index, source);
        return with_slices(self, along_dim(self, dim, index, true), source, false, false);
    })
    .in_place_too();

OP("index_fill(Tensor self, int dim, Tensor index, Operand value) -> Tensor")
    .doc(R"(Self with its slices at ``index`` set to ``value``, a number or a 0-d tensor. Negative indices count from the end.

>>> engine.zeros(3).index_fill(0, engine.tensor([1]), 5)
tensor([0., 5., 0.]))")
    .compose([](const Tensor& self, int64_t dim, const Tensor& index, const Value& value) {
        const Tensor values = value.is_tensor() ? Tensor(value.t)
                                                : Call<"full">()(Dims(), value, self.dtype(), self.device());
        return with_slices(self, along_dim(self, dim, index, true), values, false, true);
    })
    .in_place_too();

OP("take(Tensor self, Tensor index) -> Tensor")
    .doc(R"(The elements at indices in the flattened tensor, in the shape of ``index``; negative ones count from the end.

>>> engine.tensor([[4, 3], [2, 1]]).take(engine.tensor([0, 3]))
tensor([4, 1]))")
    .compose([](const Tensor& self, const Tensor& index) {
        check_index_dtype(index);
        return read_index(flatten(self), along(0, index), true);
    });

OP("put(Tensor self, Tensor index, Tensor source, bool accumulate=False) -> Tensor")
    .doc(R"(Self with elements at ``index`` in the flattened tensor replaced by those of ``source``, or with these added.

>>> engine.zeros(2, 2).put(engine.tensor([3, 0]), engine.tensor([1.0, 2.0]))
tensor([[2., 0.],
        [0., 1.]]))")
    .compose([](const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate) {
        check_index_dtype(index);
        const Tensor values = reshape(source, index.sizes());
        return reshape(index_put(flatten(self), along(0, index), values, accumulate, true), self.sizes());
    })
    .in_place_too();

OP("index_reduce(Tensor self, int dim, Tensor index, Tensor source, str reduce, *, bool include_self=True) -> Tensor")
    .doc(R"(Self with the slices of ``source`` combined into its slices at ``index``: 'prod', 'mean', 'amax' or 'amin'.
Without ``include_self`` the original elements of these slices are ignored.

>>> engine.ones(2).index_reduce(0, engine.tensor([0, 0]), engine.tensor([4.0, 3.0]), 'amax')
tensor([4., 1.]))")
    .compose([](const Tensor& self, int64_t dim, const Tensor& given_index, const Tensor& given_source,
                std::string_view reduce, bool include_self) {
        const Tensor index = at_least_1d(given_index), source = self.dim() ? given_source : at_least_1d(given_source);
        check_as(ErrorKind::Value, reduce == "prod" || reduce == "mean" || reduce == "amax" || reduce == "amin",
                 "reduce: expected 'prod', 'mean', 'amax' or 'amin', got '", reduce, "'");
        check_as(ErrorKind::Type, self.dtype() != DType::Bool || reduce != "mean", "self: bools have no mean");
        check_as(ErrorKind::Index, index.dim() == 1, "index: expected one dimension, got shape ", index.sizes());
        const int d = wrap_dim(dim, self.dim());
        Dims expected = at_least_1d(self).sizes(), line(expected.size(), 1);
        expected[d] = line[d] = index.numel();
        check(source.sizes() == expected, "source: expected shape ", expected, ", got ", source.sizes());
        const Tensor each = expand(reshape(index, line), expected);
        return reshape(Call<"scatter_reduce">()(at_least_1d(self), d, each, source, reduce, include_self),
                       self.sizes());
    })
    .in_place_too();

OP("embedding(Tensor weight, Tensor indices, int? padding_idx=None) -> Tensor")
    .doc(R"(The rows of ``weight`` (entries, features) at ``indices``: their shape with features as the last dimension.
The row ``padding_idx`` gets no gradient. Indices are int32 or int64; raises IndexError outside [0, entries).

>>> engine.embedding(engine.tensor([[1.0, 2.0], [3.0, 4.0]]), engine.tensor([1, 0]))
tensor([[3., 4.],
        [1., 2.]]))")
    .shape([](Meta& m, const Tensor& weight, const Tensor& indices) {
        check(weight.dim() == 2, "weight: expected 2 dimensions, got shape ", weight.sizes());
        const DType type = indices.dtype();
        check(type == DType::Int64 || type == DType::Int32, "indices: expected dtype int32 or int64, got ", type);
        m.add(index_layout(weight.sizes(), std::span(&indices, 1)).result(), weight.dtype());
    })
    .grad("weight", "indices", [](const Backward& b) {
        const Tensor indices = b.tensor("indices");
        Tensor g = b.g;
        if (!b["padding_idx"].none()) {
            const int64_t rows = b.shape("weight")[0], given = b.integer("padding_idx");
            const Tensor padding = Call<"eq">()(indices, given < 0 ? given + rows : given);
            g = Call<"masked_fill">()(g, unsqueeze(padding, -1), 0.0);
        }
        return index_backward(g, along(0, indices), b.shape("weight"));
    });

}  // namespace
}  // namespace bestiary::ops
