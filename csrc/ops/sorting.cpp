// Sorting, the largest few, binary search.
#include "ops/arg_reduction.h"

namespace bestiary::ops {
namespace {

const Call<"sort"> sort;

OP("sort(Tensor self, int dim=-1, bool descending=False, *, bool stable=False) -> (Tensor values, Tensor "
   "indices)")
    .doc(R"(The elements sorted along a dimension, and their original indices; nan sorts as the largest.
The sort is always stable.

>>> engine.tensor([3, 1, 2]).sort().indices
tensor([1, 2, 0]))")
    .shape([](Meta& m, const Tensor& self, int64_t dim) {
        wrap_dim(dim, self.dim());
        m.add(self.sizes(), self.dtype());
        m.add(self.sizes(), DType::Int64);
    })
    .grad("self", "result", arg_reduction_grad);

OP("argsort(Tensor self, int dim=-1, bool descending=False, *, bool stable=False) -> Tensor")
    .doc(R"(The indices that sort a dimension.

>>> engine.tensor([3, 1, 2]).argsort()
tensor([1, 2, 0]))")
    .compose([](const Tensor& self, int64_t dim, bool descending, bool stable) {
        return sort.all(self, dim, descending, stable)[1];
    });

OP("msort(Tensor self) -> Tensor")
    .doc(R"(The elements sorted along the first dimension.

>>> engine.msort(engine.tensor([3, 1, 2]))
tensor([1, 2, 3]))")
    .compose([](const Tensor& self) { return sort(self, 0); });

OP("topk(Tensor self, int k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor "
   "indices)")
    .doc(R"(The ``k`` largest (or smallest) elements along a dimension and their indices; nan counts as the largest.

>>> engine.tensor([3, 1, 2]).topk(2).values
tensor([3, 2]))")
    .shape([](Meta& m, const Tensor& self, int64_t k, int64_t dim) {
        const int d = wrap_dim(dim, self.dim());
        Dims sizes = self.sizes();
        const int64_t n = self.dim() ? sizes[d] : 1, least = self.dim() ? 0 : 1;
        check(least <= k && k <= n, "k: expected ", least, " to ", n, ", got ", k);
        if (self.dim()) sizes[d] = k;
        m.add(sizes, self.dtype());
        m.add(sizes, DType::Int64);
    })
    .grad("self", "result", arg_reduction_grad);

OP("_searchsorted(Tensor sorted_sequence, Tensor values, bool right) -> Tensor")
    .doc("The index at which each value would go into its line of a sorted sequence.")
    .shape([](Meta& m, const Tensor& sequence, const Tensor& values) {
        const int last = sequence.dim() - 1;
        const bool fits =
            sequence.dim() == 1 || (sequence.dim() == values.dim() && last >= 0 &&
                                    sequence.sizes().without(last) == values.sizes().without(last));
        check(fits, "sorted_sequence: shape ", sequence.sizes(),
              " must be 1-d or have the leading sizes of the values' ", values.sizes());
        m.add(values.sizes(), DType::Int64);
    });

// Numbers become 0-d tensors.
Tensor as_values(const Value& v, DType dtype, Device device) {
    if (v.is_tensor()) return Tensor(v.t);
    return Call<"full">()(Dims(), v, v.tag == Tag::Float && !is_floating(dtype) ? DType::Float32 : dtype, device);
}

Tensor insertion_index(const Tensor& sequence, const Value& values, bool right, bool out_int32) {
    const Tensor index =
        Call<"_searchsorted">()(sequence, as_values(values, sequence.dtype(), sequence.device()), right);
    return out_int32 ? cast(index, DType::Int32) : index;
}

OP("searchsorted(Tensor sorted_sequence, Operand self, *, bool out_int32=False, bool right=False, str? side=None, "
   "Tensor? sorter=None) -> Tensor")
    .doc(R"(The index at which each value can be inserted into a sorted sequence to keep it sorted.
The sequence is 1-d, or has a row for each row of values. The index is before equal elements, or after them if
``right`` (or ``side='right'``). ``sorter`` holds the indices that sort a sequence which is not sorted.

>>> engine.searchsorted(engine.tensor([1, 3, 5]), engine.tensor([3, 6]))
tensor([1, 3]))")
    .compose([](const Tensor& sorted_sequence, const Value& self, bool out_int32, bool right,
                std::optional<std::string_view> side, const Value& sorter) {
        if (side)
            check_as(ErrorKind::Value, *side == "right" || (*side == "left" && !right),
                     "side: expected 'right', or 'left' without right=True, got '", *side, "'");
        const bool after = side ? *side == "right" : right;
        if (sorter.none()) return insertion_index(sorted_sequence, self, after, out_int32);
        check(Tensor(sorter.t).sizes() == sorted_sequence.sizes(), "sorter: expected shape ", sorted_sequence.sizes(),
              ", got ", Tensor(sorter.t).sizes());
        return insertion_index(Call<"gather">()(sorted_sequence, -1, sorter), self, after, out_int32);
    });

OP("bucketize(Operand self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor")
    .doc(R"(The index of the interval between sorted ``boundaries`` that contains each value.

>>> engine.bucketize(engine.tensor([0, 4]), engine.tensor([1, 3, 5]))
tensor([0, 2]))")
    .compose([](const Value& self, const Tensor& boundaries, bool out_int32, bool right) {
        return insertion_index(boundaries, self, right, out_int32);
    });

OP("isin(Tensor elements, Operand test_elements, *, bool invert=False) -> Tensor")
    .doc(R"(True where an element is among ``test_elements``.

>>> engine.isin(engine.tensor([1, 2, 3]), engine.tensor([3, 1]))
tensor([ True, False,  True]))")
    .compose([](const Tensor& elements, const Value& test_elements, bool invert) {
        const Tensor test = flatten(as_values(test_elements, elements.dtype(), elements.device()));
        const int64_t n = test.numel();
        Tensor found = Call<"zeros_like">()(elements, DType::Bool);
        if (n > 0) {
            const Tensor sorted = sort(test);
            const Tensor index = Call<"_searchsorted">()(sorted, elements, false);
            found = eq(Call<"take">()(sorted, Call<"clamp">()(index, std::nullopt, n - 1)), elements);
        }
        return invert ? Call<"logical_not">()(found) : found;
    });

}  // namespace
}  // namespace bestiary::ops
