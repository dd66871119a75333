// Functions of two numbers that are neither arithmetic nor comparison.
#include <cmath>

#include "ops/no_derivative.h"

namespace bestiary::ops {
namespace {

// g * x / length, and 0 where the length is.
Tensor along_leg(const Backward& b, const char* leg) {
    const Tensor length = b.tensor("result");
    return b.g * where(eq(length, 0.0), 0.0, b[leg] / length);
}

OP("hypot(Tensor self, Tensor other) -> Tensor")
    .doc(R"(The hypotenuse of a triangle with the given legs, ``sqrt(x * x + y * y)`` without overflow.

>>> engine.hypot(engine.tensor([3.0]), engine.tensor([4.0]))
tensor([5.]))")
    .elementwise(Promote::Float)
    .grad("self", "self result", [](const Backward& b) { return along_leg(b, "self"); })
    .grad("other", "other result", [](const Backward& b) { return along_leg(b, "other"); });

OP("copysign(Tensor self, Operand other) -> Tensor")
    .doc(R"(The magnitude of self with the sign of ``other``, which zeros have too.

>>> engine.copysign(engine.tensor([1.0, -2.0]), -0.0)
tensor([-1., -2.]))")
    .elementwise(Promote::Float)
    .grad("self", "self result", [](const Backward& b) {
        const Call<"sign"> sign;
        return b.g * (sign(b["self"]) * sign(b["result"]));
    })
    .grad("other", "", [](const Backward& b) { return Call<"zeros_like">()(b.g); });

OP("nextafter(Tensor self, Tensor other) -> Tensor")
    .doc(R"(The next number of the dtype from self towards ``other``.

>>> engine.nextafter(engine.tensor([1.0]), engine.tensor([2.0])) > 1
tensor([True]))")
    .elementwise(Promote::Float)
    .grads("", no_derivative);

OP("heaviside(Tensor self, Tensor values) -> Tensor")
    .doc(R"(0 below zero, 1 above, and ``values`` at zero.

>>> engine.heaviside(engine.tensor([-1.0, 0.0, 2.0]), engine.tensor(0.5))
tensor([0.0000, 0.5000, 1.0000]))")
    .elementwise(Promote::Common)
    .grads("", no_derivative);

OP("gcd(Tensor self, Tensor other) -> Tensor")
    .doc(R"(The greatest common divisor of integers, 0 or more.

>>> engine.gcd(engine.tensor([12]), engine.tensor([-18]))
tensor([6]))")
    .elementwise(Promote::Common);

OP("lcm(Tensor self, Tensor other) -> Tensor")
    .doc(R"(The least common multiple of integers, 0 or more.

>>> engine.lcm(engine.tensor([4]), engine.tensor([6]))
tensor([12]))")
    .elementwise(Promote::Common);

OP("logaddexp2(Tensor self, Tensor other) -> Tensor")
    .doc(R"(``log2(2**x + 2**y)`` without overflow.

>>> engine.logaddexp2(engine.tensor([3.0]), engine.tensor([3.0]))
tensor([4.]))")
    .elementwise(Promote::Float)
    .grad("self", "self other", [](const Backward& b) { return b.g / (Call<"exp2">()(b["other"] - b["self"]) + 1.0); })
    .grad("other", "self other",
          [](const Backward& b) { return b.g / (Call<"exp2">()(b["self"] - b["other"]) + 1.0); });

OP("ldexp(Tensor self, Tensor other) -> Tensor")
    .doc(R"(``x * 2**y``.

>>> engine.ldexp(engine.tensor([1.5]), engine.tensor([2]))
tensor([6.]))")
    .compose([](Args a, Results& r) {
        const Tensor scaled = a[0] * pow(2.0, a[1]);
        const DType type = a.tensor(0).dtype();
        r.push(is_floating(type) && !is_floating(a.tensor(1).dtype()) ? cast(scaled, type) : scaled);
    })
    .in_place_too();

OP("float_power(Operand self, Operand exponent) -> Tensor")
    .doc(R"(``pow`` in float64, whatever the dtypes.

>>> engine.float_power(engine.tensor([2]), -1)
tensor([0.5000], dtype=float64))")
    .compose([](Args a, Results& r) {
        const auto wide = [&](const Value& v) {
            if (v.is_tensor()) return cast(v, DType::Float64);
            return Tensor(Call<"full">()(Dims(), v, DType::Float64, Tensor(a[a[0].is_tensor() ? 0 : 1].t).device()));
        };
        check_as(ErrorKind::Type, a[0].is_tensor() || a[1].is_tensor(), "self, exponent: expected at least one tensor");
        r.push(pow(wide(a[0]), wide(a[1])));
    });

}  // namespace
}  // namespace bestiary::ops
