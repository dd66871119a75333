#include "functors/trigonometric.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::trigonometric_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
