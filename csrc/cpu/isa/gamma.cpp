#include "functors/gamma.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::gamma_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
