// Mathematical functions, by one name for float and double and for every device, and constants.
//
// Loops over v_exp and its kin are vectorised: on processors of the x86 family by the C library's vector versions
// (libmvec, glibc 2.35), which the compiler calls once they are declared. The other functions are instructions, or are
// called element by element.
#pragma once

#include "core/host_device.h"

#ifndef __CUDACC__
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
#endif

namespace bestiary::functors {

#define BESTIARY_BOTH_1(name, function)                                  \
    BESTIARY_HD inline float name(float x) { return ::function##f(x); } \
    BESTIARY_HD inline double name(double x) { return ::function(x); }
#define BESTIARY_BOTH_2(name, function)                                              \
    BESTIARY_HD inline float name(float x, float y) { return ::function##f(x, y); } \
    BESTIARY_HD inline double name(double x, double y) { return ::function(x, y); }

BESTIARY_BOTH_1(v_exp, exp) BESTIARY_BOTH_1(v_exp2, exp2) BESTIARY_BOTH_1(v_expm1, expm1)
BESTIARY_BOTH_1(v_log, log) BESTIARY_BOTH_1(v_log2, log2) BESTIARY_BOTH_1(v_log10, log10)
BESTIARY_BOTH_1(v_log1p, log1p)
BESTIARY_BOTH_1(v_sin, sin) BESTIARY_BOTH_1(v_cos, cos) BESTIARY_BOTH_1(v_tan, tan)
BESTIARY_BOTH_1(v_asin, asin) BESTIARY_BOTH_1(v_acos, acos) BESTIARY_BOTH_1(v_atan, atan)
BESTIARY_BOTH_1(v_sinh, sinh) BESTIARY_BOTH_1(v_cosh, cosh) BESTIARY_BOTH_1(v_tanh, tanh)
BESTIARY_BOTH_1(v_asinh, asinh) BESTIARY_BOTH_1(v_acosh, acosh) BESTIARY_BOTH_1(v_atanh, atanh)
BESTIARY_BOTH_1(v_erf, erf) BESTIARY_BOTH_1(v_erfc, erfc) BESTIARY_BOTH_1(v_cbrt, cbrt)
BESTIARY_BOTH_2(v_pow, pow) BESTIARY_BOTH_2(v_atan2, atan2)

BESTIARY_BOTH_1(fabs, fabs) BESTIARY_BOTH_1(sqrt, sqrt)
BESTIARY_BOTH_1(floor, floor) BESTIARY_BOTH_1(ceil, ceil) BESTIARY_BOTH_1(trunc, trunc)
BESTIARY_BOTH_1(nearbyint, nearbyint)
BESTIARY_BOTH_2(copysign, copysign) BESTIARY_BOTH_2(fmod, fmod) BESTIARY_BOTH_2(hypot, hypot)
BESTIARY_BOTH_2(nextafter, nextafter)

#undef BESTIARY_BOTH_1
#undef BESTIARY_BOTH_2

constexpr double kInfinity = bit_cast<double>(0x7ff0000000000000), kNan = bit_cast<double>(0x7ff8000000000000);
constexpr double kEpsilon = 0x1p-52, kSmallestNormal = 0x1p-1022;
constexpr double kPi = 3.14159265358979323846;
constexpr double kEulerGamma = 0.57721566490153286;
constexpr double kLog2E = 1.4426950408889634074;
constexpr double kTwoOverSqrtPi = 1.12837916709551257390;
constexpr double kSqrtHalf = 0.70710678118654752440;

template <class T>
BESTIARY_HD inline bool is_nan(T x) {
    return x != x;
}
template <class T>
BESTIARY_HD inline bool is_infinite(T x) {
    return fabs(x) == T(kInfinity);
}

// The logarithm of the absolute value of the gamma function. The C library has one that also writes a global variable.
BESTIARY_HD inline float log_gamma(float x) {
#ifdef __CUDA_ARCH__
    return ::lgammaf(x);
#else
    int sign;
    return ::lgammaf_r(x, &sign);
#endif
}
BESTIARY_HD inline double log_gamma(double x) {
#ifdef __CUDA_ARCH__
    return ::lgamma(x);
#else
    int sign;
    return ::lgamma_r(x, &sign);
#endif
}

// Of a number that is not 0.
BESTIARY_HD inline int trailing_zeros(uint64_t x) {
#ifdef __CUDA_ARCH__
    return __ffsll(static_cast<long long>(x)) - 1;
#else
    return __builtin_ctzll(x);
#endif
}

}  // namespace bestiary::functors
