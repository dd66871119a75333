// Addition, multiplication and their kin.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("add(Tensor self, Operand other) -> Tensor")
    .doc(R"(Adds ``other``, element by element, with broadcasting and type promotion.

>>> engine.tensor([1.0, 2.0]) + 1
tensor([2., 3.]))")
    .elementwise(Promote::Common)
    .grad("self", "", [](const Backward& b) { return b.g; })
    .grad("other", "", [](const Backward& b) { return b.g; });

OP("add.alpha(Tensor self, Operand other, *, Number alpha) -> Tensor")
    .doc("``self + alpha * other``.")
    .compose([](Args a, Results& r) { r.push(a[0] + a[1] * a[2]); })
    .in_place_too();

OP("sub(Tensor self, Operand other) -> Tensor")
    .doc(R"(Subtracts ``other``, element by element, with broadcasting and type promotion.

>>> engine.tensor([1.0, 2.0]) - 1
tensor([0., 1.]))")
    .elementwise(Promote::Common)
    .grad("self", "", [](const Backward& b) { return b.g; })
    .grad("other", "", [](const Backward& b) { return -b.g; });

OP("mul(Tensor self, Operand other) -> Tensor")
    .doc(R"(Multiplies by ``other``, element by element, with broadcasting and type promotion.

>>> engine.tensor([1.0, 2.0]) * 3
tensor([3., 6.]))")
    .elementwise(Promote::Common)
    .grad("self", "other", [](const Backward& b) { return b.g * b["other"]; })
    .grad("other", "self", [](const Backward& b) { return b.g * b["self"]; });

OP("div(Tensor self, Operand other) -> Tensor")
    .doc(R"(True division, element by element; integers give the default floating type.

>>> engine.tensor([1, 2]) / 2
tensor([0.5000, 1.0000]))")
    .elementwise(Promote::Float)
    .grad("self", "other", [](const Backward& b) { return b.g / b["other"]; })
    .grad("other", "other result", [](const Backward& b) { return -(b.g * b["result"] / b["other"]); });

OP("neg(Tensor self) -> Tensor")
    .doc(R"(The negative of each element.

>>> engine.neg(engine.tensor([1.0, -2.0]))
tensor([-1.,  2.]))")
    .elementwise(Promote::Common)
    .grad("self", "", [](const Backward& b) { return -b.g; });

}  // namespace
}  // namespace bestiary::ops
