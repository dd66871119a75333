// Choosing between elements: where, extremes, clamping.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("where(Tensor condition, Operand self, Operand other) -> Tensor")
    .doc(R"(The elements of self where ``condition`` is true, of ``other`` elsewhere.

>>> engine.where(engine.tensor([True, False]), engine.tensor([1.0, 2.0]), 0.0)
tensor([1., 0.]))")
    .elementwise(Promote::Select)
    .shape([](Meta&, const Tensor& condition) {
        check_as(ErrorKind::Type, condition.dtype() == DType::Bool, "condition: expected dtype bool, got ",
                 condition.dtype());
    })
    .grad("self", "condition", [](const Backward& b) { return where(b["condition"], b.g, 0.0); })
    .grad("other", "condition", [](const Backward& b) { return where(b["condition"], 0.0, b.g); });

// Equal elements get half of the gradient each.
Tensor maximum_grad(const Tensor& g, const Tensor& lost, const Backward& b) {
    return where(lost, 0.0, where(eq(b["self"], b["other"]), g * 0.5, g));
}

OP("maximum(Tensor self, Operand other) -> Tensor")
    .doc(R"(The maximum of two elements; nan if either is. Equal elements share the gradient.

>>> engine.maximum(engine.tensor([1.0, 5.0]), engine.tensor([3.0, 2.0]))
tensor([3., 5.]))")
    .elementwise(Promote::Common)
    .grad("self", "self other", [](const Backward& b) { return maximum_grad(b.g, lt(b["self"], b["other"]), b); })
    .grad("other", "self other", [](const Backward& b) { return maximum_grad(b.g, gt(b["self"], b["other"]), b); });

OP("minimum(Tensor self, Operand other) -> Tensor")
    .doc(R"(The minimum of two elements; nan if either is. Equal elements share the gradient.

>>> engine.minimum(engine.tensor([1.0, 5.0]), engine.tensor([3.0, 2.0]))
tensor([1., 2.]))")
    .elementwise(Promote::Common)
    .grad("self", "self other", [](const Backward& b) { return maximum_grad(b.g, gt(b["self"], b["other"]), b); })
    .grad("other", "self other", [](const Backward& b) { return maximum_grad(b.g, lt(b["self"], b["other"]), b); });

// The mask of elements that fmax and fmin took from self; the rest are from other.
Tensor fmax_mask(const Backward& b, const Tensor& in_order) {
    return Call<"logical_or">()(in_order, Call<"isnan">()(b["other"]));
}

OP("fmax(Tensor self, Tensor other) -> Tensor")
    .doc(R"(The maximum of two elements; nan only if both are.

>>> engine.fmax(engine.tensor([1.0, float('nan')]), engine.tensor([3.0, 2.0]))
tensor([3., 2.]))")
    .elementwise(Promote::Common)
    .grad("self", "self other",
          [](const Backward& b) { return where(fmax_mask(b, ge(b["self"], b["other"])), b.g, 0.0); })
    .grad("other", "self other",
          [](const Backward& b) { return where(fmax_mask(b, ge(b["self"], b["other"])), 0.0, b.g); });

OP("fmin(Tensor self, Tensor other) -> Tensor")
    .doc(R"(The minimum of two elements; nan only if both are.

>>> engine.fmin(engine.tensor([1.0, float('nan')]), engine.tensor([3.0, 2.0]))
tensor([1., 2.]))")
    .elementwise(Promote::Common)
    .grad("self", "self other",
          [](const Backward& b) { return where(fmax_mask(b, le(b["self"], b["other"])), b.g, 0.0); })
    .grad("other", "self other",
          [](const Backward& b) { return where(fmax_mask(b, le(b["self"], b["other"])), 0.0, b.g); });

OP("clamp(Tensor self, Operand? min=None, Operand? max=None) -> Tensor")
    .doc(R"(Clamps each element to [``min``, ``max``]; where they cross, to ``max``.

>>> engine.clamp(engine.tensor([-2.0, 0.5, 3.0]), min=0, max=1)
tensor([0.0000, 0.5000, 1.0000]))")
    .compose([](const Tensor& self, const Value& min, const Value& max) {
        check(!min.none() || !max.none(), "min, max: at least one of them must be given");
        if (min.none()) return Call<"clamp_max">()(self, max);
        if (max.none()) return Call<"clamp_min">()(self, min);
        return Call<"_clamp">()(self, min, max);
    })
    .in_place_too();

OP("clamp_min(Tensor self, Operand min) -> Tensor")
    .doc(R"(The maximum of each element and ``min``.

>>> engine.clamp_min(engine.tensor([-2.0, 0.5]), 0)
tensor([0.0000, 0.5000]))")
    .elementwise(Promote::Common)
    .grad("self", "self min", [](const Backward& b) { return where(ge(b["self"], b["min"]), b.g, 0.0); })
    .grad("min", "self min", [](const Backward& b) { return where(lt(b["self"], b["min"]), b.g, 0.0); });

OP("clamp_max(Tensor self, Operand max) -> Tensor")
    .doc(R"(The minimum of each element and ``max``.

>>> engine.clamp_max(engine.tensor([-2.0, 0.5]), 0)
tensor([-2.,  0.]))")
    .elementwise(Promote::Common)
    .grad("self", "self max", [](const Backward& b) { return where(le(b["self"], b["max"]), b.g, 0.0); })
    .grad("max", "self max", [](const Backward& b) { return where(gt(b["self"], b["max"]), b.g, 0.0); });

OP("_clamp(Tensor self, Operand min, Operand max) -> Tensor")
    .doc("clamp with both bounds.")
    .elementwise(Promote::Common)
    .grad("self", "self min max",
          [](const Backward& b) {
              const Tensor inside = Call<"logical_and">()(ge(b["self"], b["min"]), le(b["self"], b["max"]));
              return where(inside, b.g, 0.0);
          })
    .grad("min", "self min max",
          [](const Backward& b) {
              const Tensor raised = Call<"logical_and">()(lt(b["min"], b["max"]), lt(b["self"], b["min"]));
              return where(raised, b.g, 0.0);
          })
    .grad("max", "self min max", [](const Backward& b) {
        const Tensor lowered = Call<"logical_or">()(gt(b["self"], b["max"]), lt(b["max"], b["min"]));
        return where(lowered, b.g, 0.0);
    });

}  // namespace
}  // namespace bestiary::ops
