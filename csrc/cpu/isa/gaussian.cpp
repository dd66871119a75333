// The normal distribution function's inverse and logarithm, which keep their digits in the tails.
#include "cpu/isa/loops.h"

namespace bestiary::cpu::ISA {
namespace {

// exp(x^2) erfc(x): the continued fraction (Abramowitz and Stegun 7.1.14) where the product would lose digits.
double scaled_erfc(double x) {
    if (x < 2) return std::exp(x * x) * std::erfc(x);
    if (x > 1e8) return M_2_SQRTPI / 2 / x;
    double fraction = x;
    for (int k = 120; k > 0; --k) fraction = x + k / 2.0 / fraction;
    return M_2_SQRTPI / 2 / fraction;
}

double log_distribution(double x) {
    if (x > -1) return std::log1p(-std::erfc(x * M_SQRT1_2) / 2);
    return std::log(scaled_erfc(-x * M_SQRT1_2) / 2) - x * x / 2;
}

// Newton's steps on the logarithm of the distribution function, from its leading term in the tail or its slope at 0.
double lower_quantile(double p) {
    const double wanted = std::log(p);
    double x = p < 0.05 ? -std::sqrt(-2 * (wanted + std::log(std::sqrt(-4 * M_PI * wanted)))) : (p - 0.5) * 2.5;
    for (int step = 0; step < 20; ++step) {
        const double now = log_distribution(x);
        const double density = std::exp(-x * x / 2 - now) / std::sqrt(2 * M_PI);
        const double change = (now - wanted) / density;
        x -= change;
        if (!(std::abs(change) > 1e-15 * std::abs(x))) break;
    }
    return x;
}
double quantile(double p) {
    if (!(p >= 0 && p <= 1)) return NAN;
    if (p == 0 || p == 1) return p == 0 ? -HUGE_VAL : HUGE_VAL;
    if (p == 0.5) return 0;
    return p < 0.5 ? lower_quantile(p) : -lower_quantile(1 - p);
}

template <class T>
struct Erfcx {
    T operator()(T x) const { return static_cast<T>(scaled_erfc(x)); }
};
template <class T>
struct LogNdtr {
    T operator()(T x) const { return static_cast<T>(log_distribution(x)); }
};
template <class T>
struct Ndtri {
    T operator()(T p) const { return static_cast<T>(quantile(p)); }
};

LOOPS {
    unary<Erfcx>("_erfcx", Floats{});
    unary<LogNdtr>("_log_ndtr", Floats{});
    unary<Ndtri>("_ndtri", Floats{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
