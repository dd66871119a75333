// Powers and roots.
#pragma once

#include "functors/division.h"
#include "functors/functor.h"
#include "functors/math.h"

namespace bestiary::functors {

template <class T>
struct Sqrt {
    BESTIARY_HD T operator()(T x) const { return sqrt(x); }
};
template <class T>
struct Rsqrt {
    BESTIARY_HD T operator()(T x) const { return T(1) / sqrt(x); }
};

// By repeated squaring, wrapping; a negative exponent gives the rounded-down reciprocal, which only 1 and -1 have.
template <class T>
BESTIARY_HD inline T integer_power(T base, T exponent) {
    if (exponent < T(0)) {
        if (base == T(1)) return T(1);
        const bool even = (exponent & T(1)) == T(0);
        return base == static_cast<T>(-1) ? (even ? T(1) : base) : T(0);
    }
    uint64_t result = 1, square = static_cast<uint64_t>(base);
    for (uint64_t e = static_cast<uint64_t>(exponent); e != 0; e >>= 1) {
        if (e & 1) result *= square;
        square *= square;
    }
    return static_cast<T>(result);
}

template <class T>
struct Identity {
    BESTIARY_HD T operator()(T x) const { return x; }
};
template <class T>
struct Squared {
    BESTIARY_HD T operator()(T x) const { return x * x; }
};
template <class T>
struct Cubed {
    BESTIARY_HD T operator()(T x) const { return x * x * x; }
};

template <class T>
struct Pow {
    BESTIARY_HD T operator()(T x, T y) const { return integer_power(x, y); }
};
template <class T>
    requires kIsFloat<T>
struct Pow<T> {
    BESTIARY_HD T operator()(T x, T y) const { return v_pow(x, y); }

    // The exponents that programs write as a number. Others have no choice, -1.
    using Choices = functors::Choices<Identity<T>, Squared<T>, Cubed<T>, Sqrt<T>, Rsqrt<T>, Reciprocal<T>>;
    BESTIARY_HD static int choice(T exponent) {
        constexpr T exponents[] = {1, 2, 3, T(0.5), T(-0.5), -1};
        for (int i = 0; i < 6; ++i)
            if (exponent == exponents[i]) return i;
        return -1;
    }
};

template <class Visit>
BESTIARY_HOST void power_ops(Visit visit) {
    visit("sqrt", Unary<Sqrt, Floats>());
    visit("rsqrt", Unary<Rsqrt, Floats>());
    visit("pow", Binary<Pow, Numbers>());
}

}  // namespace bestiary::functors
