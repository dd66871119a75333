// Division and its remainders. The quotients of integers are rounded; their divisor is not 0.
#pragma once

#include "functors/functor.h"
#include "functors/math.h"

namespace bestiary::functors {

template <class T>
struct Div {
    BESTIARY_HD T operator()(T x, T y) const { return x / y; }
};

// The lowest integer divided by -1 wraps instead of trapping.
template <class T>
BESTIARY_HD inline bool is_minus_one(T y) {
    return T(-1) < T(0) && y == static_cast<T>(-1);
}
template <class T>
BESTIARY_HD inline T negated(T x) {
    return static_cast<T>(uint64_t{0} - static_cast<uint64_t>(x));
}

template <class T>
struct TruncDiv {
    BESTIARY_HD T operator()(T x, T y) const {
        if constexpr (kIsFloat<T>) return trunc(x / y);
        else return is_minus_one(y) ? negated(x) : static_cast<T>(x / y);
    }
};

template <class T>
struct Fmod {
    BESTIARY_HD T operator()(T x, T y) const {
        if constexpr (kIsFloat<T>) return fmod(x, y);
        else return is_minus_one(y) ? T(0) : static_cast<T>(x % y);
    }
};

// The remainder that has the sign of the divisor, as Python's %.
template <class T>
struct Remainder {
    BESTIARY_HD T operator()(T x, T y) const {
        const T r = Fmod<T>()(x, y);
        return r != T(0) && (r < T(0)) != (y < T(0)) ? static_cast<T>(r + y) : r;
    }
};

// As Python's //: x - remainder is divisible, so that the quotient is right where x / y rounds up to an integer.
template <class T>
struct FloorDiv {
    BESTIARY_HD T operator()(T x, T y) const {
        if constexpr (kIsFloat<T>) {
            if (y == T(0)) return x / y;
            const T r = fmod(x, y);
            T exact = (x - r) / y;
            if (r != T(0) && (r < T(0)) != (y < T(0))) exact -= T(1);
            if (exact == T(0)) return copysign(T(0), x / y);
            const T low = floor(exact);
            return exact - low > T(0.5) ? low + T(1) : low;
        } else {
            const T q = TruncDiv<T>()(x, y);
            return Fmod<T>()(x, y) != T(0) && (x < T(0)) != (y < T(0)) ? static_cast<T>(q - 1) : q;
        }
    }
};

template <class T>
struct Reciprocal {
    BESTIARY_HD T operator()(T x) const { return T(1) / x; }
};

template <class Visit>
BESTIARY_HOST void division_ops(Visit visit) {
    visit("div", Binary<Div, Floats>());
    visit("_trunc_divide", Quotient<TruncDiv, Numbers>());
    visit("floor_divide", Quotient<FloorDiv, Numbers>());
    visit("remainder", Quotient<Remainder, Numbers>());
    visit("fmod", Quotient<Fmod, Numbers>());
    visit("reciprocal", Unary<Reciprocal, Floats>());
}

}  // namespace bestiary::functors
