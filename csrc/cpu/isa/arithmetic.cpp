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
struct AddScaled {
    T alpha;
    explicit AddScaled(const double* params) : alpha(convert<T>(params[0])) {}
    T operator()(T x, T y) const { return Add<T>()(x, Mul<T>()(alpha, y)); }
};
template <class T>
struct SubScaled : AddScaled<T> {
    using AddScaled<T>::AddScaled;
    T operator()(T x, T y) const { return Sub<T>()(x, Mul<T>()(this->alpha, y)); }
};
template <class T>
struct Neg {
    T operator()(T x) const {
        if constexpr (std::is_floating_point_v<T>) return -x;  // 0 - x would lose the sign of a zero
        else return wrapping(T(0), x, [](auto a, auto b) { return a - b; });
    }
};

template <class T>
struct Abs {
    T operator()(T x) const {
        if constexpr (std::is_floating_point_v<T>) return std::abs(x);
        else return x < T(0) ? Neg<T>()(x) : x;
    }
};
template <class T>
struct Sign {
    T operator()(T x) const { return static_cast<T>((x > T(0)) - (x < T(0))); }
};
template <class T>
struct Square {
    T operator()(T x) const { return Mul<T>()(x, x); }
};

template <class T>
struct AddCMul {
    T value;
    explicit AddCMul(const double* params) : value(convert<T>(params[0])) {}
    T operator()(T x, T y, T z) const { return Add<T>()(x, Mul<T>()(value, Mul<T>()(y, z))); }
};
template <class T>
struct AddCDiv {
    T value;
    explicit AddCDiv(const double* params) : value(convert<T>(params[0])) {}
    T operator()(T x, T y, T z) const { return x + value * (y / z); }
};
// Exact at both ends.
template <class T>
struct Lerp {
    T operator()(T x, T y, T w) const { return w < T(0.5) ? x + w * (y - x) : y - (y - x) * (T(1) - w); }
};

LOOPS {
    binary<Add>("add", All{});
    binary<Sub>("sub", Numbers{});
    binary<Mul>("mul", All{});
    binary<AddScaled>("add.alpha", Numbers{});
    binary<SubScaled>("sub.alpha", Numbers{});
    unary<Neg>("neg", Numbers{});
    unary<Abs>("abs", All{});
    unary<Sign>("sign", All{});
    unary<Square>("square", All{});
    ternary<AddCMul>("addcmul", Numbers{});
    ternary<AddCDiv>("addcdiv", Floats{});
    ternary<Lerp>("lerp", Floats{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
