// Bessel functions of orders 0 and 1.
#pragma once

#include "functors/functor.h"
#include "functors/math.h"

namespace bestiary::functors {

// The least argument of the asymptotic series.
constexpr double kBesselAsymptotic = 20;

// exp(-|x|) I(x): the power series, then Hankel's expansion (Abramowitz and Stegun 9.6.10 and 9.7.1).
template <int Order>
BESTIARY_HD inline double scaled_i(double x) {
    const double size = ::fabs(x);
    double sum = 1, term = 1;
    if (size < kBesselAsymptotic) {
        for (int k = 1; term > 1e-17 * sum; ++k) {
            term *= x / 2 / k * (x / 2 / (k + Order));
            sum += term;
        }
        return sum * ::exp(-size) * (Order ? x / 2 : 1);
    }
    if (size == kInfinity) return 0;
    for (int k = 1; k < 40; ++k) {
        term *= ((2 * k - 1.0) * (2 * k - 1) - 4 * Order) / (8 * k * size);
        sum += term;
    }
    sum /= ::sqrt(2 * kPi * size);
    return Order && x < 0 ? -sum : sum;
}

// K(x) of x < 1: the power series (9.6.11), whose terms have harmonic numbers.
template <int Order>
BESTIARY_HD inline double small_k(double x) {
    const double log_half = ::log(x / 2) + kEulerGamma;
    double sum = 0, term = Order ? x / 2 : 1, harmonic = Order ? 0.5 : 0;
    for (int k = 1; k < 12; ++k) {
        sum += term * (harmonic - log_half);
        term *= x * x / 4 / (k * (k + Order));
        harmonic += Order ? 0.5 / k + 0.5 / (k + 1) : 1.0 / k;
    }
    return Order ? 1 / x - sum : sum;
}

// exp(x) K(x): the integral of exp(x - x cosh t) cosh(Order t) by the trapezoidal rule (9.6.24), which is exact to the
// last digits with steps of 1/6, then Hankel's expansion (9.7.2).
template <int Order>
BESTIARY_HD inline double scaled_k(double x) {
    if (is_nan(x) || x < 0) return kNan;
    if (x == 0) return kInfinity;
    if (x < 1) return ::exp(x) * small_k<Order>(x);
    double term = 1;
    if (x < kBesselAsymptotic) {
        double sum = 0.5;
        for (int k = 1; term > 1e-17 * sum; ++k) {
            const double half = ::sinh(k / 12.0), rise = 2 * half * half;  // cosh(t) - 1
            term = ::exp(-x * rise) * (Order ? 1 + rise : 1);
            sum += term;
        }
        return sum / 6;
    }
    if (x == kInfinity) return 0;
    double sum = 1;
    for (int k = 1; k < 40; ++k) {
        term *= (4 * Order - (2 * k - 1.0) * (2 * k - 1)) / (8 * k * x);
        sum += term;
    }
    return sum * ::sqrt(kPi / 2 / x);
}

// Beyond the largest exponent, the factor exp(x) in two halves.
BESTIARY_HD inline double unscaled(double scaled, double x) {
    const double half = ::exp(x / 2);
    return scaled * half * half;
}

#define BESTIARY_BESSEL(Name, value)                                             \
    template <class T>                                                           \
    struct Name {                                                                \
        BESTIARY_HD T operator()(T given) const {                                \
            const double x = given;                                              \
            return static_cast<T>(value);                                        \
        }                                                                        \
    }

BESTIARY_BESSEL(J0, ::j0(x));
BESTIARY_BESSEL(J1, ::j1(x));
BESTIARY_BESSEL(Y0, x < 0 ? kNan : ::y0(x));
BESTIARY_BESSEL(Y1, x < 0 ? kNan : ::y1(x));
BESTIARY_BESSEL(I0, unscaled(scaled_i<0>(x), ::fabs(x)));
BESTIARY_BESSEL(I1, unscaled(scaled_i<1>(x), ::fabs(x)));
BESTIARY_BESSEL(I0e, scaled_i<0>(x));
BESTIARY_BESSEL(I1e, scaled_i<1>(x));
BESTIARY_BESSEL(K0, unscaled(scaled_k<0>(x), -x));
BESTIARY_BESSEL(K1, unscaled(scaled_k<1>(x), -x));
BESTIARY_BESSEL(K0e, scaled_k<0>(x));
BESTIARY_BESSEL(K1e, scaled_k<1>(x));
#undef BESTIARY_BESSEL

template <class Visit>
BESTIARY_HOST void bessel_ops(Visit visit) {
    visit("_bessel_j0", Unary<J0, Floats>());
    visit("_bessel_j1", Unary<J1, Floats>());
    visit("_bessel_y0", Unary<Y0, Floats>());
    visit("_bessel_y1", Unary<Y1, Floats>());
    visit("i0", Unary<I0, Floats>());
    visit("_i1", Unary<I1, Floats>());
    visit("_i0e", Unary<I0e, Floats>());
    visit("_i1e", Unary<I1e, Floats>());
    visit("_modified_bessel_k0", Unary<K0, Floats>());
    visit("_modified_bessel_k1", Unary<K1, Floats>());
    visit("_scaled_modified_bessel_k0", Unary<K0e, Floats>());
    visit("_scaled_modified_bessel_k1", Unary<K1e, Floats>());
}

}  // namespace bestiary::functors
