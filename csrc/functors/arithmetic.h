// add, sub, mul and their kin.
#pragma once

#include "core/convert.h"
#include "functors/functor.h"
#include "functors/math.h"

namespace bestiary::functors {

// The type that T's sums are calculated in. Integers wrap: they are calculated unsigned, where overflow is defined.
template <class T>
struct Wrapping {
    using type = typename UnsignedInteger<(sizeof(T) < 4 ? 4 : sizeof(T))>::type;
};
template <>
struct Wrapping<float> {
    using type = float;
};
template <>
struct Wrapping<double> {
    using type = double;
};

template <class T>
struct Add {
    BESTIARY_HD T operator()(T x, T y) const {
        using W = typename Wrapping<T>::type;
        return static_cast<T>(static_cast<W>(x) + static_cast<W>(y));
    }
};
template <class T>
struct Sub {
    BESTIARY_HD T operator()(T x, T y) const {
        using W = typename Wrapping<T>::type;
        return static_cast<T>(static_cast<W>(x) - static_cast<W>(y));
    }
};
template <class T>
struct Mul {
    BESTIARY_HD T operator()(T x, T y) const {
        using W = typename Wrapping<T>::type;
        return static_cast<T>(static_cast<W>(x) * static_cast<W>(y));
    }
};
template <class T>
struct AddScaled {
    T alpha;
    BESTIARY_HD explicit AddScaled(const double* params) : alpha(convert<T>(params[0])) {}
    BESTIARY_HD T operator()(T x, T y) const { return Add<T>()(x, Mul<T>()(alpha, y)); }
};
template <class T>
struct SubScaled : AddScaled<T> {
    using AddScaled<T>::AddScaled;
    BESTIARY_HD T operator()(T x, T y) const { return Sub<T>()(x, Mul<T>()(this->alpha, y)); }
};
template <class T>
struct Neg {
    BESTIARY_HD T operator()(T x) const {
        if constexpr (kIsFloat<T>) return -x;  // 0 - x would lose the sign of a zero
        else return Sub<T>()(T(0), x);
    }
};

template <class T>
struct Abs {
    BESTIARY_HD T operator()(T x) const {
        if constexpr (kIsFloat<T>) return fabs(x);
        else return x < T(0) ? Neg<T>()(x) : x;
    }
};
template <class T>
struct Sign {
    BESTIARY_HD T operator()(T x) const { return static_cast<T>((x > T(0)) - (x < T(0))); }
};
template <class T>
struct Heaviside {
    BESTIARY_HD T operator()(T x, T at_zero) const { return x == T(0) ? at_zero : static_cast<T>(x > T(0)); }
};
template <class T>
struct Square {
    BESTIARY_HD T operator()(T x) const { return Mul<T>()(x, x); }
};

template <class T>
struct AddCMul {
    T value;
    BESTIARY_HD explicit AddCMul(const double* params) : value(convert<T>(params[0])) {}
    BESTIARY_HD T operator()(T x, T y, T z) const { return Add<T>()(x, Mul<T>()(value, Mul<T>()(y, z))); }
};
template <class T>
struct AddCDiv {
    T value;
    BESTIARY_HD explicit AddCDiv(const double* params) : value(convert<T>(params[0])) {}
    BESTIARY_HD T operator()(T x, T y, T z) const { return x + value * (y / z); }
};
// Exact at both ends.
template <class T>
struct Lerp {
    BESTIARY_HD T operator()(T x, T y, T w) const { return w < T(0.5) ? x + w * (y - x) : y - (y - x) * (T(1) - w); }
};

template <class Visit>
BESTIARY_HOST void arithmetic_ops(Visit visit) {
    visit("add", Binary<Add, All>());
    visit("sub", Binary<Sub, Numbers>());
    visit("mul", Binary<Mul, All>());
    visit("add.alpha", Binary<AddScaled, Numbers>());
    visit("sub.alpha", Binary<SubScaled, Numbers>());
    visit("neg", Unary<Neg, Numbers>());
    visit("abs", Unary<Abs, All>());
    visit("sign", Unary<Sign, All>());
    visit("heaviside", Binary<Heaviside, Numbers>());
    visit("square", Unary<Square, All>());
    visit("addcmul", Ternary<AddCMul, Numbers>());
    visit("addcdiv", Ternary<AddCDiv, Floats>());
    visit("lerp", Ternary<Lerp, Floats>());
}

}  // namespace bestiary::functors
