#include "functors/bessel.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::bessel_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
