// Conversions between element types.
#include "functors/cast.h"

#include "cpu/isa/elementwise.h"

namespace bestiary::cpu::ISA {
namespace {

template <class From>
void casts_from() {
#define BESTIARY_ROW(enumerator, name, To, ...) \
    register_cast(dtype_of<From>(), DType::enumerator, IsaLevel::ISA, unary_loop<functors::Cast<From, To>, To, From>);
    BESTIARY_DTYPES(BESTIARY_ROW)
#undef BESTIARY_ROW
}

LOOPS {
#define BESTIARY_ROW(enumerator, name, From, ...) casts_from<From>();
    BESTIARY_DTYPES(BESTIARY_ROW)
#undef BESTIARY_ROW
}

}  // namespace
}  // namespace bestiary::cpu::ISA
