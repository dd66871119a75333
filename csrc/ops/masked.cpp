// Elements under a mask.
#include <vector>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

const Call<"masked_fill"> masked_fill;

OP("masked_fill(Tensor self, Tensor mask, Operand value) -> Tensor")
    .doc(R"(Self with ``value``, a number or a 0-d tensor, where ``mask`` is true; mask and self are broadcast.

>>> engine.tensor([1, 2, 3]).masked_fill(engine.tensor([True, False, True]), 0)
tensor([0, 2, 0]))")
    .shape([](Meta& m, const Tensor& self, const Tensor& mask, const Value& value) {
        check(mask.dtype() == DType::Bool, "mask: expected dtype bool, got ", mask.dtype());
        if (value.is_tensor())
            check(value.t->sizes.empty(), "value: expected a number or a 0-d tensor, got shape ", value.t->sizes);
        m.add(broadcast(self.sizes(), mask.sizes()), self.dtype());
    })
    .from_self()
    .in_place_too()
    .grad("self", "mask", [](const Backward& b) { return masked_fill(b.g, b["mask"], 0.0); })
    .grad("value", "mask", [](const Backward& b) {
        return sum_to_size(Call<"masked_select">()(b.g, b["mask"]), Dims());
    });

// Positions of the true elements in the mask, expanded to `size` and flattened: indices of one dimension.
std::vector<Tensor> true_positions(const Tensor& mask, const Dims& size) {
    check(mask.dtype() == DType::Bool, "mask: expected dtype bool, got ", mask.dtype());
    return {select(Call<"nonzero">()(flatten(expand(mask, size))), 1, 0)};
}

OP("masked_select(Tensor self, Tensor mask) -> Tensor")
    .doc(R"(The elements where ``mask`` is true, as a vector; mask and self are broadcast.

>>> engine.tensor([1, 2, 3]).masked_select(engine.tensor([True, False, True]))
tensor([1, 3]))")
    .compose([](const Tensor& self, const Tensor& mask) {
        const Dims size = broadcast(self.sizes(), mask.sizes());
        return Call<"_index">()(flatten(expand(self, size)), true_positions(mask, size), false);
    });

OP("masked_scatter(Tensor self, Tensor mask, Tensor source) -> Tensor")
    .doc(R"(Self with the elements of ``source``, in order, where ``mask`` is true.

>>> engine.zeros(3).masked_scatter(engine.tensor([True, False, True]), engine.tensor([1.0, 2.0]))
tensor([1., 0., 2.]))")
    .compose([](const Tensor& self, const Tensor& mask, const Tensor& source) {
        const Dims size = broadcast(self.sizes(), mask.sizes());
        const std::vector<Tensor> positions = true_positions(mask, size);
        const int64_t count = positions[0].numel();
        check(source.dtype() == self.dtype(), "source: expected self's dtype ", self.dtype(), ", got ",
              source.dtype());
        check(count <= source.numel(), "source: expected ", count,
              " elements, one for each that the mask selects, got ", source.numel());
        const Tensor values = narrow(flatten(source), 0, 0, count);
        return reshape(Call<"_index_put">()(flatten(expand(self, size)), positions, values, false, false), size);
    })
    .in_place_too();

}  // namespace
}  // namespace bestiary::ops
