// Rounding.
#pragma once

#include "functors/functor.h"
#include "functors/math.h"

namespace bestiary::functors {

template <class T>
struct Floor {
    BESTIARY_HD T operator()(T x) const {
        if constexpr (kIsInteger<T>) return x;
        else return floor(x);
    }
};
template <class T>
struct Ceil {
    BESTIARY_HD T operator()(T x) const {
        if constexpr (kIsInteger<T>) return x;
        else return ceil(x);
    }
};
template <class T>
struct Trunc {
    BESTIARY_HD T operator()(T x) const {
        if constexpr (kIsInteger<T>) return x;
        else return trunc(x);
    }
};
template <class T>
struct Frac {
    BESTIARY_HD T operator()(T x) const { return x - trunc(x); }
};

// Half to even.
template <class T>
struct Nearest {
    BESTIARY_HD T operator()(T x) const {
        if constexpr (kIsInteger<T>) return x;
        else return nearbyint(x);
    }
};
// The same at a number of decimals; powers of ten above 1 are exact, those below are not.
template <class T>
struct RoundDecimals {
    T up = T(1), down = T(1);
    BESTIARY_HD explicit RoundDecimals(const double* params) {
        (params[0] >= 0 ? up : down) = static_cast<T>(::pow(10.0, ::fabs(params[0])));
    }
    BESTIARY_HD T operator()(T x) const { return nearbyint(x * up / down) * down / up; }
};
// params: decimals.
template <class T>
struct Round {
    using Choices = functors::Choices<Nearest<T>>;
    BESTIARY_HD static int choice(const double*) { return 0; }
};
template <class T>
    requires kIsFloat<T>
struct Round<T> {
    using Choices = functors::Choices<Nearest<T>, RoundDecimals<T>>;
    BESTIARY_HD static int choice(const double* params) { return params[0] != 0; }
};

template <class Visit>
BESTIARY_HOST void rounding_ops(Visit visit) {
    visit("floor", Unary<Floor, Numbers>());
    visit("ceil", Unary<Ceil, Numbers>());
    visit("trunc", Unary<Trunc, Numbers>());
    visit("frac", Unary<Frac, Floats>());
    visit("round", Unary<Round, Numbers>());
}

}  // namespace bestiary::functors
