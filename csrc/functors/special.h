// Error functions, logit and sinc.
#pragma once

#include "functors/functor.h"
#include "functors/math.h"

namespace bestiary::functors {

template <class T>
struct Erf {
    BESTIARY_HD T operator()(T x) const { return v_erf(x); }
};
template <class T>
struct Erfc {
    BESTIARY_HD T operator()(T x) const { return v_erfc(x); }
};

// Giles' polynomials (2010): a start with seven right digits, given w = -log(1 - y^2).
BESTIARY_HD inline double erfinv_start(double y, double w) {
    const double centre = w - 2.5, tail = ::sqrt(w) - 3;
    double p = 2.81022636e-08, q = -0.000200214257;
    p = 3.43273939e-07 + p * centre;
    p = -3.5233877e-06 + p * centre;
    p = -4.39150654e-06 + p * centre;
    p = 0.00021858087 + p * centre;
    p = -0.00125372503 + p * centre;
    p = -0.00417768164 + p * centre;
    p = 0.246640727 + p * centre;
    p = 1.50140941 + p * centre;
    q = 0.000100950558 + q * tail;
    q = 0.00134934322 + q * tail;
    q = -0.00367342844 + q * tail;
    q = 0.00573950773 + q * tail;
    q = -0.0076224613 + q * tail;
    q = 0.00943887047 + q * tail;
    q = 1.00167406 + q * tail;
    q = 2.83297682 + q * tail;
    return y * (w < 5 ? p : q);
}

// One of Newton's steps in double is all that float needs. Inside (-1, 1), w stays below 17; at the edges it is
// infinite and outside nan, and so is the result then.
BESTIARY_HD inline float inverse_erf(float given) {
    const double y = static_cast<double>(given);
    const double w = -v_log((1 - y) * (1 + y)), finite = w < 40 ? w : 40;
    const double start = erfinv_start(y, finite);
    const double x = start - (v_erf(start) - y) / (kTwoOverSqrtPi * v_exp(-start * start));
    return static_cast<float>(x + y * (w - finite));
}

// Near 1, Newton's steps work on the complement, which keeps its digits.
BESTIARY_HD inline double inverse_erf(double y) {
    const double size = fabs(y);
    if (!(size < 1)) return size == 1 ? ::copysign(kInfinity, y) : kNan;
    double x = erfinv_start(size, -::log1p(-size * size));
    for (int step = 0; step < 2; ++step) {
        const double error = size < 0.5 ? ::erf(x) - size : 1 - size - ::erfc(x);
        x -= error / (kTwoOverSqrtPi * ::exp(-x * x));
    }
    return ::copysign(x, y);
}
template <class T>
struct Erfinv {
    BESTIARY_HD T operator()(T y) const { return inverse_erf(y); }
};

template <class T>
struct Logit {
    BESTIARY_HD T operator()(T x) const { return v_log(x / (T(1) - x)); }
};

// At 0 the quotients of a tiny angle round to the limits.
template <class T>
BESTIARY_HD inline T sinc_angle(T x) {
    return T(kPi) * (x == T(0) ? T(1e-30) : x);
}
template <class T>
struct Sinc {
    BESTIARY_HD T operator()(T x) const {
        const T angle = sinc_angle(x);
        return v_sin(angle) / angle;
    }
};
template <class T>
struct SincBackward {
    BESTIARY_HD T operator()(T g, T x) const {
        // The first terms of the power series near 0, where cosine and quotient would cancel.
        constexpr double terms[] = {-14.0 / 1307674368000, 12.0 / 6227020800, -10.0 / 39916800, 8.0 / 362880,
                                    -6.0 / 5040,           4.0 / 120,         -2.0 / 6};
        const T angle = sinc_angle(x), square = angle * angle;
        T sum = T(0);
        for (double term : terms) sum = sum * square + T(term);
        const T slope = square < T(0.5) ? sum * angle : (v_cos(angle) - v_sin(angle) / angle) / angle;
        return g * T(kPi) * slope;
    }
};

template <class Visit>
BESTIARY_HOST void special_ops(Visit visit) {
    visit("erf", Unary<Erf, Floats>());
    visit("erfc", Unary<Erfc, Floats>());
    visit("erfinv", Unary<Erfinv, Floats>());
    visit("_logit", Unary<Logit, Floats>());
    visit("sinc", Unary<Sinc, Floats>());
    visit("_sinc_backward", Binary<SincBackward, Floats>());
}

}  // namespace bestiary::functors
