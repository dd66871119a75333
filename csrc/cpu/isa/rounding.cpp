#include "functors/rounding.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::rounding_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
