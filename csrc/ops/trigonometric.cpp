// Trigonometric and hyperbolic functions.
#include <cmath>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

// leg / (x² + y²), and 0 at the origin, by two divisions: the square may be out of range.
Tensor over_square(const Value& leg, const Backward& b) {
    const Tensor length = Call<"hypot">()(b["self"], b["other"]);
    const Tensor divisor = where(eq(length, 0.0), 1.0, length);
    return leg / divisor / divisor;
}

OP("sin(Tensor self) -> Tensor")
    .doc(R"(The sine of angles in radians.

>>> engine.sin(engine.tensor([0.0, 1.0]))
tensor([0.0000, 0.8415]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g * Call<"cos">()(b["self"]); });

OP("cos(Tensor self) -> Tensor")
    .doc(R"(The cosine of angles in radians.

>>> engine.cos(engine.tensor([0.0, 1.0]))
tensor([1.0000, 0.5403]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return -b.g * Call<"sin">()(b["self"]); });

OP("tan(Tensor self) -> Tensor")
    .doc(R"(The tangent of angles in radians.

>>> engine.tan(engine.tensor([0.0, 1.0]))
tensor([0.0000, 1.5574]))")
    .elementwise(Promote::Float)
    .grad("self", "result", [](const Backward& b) { return b.g * (Call<"square">()(b["result"]) + 1.0); });

OP("asin(Tensor self) -> Tensor")
    .doc(R"(The angle in [-pi/2, pi/2] with that sine, in radians; nan outside [-1, 1].

>>> engine.asin(engine.tensor([0.0, 1.0]))
tensor([0.0000, 1.5708]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g * Call<"rsqrt">()(1.0 - Call<"square">()(b["self"])); });

OP("acos(Tensor self) -> Tensor")
    .doc(R"(The angle in [0, pi] with that cosine, in radians; nan outside [-1, 1].

>>> engine.acos(engine.tensor([0.0, 1.0]))
tensor([1.5708, 0.0000]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return -b.g * Call<"rsqrt">()(1.0 - Call<"square">()(b["self"])); });

OP("atan(Tensor self) -> Tensor")
    .doc(R"(The angle in [-pi/2, pi/2] with that tangent, in radians.

>>> engine.atan(engine.tensor([0.0, 1.0]))
tensor([0.0000, 0.7854]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g / (Call<"square">()(b["self"]) + 1.0); });

OP("atan2(Tensor self, Tensor other) -> Tensor")
    .doc(R"(The angle in [-pi, pi] of the point with ordinate self and abscissa ``other``, in radians.

>>> engine.atan2(engine.tensor([1.0]), engine.tensor([-1.0]))
tensor([2.3562]))")
    .elementwise(Promote::Float)
    .grad("self", "self other", [](const Backward& b) { return b.g * over_square(b["other"], b); })
    .grad("other", "self other", [](const Backward& b) { return -b.g * over_square(b["self"], b); });

OP("sinh(Tensor self) -> Tensor")
    .doc(R"(The hyperbolic sine.

>>> engine.sinh(engine.tensor([0.0, 1.0]))
tensor([0.0000, 1.1752]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g * Call<"cosh">()(b["self"]); });

OP("cosh(Tensor self) -> Tensor")
    .doc(R"(The hyperbolic cosine.

>>> engine.cosh(engine.tensor([0.0, 1.0]))
tensor([1.0000, 1.5431]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g * Call<"sinh">()(b["self"]); });

OP("tanh(Tensor self) -> Tensor")
    .doc(R"(The hyperbolic tangent.

>>> engine.tanh(engine.tensor([0.0, 1.0]))
tensor([0.0000, 0.7616]))")
    .elementwise(Promote::Float)
    .grad("self", "result", [](const Backward& b) { return Call<"_tanh_backward">()(b.g, b["result"]); });

OP("_tanh_backward(Tensor grad, Tensor output) -> Tensor")
    .doc("``grad * (1 - output^2)``.")
    .elementwise(Promote::Common)
    .grad("grad", "output", [](const Backward& b) { return Call<"_tanh_backward">()(b.g, b["output"]); })
    .grad("output", "grad output", [](const Backward& b) { return b.g * b["grad"] * (b["output"] * -2.0); });

OP("asinh(Tensor self) -> Tensor")
    .doc(R"(The inverse of sinh.

>>> engine.asinh(engine.tensor([0.0, 1.0]))
tensor([0.0000, 0.8814]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g * Call<"rsqrt">()(Call<"square">()(b["self"]) + 1.0); });

OP("acosh(Tensor self) -> Tensor")
    .doc(R"(The inverse of cosh; nan below 1.

>>> engine.acosh(engine.tensor([1.0, 2.0]))
tensor([0.0000, 1.3170]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g * Call<"rsqrt">()(Call<"square">()(b["self"]) - 1.0); });

OP("atanh(Tensor self) -> Tensor")
    .doc(R"(The inverse of tanh; infinite at -1 and 1, nan outside.

>>> engine.atanh(engine.tensor([0.0, 0.5]))
tensor([0.0000, 0.5493]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g / (1.0 - Call<"square">()(b["self"])); });

OP("deg2rad(Tensor self) -> Tensor")
    .doc(R"(Converts degrees to radians.

>>> engine.deg2rad(engine.tensor([180.0]))
tensor([3.1416]))")
    .compose([](const Tensor& self) { return self * (M_PI / 180); })
    .in_place_too();

OP("rad2deg(Tensor self) -> Tensor")
    .doc(R"(Converts radians to degrees.

>>> engine.rad2deg(engine.tensor([0.5]))
tensor([28.6479]))")
    .compose([](const Tensor& self) { return self * (180 / M_PI); })
    .in_place_too();

}  // namespace
}  // namespace bestiary::ops
