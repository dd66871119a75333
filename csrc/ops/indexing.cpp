// Index tensors, one per dimension: reading, writing, and what is built on them.
#include <vector>

#include "core/indexing.h"
#include "ops/blended.h"

namespace bestiary::ops {
namespace {

const Call<"_index"> index;
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
        const Tensor chosen = Call<"nonzero">()(index);
        for (int d = 0; d < index.dim(); ++d) plain.push_back(select(chosen, 1, d));
    }
    return plain;
}

OP("index(Tensor self, Tensor[]? indices) -> Tensor")
    .doc(R"(The elements that integer tensors, one per dimension, choose; None leaves a dimension whole.

A bool tensor (a mask) chooses the places where it is true, and stands for as many dimensions as it has.
Index tensors are broadcast together. Their common shape takes the place of the indexed dimensions if those are
neighbours, otherwise it comes first. Negative indices count from the end; others out of range raise IndexError.

>>> engine.tensor([[1, 2], [3, 4]]).index([None, engine.tensor([1, 0])])
tensor([[2, 1],
        [4, 3]]))")
    .compose([](Args a, Results& r) { r.push(index(a[0], without_masks(a.tensor(0), a[1]), true)); });

OP("_index(Tensor self, Tensor[]? indices, bool from_end) -> Tensor")
    .doc("index by integers; negative ones count ``from_end`` or are out of range.")
    .shape([](const Op&, Args a, Meta& m) {
        m.add(index_layout(a.tensor(0).sizes(), a.tensors(1)).result(), a.tensor(0).dtype());
    })
    .grad("self", "indices", [](const Backward& b) { return index_backward(b.g, b["indices"], b.shape("self")); });

OP("_index_backward(Tensor grad, Tensor[]? indices, int[] size) -> Tensor")
    .doc("Zeros of size with grad added where index reads.")
    .shape([](const Op&, Args a, Meta& m) { m.add(Dims(a.ints(2)), a.tensor(0).dtype()); })
    .grad("grad", "indices", [](const Backward& b) { return index(b.g, b["indices"], true); });

OP("index_put(Tensor self, Tensor[]? indices, Tensor values, bool accumulate=False) -> Tensor")
    .doc(R"(A copy of self with ``values`` written where ``indices`` point (see ``index``), or added there.

>>> engine.zeros(3).index_put([engine.tensor([0, 0])], engine.tensor(1.0), accumulate=True)
tensor([2., 0., 0.]))")
    .compose([](Args a, Results& r) { r.push(index_put(a[0], without_masks(a.tensor(0), a[1]), a[2], a[3], true)); });

OP("index_put_(Tensor self, Tensor[]? indices, Tensor values, bool accumulate=False) -> Tensor")
    .doc("In-place form of index_put.")
    .compose([](Args a, Results& r) {
        r.push(Call<"_index_put_">()(a[0], without_masks(a.tensor(0), a[1]), a[2], a[3], true));
    });

OP("_index_put(Tensor self, Tensor[]? indices, Tensor values, bool accumulate, bool from_end) -> Tensor")
    .doc("index_put by integers; negative ones count ``from_end`` or are out of range.")
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor &self = a.tensor(0), &values = a.tensor(2);
        const Dims chosen = index_layout(self.sizes(), a.tensors(1)).result();
        check(broadcast(chosen, values.sizes()) == chosen, "values: shape ", values.sizes(),
              " does not broadcast to the indexed shape ", chosen);
        m.add(self.sizes(), self.dtype());
    })
    .from_self()
    .in_place_too()
    .grad("self", "indices", [](const Backward& b) {
        if (b.flag("accumulate")) return b.g;
        return index_put(b.g, b["indices"], Call<"full">()(Dims(), 0.0, b.g.dtype(), b.g.device()), false, true);
    })
    .grad("values", "indices", [](const Backward& b) { return index(b.g, b["indices"], true); });

// Index tensors that choose along one dimension only.
std::vector<Tensor> along(int dim, const Tensor& chosen) {
    std::vector<Tensor> indices(static_cast<size_t>(dim) + 1);
    indices[static_cast<size_t>(dim)] = chosen;
    return indices;
}

// Narrow integers are masks or a mistake, and some ops take no int32 either.
void check_index_dtype(const Tensor& chosen, bool int64_only = true) {
    const DType type = chosen.dtype();
    check(type == DType::Int64 || (type == DType::Int32 && !int64_only), "index: expected dtype int64",
          int64_only ? "" : " or int32", ", got ", type);
}

std::vector<Tensor> along_dim(Args a, bool int64_only = false) {
    const Tensor& chosen = a.tensor(2);
    check_index_dtype(chosen, int64_only);
    check_as(ErrorKind::Index, chosen.dim() <= 1, "index: expected one dimension, got shape ", chosen.sizes());
    return along(wrap_dim(a.integer(1), a.tensor(0).dim()), chosen.dim() == 1 ? chosen : unsqueeze(chosen, 0));
}

