#include "functors/arithmetic.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::arithmetic_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
