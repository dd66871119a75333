#include "functors/special.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::special_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
