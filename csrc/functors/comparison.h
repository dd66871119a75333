// Comparisons and tests: the results are bool.
#pragma once

#include "functors/functor.h"
#include "functors/math.h"

namespace bestiary::functors {

template <class T>
struct Eq {
    BESTIARY_HD bool operator()(T x, T y) const { return x == y; }
};
template <class T>
struct Ne {
    BESTIARY_HD bool operator()(T x, T y) const { return x != y; }
};
template <class T>
struct Lt {
    BESTIARY_HD bool operator()(T x, T y) const { return x < y; }
};
template <class T>
struct Le {
    BESTIARY_HD bool operator()(T x, T y) const { return x <= y; }
};
template <class T>
struct Gt {
    BESTIARY_HD bool operator()(T x, T y) const { return x > y; }
};
template <class T>
struct Ge {
    BESTIARY_HD bool operator()(T x, T y) const { return x >= y; }
};

template <class T>
struct IsNan {
    BESTIARY_HD bool operator()(T x) const { return x != x; }
};
template <class T>
struct IsInf {
    BESTIARY_HD bool operator()(T x) const {
        if constexpr (kIsFloat<T>) return fabs(x) == T(kInfinity);
        else return (void)x, false;
    }
};
template <class T>
struct IsFinite {
    BESTIARY_HD bool operator()(T x) const {
        if constexpr (kIsFloat<T>) return fabs(x) < T(kInfinity);
        else return (void)x, true;
    }
};
template <class T>
struct SignBit {
    BESTIARY_HD bool operator()(T x) const {
        if constexpr (kIsFloat<T>) return bit_cast<BitsOf<T>>(x) >> (8 * sizeof(T) - 1);
        else return x < T(0);
    }
};

template <class T>
struct And {
    BESTIARY_HD bool operator()(T x, T y) const { return (x != T(0)) & (y != T(0)); }
};
template <class T>
struct Or {
    BESTIARY_HD bool operator()(T x, T y) const { return (x != T(0)) | (y != T(0)); }
};
template <class T>
struct Xor {
    BESTIARY_HD bool operator()(T x, T y) const { return (x != T(0)) != (y != T(0)); }
};
template <class T>
struct Not {
    BESTIARY_HD bool operator()(T x) const { return x == T(0); }
};

template <class Visit>
BESTIARY_HOST void comparison_ops(Visit visit) {
    visit("eq", Compare<Eq, All>());
    visit("ne", Compare<Ne, All>());
    visit("lt", Compare<Lt, All>());
    visit("le", Compare<Le, All>());
    visit("gt", Compare<Gt, All>());
    visit("ge", Compare<Ge, All>());
    visit("isnan", Test<IsNan, All>());
    visit("isinf", Test<IsInf, All>());
    visit("isfinite", Test<IsFinite, All>());
    visit("signbit", Test<SignBit, All>());
    visit("logical_and", Compare<And, All>());
    visit("logical_or", Compare<Or, All>());
    visit("logical_xor", Compare<Xor, All>());
    visit("logical_not", Test<Not, All>());
}

}  // namespace bestiary::functors
