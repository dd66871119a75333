// Bessel functions of orders 0 and 1, which engine.special names as SciPy and PyTorch do.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

const Call<"sign"> sign;

// value / x, and the given limit at 0.
Tensor over_x(const Value& value, const Value& x, double limit) {
    const Tensor zero = eq(x, 0.0);
    return where(zero, limit, value / where(zero, 1.0, x));
}

OP("i0(Tensor self) -> Tensor")
    .doc(R"(The modified Bessel function of the first kind and order 0.

>>> engine.i0(engine.tensor([0.0, 1.0]))
tensor([1.0000, 1.2661]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g * Call<"_i1">()(b["self"]); });

OP("_i1(Tensor self) -> Tensor")
    .doc("The modified Bessel function of the first kind and order 1.")
    .elementwise(Promote::Float)
    .grad("self", "self result", [](const Backward& b) {
        return b.g * (Call<"i0">()(b["self"]) - over_x(b["result"], b["self"], 0.5));
    });

OP("_i0e(Tensor self) -> Tensor")
    .doc("``exp(-|x|) * i0(x)``.")
    .elementwise(Promote::Float)
    .grad("self", "self result", [](const Backward& b) {
        return b.g * (Call<"_i1e">()(b["self"]) - sign(b["self"]) * b["result"]);
    });

OP("_i1e(Tensor self) -> Tensor")
    .doc("``exp(-|x|) * i1(x)``.")
    .elementwise(Promote::Float)
    .grad("self", "self result", [](const Backward& b) {
        const Tensor damping = over_x(b["result"], b["self"], 0.5) + sign(b["self"]) * b["result"];
        return b.g * (Call<"_i0e">()(b["self"]) - damping);
    });

OP("_bessel_j0(Tensor self) -> Tensor")
    .doc("The Bessel function of the first kind and order 0.")
    .elementwise(Promote::Float);
OP("_bessel_j1(Tensor self) -> Tensor")
    .doc("The Bessel function of the first kind and order 1.")
    .elementwise(Promote::Float);
OP("_bessel_y0(Tensor self) -> Tensor")
    .doc("The Bessel function of the second kind and order 0.")
    .elementwise(Promote::Float);
OP("_bessel_y1(Tensor self) -> Tensor")
    .doc("The Bessel function of the second kind and order 1.")
    .elementwise(Promote::Float);
OP("_modified_bessel_k0(Tensor self) -> Tensor")
    .doc("The modified Bessel function of the second kind and order 0.")
    .elementwise(Promote::Float);
OP("_modified_bessel_k1(Tensor self) -> Tensor")
    .doc("The modified Bessel function of the second kind and order 1.")
    .elementwise(Promote::Float);
OP("_scaled_modified_bessel_k0(Tensor self) -> Tensor")
    .doc("``exp(x) * modified_bessel_k0(x)``.")
    .elementwise(Promote::Float);
OP("_scaled_modified_bessel_k1(Tensor self) -> Tensor")
    .doc("``exp(x) * modified_bessel_k1(x)``.")
    .elementwise(Promote::Float);

}  // namespace
}  // namespace bestiary::ops
