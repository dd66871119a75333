// Error functions and the gamma function.
#include "cpu/isa/gamma.h"
#include "cpu/isa/loops.h"
#include "cpu/isa/vector_math.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T>
struct Erf {
    T operator()(T x) const { return v_erf(x); }
};
template <class T>
struct Erfc {
    T operator()(T x) const { return v_erfc(x); }
};

// Giles' polynomials (2010): a start with seven right digits, given w = -log(1 - y^2).
inline double erfinv_start(double y, double w) {
    const double centre = w - 2.5, tail = std::sqrt(w) - 3;
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
inline float inverse_erf(float given) {
    const double y = static_cast<double>(given);
    const double w = -v_log((1 - y) * (1 + y)), finite = w < 40 ? w : 40;
    const double start = erfinv_start(y, finite);
    const double x = start - (v_erf(start) - y) / (M_2_SQRTPI * v_exp(-start * start));
    return static_cast<float>(x + y * (w - finite));
}

// Near 1, Newton's steps work on the complement, which keeps its digits.
inline double inverse_erf(double y) {
    const double size = std::abs(y);
    if (!(size < 1)) return size == 1 ? std::copysign(HUGE_VAL, y) : NAN;
    double x = erfinv_start(size, -std::log1p(-size * size));
    for (int step = 0; step < 2; ++step) {
        const double error = size < 0.5 ? std::erf(x) - size : 1 - size - std::erfc(x);
        x -= error / (M_2_SQRTPI * std::exp(-x * x));
    }
    return std::copysign(x, y);
}
template <class T>
struct Erfinv {
    T operator()(T y) const { return inverse_erf(y); }
};

// The reentrant function: the other writes a global variable.
template <class T>
struct Lgamma {
    T operator()(T x) const {
        int sign = 0;
        if constexpr (sizeof(T) == 4) return ::lgammaf_r(x, &sign);
        else return ::lgamma_r(x, &sign);
    }
};

template <class T>
struct Digamma {
    T operator()(T x) const { return static_cast<T>(digamma(static_cast<double>(x))); }
};
template <class T>
struct Trigamma {
    T operator()(T x) const { return static_cast<T>(trigamma(static_cast<double>(x))); }
};

template <class T>
struct Logit {
    T operator()(T x) const { return v_log(x / (T(1) - x)); }
};

// At 0 the quotients of a tiny angle round to the limits.
template <class T>
inline T sinc_angle(T x) {
    return T(M_PI) * (x == T(0) ? T(1e-30) : x);
}
template <class T>
struct Sinc {
    T operator()(T x) const {
        const T angle = sinc_angle(x);
        return v_sin(angle) / angle;
    }
};
template <class T>
struct SincBackward {
    T operator()(T g, T x) const {
        const T angle = sinc_angle(x), square = angle * angle;
        // The first terms of the power series: below, cosine and quotient would cancel.
        T sum = T(-14.0 / 1307674368000);
        for (double term : {12.0 / 6227020800, -10.0 / 39916800, 8.0 / 362880, -6.0 / 5040, 4.0 / 120, -2.0 / 6})
            sum = sum * square + T(term);
        const T slope = square < T(0.5) ? sum * angle : (v_cos(angle) - v_sin(angle) / angle) / angle;
        return g * T(M_PI) * slope;
    }
};

LOOPS {
    unary<Erf>("erf", Floats{});
    unary<Erfc>("erfc", Floats{});
    unary<Erfinv>("erfinv", Floats{});
    unary<Logit>("_logit", Floats{});
    unary<Sinc>("sinc", Floats{});
    binary<SincBackward>("_sinc_backward", Floats{});
    unary<Lgamma>("lgamma", Floats{});
    unary<Digamma>("digamma", Floats{});
    unary<Trigamma>("trigamma", Floats{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
