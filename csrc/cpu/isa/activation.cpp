#include "functors/activation.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::activation_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
