// Exponentials and logarithms.
#include "cpu/isa/loops.h"
#include "cpu/isa/vector_math.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T>
struct Exp {
    T operator()(T x) const { return v_exp(x); }
};
template <class T>
struct Exp2 {
    T operator()(T x) const { return v_exp2(x); }
};
template <class T>
struct Expm1 {
    T operator()(T x) const { return v_expm1(x); }
};
template <class T>
struct Log {
    T operator()(T x) const { return v_log(x); }
};
template <class T>
struct Log2 {
    T operator()(T x) const { return v_log2(x); }
};
template <class T>
struct Log10 {
    T operator()(T x) const { return v_log10(x); }
};
template <class T>
struct Log1p {
    T operator()(T x) const { return v_log1p(x); }
};

// Between equal infinities the distance is nan and counts as 0.
template <class T>
struct LogAddExp {
    T operator()(T x, T y) const {
        const T distance = std::abs(x - y), finite = distance != distance ? T(0) : distance;
        const T greater = (x > y) | (x != x) ? x : y;
        return greater + v_log1p(v_exp(-finite));
    }
};
// x * log(y), but 0 where x is 0, unless y is nan.
template <class T>
struct XLogY {
    T operator()(T x, T y) const { return x * v_log((x == T(0)) & (y == y) ? T(1) : y); }
};

LOOPS {
    unary<Exp>("exp", Floats{});
    unary<Exp2>("exp2", Floats{});
    unary<Expm1>("expm1", Floats{});
    unary<Log>("log", Floats{});
    unary<Log2>("log2", Floats{});
    unary<Log10>("log10", Floats{});
    unary<Log1p>("log1p", Floats{});
    binary<LogAddExp>("logaddexp", Floats{});
    binary<XLogY>("xlogy", Floats{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
