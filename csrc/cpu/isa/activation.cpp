// Activations and the loops of their gradients, which take the gradient first, then x or the result y.
//
// A function called on one side of a choice only would keep the loop from being vectorised: the choice is made of the
// function's argument instead, so that the other side comes out right as well.
#include "cpu/isa/loops.h"
#include "cpu/isa/normal.h"
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

template <class T>
struct LeakyRelu {
    T slope;
    explicit LeakyRelu(const double* params) : slope(static_cast<T>(params[0])) {}
    T operator()(T x) const { return x > T(0) ? x : x * slope; }
};
template <class T>
struct LeakyReluBackward {
    T slope;
    explicit LeakyReluBackward(const double* params) : slope(static_cast<T>(params[0])) {}
    T operator()(T g, T y) const { return y > T(0) ? g : g * slope; }
};

// params: alpha, scale, input_scale; selu and celu are elu with others.
template <class T>
struct Elu {
    T positive, negative, input_scale;
    explicit Elu(const double* params)
        : positive(static_cast<T>(params[1])), negative(static_cast<T>(params[0] * params[1])),
          input_scale(static_cast<T>(params[2])) {}
    T operator()(T x) const {
        const T above = x > T(0) ? x : T(0), below = x > T(0) ? T(0) : x;
        return positive * above + negative * v_expm1(below * input_scale);
    }
};
template <class T>
struct EluBackward : Elu<T> {
    using Elu<T>::Elu;
    T operator()(T g, T x) const {
        const T below = x > T(0) ? T(0) : x;
        const T slope = this->input_scale * this->negative * v_exp(below * this->input_scale);
        return g * (x > T(0) ? this->positive : slope);
    }
};

// tanh of this is the approximation of 2 * cdf - 1 that gelu's paper gives.
template <class T>
inline T gelu_inner(T x) {
    return T(M_2_SQRTPI * M_SQRT1_2) * (x + T(0.044715) * x * x * x);
}

template <class T>
struct Gelu {
    T operator()(T x) const { return x * normal(x).cdf; }
};
template <class T>
struct GeluBackward {
    T operator()(T g, T x) const {
        const Normal<T> at = normal(x);
        return g * (at.cdf + x * at.pdf);
    }
};
template <class T>
struct GeluTanh {
    T operator()(T x) const { return T(0.5) * x * (T(1) + v_tanh(gelu_inner(x))); }
};
template <class T>
struct GeluTanhBackward {
    T operator()(T g, T x) const {
        const T t = v_tanh(gelu_inner(x));
        const T slope = T(M_2_SQRTPI * M_SQRT1_2) * (T(1) + T(3 * 0.044715) * x * x);
        return g * T(0.5) * ((T(1) + t) + x * (T(1) - t * t) * slope);
    }
};

template <class T>
struct Silu {
    T operator()(T x) const { return x / (T(1) + v_exp(-x)); }
};
template <class T>
struct SiluBackward {
    T operator()(T g, T x) const {
        const T s = sigmoid(x);
        return g * s * (T(1) + x * (T(1) - s));
    }
};

// tanh(softplus(x)) is n / (n + 2) with n = e(e + 2), e = exp(x); beyond 20 it is 1 to the last digit.
template <class T>
inline T mish_n(T x) {
    const T e = v_exp(x < T(20) ? x : T(20));
    return e * (e + T(2));
}
template <class T>
struct Mish {
    T operator()(T x) const {
        const T n = mish_n(x);
        return x * (n / (n + T(2)));
    }
};
template <class T>
struct MishBackward {
    T operator()(T g, T x) const {
        const T n = mish_n(x), t = n / (n + T(2));
        const T complement = T(2) / (n + T(2)) * (T(1) + t);  // 1 - t^2
        const T bounded = x > T(20) ? T(20) : x;  // beyond, what is left of the complement must not be multiplied
        return g * (t + bounded * sigmoid(x) * complement);
    }
};

template <class T>
inline T ramp(T x, T low, T high) {
    const T y = x < low ? low : x;
    return y > high ? high : y;
}
// params: min_val, max_val. The slope at both is 0.
template <class T>
struct HardTanh {
    T low, high;
    explicit HardTanh(const double* params) : low(static_cast<T>(params[0])), high(static_cast<T>(params[1])) {}
    T operator()(T x) const { return ramp(x, low, high); }
};
template <class T>
struct HardTanhBackward : HardTanh<T> {
    using HardTanh<T>::HardTanh;
    T operator()(T g, T y) const { return y <= this->low || y >= this->high ? T(0) : g; }
};
template <class T>
struct HardSwish {
    T operator()(T x) const { return x * ramp(x + T(3), T(0), T(6)) / T(6); }
};
template <class T>
struct HardSwishBackward {
    T operator()(T g, T x) const { return x <= T(-3) ? T(0) : x >= T(3) ? g : g * (x / T(3) + T(0.5)); }
};
template <class T>
struct HardSigmoid {
    T operator()(T x) const { return ramp(x + T(3), T(0), T(6)) / T(6); }
};
template <class T>
struct HardSigmoidBackward {
    T operator()(T g, T x) const { return x > T(-3) && x < T(3) ? g / T(6) : T(0); }
};

// params: beta, threshold. Written so that exp can't overflow.
template <class T>
struct Softplus {
    T beta, threshold;
    explicit Softplus(const double* params) : beta(static_cast<T>(params[0])), threshold(static_cast<T>(params[1])) {}
    T operator()(T x) const {
        const T v = x * beta;
        const T sum = ((v < T(0) ? T(0) : v) + v_log1p(v_exp(-std::abs(v)))) / beta;
        return v > threshold ? x : sum;
    }
};
template <class T>
struct SoftplusBackward : Softplus<T> {
    using Softplus<T>::Softplus;
    T operator()(T g, T x) const {
        const T v = x * this->beta;
        return g * sigmoid(v > this->threshold ? T(HUGE_VAL) : v);
    }
};

LOOPS {
    unary<Relu>("relu", Numbers{});
    binary<ReluBackward>("_relu_backward", Floats{});
    unary<Sigmoid>("sigmoid", Floats{});
    binary<SigmoidBackward>("_sigmoid_backward", Floats{});
    binary<TanhBackward>("_tanh_backward", Floats{});
    unary<LeakyRelu>("leaky_relu", Floats{});
    binary<LeakyReluBackward>("_leaky_relu_backward", Floats{});
    unary<Elu>("_elu", Floats{});
    binary<EluBackward>("_elu_backward", Floats{});
    unary<Gelu>("_gelu", Floats{});
    binary<GeluBackward>("_gelu_backward", Floats{});
    unary<GeluTanh>("_gelu_tanh", Floats{});
    binary<GeluTanhBackward>("_gelu_tanh_backward", Floats{});
    unary<Silu>("silu", Floats{});
    binary<SiluBackward>("_silu_backward", Floats{});
    unary<Mish>("mish", Floats{});
    binary<MishBackward>("_mish_backward", Floats{});
    unary<HardTanh>("hardtanh", Numbers{});
    binary<HardTanhBackward>("_hardtanh_backward", Floats{});
    unary<HardSwish>("hardswish", Floats{});
    binary<HardSwishBackward>("_hardswish_backward", Floats{});
    unary<HardSigmoid>("hardsigmoid", Floats{});
    binary<HardSigmoidBackward>("_hardsigmoid_backward", Floats{});
    unary<Softplus>("softplus", Floats{});
    binary<SoftplusBackward>("_softplus_backward", Floats{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
