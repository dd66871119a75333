#include "functors/gaussian.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::gaussian_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
