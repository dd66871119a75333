// Largest and smallest elements, and their indices.
#include "ops/arg_reduction.h"

namespace bestiary::ops {
namespace {

constexpr auto extreme = [](Meta& m, const Tensor& self, const Value& dim, bool keepdim) {
    check_not_empty(self, dim);
    m.add(reduced_shape(self, dim, keepdim), self.dtype());
};

OP("amax(Tensor self, int[] dim=[], bool keepdim=False) -> Tensor")
    .doc(R"(The maximum over the given dimensions, or over all. Equal maxima share the gradient evenly.

>>> engine.tensor([[1, 5], [7, 2]]).amax(1)
tensor([5, 7]))")
    .shape(extreme)
    .grad("self", "self result", shared_evenly);

OP("amin(Tensor self, int[] dim=[], bool keepdim=False) -> Tensor")
    .doc(R"(The minimum over the given dimensions, or over all. Equal minima share the gradient evenly.

>>> engine.tensor([[1, 5], [7, 2]]).amin(1)
tensor([1, 2]))")
    .shape(extreme)
    .grad("self", "self result", shared_evenly);

OP("aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)")
    .doc(R"(The minimum and the maximum, over a dimension or over all.

>>> low, high = engine.tensor([3, 1, 2]).aminmax(); low, high
(tensor(1), tensor(3)))")
    .compose([](const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
        const Dims dims = dim ? Dims{*dim} : Dims();
        return Results{Call<"amin">()(self, dims, keepdim), Call<"amax">()(self, dims, keepdim)};
    });

OP("max(Tensor self) -> Tensor")
    .doc(R"(The maximum of all elements; nan if there is one.

>>> engine.tensor([1.0, 3.0, 2.0]).max()
tensor(3.))")
    .compose([](const Tensor& self) { return Call<"amax">()(self); });

OP("max.other(Tensor self, Tensor other) -> Tensor")
    .doc("The elementwise maximum: ``maximum``.")
    .compose([](const Tensor& self, const Tensor& other) { return Call<"maximum">()(self, other); });

OP("max.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)")
    .doc(R"(The maximum along a dimension and its (first) index.

>>> engine.tensor([[1, 5], [7, 2]]).max(1).indices
tensor([1, 0]))")
    .shape(arg_reduction_shape)
    .grad("self", "result", scatter_to_argmax);

OP("min(Tensor self) -> Tensor")
    .doc(R"(The minimum of all elements; nan if there is one.

>>> engine.tensor([1.0, 3.0, 2.0]).min()
tensor(1.))")
    .compose([](const Tensor& self) { return Call<"amin">()(self); });

OP("min.other(Tensor self, Tensor other) -> Tensor")
    .doc("The elementwise minimum: ``minimum``.")
    .compose([](const Tensor& self, const Tensor& other) { return Call<"minimum">()(self, other); });

OP("min.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)")
    .doc(R"(The minimum along a dimension and its (first) index.

>>> engine.tensor([[1, 5], [7, 2]]).min(1).indices
tensor([0, 1]))")
    .shape(arg_reduction_shape)
    .grad("self", "result", scatter_to_argmax);

constexpr auto index_only = [](Meta& m, const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
    check_not_empty(self, dim);
    m.add(reduced_shape(self, dim, keepdim), DType::Int64);
};

OP("argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor")
    .doc(R"(The index of the maximum along a dimension, or in the flattened tensor; of equal ones the first.

>>> engine.tensor([[1, 5], [7, 2]]).argmax(), engine.tensor([[1, 5], [7, 2]]).argmax(1)
(tensor(2), tensor([1, 0])))")
    .shape(index_only);

OP("argmin(Tensor self, int? dim=None, bool keepdim=False) -> Tensor")
    .doc(R"(The index of the minimum along a dimension, or in the flattened tensor; of equal ones the first.

>>> engine.tensor([[1, 5], [7, 2]]).argmin(1)
tensor([0, 1]))")
    .shape(index_only);

}  // namespace
}  // namespace bestiary::ops
