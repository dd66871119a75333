// Rounding.
#include "cpu/isa/loops.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T, class F>
inline T unless_integer(T x, F f) {
    if constexpr (std::is_integral_v<T>) return x;
    else return f(x);
}

template <class T>
struct Floor {
    T operator()(T x) const {
        return unless_integer(x, [](auto v) { return std::floor(v); });
    }
};
template <class T>
struct Ceil {
    T operator()(T x) const {
        return unless_integer(x, [](auto v) { return std::ceil(v); });
    }
};
template <class T>
struct Trunc {
    T operator()(T x) const {
        return unless_integer(x, [](auto v) { return std::trunc(v); });
    }
};
template <class T>
struct Frac {
    T operator()(T x) const { return x - std::trunc(x); }
};

// Half to even, at a number of decimals; powers of ten above 1 are exact, those below are not.
template <class T>
struct Round {
    T up = T(1), down = T(1);
    explicit Round(const double* params) {
        const T power = static_cast<T>(std::pow(10.0, std::abs(params[0])));
        (params[0] >= 0 ? up : down) = power;
    }
    T operator()(T x) const {
        if constexpr (std::is_integral_v<T>) return x;
        else return std::nearbyint(x * up / down) * down / up;
    }
};

LOOPS {
    unary<Floor>("floor", Numbers{});
    unary<Ceil>("ceil", Numbers{});
    unary<Trunc>("trunc", Numbers{});
    unary<Frac>("frac", Floats{});
    unary<Round>("round", Numbers{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
