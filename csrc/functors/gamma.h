// The gamma function and its kin.
#pragma once

#include "functors/functor.h"
#include "functors/math.h"

namespace bestiary::functors {

// Recurrence up to 10, then the asymptotic series (Abramowitz and Stegun 6.3.18).
BESTIARY_HD inline double positive_digamma(double x) {
    double shifted = 0;
    for (; x < 10; ++x) shifted -= 1 / x;
    const double z = 1 / (x * x);
    const double tail =
        z * (1.0 / 12 -
             z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z / 12))))));
    return shifted + ::log(x) - 0.5 / x - (x < 1e17 ? tail : 0);
}
// Negative arguments by reflection.
BESTIARY_HD inline double digamma(double x) {
    if (x == 0) return ::copysign(kInfinity, -x);
    if (!(x < 0)) return positive_digamma(x);
    if (x == ::trunc(x)) return kNan;
    return positive_digamma(1 - x) - kPi / ::tan(kPi * (x - ::trunc(x)));
}

// Likewise (6.4.12).
BESTIARY_HD inline double positive_trigamma(double x) {
    double shifted = 0;
    for (; x < 10; ++x) shifted += 1 / (x * x);
    const double z = 1 / (x * x);
    const double tail =
        z / x *
        (1.0 / 6 - z * (1.0 / 30 - z * (1.0 / 42 - z * (1.0 / 30 - z * (5.0 / 66 - z * (691.0 / 2730 - z * 7 / 6))))));
    return shifted + 1 / x + z / 2 + tail;
}
BESTIARY_HD inline double trigamma(double x) {
    if (!(x <= 0)) return positive_trigamma(x);
    if (x == ::trunc(x)) return kInfinity;
    const double s = ::sin(kPi * (x - ::trunc(x)));
    return kPi * kPi / (s * s) - positive_trigamma(1 - x);
}

template <class T>
struct Lgamma {
    BESTIARY_HD T operator()(T x) const { return log_gamma(x); }
};

template <class T>
struct Digamma {
    BESTIARY_HD T operator()(T x) const { return static_cast<T>(digamma(static_cast<double>(x))); }
};
template <class T>
struct Trigamma {
    BESTIARY_HD T operator()(T x) const { return static_cast<T>(trigamma(static_cast<double>(x))); }
};

// Of q > 0: Euler's and Maclaurin's formula after enough terms of the sum (Johansson, 2013), if more are needed.
BESTIARY_HD inline double positive_zeta(double s, double q) {
    // B_2k / (2k)!
    constexpr double kBernoulli[] = {1.0 / 12,
                                     -1.0 / 720,
                                     1.0 / 30240,
                                     -1.0 / 1209600,
                                     1.0 / 47900160,
                                     -5.28419013868749e-10,
                                     1.33825365306847e-11,
                                     -3.38968029632259e-13,
                                     8.58606205627784e-15,
                                     -2.17486869855806e-16};
    double sum = 0;
    for (; q < (s > 12 ? s : 12); ++q) {
        const double term = ::pow(q, -s);
        sum += term;
        if (!(term > kEpsilon / 16 * sum)) return sum;
    }
    const double last = ::pow(q, -s);
    sum += last * (q / (s - 1) + 0.5);
    double factor = last * s / q;  // s (s + 1) ... (s + 2k - 2) q^(1 - s - 2k)
    for (int k = 0; k < 10; ++k) {
        sum += factor * kBernoulli[k];
        factor *= (s + 2 * k + 1) / q * (s + 2 * k + 2) / q;
    }
    return sum;
}

// For q < 0 and a whole s, the terms on both sides of 0 are sums of their own.
BESTIARY_HD inline double zeta(double s, double q) {
    if (s == 1 || (q <= 0 && q == ::floor(q) && s > 1)) return kInfinity;
    if (!(s > 1) || (q < 0 && s != ::floor(s))) return kNan;
    if (q > 0) return is_infinite(q) ? 0 : positive_zeta(s, q);
    const double below = ::ceil(-q), part = q + below;
    const double left = positive_zeta(s, 1 - part) - positive_zeta(s, 1 - part + below);
    return positive_zeta(s, part) + (::fmod(s, 2.0) == 0 ? left : -left);
}

