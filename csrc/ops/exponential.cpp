// Exponentials and logarithms.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("exp(Tensor self) -> Tensor")
    .doc(R"(e to the power of each element.

>>> engine.exp(engine.tensor([0.0, 1.0]))
tensor([1.0000, 2.7183]))")
    .elementwise(Promote::Float)
    .grad("self", "result", [](const Backward& b) { return b.g * b["result"]; });

OP("log(Tensor self) -> Tensor")
    .doc(R"(The natural logarithm of each element; -inf at 0, nan below.

>>> engine.log(engine.tensor([1.0]))
tensor([0.]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g / b["self"]; });

}  // namespace
}  // namespace bestiary::ops
