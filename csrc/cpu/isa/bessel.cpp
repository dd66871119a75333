// Bessel functions of orders 0 and 1.
#include "cpu/isa/loops.h"

namespace bestiary::cpu::ISA {
namespace {

constexpr double kAsymptotic = 20;

// exp(-|x|) I(x): the power series, then Hankel's expansion (Abramowitz and Stegun 9.6.10 and 9.7.1).
template <int Order>
double scaled_i(double x) {
    const double size = std::abs(x);
    double sum = 1, term = 1;
    if (size < kAsymptotic) {
        for (int k = 1; term > 1e-17 * sum; ++k) {
            term *= x / 2 / k * (x / 2 / (k + Order));
            sum += term;
        }
        return sum * std::exp(-size) * (Order ? x / 2 : 1);
    }
    if (std::isinf(size)) return 0;
    for (int k = 1; k < 40; ++k) {
        term *= ((2 * k - 1.0) * (2 * k - 1) - 4 * Order) / (8 * k * size);
        sum += term;
    }
    sum /= std::sqrt(2 * M_PI * size);
    return Order && x < 0 ? -sum : sum;
}

// exp(x) K(x), likewise (9.7.2).
template <int Order>
double scaled_k(double x) {
    if (std::isnan(x) || x < 0) return NAN;
    if (x == 0) return HUGE_VAL;
    if (x < 1e-100) return Order ? 1 / x : std::log(2 / x) - 0.57721566490153286;
    if (x < kAsymptotic) return std::exp(x) * std::cyl_bessel_k(double(Order), x);
    if (std::isinf(x)) return 0;
    double sum = 1, term = 1;
    for (int k = 1; k < 40; ++k) {
        term *= (4 * Order - (2 * k - 1.0) * (2 * k - 1)) / (8 * k * x);
        sum += term;
    }
    return sum * std::sqrt(M_PI / 2 / x);
}

// Beyond the largest exponent, the factor exp(x) in two halves.
double unscaled(double scaled, double x) {
    const double half = std::exp(x / 2);
    return scaled * half * half;
}

#define BESTIARY_BESSEL(Name, value)                                             \
    template <class T>                                                           \
    struct Name {                                                                \
        T operator()(T given) const {                                            \
            const double x = given;                                              \
            return static_cast<T>(value);                                        \
        }                                                                        \
    }

BESTIARY_BESSEL(J0, ::j0(x));
BESTIARY_BESSEL(J1, ::j1(x));
BESTIARY_BESSEL(Y0, x < 0 ? NAN : ::y0(x));
BESTIARY_BESSEL(Y1, x < 0 ? NAN : ::y1(x));
BESTIARY_BESSEL(I0, unscaled(scaled_i<0>(x), std::abs(x)));
BESTIARY_BESSEL(I1, unscaled(scaled_i<1>(x), std::abs(x)));
BESTIARY_BESSEL(I0e, scaled_i<0>(x));
BESTIARY_BESSEL(I1e, scaled_i<1>(x));
BESTIARY_BESSEL(K0, unscaled(scaled_k<0>(x), -x));
BESTIARY_BESSEL(K1, unscaled(scaled_k<1>(x), -x));
BESTIARY_BESSEL(K0e, scaled_k<0>(x));
BESTIARY_BESSEL(K1e, scaled_k<1>(x));

LOOPS {
    unary<J0>("_bessel_j0", Floats{});
    unary<J1>("_bessel_j1", Floats{});
    unary<Y0>("_bessel_y0", Floats{});
    unary<Y1>("_bessel_y1", Floats{});
    unary<I0>("i0", Floats{});
    unary<I1>("_i1", Floats{});
    unary<I0e>("_i0e", Floats{});
    unary<I1e>("_i1e", Floats{});
    unary<K0>("_modified_bessel_k0", Floats{});
    unary<K1>("_modified_bessel_k1", Floats{});
    unary<K0e>("_scaled_modified_bessel_k0", Floats{});
    unary<K1e>("_scaled_modified_bessel_k1", Floats{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