// One slice of `source` for each index: no broadcasting, which would hide a mistake.
void check_slices(Args a, const Tensor& source) {
    const Tensor &self = a.tensor(0), &chosen = a.tensor(2);
    Dims expected = self.sizes();
    if (!expected.empty()) expected[wrap_dim(a.integer(1), self.dim())] = chosen.numel();
    check_as(ErrorKind::Index, self.dim() > 0 || chosen.numel() == 1,
             "index: expected one index into a 0-d tensor, got shape ", chosen.sizes());
    const bool single = chosen.numel() == 1 && source.numel() == 1 && self.dim() <= 1;
    check(single || source.sizes() == expected, "source: expected shape ", expected, ", got ", source.sizes());
}

Tensor at_least_1d(const Tensor& t) { return t.dim() > 0 ? t : unsqueeze(t, 0); }

OP("index_select(Tensor self, int dim, Tensor index) -> Tensor")
    .doc(R"(The slices of a dimension at the positions in ``index``, a 1-d integer tensor.

>>> engine.tensor([[1, 2], [3, 4]]).index_select(1, engine.tensor([1, 1]))
tensor([[2, 2],
        [4, 4]]))")
    .compose([](Args a, Results& r) {
        const Tensor picked = index(at_least_1d(a.tensor(0)), along_dim(a), false);
        check(a.tensor(0).dim() > 0 || picked.numel() == 1, "index: expected one index into a 0-d tensor, got shape ",
              a.tensor(2).sizes());
        r.push(a.tensor(0).dim() > 0 ? picked : squeeze(picked));
    });

// Self with its slices at the indices replaced or added to; a 0-d tensor is a line of one element.
Tensor with_slices(Args a, const std::vector<Tensor>& indices, const Value& values, bool accumulate, bool from_end) {
    const Tensor& self = a.tensor(0);
    return reshape(index_put(at_least_1d(self), indices, values, accumulate, from_end), self.sizes());
}

OP("index_add(Tensor self, int dim, Tensor index, Tensor source, *, Number alpha=1) -> Tensor")
    .doc(R"(Self with ``alpha`` times each slice of ``source`` added to the slice of self that ``index`` names.

>>> engine.zeros(3).index_add(0, engine.tensor([0, 0, 2]), engine.ones(3))
tensor([2., 0., 1.]))")
    .compose([](Args a, Results& r) {
        check_slices(a, a.tensor(3));
        r.push(with_slices(a, along_dim(a), scaled("alpha", a.tensor(3), a[4]), true, false));
    })
    .in_place_too();

OP("index_copy(Tensor self, int dim, Tensor index, Tensor source) -> Tensor")
    .doc(R"(Self with its slices at ``index`` replaced by those of ``source``.

>>> engine.zeros(3).index_copy(0, engine.tensor([2, 0]), engine.tensor([1.0, 2.0]))
tensor([2., 0., 1.]))")
    .compose([](Args a, Results& r) {
        check_slices(a, a.tensor(3));
        r.push(with_slices(a, along_dim(a, true), a[3], false, false));
    })
    .in_place_too();

OP("index_fill(Tensor self, int dim, Tensor index, Operand value) -> Tensor")
    .doc(R"(Self with its slices at ``index`` set to ``value``, a number or a 0-d tensor. Negative indices count from the end.

>>> engine.zeros(3).index_fill(0, engine.tensor([1]), 5)
tensor([0., 5., 0.]))")
    .compose([](Args a, Results& r) {
        const DType dtype = a.tensor(0).dtype();
        const Tensor value = a[3].is_tensor() ? a.tensor(3) : Call<"full">()(Dims(), a[3], dtype, a.tensor(0).device());
        r.push(with_slices(a, along_dim(a, true), value, false, true));
    })
    .in_place_too();

OP("take(Tensor self, Tensor index) -> Tensor")
    .doc(R"(Elements by their position in the flattened tensor, in the shape of ``index``; negative ones count from the end.

>>> engine.tensor([[4, 3], [2, 1]]).take(engine.tensor([0, 3]))
tensor([4, 1]))")
    .compose([](Args a, Results& r) {
        check_index_dtype(a.tensor(1));
        r.push(index(flatten(a[0]), along(0, a.tensor(1)), true));
    });

OP("masked_select(Tensor self, Tensor mask) -> Tensor")
    .doc(R"(The elements where ``mask`` is true, in one dimension; mask and self are broadcast.

>>> engine.tensor([1, 2, 3]).masked_select(engine.tensor([True, False, True]))
tensor([1, 3]))")
    .compose([](Args a, Results& r) {
        check(a.tensor(1).dtype() == DType::Bool, "mask: expected dtype bool, got ", a.tensor(1).dtype());
        const Dims size = broadcast(a.tensor(0).sizes(), a.tensor(1).sizes());
        const Tensor places = Call<"nonzero">()(flatten(expand(a[1], size)));
        r.push(index(flatten(expand(a[0], size)), along(0, select(places, 1, 0)), false));
    });

