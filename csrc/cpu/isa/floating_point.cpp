#include "functors/floating_point.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::floating_point_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
