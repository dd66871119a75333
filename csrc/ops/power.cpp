// Powers and roots.
#include <cmath>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

// exponent * self^(exponent-1), and 0 where the exponent is 0: there the power before the product may be infinite.
Tensor base_gradient(const Backward& b) {
    const Value exponent = b["exponent"], self = b["self"];
    if (exponent.is_number()) {
        if (exponent.number() == 0) return Call<"zeros_like">()(b.g);
        if (exponent.number() == 2) return b.g * (self * 2.0);
        return b.g * (pow(self, exponent.number() - 1) * exponent);
    }
    const Tensor slope = exponent * pow(self, exponent - 1.0);
    return b.g * where(eq(exponent, 0.0), 0.0, slope);
}

// result * log(self), and 0 where self is 0 and the exponent is not negative.
Tensor exponent_gradient(const Backward& b) {
    const Value self = b["self"];
    if (self.is_number() && self.number() != 0) return b.g * (b["result"] * std::log(self.number()));
    const Tensor base = self.is_number() ? Call<"zeros_like">()(b["exponent"]) : Tensor(self.t);
    const Tensor flat = Call<"logical_and">()(eq(base, 0.0), ge(b["exponent"], 0.0));
    return b.g * where(flat, 0.0, b["result"] * log(base));
}

OP("pow(Operand self, Operand exponent) -> Tensor")
    .doc(R"(Self to the power of ``exponent``; exact for integers, which wrap on overflow.

>>> engine.tensor([1.0, 2.0, 3.0]) ** 2
tensor([1., 4., 9.]))")
    .elementwise(Promote::Common)
    .shape([](Meta& m, const Value&, const Value& exponent) {
        check(is_floating(m.compute) || !exponent.is_number() || exponent.number() >= 0,
              "exponent: integers to the power of a negative integer are not integers, got ", exponent);
    })
    .grad("self", "self exponent", base_gradient)
    .grad("exponent", "self exponent result", exponent_gradient);

OP("float_power(Operand self, Operand exponent) -> Tensor")
    .doc(R"(``pow`` in float64.

>>> engine.float_power(engine.tensor([2]), -1)
tensor([0.5000], dtype=float64))")
    .compose([](const Value& self, const Value& exponent) {
        check_as(ErrorKind::Type, self.is_tensor() || exponent.is_tensor(),
                 "self, exponent: expected at least one tensor");
        const Device device = Tensor(self.is_tensor() ? self.t : exponent.t).device();
        const auto wide = [&](const Value& v) {
            if (v.is_tensor()) return cast(v, DType::Float64);
            return Call<"full">()(Dims(), v, DType::Float64, device);
        };
        return pow(wide(self), wide(exponent));
    });

OP("sqrt(Tensor self) -> Tensor")
    .doc(R"(The square root; nan below 0.

>>> engine.sqrt(engine.tensor([4.0, 2.0]))
tensor([2.0000, 1.4142]))")
    .elementwise(Promote::Float)
    .grad("self", "result", [](const Backward& b) { return b.g / (b["result"] * 2.0); });

OP("rsqrt(Tensor self) -> Tensor")
    .doc(R"(The reciprocal of the square root.

>>> engine.rsqrt(engine.tensor([4.0, 16.0]))
tensor([0.5000, 0.2500]))")
    .elementwise(Promote::Float)
    .grad("self", "result", [](const Backward& b) { return b.g * (pow(b["result"], 3.0) * -0.5); });

}  // namespace
}  // namespace bestiary::ops
