#include "functors/exponential.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::exponential_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
