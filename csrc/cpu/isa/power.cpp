#include "functors/power.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::power_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
