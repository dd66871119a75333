// The gamma function's logarithmic derivatives, in double.
#pragma once

#include <cmath>

namespace bestiary::cpu::ISA {

// Reflection for negative arguments, recurrence up to 10, then the asymptotic series (Abramowitz and Stegun 6.3.18).
inline double digamma(double x) {
    if (x == 0) return std::copysign(HUGE_VAL, -x);
    if (x < 0) {
        if (x == std::trunc(x)) return NAN;
        const double turn = x - std::trunc(x);
        return digamma(1 - x) - M_PI / std::tan(M_PI * turn);
    }
    double shifted = 0;
    for (; x < 10; ++x) shifted -= 1 / x;
    const double z = 1 / (x * x);
    const double tail =
        z * (1.0 / 12 -
             z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z / 12))))));
    return shifted + std::log(x) - 0.5 / x - (x < 1e17 ? tail : 0);
}

// Likewise (6.4.12).
inline double trigamma(double x) {
    if (x <= 0) {
        if (x == std::trunc(x)) return HUGE_VAL;
        const double s = std::sin(M_PI * (x - std::trunc(x)));
        return M_PI * M_PI / (s * s) - trigamma(1 - x);
    }
    double shifted = 0;
    for (; x < 10; ++x) shifted += 1 / (x * x);
    const double z = 1 / (x * x);
    const double tail =
        z / x *
        (1.0 / 6 - z * (1.0 / 30 - z * (1.0 / 42 - z * (1.0 / 30 - z * (5.0 / 66 - z * (691.0 / 2730 - z * 7 / 6))))));
    return shifted + 1 / x + z / 2 + tail;
}

}  // namespace bestiary::cpu::ISA
