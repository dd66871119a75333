// Rounding, and replacing what is not finite.
#include <cmath>
#include <limits>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

Tensor flat(const Backward& b) { return Call<"zeros_like">()(b.g); }

double largest_finite(DType t) {
    switch (t) {
        case DType::Float16:
            return 65504;
        case DType::BFloat16:
            return 0x1.FEp127;
        case DType::Float32:
            return std::numeric_limits<float>::max();
        default:
            return std::numeric_limits<double>::max();
    }
}

OP("floor(Tensor self) -> Tensor")
    .doc(R"(Rounds down to an integer.

>>> engine.floor(engine.tensor([-0.5, 1.5]))
tensor([-1.,  1.]))")
    .elementwise(Promote::Common)
    .grad("self", "", flat);

OP("ceil(Tensor self) -> Tensor")
    .doc(R"(Rounds up to an integer.

>>> engine.ceil(engine.tensor([-1.5, 1.5]))
tensor([-1.,  2.]))")
    .elementwise(Promote::Common)
    .grad("self", "", flat);

OP("trunc(Tensor self) -> Tensor")
    .doc(R"(Rounds towards zero to an integer.

>>> engine.trunc(engine.tensor([-1.5, 1.5]))
tensor([-1.,  1.]))")
    .elementwise(Promote::Common)
    .grad("self", "", flat);

OP("frac(Tensor self) -> Tensor")
    .doc(R"(The fractional part, with the sign of the element.

>>> engine.frac(engine.tensor([-1.5, 1.25]))
tensor([-0.5000,  0.2500]))")
    .elementwise(Promote::Common)
    .grad("self", "", [](const Backward& b) { return b.g; });

OP("round(Tensor self, *, int decimals=0) -> Tensor")
    .doc(R"(Rounds to the nearest number with ``decimals`` decimals; half to even.

>>> engine.round(engine.tensor([0.5, 1.5, 2.6]))
tensor([0., 2., 3.]))")
    .elementwise(Promote::Common)
    .shape([](const Op& op, Args a, Meta& m) {
        check_as(ErrorKind::Type, is_floating(a.tensor(0).dtype()) || a.integer(1) == 0,
                 "decimals: expected 0 for tensors of integers, got ", a.integer(1));
        elementwise_meta(op, a, m);
    })
    .grad("self", "", flat);

OP("nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor")
    .doc(R"(Replaces nan by 0 and infinities by the largest finite numbers, or by the given numbers.

>>> engine.nan_to_num(engine.tensor([float('nan'), 1.0]), nan=2.0)
tensor([2., 1.]))")
    .compose([](const Tensor& self, std::optional<double> nan, std::optional<double> posinf,
                std::optional<double> neginf) {
        if (!is_floating(self.dtype())) return Call<"clone">()(self);
        const double largest = largest_finite(self.dtype());
        const Tensor no_nan = where(Call<"isnan">()(self), nan.value_or(0.0), self);
        const Tensor no_inf = where(eq(self, HUGE_VAL), posinf.value_or(largest), no_nan);
        return where(eq(self, -HUGE_VAL), neginf.value_or(-largest), no_inf);
    })
    .in_place_too();

}  // namespace
}  // namespace bestiary::ops
