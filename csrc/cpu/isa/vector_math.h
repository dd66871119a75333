// Vector versions of the C library's functions (libmvec, glibc 2.35): declared so, the compiler calls them in loops.
#pragma once

#include <cmath>

#define BESTIARY_SIMD_1(name)                                        \
    _Pragma("omp declare simd notinbranch") double name(double) noexcept; \
    _Pragma("omp declare simd notinbranch") float name##f(float) noexcept;
#define BESTIARY_SIMD_2(name)                                                \
    _Pragma("omp declare simd notinbranch") double name(double, double) noexcept; \
    _Pragma("omp declare simd notinbranch") float name##f(float, float) noexcept;

extern "C" {
BESTIARY_SIMD_1(exp) BESTIARY_SIMD_1(exp2) BESTIARY_SIMD_1(expm1)
BESTIARY_SIMD_1(log) BESTIARY_SIMD_1(log2) BESTIARY_SIMD_1(log10) BESTIARY_SIMD_1(log1p)
BESTIARY_SIMD_1(sin) BESTIARY_SIMD_1(cos) BESTIARY_SIMD_1(tan)
BESTIARY_SIMD_1(asin) BESTIARY_SIMD_1(acos) BESTIARY_SIMD_1(atan)
BESTIARY_SIMD_1(sinh) BESTIARY_SIMD_1(cosh) BESTIARY_SIMD_1(tanh)
BESTIARY_SIMD_1(asinh) BESTIARY_SIMD_1(acosh) BESTIARY_SIMD_1(atanh)
BESTIARY_SIMD_1(erf) BESTIARY_SIMD_1(erfc) BESTIARY_SIMD_1(cbrt)
BESTIARY_SIMD_2(pow) BESTIARY_SIMD_2(atan2)
}

#undef BESTIARY_SIMD_1
#undef BESTIARY_SIMD_2

namespace bestiary::cpu::ISA {

// One name for both precisions.
#define BESTIARY_BOTH_1(name)                              \
    inline float v_##name(float x) { return ::name##f(x); } \
    inline double v_##name(double x) { return ::name(x); }
#define BESTIARY_BOTH_2(name)                                            \
    inline float v_##name(float x, float y) { return ::name##f(x, y); } \
    inline double v_##name(double x, double y) { return ::name(x, y); }

BESTIARY_BOTH_1(exp) BESTIARY_BOTH_1(exp2) BESTIARY_BOTH_1(expm1)
BESTIARY_BOTH_1(log) BESTIARY_BOTH_1(log2) BESTIARY_BOTH_1(log10) BESTIARY_BOTH_1(log1p)
BESTIARY_BOTH_1(sin) BESTIARY_BOTH_1(cos) BESTIARY_BOTH_1(tan)
BESTIARY_BOTH_1(asin) BESTIARY_BOTH_1(acos) BESTIARY_BOTH_1(atan)
BESTIARY_BOTH_1(sinh) BESTIARY_BOTH_1(cosh) BESTIARY_BOTH_1(tanh)
BESTIARY_BOTH_1(asinh) BESTIARY_BOTH_1(acosh) BESTIARY_BOTH_1(atanh)
BESTIARY_BOTH_1(erf) BESTIARY_BOTH_1(erfc) BESTIARY_BOTH_1(cbrt)
BESTIARY_BOTH_2(pow) BESTIARY_BOTH_2(atan2)

#undef BESTIARY_BOTH_1
#undef BESTIARY_BOTH_2

}  // namespace bestiary::cpu::ISA
