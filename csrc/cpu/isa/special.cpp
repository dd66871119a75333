// Error functions and the gamma function.
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

// Winitzki's approximation (2008), made exact by Newton's method; near 1 on the complement, which keeps its digits.
template <class T>
struct Erfinv {
    T operator()(T y) const { return static_cast<T>(std::copysign(inverse(std::abs(static_cast<double>(y))), y)); }

private:
    static double inverse(double y) {
        if (!(y < 1)) return y == 1 ? HUGE_VAL : NAN;
        const double a = 0.147, l = std::log1p(-y * y), h = 2 / (M_PI * a) + l / 2;
        double x = std::sqrt(std::sqrt(h * h - l / a) - h);
        for (int step = 0; step < 3; ++step) {
            const double error = y < 0.5 ? std::erf(x) - y : 1 - y - std::erfc(x);
            x -= error / (M_2_SQRTPI * std::exp(-x * x));
        }
        return x;
    }
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

// Reflection for negative arguments, recurrence up to 10, then the asymptotic series (Abramowitz and Stegun 6.3.18).
template <class T>
struct Digamma {
    T operator()(T x) const { return static_cast<T>(digamma(static_cast<double>(x))); }

private:
    static double digamma(double x) {
        if (x == 0) return std::copysign(HUGE_VAL, -x);
        if (x < 0) {
            if (x == std::trunc(x)) return NAN;
            const double turn = x - std::trunc(x);
            return digamma(1 - x) - M_PI / std::tan(M_PI * turn);
        }
        double shifted = 0;
        for (; x < 10; ++x) shifted -= 1 / x;
        const double z = 1 / (x * x);
        const double tail = z * (1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z / 12))))));
        return shifted + std::log(x) - 0.5 / x - (x < 1e17 ? tail : 0);
    }
};

// Likewise (6.4.12).
template <class T>
struct Trigamma {
    T operator()(T x) const { return static_cast<T>(trigamma(static_cast<double>(x))); }

private:
    static double trigamma(double x) {
        if (x <= 0) {
            if (x == std::trunc(x)) return HUGE_VAL;
            const double s = std::sin(M_PI * (x - std::trunc(x)));
            return M_PI * M_PI / (s * s) - trigamma(1 - x);
        }
        double shifted = 0;
        for (; x < 10; ++x) shifted += 1 / (x * x);
        const double z = 1 / (x * x);
        const double tail = z / x * (1.0 / 6 - z * (1.0 / 30 - z * (1.0 / 42 - z * (1.0 / 30 - z * (5.0 / 66 - z * (691.0 / 2730 - z * 7 / 6))))));
        return shifted + 1 / x + z / 2 + tail;
    }
};

template <class T>
struct Logit {
    T operator()(T x) const { return v_log(x / (T(1) - x)); }
};

template <class T>
struct Sinc {
    T operator()(T x) const {
        const T angle = T(M_PI) * x;
        return x == T(0) ? T(1) : v_sin(angle) / angle;
    }
};
template <class T>
struct SincBackward {
    T operator()(T g, T x) const {
        const T angle = T(M_PI) * x;
        const T slope = T(M_PI) * (v_cos(angle) - v_sin(angle) / angle) / angle;
        return x == T(0) ? T(0) : g * slope;
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
