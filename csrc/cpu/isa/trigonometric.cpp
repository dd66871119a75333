// Trigonometric and hyperbolic functions.
#include "cpu/isa/loops.h"
#include "cpu/isa/vector_math.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T>
struct Sin {
    T operator()(T x) const { return v_sin(x); }
};
template <class T>
struct Cos {
    T operator()(T x) const { return v_cos(x); }
};
template <class T>
struct Tan {
    T operator()(T x) const { return v_tan(x); }
};
template <class T>
struct Asin {
    T operator()(T x) const { return v_asin(x); }
};
template <class T>
struct Acos {
    T operator()(T x) const { return v_acos(x); }
};
template <class T>
struct Atan {
    T operator()(T x) const { return v_atan(x); }
};
template <class T>
struct Sinh {
    T operator()(T x) const { return v_sinh(x); }
};
template <class T>
struct Cosh {
    T operator()(T x) const { return v_cosh(x); }
};
template <class T>
struct Tanh {
    T operator()(T x) const { return v_tanh(x); }
};
template <class T>
struct Asinh {
    T operator()(T x) const { return v_asinh(x); }
};
template <class T>
struct Acosh {
    T operator()(T x) const { return v_acosh(x); }
};
template <class T>
struct Atanh {
    T operator()(T x) const { return v_atanh(x); }
};
template <class T>
struct Atan2 {
    T operator()(T y, T x) const { return v_atan2(y, x); }
};

LOOPS {
    unary<Sin>("sin", Floats{});
    unary<Cos>("cos", Floats{});
    unary<Tan>("tan", Floats{});
    unary<Asin>("asin", Floats{});
    unary<Acos>("acos", Floats{});
    unary<Atan>("atan", Floats{});
    unary<Sinh>("sinh", Floats{});
    unary<Cosh>("cosh", Floats{});
    unary<Tanh>("tanh", Floats{});
    unary<Asinh>("asinh", Floats{});
    unary<Acosh>("acosh", Floats{});
    unary<Atanh>("atanh", Floats{});
    binary<Atan2>("atan2", Floats{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
