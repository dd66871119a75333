// Order: sorting, the largest few, distinct elements, counting.
#include "ops/no_derivative.h"
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
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& self = a.tensor(0);
        wrap_dim(a.integer(1), self.dim());
        m.add(self.sizes(), self.dtype());
        m.add(self.sizes(), DType::Int64);
    })
    .grad("self", "result", arg_reduction_grad);

OP("argsort(Tensor self, int dim=-1, bool descending=False, *, bool stable=False) -> Tensor")
    .doc(R"(The indices that sort a dimension.

>>> engine.tensor([3, 1, 2]).argsort()
tensor([1, 2, 0]))")
    .compose([](Args a, Results& r) { r.push(sort.all(a[0], a[1], a[2], a[3])[1]); });

OP("msort(Tensor self) -> Tensor")
    .doc(R"(The elements sorted along the first dimension.

>>> engine.msort(engine.tensor([3, 1, 2]))
tensor([1, 2, 3]))")
    .compose([](Args a, Results& r) { r.push(sort(a[0], 0)); });

OP("topk(Tensor self, int k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor "
   "indices)")
    .doc(R"(The ``k`` largest (or smallest) elements along a dimension and their indices; nan counts as the largest.

>>> engine.tensor([3, 1, 2]).topk(2).values
tensor([3, 2]))")
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& self = a.tensor(0);
        const int d = wrap_dim(a.integer(2), self.dim());
        Dims sizes = self.sizes();
        const int64_t n = self.dim() ? sizes[d] : 1, least = self.dim() ? 0 : 1;
        check(least <= a.integer(1) && a.integer(1) <= n, "k: expected ", least, " to ", n, ", got ", a.integer(1));
        if (self.dim()) sizes[d] = a.integer(1);
        m.add(sizes, self.dtype());
        m.add(sizes, DType::Int64);
    })
    .grad("self", "result", arg_reduction_grad);

OP("_kth(Tensor self, int dim, bool keepdim, int k, bool nan_wins) -> (Tensor values, Tensor indices)")
    .doc(
        "The element of place ``k`` in the order of a dimension, or the first nan if there is one and it ``nan_wins``.")
    .shape(arg_reduction_shape)
    .grad("self", "result", scatter_to_argmax);

OP("kthvalue(Tensor self, int k, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)")
    .doc(R"(The ``k``-th smallest element of a dimension, counted from 1, and its index.

>>> engine.tensor([30, 10, 20]).kthvalue(2).values
tensor(20))")
    .compose([](Args a, Results& r) {
        const int64_t n = a.tensor(0).dim() ? a.tensor(0).size(a.integer(2)) : 1;
        check(1 <= a.integer(1) && a.integer(1) <= n, "k: expected 1 to ", n, ", got ", a.integer(1));
        r = Call<"_kth">().all(a[0], a[2], a[3], a.integer(1) - 1, false);
    });

// The lower of two middle elements.
Results median(const Tensor& self, int64_t dim, bool keepdim) {
    const int64_t n = self.dim() ? self.size(dim) : 1;
    return Call<"_kth">().all(self, dim, keepdim, (n - 1) / 2, true);
}

OP("_median(Tensor self, int[]? dim, bool keepdim, bool skip_nan) -> Tensor")
    .doc("The middle of all elements, without the nan if ``skip_nan``; dim is None.")
    .shape([](const Op&, Args a, Meta& m) { m.add(Dims(), a.tensor(0).dtype()); })
    .grad("self", "self result", shared_evenly);

OP("median(Tensor self) -> Tensor")
    .doc(R"(The median of all elements, the lower of two; nan if there is one. Equal elements share the gradient evenly.

>>> engine.tensor([3, 1, 2, 9]).median()
tensor(2))")
    .compose([](Args a, Results& r) { r.push(Call<"_median">()(a[0], Value(), false, false)); });

OP("median.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)")
    .doc(R"(The median along a dimension, the lower of two, and its index.

>>> engine.tensor([[3, 1, 2]]).median(1).indices
tensor([2]))")
    .compose([](Args a, Results& r) { r = median(a.tensor(0), a.integer(1), a.flag(2)); });

OP("_unique(Tensor self) -> (Tensor values, Tensor inverse, Tensor counts)")
    .doc("The distinct elements in order, where each element of self is among them, and how often each comes.")
    .grads("", no_derivative);