// log(1 + x) - x, also where x is small.
BESTIARY_HD inline double log1p_minus(double x) {
    if (::fabs(x) > 0.1) return ::log1p(x) - x;
    double sum = 0, power = x;
    for (int n = 2; n < 20; ++n) {
        power *= -x;
        sum += power / n;
    }
    return sum;
}

// Temme's uniform expansion (1979) to its second term, for a > kUniform, where the others fall below the last digit.
constexpr double kUniform = 1e5;
BESTIARY_HD inline double uniform_upper(double a, double x) {
    const double mu = x / a - 1;
    const double eta = ::copysign(::sqrt(-2 * log1p_minus(mu)), mu);
    const double main = ::erfc(eta * ::sqrt(a / 2)) / 2;
    if (::fabs(eta) > 0.2) return main;
    const double first = -1.0 / 3 + eta * (1.0 / 12 + eta * (-2.0 / 135 + eta * (1.0 / 864 + eta / 2835)));
    const double second = -1.0 / 540 + eta * (-1.0 / 288 + eta / 378);
    return main + ::exp(-a * eta * eta / 2) / ::sqrt(2 * kPi * a) * (first + second / a);
}

// x^a exp(-x) / gamma(a), for large a by Stirling's series, where the logarithms would cancel.
BESTIARY_HD inline double gamma_factor(double a, double x) {
    if (a > 20) {
        const double z = 1 / (a * a), tail = (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z / 1680))) / a;
        return ::sqrt(a / (2 * kPi)) * ::exp(a * log1p_minus(x / a - 1) - tail);
    }
    return ::exp(a * ::log(x) - x - log_gamma(a));
}

BESTIARY_HD inline bool negligible(double part, double whole) { return !(::fabs(part) > kEpsilon * ::fabs(whole)); }

// The series of the lower function and the continued fraction of the upper one (Abramowitz and Stegun 6.5.29, 6.5.31),
// both divided by gamma_factor. T is double, or Dual for the derivative by a as well.
template <class T>
BESTIARY_HD inline T lower_series(T a, double x) {
    T term = 1.0 / a, sum = term, n = a;
    do {
        n = n + 1.0;
        term = term * (x / n);
        sum = sum + term;
    } while (!negligible(term, sum));
    return sum;
}
// By Lentz's method.
template <class T>
BESTIARY_HD inline T upper_fraction(T a, double x) {
    T b = (x + 1) - a, d = 1.0 / b, c = 1e300, h = d;
    for (int i = 1; i < 100000; ++i) {
        const T numerator = (a - double(i)) * double(i);
        b = b + 2.0;
        d = 1.0 / (numerator * d + b);
        c = b + numerator / c;
        const T factor = d * c;
        h = h * factor;
        if (negligible(factor - 1.0, factor)) break;
    }
    return h;
}
// P(a, x), or Q(a, x) = 1 - P where `upper`.
BESTIARY_HD inline double incomplete(double a, double x, bool upper) {
    if (is_nan(a) || is_nan(x) || a < 0 || x < 0 || (a == 0 && x == 0)) return kNan;
    const bool tiny = a < kSmallestNormal;  // the limit 0
    if (tiny || x == 0 || is_infinite(a) || is_infinite(x)) {
        if (is_infinite(a) && is_infinite(x)) return kNan;
        return (tiny || is_infinite(x)) != upper ? 1 : 0;
    }
    if (a > kUniform) {
        const double q = uniform_upper(a, x);
        if (upper) return q;
        return x < a ? (q < 1 ? 1 - q : 0) : 1 - q;
    }
    const bool series = x < a + 1;
    const double found = gamma_factor(a, x) * (series ? lower_series(a, x) : upper_fraction(a, x));
    return series == upper ? 1 - found : found;
}