OP("put(Tensor self, Tensor index, Tensor source, bool accumulate=False) -> Tensor")
    .doc(R"(Self with elements, by their place in the flattened tensor, replaced by those of ``source``, or these added.

>>> engine.zeros(2, 2).put(engine.tensor([3, 0]), engine.tensor([1.0, 2.0]))
tensor([[2., 0.],
        [0., 1.]]))")
    .compose([](Args a, Results& r) {
        check_index_dtype(a.tensor(1));
        const Tensor source = reshape(a[2], a.tensor(1).sizes());
        r.push(reshape(index_put(flatten(a[0]), along(0, a.tensor(1)), source, a[3], true), a.tensor(0).sizes()));
    })
    .in_place_too();

OP("masked_scatter(Tensor self, Tensor mask, Tensor source) -> Tensor")
    .doc(R"(Self with its elements where ``mask`` is true replaced by those of ``source``, one after the other.

>>> engine.zeros(3).masked_scatter(engine.tensor([True, False, True]), engine.tensor([1.0, 2.0]))
tensor([1., 0., 2.]))")
    .compose([](Args a, Results& r) {
        check(a.tensor(1).dtype() == DType::Bool, "mask: expected dtype bool, got ", a.tensor(1).dtype());
        check(a.tensor(2).dtype() == a.tensor(0).dtype(), "source: expected self's dtype ", a.tensor(0).dtype(),
              ", got ", a.tensor(2).dtype());
        const Dims size = broadcast(a.tensor(0).sizes(), a.tensor(1).sizes());
        const Tensor places = select(Call<"nonzero">()(flatten(expand(a[1], size))), 1, 0), source = flatten(a[2]);
        check(places.numel() <= source.numel(), "source: expected ", places.numel(),
              " elements, one for each that the mask chooses, got ", source.numel());
        const Tensor flat = flatten(expand(a[0], size));
        const Tensor values = narrow(source, 0, 0, places.numel());
        r.push(reshape(index_put(flat, along(0, places), values, false, false), size));
    })
    .in_place_too();

OP("index_reduce(Tensor self, int dim, Tensor index, Tensor source, str reduce, *, bool include_self=True) -> Tensor")
    .doc(R"(Self with the slices of ``source`` combined into those that ``index`` names: 'prod', 'mean', 'amax' or 'amin'.

Without ``include_self`` the former elements of the slices that index names do not count.

>>> engine.ones(2).index_reduce(0, engine.tensor([0, 0]), engine.tensor([4.0, 3.0]), 'amax')
tensor([4., 1.]))")
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        const Tensor chosen = at_least_1d(a.tensor(2)), source = self.dim() ? a.tensor(3) : at_least_1d(a.tensor(3));
        const std::string_view how = a.str(4);
        check_as(ErrorKind::Value, how == "prod" || how == "mean" || how == "amax" || how == "amin",
                 "reduce: expected 'prod', 'mean', 'amax' or 'amin', got '", how, "'");
        check_as(ErrorKind::Index, chosen.dim() == 1, "index: expected one dimension, got shape ", chosen.sizes());
        const int d = wrap_dim(a.integer(1), self.dim());
        Dims expected = at_least_1d(self).sizes(), line(expected.size(), 1);
        expected[d] = line[d] = chosen.numel();
        check(source.sizes() == expected, "source: expected shape ", expected, ", got ", source.sizes());
        const Tensor each = expand(reshape(chosen, line), expected);
        r.push(reshape(Call<"scatter_reduce">()(at_least_1d(self), d, each, source, how, a[5]), self.sizes()));
    })
    .in_place_too();

OP("embedding(Tensor weight, Tensor indices, int? padding_idx=None) -> Tensor")
    .doc(
        R"(Rows of ``weight`` (of shape entries x features) by number: the shape of ``indices`` with the features last.

The row ``padding_idx`` gets no gradient. Indices are int32 or int64; an IndexError names one that is not in
[0, entries).

>>> engine.embedding(engine.tensor([[1.0, 2.0], [3.0, 4.0]]), engine.tensor([1, 0]))
tensor([[3., 4.],
        [1., 2.]]))")
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& weight = a.tensor(0);
        check(weight.dim() == 2, "weight: expected 2 dimensions, got shape ", weight.sizes());
        const DType type = a.tensor(1).dtype();
        check(type == DType::Int64 || type == DType::Int32, "indices: expected dtype int32 or int64, got ", type);
        m.add(index_layout(weight.sizes(), std::span(&a.tensor(1), 1)).result(), weight.dtype());
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
