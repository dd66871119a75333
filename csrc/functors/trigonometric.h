// Trigonometric and hyperbolic functions.
#pragma once

#include "functors/functor.h"
#include "functors/math.h"

namespace bestiary::functors {

template <class T>
struct Sin {
    BESTIARY_HD T operator()(T x) const { return v_sin(x); }
};
template <class T>
struct Cos {
    BESTIARY_HD T operator()(T x) const { return v_cos(x); }
};
template <class T>
struct Tan {
    BESTIARY_HD T operator()(T x) const { return v_tan(x); }
};
template <class T>
struct Asin {
    BESTIARY_HD T operator()(T x) const { return v_asin(x); }
};
template <class T>
struct Acos {
    BESTIARY_HD T operator()(T x) const { return v_acos(x); }
};
template <class T>
struct Atan {
    BESTIARY_HD T operator()(T x) const { return v_atan(x); }
};
template <class T>
struct Sinh {
    BESTIARY_HD T operator()(T x) const { return v_sinh(x); }
};
template <class T>
struct Cosh {
    BESTIARY_HD T operator()(T x) const { return v_cosh(x); }
};
template <class T>
struct Tanh {
    BESTIARY_HD T operator()(T x) const { return v_tanh(x); }
};
template <class T>
struct TanhBackward {
    BESTIARY_HD T operator()(T g, T y) const { return g * (T(1) - y * y); }
};
template <class T>
struct Asinh {
    BESTIARY_HD T operator()(T x) const { return v_asinh(x); }
};
template <class T>
struct Acosh {
    BESTIARY_HD T operator()(T x) const { return v_acosh(x); }
};
template <class T>
struct Atanh {
    BESTIARY_HD T operator()(T x) const { return v_atanh(x); }
};
template <class T>
struct Atan2 {
    BESTIARY_HD T operator()(T y, T x) const { return v_atan2(y, x); }
};

template <class Visit>
BESTIARY_HOST void trigonometric_ops(Visit visit) {
    visit("sin", Unary<Sin, Floats>());
    visit("cos", Unary<Cos, Floats>());
    visit("tan", Unary<Tan, Floats>());
    visit("asin", Unary<Asin, Floats>());
    visit("acos", Unary<Acos, Floats>());
    visit("atan", Unary<Atan, Floats>());
    visit("sinh", Unary<Sinh, Floats>());
    visit("cosh", Unary<Cosh, Floats>());
    visit("tanh", Unary<Tanh, Floats>());
    visit("_tanh_backward", Binary<TanhBackward, Floats>());
    visit("asinh", Unary<Asinh, Floats>());
    visit("acosh", Unary<Acosh, Floats>());
    visit("atanh", Unary<Atanh, Floats>());
    visit("atan2", Binary<Atan2, Floats>());
}

}  // namespace bestiary::functors
