// Activations and the loops of their gradients.
#include "cpu/isa/loops.h"
#include "cpu/isa/vector_math.h"

namespace bestiary::cpu::ISA {
namespace {

// Written so that nan passes.
template <class T>
struct Relu {
    T operator()(T x) const { return x <= T(0) ? T(0) : x; }
};
template <class T>
struct ReluBackward {
    T operator()(T g, T y) const { return y <= T(0) ? T(0) : g; }
};

template <class T>
inline T sigmoid(T x) {
    return T(1) / (T(1) + v_exp(-x));
}
template <class T>
struct Sigmoid {
    T operator()(T x) const { return sigmoid(x); }
};
template <class T>
struct SigmoidBackward {
    T operator()(T g, T y) const { return g * (T(1) - y) * y; }
};
template <class T>
struct TanhBackward {
    T operator()(T g, T y) const { return g * (T(1) - y * y); }
};

LOOPS {
    unary<Relu>("relu", Numbers{});
    binary<ReluBackward>("_relu_backward", Floats{});
    unary<Sigmoid>("sigmoid", Floats{});
    binary<SigmoidBackward>("_sigmoid_backward", Floats{});
    binary<TanhBackward>("_tanh_backward", Floats{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
