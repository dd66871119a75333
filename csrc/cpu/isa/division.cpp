#include "functors/division.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::division_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