template <class T>
struct Igamma {
    BESTIARY_HD T operator()(T a, T x) const { return static_cast<T>(incomplete(a, x, false)); }
};
template <class T>
struct Igammac {
    BESTIARY_HD T operator()(T a, T x) const { return static_cast<T>(incomplete(a, x, true)); }
};
template <class T>
struct Zeta {
    BESTIARY_HD T operator()(T s, T q) const { return static_cast<T>(zeta(s, q)); }
};

// A number and its derivative by a.
struct Dual {
    double value, slope;
    BESTIARY_HD Dual(double value, double slope = 0) : value(value), slope(slope) {}
};
BESTIARY_HD inline Dual operator+(Dual a, Dual b) { return {a.value + b.value, a.slope + b.slope}; }
BESTIARY_HD inline Dual operator-(Dual a, Dual b) { return {a.value - b.value, a.slope - b.slope}; }
BESTIARY_HD inline Dual operator*(Dual a, Dual b) { return {a.value * b.value, a.value * b.slope + a.slope * b.value}; }
BESTIARY_HD inline Dual operator/(Dual a, Dual b) {
    const double quotient = a.value / b.value;
    return {quotient, (a.slope - quotient * b.slope) / b.value};
}
BESTIARY_HD inline bool negligible(Dual part, Dual whole) {
    return negligible(part.value, whole.value) &&
           !(::fabs(part.slope) > kEpsilon * (::fabs(whole.value) + ::fabs(whole.slope)));
}

// dx/da of the variate x = a + sqrt(a) z + ... at a fixed normal quantile z: Cornish and Fisher's expansion (1937).
BESTIARY_HD inline double expanded_slope(double a, double x) {
    const double s = ::sqrt(a);
    double z = 3 * s * (::cbrt(x / a) - 1 + 1 / (9 * a));  // Wilson and Hilferty (1931)
    for (int step = 0; step < 2; ++step) {
        const double zz = z * z;
        const double at = a + s * z + (zz - 1) / 3 + (zz - 7) * z / (36 * s) - (zz * (3 * zz + 7) - 16) / (810 * a);
        const double slope = s + 2 * z / 3 + (3 * zz - 7) / (36 * s);
        z -= (at - x) / slope;
    }
    const double zz = z * z;
    return 1 + z / (2 * s) - (zz - 7) * z / (72 * a * s) + (zz * (3 * zz + 7) - 16) / (810 * a * a);
}

// d log(x) / da of a standard gamma variate x of shape a, by implicit reparametrisation (Figurnov, Mohamed and Mnih,
// 2018): -dP/da / (x dP/dx), whose factor gamma_factor cancels.
BESTIARY_HD inline double log_variate_slope(double a, double log_x) {
    const double x = ::exp(log_x);
    if (is_nan(x) || !(a > 0)) return kNan;
    if (a > 1e4) return expanded_slope(a, x) / x;
    const bool series = x < a + 1;
    const Dual f = series ? lower_series(Dual(a, 1), x) : upper_fraction(Dual(a, 1), x);
    const double slope = f.slope + f.value * (log_x - digamma(a));
    return series ? -slope : slope;
}

template <class T>
struct GammaSlope {
    BESTIARY_HD T operator()(T a, T x) const { return static_cast<T>(x * log_variate_slope(a, ::log(double(x)))); }
};
template <class T>
struct LogGammaSlope {
    BESTIARY_HD T operator()(T a, T log_x) const { return static_cast<T>(log_variate_slope(a, log_x)); }
};

template <class Visit>
BESTIARY_HOST void gamma_ops(Visit visit) {
    visit("lgamma", Unary<Lgamma, Floats>());
    visit("digamma", Unary<Digamma, Floats>());
    visit("trigamma", Unary<Trigamma, Floats>());
    visit("igamma", Binary<Igamma, Floats>());
    visit("igammac", Binary<Igammac, Floats>());
    visit("_zeta", Binary<Zeta, Floats>());
    visit("_standard_gamma_grad", Binary<GammaSlope, Floats>());
    visit("_log_standard_gamma_grad", Binary<LogGammaSlope, Floats>());
}

}  // namespace bestiary::functors
