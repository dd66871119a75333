// Exponentials and logarithms.
#include <cmath>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("exp(Tensor self) -> Tensor")
    .doc(R"(e to the power of each element.

>>> engine.exp(engine.tensor([0.0, 1.0]))
tensor([1.0000, 2.7183]))")
    .elementwise(Promote::Float)
    .grad("self", "result", [](const Backward& b) { return b.g * b["result"]; });

OP("exp2(Tensor self) -> Tensor")
    .doc(R"(2 to the power of each element.

>>> engine.exp2(engine.tensor([0.0, 3.0]))
tensor([1., 8.]))")
    .elementwise(Promote::Float)
    .grad("self", "result", [](const Backward& b) { return b.g * (b["result"] * M_LN2); });

OP("expm1(Tensor self) -> Tensor")
    .doc(R"(``exp(x) - 1``, without cancellation near 0.

>>> engine.expm1(engine.tensor([0.0, 1.0]))
tensor([0.0000, 1.7183]))")
    .elementwise(Promote::Float)
    .grad("self", "result", [](const Backward& b) { return b.g * (b["result"] + 1.0); });

OP("log(Tensor self) -> Tensor")
    .doc(R"(The natural logarithm; -inf at 0, nan below.

>>> engine.log(engine.tensor([1.0]))
tensor([0.]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g / b["self"]; });

OP("log2(Tensor self) -> Tensor")
    .doc(R"(The logarithm to base 2.

>>> engine.log2(engine.tensor([8.0]))
tensor([3.]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g / (b["self"] * M_LN2); });

OP("log10(Tensor self) -> Tensor")
    .doc(R"(The logarithm to base 10.

>>> engine.log10(engine.tensor([1000.0]))
tensor([3.]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g / (b["self"] * M_LN10); });

OP("log1p(Tensor self) -> Tensor")
    .doc(R"(``log(1 + x)``, without cancellation near 0.

>>> engine.log1p(engine.tensor([0.0, 1.0]))
tensor([0.0000, 0.6931]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g / (b["self"] + 1.0); });

OP("logaddexp(Tensor self, Tensor other) -> Tensor")
    .doc(R"(``log(exp(x) + exp(y))`` without overflow.

>>> engine.logaddexp(engine.tensor([1000.0]), engine.tensor([1000.0]))
tensor([1000.6932]))")
    .elementwise(Promote::Float)
    .grad("self", "self other", [](const Backward& b) { return b.g / (exp(b["other"] - b["self"]) + 1.0); })
    .grad("other", "self other", [](const Backward& b) { return b.g / (exp(b["self"] - b["other"]) + 1.0); });

OP("logaddexp2(Tensor self, Tensor other) -> Tensor")
    .doc(R"(``log2(2**x + 2**y)`` without overflow.

>>> engine.logaddexp2(engine.tensor([3.0]), engine.tensor([3.0]))
tensor([4.]))")
    .elementwise(Promote::Float)
    .grad("self", "self other", [](const Backward& b) { return b.g / (Call<"exp2">()(b["other"] - b["self"]) + 1.0); })
    .grad("other", "self other",
          [](const Backward& b) { return b.g / (Call<"exp2">()(b["self"] - b["other"]) + 1.0); });

OP("xlogy(Operand self, Operand other) -> Tensor")
    .doc(R"(``x * log(y)``, and 0 where x is 0.

>>> engine.xlogy(engine.tensor([0.0, 2.0]), engine.tensor([0.0, 1.0]))
tensor([0., 0.]))")
    .elementwise(Promote::Float)
    .grad("self", "self other", [](const Backward& b) { 
        const Tensor flat = Call<"logical_and">()(eq(b["self"], 0.0), le(b["other"], 0.0));
        return where(flat, 0.0, Call<"xlogy">()(b.g, b["other"]));
    })
    .grad("other", "self other", [](const Backward& b) { return b.g * (b["self"] / b["other"]); });

}  // namespace
}  // namespace bestiary::ops
