#include "functors/loss.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::loss_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
