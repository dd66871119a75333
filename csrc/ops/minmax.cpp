// Largest and smallest elements, and where they are.
#include "ops/arg_reduction.h"

namespace bestiary::ops {
namespace {

void extreme(const Op&, Args a, Meta& m) {
    check_not_empty(a);
    m.add(reduced_shape(a), a.tensor(0).dtype());
}

OP("amax(Tensor self, int[] dim=[], bool keepdim=False) -> Tensor")
    .doc(R"(The largest element over the given dimensions, or over all. Ties share the gradient evenly.

>>> engine.tensor([[1, 5], [7, 2]]).amax(1)
tensor([5, 7]))")
    .shape(extreme)
    .grad("self", "self result", shared_evenly);

OP("amin(Tensor self, int[] dim=[], bool keepdim=False) -> Tensor")
    .doc(R"(The smallest element over the given dimensions, or over all. Ties share the gradient evenly.

>>> engine.tensor([[1, 5], [7, 2]]).amin(1)
tensor([1, 2]))")
    .shape(extreme)
    .grad("self", "self result", shared_evenly);

OP("aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)")
    .doc(R"(The smallest and the largest element, over a dimension or over all.

>>> low, high = engine.tensor([3, 1, 2]).aminmax(); low, high
(tensor(1), tensor(3)))")
    .compose([](Args a, Results& r) {
        Dims dim;
        if (!a.none(1)) dim.push_back(a.integer(1));
        r.push(Call<"amin">()(a[0], dim, a[2]));
        r.push(Call<"amax">()(a[0], dim, a[2]));
    });

OP("max(Tensor self) -> Tensor")
    .doc(R"(The largest element; nan if there is one.

>>> engine.tensor([1.0, 3.0, 2.0]).max()
tensor(3.))")
    .compose([](Args a, Results& r) { r.push(Call<"amax">()(a[0])); });

OP("max.other(Tensor self, Tensor other) -> Tensor")
    .doc("The larger of each two elements: ``maximum``.")
    .compose([](Args a, Results& r) { r.push(Call<"maximum">()(a[0], a[1])); });

OP("max.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)")
    .doc(R"(The largest element along a dimension and its (first) index.

>>> engine.tensor([[1, 5], [7, 2]]).max(1).indices
tensor([1, 0]))")
    .shape(arg_reduction_shape)
    .grad("self", "result", scatter_to_argmax);

OP("min(Tensor self) -> Tensor")
    .doc(R"(The smallest element; nan if there is one.

>>> engine.tensor([1.0, 3.0, 2.0]).min()
tensor(1.))")
    .compose([](Args a, Results& r) { r.push(Call<"amin">()(a[0])); });

OP("min.other(Tensor self, Tensor other) -> Tensor")
    .doc("The smaller of each two elements: ``minimum``.")
    .compose([](Args a, Results& r) { r.push(Call<"minimum">()(a[0], a[1])); });

OP("min.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)")
    .doc(R"(The smallest element along a dimension and its (first) index.

>>> engine.tensor([[1, 5], [7, 2]]).min(1).indices
tensor([0, 1]))")
    .shape(arg_reduction_shape)
    .grad("self", "result", scatter_to_argmax);

void index_only(const Op&, Args a, Meta& m) {
    check_not_empty(a);
    m.add(reduced_shape(a), DType::Int64);
}

OP("argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor")
    .doc(R"(The index of the largest element along a dimension, or in the flattened tensor: the first of equals.

>>> engine.tensor([[1, 5], [7, 2]]).argmax(), engine.tensor([[1, 5], [7, 2]]).argmax(1)
(tensor(2), tensor([1, 0])))")
    .shape(index_only);

OP("argmin(Tensor self, int? dim=None, bool keepdim=False) -> Tensor")
    .doc(
        R"(The index of the smallest element along a dimension, or in the flattened tensor: the first of equals.

>>> engine.tensor([[1, 5], [7, 2]]).argmin(1)
tensor([0, 1]))")
    .shape(index_only);

}  // namespace
}  // namespace bestiary::ops