OP("_unique_consecutive(Tensor self) -> (Tensor values, Tensor inverse, Tensor counts)")
    .doc(
        "The first of each run of equal elements, which run each element of self is in, and how long each is.")
    .grads("", no_derivative);

OP("_unique_rows(Tensor self, bool sorted) -> (Tensor places, Tensor inverse, Tensor counts)")
    .doc(
        "Of a matrix's distinct rows, in order or else of each run of equal ones: a place of each, which one every row "
        "is, how often each comes.");

OP("bincount(Tensor self, Tensor? weights=None, int minlength=0) -> Tensor")
    .doc(R"(The number of occurrences of each integer from 0 in a 1-d tensor, or the sum of their ``weights``.

>>> engine.tensor([1, 1, 3]).bincount()
tensor([0, 2, 0, 1]))");

OP("histc(Tensor self, int bins=100, Number min=0, Number max=0) -> Tensor")
    .doc(R"(The counts of elements in ``bins`` equal intervals from ``min`` to ``max`` (by default the range of the elements).

>>> engine.tensor([1.0, 2.0, 2.5]).histc(2, 0, 4)
tensor([1., 2.]))")
    .shape([](const Op&, Args a, Meta& m) {
        check(a.integer(1) > 0, "bins: expected 1 or more, got ", a.integer(1));
        m.add({a.integer(1)}, a.tensor(0).dtype());
    });

OP("_searchsorted(Tensor sorted_sequence, Tensor values, bool right) -> Tensor")
    .doc("The place of each value in its line of a sorted sequence.")
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor &sequence = a.tensor(0), &values = a.tensor(1);
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

Tensor places_in(const Value& sequence, const Value& values, bool right, bool narrow_index) {
    const Tensor lines(sequence.t);
    const Tensor found = Call<"_searchsorted">()(lines, as_values(values, lines.dtype(), lines.device()), right);
    return narrow_index ? cast(found, DType::Int32) : found;
}

OP("searchsorted(Tensor sorted_sequence, Operand self, *, bool out_int32=False, bool right=False, str? "
   "side=None) -> Tensor")
    .doc(R"(The index at which each value can be inserted into a sorted sequence to keep it sorted.
The sequence is 1-d, or has a row for each row of values. The index is before equal elements, or after them if
``right`` (or ``side='right'``).

>>> engine.searchsorted(engine.tensor([1, 3, 5]), engine.tensor([3, 6]))
tensor([1, 3]))")
    .compose([](Args a, Results& r) {
        check_as(ErrorKind::Value, a.none(4) || a.str(4) == "right" || (a.str(4) == "left" && !a.flag(3)),
                 "side: expected 'right', or 'left' without right=True, got '", a.none(4) ? "" : a.str(4), "'");
        r.push(places_in(a[0], a[1], a.none(4) ? a.flag(3) : a.str(4) == "right", a.flag(2)));
    });

OP("bucketize(Operand self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor")
    .doc(R"(The index of the interval between sorted ``boundaries`` that contains each value.

>>> engine.bucketize(engine.tensor([0, 4]), engine.tensor([1, 3, 5]))
tensor([0, 2]))")
    .compose([](Args a, Results& r) { r.push(places_in(a[1], a[0], a.flag(3), a.flag(2))); });

OP("isin(Tensor elements, Operand test_elements, *, bool invert=False) -> Tensor")
    .doc(R"(True where an element is among ``test_elements``.

>>> engine.isin(engine.tensor([1, 2, 3]), engine.tensor([3, 1]))
tensor([ True, False,  True]))")
    .compose([](Args a, Results& r) {
        const Tensor test = flatten(as_values(a[1], a.tensor(0).dtype(), a.tensor(0).device()));
        const int64_t n = test.numel();
        Tensor found = Call<"zeros_like">()(a[0], DType::Bool);
        if (n > 0) {
            const Tensor sorted = sort(test);
            const Tensor places = Call<"clamp">()(Call<"_searchsorted">()(sorted, a[0], false), Value(), n - 1);
            found = Call<"eq">()(Call<"take">()(sorted, places), a[0]);
        }
        r.push(a.flag(2) ? Call<"logical_not">()(found) : found);
    });

}  // namespace
}  // namespace bestiary::ops
