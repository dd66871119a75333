// Lengths, signs, neighbours and exponents of floating-point numbers.
#include "ops/no_derivative.h"

namespace bestiary::ops {
namespace {

// The gradient of one leg, g * leg / length; 0 where the length is 0.
Tensor hypot_grad(const Backward& b, const char* leg) {
    const Tensor length = b.tensor("result");
    return b.g * where(eq(length, 0.0), 0.0, b[leg] / length);
}

OP("hypot(Tensor self, Tensor other) -> Tensor")
    .doc(R"(The hypotenuse of a triangle with the given legs, ``sqrt(x * x + y * y)`` without overflow.

>>> engine.hypot(engine.tensor([3.0]), engine.tensor([4.0]))
tensor([5.]))")
    .elementwise(Promote::Float)
    .grad("self", "self result", [](const Backward& b) { return hypot_grad(b, "self"); })
    .grad("other", "other result", [](const Backward& b) { return hypot_grad(b, "other"); });

OP("copysign(Tensor self, Operand other) -> Tensor")
    .doc(R"(The magnitude of self with the sign of ``other``, also that of zeros.

>>> engine.copysign(engine.tensor([1.0, -2.0]), -0.0)
tensor([-1., -2.]))")
    .elementwise(Promote::Float)
    .grad("self", "self result",
          [](const Backward& b) {
              const Call<"sign"> sign;
              return b.g * (sign(b["self"]) * sign(b["result"]));
          })
    .grad("other", "", [](const Backward& b) { return Call<"zeros_like">()(b.g); });

OP("nextafter(Tensor self, Tensor other) -> Tensor")
    .doc(R"(The next representable number from self towards ``other``.

>>> engine.nextafter(engine.tensor([1.0]), engine.tensor([2.0])) > 1
tensor([True]))")
    .elementwise(Promote::Float)
    .grads("", no_derivative);

OP("ldexp(Tensor self, Tensor other) -> Tensor")
    .doc(R"(``self * 2**other``.

>>> engine.ldexp(engine.tensor([1.5]), engine.tensor([2]))
tensor([6.]))")
    .compose([](const Tensor& self, const Tensor& other) {
        const DType type = self.dtype();
        if (!is_floating(type) || is_floating(other.dtype())) return self * pow(2.0, other);
        // Powers of halves would overflow, and those of integers have no digits for float64.
        const DType wide = type == DType::Float64 ? type : DType::Float32;
        return Tensor(cast(cast(self, wide) * pow(2.0, cast(other, wide)), type));
    })
    .in_place_too();

}  // namespace
}  // namespace bestiary::ops
