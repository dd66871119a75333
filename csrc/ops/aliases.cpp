// Second names of ops.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

template <FixedString Name>
void same_as(Args a, Results& r) {
    dispatch(Call<Name>::op(), a, r);
}

OP("subtract(Operand self, Operand other) -> Tensor").doc("Alias of ``sub``.").compose(same_as<"sub">).in_place_too();
OP("multiply(Operand self, Operand other) -> Tensor").doc("Alias of ``mul``.").compose(same_as<"mul">).in_place_too();
OP("divide(Operand self, Operand other) -> Tensor").doc("Alias of ``div``.").compose(same_as<"div">).in_place_too();
OP("true_divide(Operand self, Operand other) -> Tensor")
    .doc("Alias of ``div``.")
    .compose(same_as<"div">)
    .in_place_too();
OP("negative(Tensor self) -> Tensor").doc("Alias of ``neg``.").compose(same_as<"neg">).in_place_too();
OP("absolute(Tensor self) -> Tensor").doc("Alias of ``abs``.").compose(same_as<"abs">).in_place_too();
OP("arcsin(Tensor self) -> Tensor").doc("Alias of ``asin``.").compose(same_as<"asin">).in_place_too();
OP("arccos(Tensor self) -> Tensor").doc("Alias of ``acos``.").compose(same_as<"acos">).in_place_too();
OP("arctan(Tensor self) -> Tensor").doc("Alias of ``atan``.").compose(same_as<"atan">).in_place_too();
OP("arctan2(Tensor self, Tensor other) -> Tensor").doc("Alias of ``atan2``.").compose(same_as<"atan2">).in_place_too();
OP("arcsinh(Tensor self) -> Tensor").doc("Alias of ``asinh``.").compose(same_as<"asinh">).in_place_too();
OP("arccosh(Tensor self) -> Tensor").doc("Alias of ``acosh``.").compose(same_as<"acosh">).in_place_too();
OP("arctanh(Tensor self) -> Tensor").doc("Alias of ``atanh``.").compose(same_as<"atanh">).in_place_too();
OP("fix(Tensor self) -> Tensor").doc("Alias of ``trunc``.").compose(same_as<"trunc">).in_place_too();
OP("clip(Tensor self, Operand? min=None, Operand? max=None) -> Tensor")
    .doc("Alias of ``clamp``.")
    .compose(same_as<"clamp">)
    .in_place_too();
OP("greater(Operand self, Operand other) -> Tensor").doc("Alias of ``gt``.").compose(same_as<"gt">).in_place_too();
OP("greater_equal(Operand self, Operand other) -> Tensor")
    .doc("Alias of ``ge``.")
    .compose(same_as<"ge">)
    .in_place_too();
OP("less(Operand self, Operand other) -> Tensor").doc("Alias of ``lt``.").compose(same_as<"lt">).in_place_too();
OP("less_equal(Operand self, Operand other) -> Tensor").doc("Alias of ``le``.").compose(same_as<"le">).in_place_too();
OP("not_equal(Operand self, Operand other) -> Tensor").doc("Alias of ``ne``.").compose(same_as<"ne">).in_place_too();
OP("positive(Tensor self) -> Tensor").doc(R"(Self, as Python's unary ``+``.

>>> engine.positive(engine.tensor([1, -2]))
tensor([ 1, -2]))").compose(same_as<"alias">);
OP("sgn(Tensor self) -> Tensor").doc("Alias of ``sign``.").compose(same_as<"sign">).in_place_too();
OP("vdot(Tensor self, Tensor other) -> Tensor").doc("Alias of ``dot``.").compose(same_as<"dot">);
OP("ger(Tensor self, Tensor vec2) -> Tensor").doc("Alias of ``outer``.").compose(same_as<"outer">);
OP("ravel(Tensor self) -> Tensor").doc(R"(Self flattened to one dimension: a view where possible.

>>> engine.tensor([[1, 2], [3, 4]]).ravel()
tensor([1, 2, 3, 4]))").compose([](const Tensor& self) {
    return flatten(self);
});
OP("argwhere(Tensor self) -> Tensor").doc("Alias of ``nonzero``.").compose(same_as<"nonzero">);
OP("concatenate(Tensor[] tensors, int dim=0) -> Tensor").doc("Alias of ``cat``.").compose(same_as<"cat">);
OP("row_stack(Tensor[] tensors) -> Tensor").doc("Alias of ``vstack``.").compose(same_as<"vstack">);
OP("split_with_sizes(Tensor self, int[] split_sizes, int dim=0) -> Tensor[]")
    .doc("Alias of ``split``.")
    .compose(same_as<"split.sizes">);
OP("trapz(Tensor y, Tensor? x=None, *, Number dx=1, int dim=-1) -> Tensor")
    .doc("Alias of ``trapezoid``.")
    .compose(same_as<"trapezoid">);
OP("subtract.alpha(Operand self, Operand other, *, float alpha) -> Tensor")
    .doc("``self - alpha * other``.")
    .compose(same_as<"sub.alpha">);
OP("divide.rounded(Operand self, Operand other, *, str? rounding_mode) -> Tensor")
    .doc("Alias of ``div``.")
    .compose(same_as<"div.rounded">);

}  // namespace
}  // namespace bestiary::ops
