// Bits of integers and bools.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("bitwise_and(Operand self, Operand other) -> Tensor")
    .doc(R"(The bits set in both; for bools, logical and.

>>> engine.tensor([6, 3]) & 5
tensor([4, 1]))")
    .elementwise(Promote::Common);

OP("bitwise_or(Operand self, Operand other) -> Tensor")
    .doc(R"(The bits set in either; for bools, logical or.

>>> engine.tensor([6, 3]) | 8
tensor([14, 11]))")
    .elementwise(Promote::Common);

OP("bitwise_xor(Operand self, Operand other) -> Tensor")
    .doc(R"(The bits set in exactly one; for bools, logical xor.

>>> engine.tensor([6, 3]) ^ 5
tensor([3, 6]))")
    .elementwise(Promote::Common);

OP("bitwise_left_shift(Operand self, Operand other) -> Tensor")
    .doc(R"(Bits shifted left by ``other``.

>>> engine.tensor([1, 3]) << 2
tensor([ 4, 12]))")
    .elementwise(Promote::Common);

OP("bitwise_right_shift(Operand self, Operand other) -> Tensor")
    .doc(R"(Bits shifted right by ``other``, with the sign preserved.

>>> engine.tensor([8, -8]) >> 2
tensor([ 2, -2]))")
    .elementwise(Promote::Common);

OP("bitwise_not(Tensor self) -> Tensor")
    .doc(R"(Every bit inverted; for bools, logical not.

>>> ~engine.tensor([True, False])
tensor([False,  True]))")
    .elementwise(Promote::Common);

}  // namespace
}  // namespace bestiary::ops
