// Addition, multiplication and their kin.
#include <cmath>

#include "ops/no_derivative.h"

namespace bestiary::ops {
namespace {

OP("add(Operand self, Operand other) -> Tensor")
    .doc(R"(Adds ``other``, element by element, with broadcasting and type promotion.

>>> engine.tensor([1.0, 2.0]) + 1
tensor([2., 3.]))")
    .elementwise(Promote::Common)
    .grad("self", "", [](const Backward& b) { return b.g; })
    .grad("other", "", [](const Backward& b) { return b.g; });

void check_alpha(const Meta& m, double alpha) {
    const bool whole = alpha == std::trunc(alpha) && std::abs(alpha) < 0x1p63;
    check_as(ErrorKind::Type, is_floating(m.compute) || whole,
             "alpha: expected an integer for tensors of integers, got ", alpha);
}

OP("add.alpha(Operand self, Operand other, *, float alpha) -> Tensor")
    .doc("``self + alpha * other``.")
    .elementwise(Promote::Common)
    .shape([](Meta& m, const Value&, const Value&, double alpha) { check_alpha(m, alpha); })
    .grad("self", "", [](const Backward& b) { return b.g; })
    .grad("other", "", [](const Backward& b) { return b.g * b["alpha"]; });

void check_not_bool(const Value& self, const Value& other) {
    for (const Value* v : {&self, &other})
        check_as(ErrorKind::Type, !v->is_tensor() || v->t->dtype != DType::Bool,
                 "bools can't be subtracted; use bitwise_xor, or logical_not to invert a mask");
}

OP("sub(Operand self, Operand other) -> Tensor")
    .doc(R"(Subtracts ``other``, element by element, with broadcasting and type promotion.

>>> engine.tensor([1.0, 2.0]) - 1
tensor([0., 1.]))")
    .elementwise(Promote::Common)
    .shape([](Meta&, const Value& self, const Value& other) { check_not_bool(self, other); })
    .grad("self", "", [](const Backward& b) { return b.g; })
    .grad("other", "", [](const Backward& b) { return -b.g; });

OP("sub.alpha(Operand self, Operand other, *, float alpha) -> Tensor")
    .doc("``self - alpha * other``.")
    .elementwise(Promote::Common)
    .shape([](Meta& m, const Value& self, const Value& other, double alpha) {
        check_not_bool(self, other);
        check_alpha(m, alpha);
    })
    .grad("self", "", [](const Backward& b) { return b.g; })
    .grad("other", "", [](const Backward& b) { return b.g * -b.number("alpha"); });

OP("rsub(Operand self, Operand other) -> Tensor")
    .doc(R"(Subtracts self from ``other``.

>>> engine.rsub(engine.tensor([1.0, 2.0]), 1)
tensor([ 0., -1.]))")
    .compose([](const Value& self, const Value& other) { return other - self; });

OP("rsub.alpha(Operand self, Operand other, *, float alpha) -> Tensor")
    .doc("``other - alpha * self``.")
    .compose([](Args a, Results& r) { r.push(Call<"sub.alpha">()(a[1], a[0], a[2])); });

OP("mul(Operand self, Operand other) -> Tensor")
    .doc(R"(Multiplies by ``other``, element by element, with broadcasting and type promotion.

>>> engine.tensor([1.0, 2.0]) * 3
tensor([3., 6.]))")
    .elementwise(Promote::Common)
    .grad("self", "other", [](const Backward& b) { return b.g * b["other"]; })
    .grad("other", "self", [](const Backward& b) { return b.g * b["self"]; });

OP("neg(Tensor self) -> Tensor")
    .doc(R"(Negates each element.

>>> engine.neg(engine.tensor([1.0, -2.0]))
tensor([-1.,  2.]))")
    .elementwise(Promote::Common)
    .grad("self", "", [](const Backward& b) { return -b.g; });

OP("abs(Tensor self) -> Tensor")
    .doc(R"(The absolute value of each element.

>>> engine.abs(engine.tensor([-1.5, 2.0]))
tensor([1.5000, 2.0000]))")
    .elementwise(Promote::Common)
    .grad("self", "self", [](const Backward& b) { return b.g * Call<"sign">()(b["self"]); });

OP("sign(Tensor self) -> Tensor")
    .doc(R"(-1, 0 or 1 for negative, zero or positive elements.

>>> engine.sign(engine.tensor([-3.0, 0.0, 2.0]))
tensor([-1.,  0.,  1.]))")
    .elementwise(Promote::Common)
    .grad("self", "", [](const Backward& b) { return Call<"zeros_like">()(b.g); });

OP("heaviside(Tensor self, Tensor values) -> Tensor")
    .doc(R"(The step function: 0 below zero, 1 above, and ``values`` at zero.

>>> engine.heaviside(engine.tensor([-1.0, 0.0, 2.0]), engine.tensor(0.5))
tensor([0.0000, 0.5000, 1.0000]))")
    .elementwise(Promote::Common)
    .grads("", no_derivative);

OP("square(Tensor self) -> Tensor")
    .doc(R"(The square of each element.

>>> engine.square(engine.tensor([3.0, -2.0]))
tensor([9., 4.]))")
    .elementwise(Promote::Common)
    .shape([](Meta& m) {
        if (m.compute == DType::Bool) m.compute = m.outs[0].dtype = DType::Int64;
    })
    .grad("self", "self", [](const Backward& b) { return b.g * (b["self"] * 2.0); });

OP("addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, float value=1) -> Tensor")
    .doc(R"(``self + value * tensor1 * tensor2``.

>>> engine.addcmul(engine.ones(2), engine.tensor([1.0, 2.0]), engine.tensor([3.0, 4.0]), value=0.5)
tensor([2.5000, 5.0000]))")
    .elementwise(Promote::Common)
    .grad("self", "", [](const Backward& b) { return b.g; })
    .grad("tensor1", "tensor2", [](const Backward& b) { return b.g * (b["tensor2"] * b["value"]); })
    .grad("tensor2", "tensor1", [](const Backward& b) { return b.g * (b["tensor1"] * b["value"]); });

OP("addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, float value=1) -> Tensor")
    .doc(R"(``self + value * tensor1 / tensor2``, of floating dtypes.

>>> engine.addcdiv(engine.ones(2), engine.tensor([1.0, 2.0]), engine.tensor([4.0, 4.0]), value=2)
tensor([1.5000, 2.0000]))")
    .elementwise(Promote::Common)
    .grad("self", "", [](const Backward& b) { return b.g; })
    .grad("tensor1", "tensor2", [](const Backward& b) { return b.g * b["value"] / b["tensor2"]; })
    .grad("tensor2", "tensor1 tensor2",
          [](const Backward& b) { return -b.g * b["value"] * b["tensor1"] / Call<"square">()(b["tensor2"]); });

OP("lerp(Tensor self, Tensor end, Operand weight) -> Tensor")
    .doc(R"(Linear interpolation: ``self + weight * (end - self)``.

>>> engine.lerp(engine.zeros(2), engine.tensor([4.0, 8.0]), 0.25)
tensor([1., 2.]))")
    .elementwise(Promote::Common)
    .grad("self", "weight", [](const Backward& b) { return b.g - b.g * b["weight"]; })
    .grad("end", "weight", [](const Backward& b) { return b.g * b["weight"]; })
    .grad("weight", "self end", [](const Backward& b) { return b.g * (b["end"] - b["self"]); });

}  // namespace
}  // namespace bestiary::ops
