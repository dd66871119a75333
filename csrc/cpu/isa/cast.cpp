// Conversions between element types.
#include "cpu/isa/loops.h"

namespace bestiary::cpu::ISA {
namespace {

template <class From, class To>
struct Cast {
    To operator()(From x) const { return convert<To>(x); }
};

template <class From, class... To>
void casts_from(Types<To...>) {
    (register_cast(dtype_of<From>(), dtype_of<To>(), IsaLevel::ISA, unary_loop<Cast<From, To>, To, From>), ...);
}

using Storable = Types<bool, uint8_t, int8_t, int16_t, int32_t, int64_t, Half, BFloat16, float, double>;

template <class... From>
void casts(Types<From...>) {
    (casts_from<From>(Storable{}), ...);
}

LOOPS { casts(Storable{}); }

}  // namespace
}  // namespace bestiary::cpu::ISA
