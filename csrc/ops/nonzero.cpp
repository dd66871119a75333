// Elements that are not zero: their positions and their number.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("nonzero(Tensor self) -> Tensor")
    .doc(R"(The indices of the elements that are not zero: a row of indices for each, in row-major order.

>>> engine.tensor([[0, 5], [6, 0]]).nonzero()
tensor([[0, 1],
        [1, 0]]))");

OP("count_nonzero(Tensor self, int[]? dim=None) -> Tensor")
    .doc(R"(The number of elements that are not zero, over the given dimensions or all.

>>> engine.tensor([0, 3, 4]).count_nonzero()
tensor(2))")
    .compose([](const Tensor& self, const Value& dim) {
        return Call<"sum.dim">()(cast(self, DType::Bool), dim, false);
    });

}  // namespace
}  // namespace bestiary::ops
