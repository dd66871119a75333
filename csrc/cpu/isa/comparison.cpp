#include "functors/comparison.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::comparison_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
