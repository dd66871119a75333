// Divisors and multiples of integers.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("gcd(Tensor self, Tensor other) -> Tensor")
    .doc(R"(The greatest common divisor of integers, not negative.

>>> engine.gcd(engine.tensor([12]), engine.tensor([-18]))
tensor([6]))")
    .elementwise(Promote::Common);

OP("lcm(Tensor self, Tensor other) -> Tensor")
    .doc(R"(The least common multiple of integers, not negative.

>>> engine.lcm(engine.tensor([4]), engine.tensor([6]))
tensor([12]))")
    .elementwise(Promote::Common);

}  // namespace
}  // namespace bestiary::ops
