// Losses of elements.
#include "cpu/isa/loops.h"
#include "cpu/isa/vector_math.h"

namespace bestiary::cpu::ISA {
namespace {

// A logarithm of 0 counts as -100; nan passes.
template <class T>
inline T floored(T log) {
    return log < T(-100) ? T(-100) : log;
}

template <class T>
struct BinaryCrossEntropy {
    T operator()(T x, T y) const { return (y - T(1)) * floored(v_log1p(-x)) - y * floored(v_log(x)); }
};

template <class T>
struct LogSigmoid {
    T operator()(T x) const { return (x < T(0) ? x : T(0)) - v_log1p(v_exp(-std::abs(x))); }
};

LOOPS {
    binary<BinaryCrossEntropy>("_binary_cross_entropy", Floats{});
    unary<LogSigmoid>("_log_sigmoid", Floats{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
