// add, sub, mul, div and their kin.
#include "cpu/isa/loops.h"

namespace bestiary::cpu::ISA {
namespace {

// Integers wrap: computed unsigned, where overflow is defined.
template <class T, class F>
inline T wrapping(T x, T y, F f) {
    if constexpr (std::is_same_v<T, bool>) return f(x, y);
    else if constexpr (std::is_integral_v<T>) {
        using U = std::conditional_t<(sizeof(T) < 4), uint32_t, std::make_unsigned_t<T>>;
        return static_cast<T>(f(static_cast<U>(x), static_cast<U>(y)));
    } else return f(x, y);
}

template <class T>
struct Add {
    T operator()(T x, T y) const {
        return wrapping(x, y, [](auto a, auto b) { return a + b; });
    }
};
template <class T>
struct Sub {
    T operator()(T x, T y) const {
        return wrapping(x, y, [](auto a, auto b) { return a - b; });
    }
};
template <class T>
struct Mul {
    T operator()(T x, T y) const {
        return wrapping(x, y, [](auto a, auto b) { return a * b; });
    }
};
template <class T>
struct Div {
    T operator()(T x, T y) const { return x / y; }
};
template <class T>
struct Neg {
    T operator()(T x) const { return wrapping(T(0), x, [](auto a, auto b) { return a - b; }); }
};

LOOPS {
    binary<Add>("add", All{});
    binary<Sub>("sub", Numbers{});
    binary<Mul>("mul", All{});
    binary<Div>("div", Floats{});
    unary<Neg>("neg", Numbers{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
