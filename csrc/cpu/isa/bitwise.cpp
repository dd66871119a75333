#include "functors/bitwise.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::bitwise_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
