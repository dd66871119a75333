// Exponentials and logarithms.
#pragma once

#include "functors/functor.h"
#include "functors/math.h"

namespace bestiary::functors {

template <class T>
struct Exp {
    BESTIARY_HD T operator()(T x) const { return v_exp(x); }
};
template <class T>
struct Exp2 {
    BESTIARY_HD T operator()(T x) const { return v_exp2(x); }
};
template <class T>
struct Expm1 {
    BESTIARY_HD T operator()(T x) const { return v_expm1(x); }
};
template <class T>
struct Log {
    BESTIARY_HD T operator()(T x) const { return v_log(x); }
};
template <class T>
struct Log2 {
    BESTIARY_HD T operator()(T x) const { return v_log2(x); }
};
template <class T>
struct Log10 {
    BESTIARY_HD T operator()(T x) const { return v_log10(x); }
};
template <class T>
struct Log1p {
    BESTIARY_HD T operator()(T x) const { return v_log1p(x); }
};

// Between equal infinities the distance is nan and counts as 0.
template <class T>
struct LogAddExp {
    BESTIARY_HD T operator()(T x, T y) const {
        const T distance = fabs(x - y), finite = distance != distance ? T(0) : distance;
        const T greater = (x > y) | (x != x) ? x : y;
        return greater + v_log1p(v_exp(-finite));
    }
};
template <class T>
struct LogAddExp2 {
    BESTIARY_HD T operator()(T x, T y) const {
        if (x == y && is_infinite(x)) return x;
        const T high = x > y || x != x ? x : y;
        return high + v_log1p(v_exp2(-fabs(x - y))) * static_cast<T>(kLog2E);
    }
};

// x * log(y), but 0 where x is 0, unless y is nan.
template <class T>
struct XLogY {
    BESTIARY_HD T operator()(T x, T y) const { return x * v_log((x == T(0)) & (y == y) ? T(1) : y); }
};

template <class Visit>
BESTIARY_HOST void exponential_ops(Visit visit) {
    visit("exp", Unary<Exp, Floats>());
    visit("exp2", Unary<Exp2, Floats>());
    visit("expm1", Unary<Expm1, Floats>());
    visit("log", Unary<Log, Floats>());
    visit("log2", Unary<Log2, Floats>());
    visit("log10", Unary<Log10, Floats>());
    visit("log1p", Unary<Log1p, Floats>());
    visit("logaddexp", Binary<LogAddExp, Floats>());
    visit("logaddexp2", Binary<LogAddExp2, Floats>());
    visit("xlogy", Binary<XLogY, Floats>());
}

}  // namespace bestiary::functors
