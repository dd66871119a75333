#include "functors/integer.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

LOOPS { functors::integer_ops(RegisterOp()); }

}  // namespace
}  // namespace bestiary::cpu::ISA
