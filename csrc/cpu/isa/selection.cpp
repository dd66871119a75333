#include "functors/selection.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::selection_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
