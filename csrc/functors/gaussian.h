// The inverse and the logarithm of the normal distribution function, exact in the tails too.
#pragma once

#include "functors/functor.h"
#include "functors/math.h"

namespace bestiary::functors {

// exp(x^2) erfc(x): the continued fraction (Abramowitz and Stegun 7.1.14) where the product would lose digits.
BESTIARY_HD inline double scaled_erfc(double x) {
    if (x < 2) return ::exp(x * x) * ::erfc(x);
    if (x > 1e8) return kTwoOverSqrtPi / 2 / x;
    double fraction = x;
    for (int k = 120; k > 0; --k) fraction = x + k / 2.0 / fraction;
    return kTwoOverSqrtPi / 2 / fraction;
}

BESTIARY_HD inline double log_distribution(double x) {
    if (x > -1) return ::log1p(-::erfc(x * kSqrtHalf) / 2);
    return ::log(scaled_erfc(-x * kSqrtHalf) / 2) - x * x / 2;
}

// Newton's steps on the logarithm of the distribution function, from its leading term in the tail or its slope at 0.
BESTIARY_HD inline double lower_quantile(double p) {
    const double wanted = ::log(p);
    double x = p < 0.05 ? -::sqrt(-2 * (wanted + ::log(::sqrt(-4 * kPi * wanted)))) : (p - 0.5) * 2.5;
    for (int step = 0; step < 20; ++step) {
        const double now = log_distribution(x);
        const double density = ::exp(-x * x / 2 - now) / ::sqrt(2 * kPi);
        const double change = (now - wanted) / density;
        x -= change;
        if (!(::fabs(change) > 1e-15 * ::fabs(x))) break;
    }
    return x;
}
BESTIARY_HD inline double quantile(double p) {
    if (!(p >= 0 && p <= 1)) return kNan;
    if (p == 0 || p == 1) return p == 0 ? -kInfinity : kInfinity;
    if (p == 0.5) return 0;
    return p < 0.5 ? lower_quantile(p) : -lower_quantile(1 - p);
}

template <class T>
struct Erfcx {
    BESTIARY_HD T operator()(T x) const { return static_cast<T>(scaled_erfc(x)); }
};
template <class T>
struct LogNdtr {
    BESTIARY_HD T operator()(T x) const { return static_cast<T>(log_distribution(x)); }
};
template <class T>
struct Ndtri {
    BESTIARY_HD T operator()(T p) const { return static_cast<T>(quantile(p)); }
};

template <class Visit>
BESTIARY_HOST void gaussian_ops(Visit visit) {
    visit("_erfcx", Unary<Erfcx, Floats>());
    visit("_log_ndtr", Unary<LogNdtr, Floats>());
    visit("_ndtri", Unary<Ndtri, Floats>());
}

}  // namespace bestiary::functors
