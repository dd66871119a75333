// Division, rounded or not, and remainders.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

Tensor zero_gradient(const Backward& b) { return Call<"zeros_like">()(b.g); }

OP("div(Operand self, Operand other) -> Tensor")
    .doc(R"(True division, element by element; integers give the default floating type.

>>> engine.tensor([1, 2]) / 2
tensor([0.5000, 1.0000]))")
    .elementwise(Promote::Float)
    .grad("self", "other", [](const Backward& b) { return b.g / b["other"]; })
    .grad("other", "other result", [](const Backward& b) { return -(b.g * b["result"] / b["other"]); });

OP("div.rounded(Operand self, Operand other, *, str? rounding_mode) -> Tensor")
    .doc(R"(Division rounded towards zero (``'trunc'``), down (``'floor'``) or not (None).

>>> engine.div(engine.tensor([-7, 7]), 2, rounding_mode='trunc')
tensor([-3,  3]))")
    .compose([](const Value& self, const Value& other, std::optional<std::string_view> rounding_mode) {
        if (!rounding_mode) return self / other;
        check_as(ErrorKind::Value, rounding_mode == "trunc" || rounding_mode == "floor",
                 "rounding_mode: expected None, 'trunc' or 'floor', got '", *rounding_mode, "'");
        return rounding_mode == "trunc" ? Call<"_trunc_divide">()(self, other) : floor_divide(self, other);
    })
    .in_place_too();

OP("_trunc_divide(Operand self, Operand other) -> Tensor")
    .doc("The quotient rounded towards zero.")
    .elementwise(Promote::Common)
    .grad("self", "", zero_gradient)
    .grad("other", "", zero_gradient);

OP("floor_divide(Operand self, Operand other) -> Tensor")
    .doc(R"(The quotient rounded down, as Python's ``//``. Raises for integers divided by 0.

>>> engine.tensor([-7, 7]) // 2
tensor([-4,  3]))")
    .elementwise(Promote::Common)
    .grad("self", "", zero_gradient)
    .grad("other", "", zero_gradient);

OP("remainder(Operand self, Operand other) -> Tensor")
    .doc(R"(The remainder with the sign of ``other``, as Python's ``%``. Raises for integers divided by 0.

>>> engine.tensor([-7, 7]) % 3
tensor([2, 1]))")
    .elementwise(Promote::Common)
    .grad("self", "", [](const Backward& b) { return b.g; })
    .grad("other", "self other", [](const Backward& b) { return -b.g * floor_divide(b["self"], b["other"]); });

OP("fmod(Operand self, Operand other) -> Tensor")
    .doc(R"(The remainder with the sign of self, as C's ``fmod``. Raises for integers divided by 0.

>>> engine.fmod(engine.tensor([-7, 7]), 3)
tensor([-1,  1]))")
    .elementwise(Promote::Common)
    .grad("self", "", [](const Backward& b) { return b.g; })
    .grad("other", "self other",
          [](const Backward& b) { return -b.g * Call<"_trunc_divide">()(b["self"], b["other"]); });

OP("reciprocal(Tensor self) -> Tensor")
    .doc(R"(1 divided by each element.

>>> engine.reciprocal(engine.tensor([2.0, -4.0]))
tensor([ 0.5000, -0.2500]))")
    .elementwise(Promote::Float)
    .grad("self", "result", [](const Backward& b) { return -b.g * Call<"square">()(b["result"]); });

}  // namespace
}  // namespace bestiary::ops
