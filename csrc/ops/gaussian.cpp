// The normal distribution function's inverse and logarithm; engine.special gives them their public names.
#include <cmath>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

constexpr double kSqrtTwoPi = M_SQRT2 * 2 / M_2_SQRTPI;

const Call<"square"> square;

OP("_erfcx(Tensor self) -> Tensor")
    .doc("``exp(x ** 2) * erfc(x)``, finite where the factors are not.")
    .elementwise(Promote::Float)
    .grad("self", "self result",
          [](const Backward& b) { return b.g * (b["self"] * b["result"] * 2.0 - M_2_SQRTPI); });

OP("_log_ndtr(Tensor self) -> Tensor")
    .doc("The logarithm of the standard normal distribution function.")
    .elementwise(Promote::Float)
    .grad("self", "self result", [](const Backward& b) {
        return b.g * (exp(square(b["self"]) * -0.5 - b["result"]) * (1 / kSqrtTwoPi));
    });

OP("_ndtri(Tensor self) -> Tensor")
    .doc("The standard normal distribution's quantile: infinite at 0 and 1, nan outside.")
    .elementwise(Promote::Float)
    .grad("self", "result", [](const Backward& b) { return b.g * (exp(square(b["result"]) * 0.5) * kSqrtTwoPi); });

}  // namespace
}  // namespace bestiary::ops
