// Comparisons and tests: the results are bool.
#include <limits>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("eq(Operand self, Operand other) -> Tensor")
    .doc(R"(True where self equals ``other``; nan equals nothing.

>>> engine.tensor([1, 2]) == 2
tensor([False,  True]))")
    .elementwise(Promote::Bool);

OP("ne(Operand self, Operand other) -> Tensor")
    .doc(R"(True where self differs from ``other``.

>>> engine.tensor([1, 2]) != 2
tensor([ True, False]))")
    .elementwise(Promote::Bool);

OP("lt(Operand self, Operand other) -> Tensor")
    .doc(R"(True where self is less than ``other``.

>>> engine.tensor([1, 2]) < 2
tensor([ True, False]))")
    .elementwise(Promote::Bool);

OP("le(Operand self, Operand other) -> Tensor")
    .doc(R"(True where self is less than or equal to ``other``.

>>> engine.tensor([1, 2]) <= 2
tensor([True, True]))")
    .elementwise(Promote::Bool);

OP("gt(Operand self, Operand other) -> Tensor")
    .doc(R"(True where self is greater than ``other``.

>>> engine.tensor([1, 2]) > 1
tensor([False,  True]))")
    .elementwise(Promote::Bool);

OP("ge(Operand self, Operand other) -> Tensor")
    .doc(R"(True where self is greater than or equal to ``other``.

>>> engine.tensor([1, 2]) >= 1
tensor([True, True]))")
    .elementwise(Promote::Bool);

OP("isnan(Tensor self) -> Tensor")
    .doc(R"(True where an element is nan.

>>> engine.isnan(engine.tensor([1.0, float('nan')]))
tensor([False,  True]))")
    .elementwise(Promote::Bool);

OP("isinf(Tensor self) -> Tensor")
    .doc(R"(True where an element is positive or negative infinity.

>>> engine.isinf(engine.tensor([1.0, float('-inf')]))
tensor([False,  True]))")
    .elementwise(Promote::Bool);

OP("isposinf(Tensor self) -> Tensor")
    .doc(R"(True where an element is positive infinity.

>>> engine.isposinf(engine.tensor([1.0, float("inf")]))
tensor([False,  True]))").compose([](const Tensor& self) {
    return eq(self, std::numeric_limits<double>::infinity());
});

OP("isneginf(Tensor self) -> Tensor")
    .doc(R"(True where an element is negative infinity.

>>> engine.isneginf(engine.tensor([1.0, -float("inf")]))
tensor([False,  True]))").compose([](const Tensor& self) {
    return eq(self, -std::numeric_limits<double>::infinity());
});

OP("isreal(Tensor self) -> Tensor")
    .doc(R"(True everywhere: there are no complex dtypes yet.

>>> engine.isreal(engine.tensor([1.0, 2.0]))
tensor([True, True]))")
    .compose([](const Tensor& self) { return Call<"ones_like">()(self, DType::Bool); });

OP("isfinite(Tensor self) -> Tensor")
    .doc(R"(True where an element is neither infinite nor nan.

>>> engine.isfinite(engine.tensor([1.0, float('inf')]))
tensor([ True, False]))")
    .elementwise(Promote::Bool);

OP("signbit(Tensor self) -> Tensor")
    .doc(R"(True where the sign bit is set: below zero, and at negative zero.

>>> engine.signbit(engine.tensor([-0.0, 1.0]))
tensor([ True, False]))")
    .elementwise(Promote::Bool);

OP("logical_not(Tensor self) -> Tensor")
    .doc(R"(True where an element is zero.

>>> engine.logical_not(engine.tensor([0, 3]))
tensor([ True, False]))")
    .elementwise(Promote::Bool);

OP("logical_and(Operand self, Operand other) -> Tensor")
    .doc(R"(True where both elements are not zero.

>>> engine.logical_and(engine.tensor([0, 0, 2]), engine.tensor([0, 1, 1]))
tensor([False, False,  True]))")
    .elementwise(Promote::Bool);

OP("logical_or(Operand self, Operand other) -> Tensor")
    .doc(R"(True where at least one element is not zero.

>>> engine.logical_or(engine.tensor([0, 0, 2]), engine.tensor([0, 1, 1]))
tensor([False,  True,  True]))")
    .elementwise(Promote::Bool);

OP("logical_xor(Operand self, Operand other) -> Tensor")
    .doc(R"(True where exactly one element is not zero.

>>> engine.logical_xor(engine.tensor([0, 0, 2]), engine.tensor([0, 1, 1]))
tensor([False,  True, False]))")
    .elementwise(Promote::Bool);

Tensor as_floating(const Tensor& t) { return is_floating(t.dtype()) ? t : cast(t, DType::Float64); }

OP("isclose(Tensor self, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False) -> Tensor")
    .doc(R"(True where self differs from ``other`` by at most ``atol + rtol * |other|``; equal infinities are close.

>>> engine.isclose(engine.tensor([1.0, 2.0]), engine.tensor([1.0, 2.1]))
tensor([ True, False]))")
    .compose([](const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan) {
        check(rtol >= 0 && atol >= 0, "rtol, atol: expected 0 or more, got ", rtol, " and ", atol);
        const Tensor a = as_floating(self), b = as_floating(other);
        const Tensor bound = Call<"abs">()(b) * rtol + atol;
        const Tensor near = le(Call<"abs">()(a - b), bound);
        const Tensor close = Call<"logical_or">()(eq(a, b), Call<"logical_and">()(near, Call<"isfinite">()(bound)));
        if (!equal_nan) return close;
        const Tensor both_nan = Call<"logical_and">()(Call<"isnan">()(a), Call<"isnan">()(b));
        return Call<"logical_or">()(close, both_nan);
    });

}  // namespace
}  // namespace bestiary::ops
