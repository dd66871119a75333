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
struct Log {
    T operator()(T x) const { return v_log(x); }
};

template <class T>
struct Tanh {
    T operator()(T x) const { return v_tanh(x); }
};

LOOPS {
    unary<Exp>("exp", Floats{});
    unary<Log>("log", Floats{});
    unary<Tanh>("tanh", Floats{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
