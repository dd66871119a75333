// Activations and their gradients. Gradients take the gradient of the result first, then x or the result y.
#pragma once

#include "functors/functor.h"
#include "functors/math.h"
#include "functors/normal.h"

namespace bestiary::functors {

// Written so that nan passes.
template <class T>
struct Relu {
    BESTIARY_HD T operator()(T x) const { return x <= T(0) ? T(0) : x; }
};
template <class T>
struct ReluBackward {
    BESTIARY_HD T operator()(T g, T y) const { return y <= T(0) ? T(0) : g; }
};

template <class T>
BESTIARY_HD inline T sigmoid(T x) {
    return T(1) / (T(1) + v_exp(-x));
}
template <class T>
struct Sigmoid {
    BESTIARY_HD T operator()(T x) const { return sigmoid(x); }
};
template <class T>
struct SigmoidBackward {
    BESTIARY_HD T operator()(T g, T y) const { return g * (T(1) - y) * y; }
};
template <class T>
struct LeakyRelu {
    T slope;
    BESTIARY_HD explicit LeakyRelu(const double* params) : slope(static_cast<T>(params[0])) {}
    BESTIARY_HD T operator()(T x) const { return x > T(0) ? x : x * slope; }
};
template <class T>
struct LeakyReluBackward {
    T slope;
    BESTIARY_HD explicit LeakyReluBackward(const double* params) : slope(static_cast<T>(params[0])) {}
    BESTIARY_HD T operator()(T g, T y) const { return y > T(0) ? g : g * slope; }
};

// params: alpha, scale, input_scale; selu and celu are elu with others.
template <class T>
struct Elu {
    T positive, negative, input_scale;
    BESTIARY_HD explicit Elu(const double* params)
        : positive(static_cast<T>(params[1])), negative(static_cast<T>(params[0] * params[1])),
          input_scale(static_cast<T>(params[2])) {}
    BESTIARY_HD T operator()(T x) const {
        const T above = x > T(0) ? x : T(0), below = x > T(0) ? T(0) : x;
        return positive * above + negative * v_expm1(below * input_scale);
    }
};
template <class T>
struct EluBackward : Elu<T> {
    using Elu<T>::Elu;
    BESTIARY_HD T operator()(T g, T x) const {
        const T below = x > T(0) ? T(0) : x;
        const T slope = this->input_scale * this->negative * v_exp(below * this->input_scale);
        return g * (x > T(0) ? this->positive : slope);
    }
};

// tanh of this is the approximation of 2 * cdf - 1 that gelu's paper gives.
template <class T>
BESTIARY_HD inline T gelu_inner(T x) {
    return T(kTwoOverSqrtPi * kSqrtHalf) * (x + T(0.044715) * x * x * x);
}

template <class T>
struct Gelu {
    BESTIARY_HD T operator()(T x) const { return x * normal(x).cdf; }
};
template <class T>
struct GeluBackward {
    BESTIARY_HD T operator()(T g, T x) const {
        const Normal<T> at = normal(x);
        return g * (at.cdf + x * at.pdf);
    }
};
template <class T>
struct GeluTanh {
    BESTIARY_HD T operator()(T x) const { return T(0.5) * x * (T(1) + v_tanh(gelu_inner(x))); }
};
template <class T>
struct GeluTanhBackward {
    BESTIARY_HD T operator()(T g, T x) const {
        const T t = v_tanh(gelu_inner(x));
        const T slope = T(kTwoOverSqrtPi * kSqrtHalf) * (T(1) + T(3 * 0.044715) * x * x);
        return g * T(0.5) * ((T(1) + t) + x * (T(1) - t * t) * slope);
    }
};

template <class T>
struct Silu {
    BESTIARY_HD T operator()(T x) const { return x / (T(1) + v_exp(-x)); }
};
template <class T>
struct SiluBackward {
    BESTIARY_HD T operator()(T g, T x) const {
        const T s = sigmoid(x);
        return g * s * (T(1) + x * (T(1) - s));
    }
};

// tanh(softplus(x)) is n / (n + 2) with n = e(e + 2), e = exp(x); beyond 20 it is 1 to the last digit.
template <class T>
BESTIARY_HD inline T mish_n(T x) {
    const T e = v_exp(x < T(20) ? x : T(20));
    return e * (e + T(2));
}
template <class T>
struct Mish {
    BESTIARY_HD T operator()(T x) const {
        const T n = mish_n(x);
        return x * (n / (n + T(2)));
    }
};
template <class T>
struct MishBackward {
    BESTIARY_HD T operator()(T g, T x) const {
        const T n = mish_n(x), t = n / (n + T(2));
        const T complement = T(2) / (n + T(2)) * (T(1) + t);  // 1 - t^2
        const T bounded = x > T(20) ? T(20) : x;  // beyond, what is left of the complement must not be multiplied
        return g * (t + bounded * sigmoid(x) * complement);
    }
};

template <class T>
BESTIARY_HD inline T ramp(T x, T low, T high) {
    const T y = x < low ? low : x;
    return y > high ? high : y;
}
// params: min_val, max_val. The slope at both is 0.
template <class T>
struct HardTanh {
    T low, high;
    BESTIARY_HD explicit HardTanh(const double* params)
        : low(static_cast<T>(params[0])), high(static_cast<T>(params[1])) {}
    BESTIARY_HD T operator()(T x) const { return ramp(x, low, high); }
};
template <class T>
struct HardTanhBackward : HardTanh<T> {
    using HardTanh<T>::HardTanh;
    BESTIARY_HD T operator()(T g, T y) const { return y <= this->low || y >= this->high ? T(0) : g; }
};
template <class T>
struct HardSwish {
    BESTIARY_HD T operator()(T x) const { return x * ramp(x + T(3), T(0), T(6)) / T(6); }
};
template <class T>
struct HardSwishBackward {
    BESTIARY_HD T operator()(T g, T x) const { return x <= T(-3) ? T(0) : x >= T(3) ? g : g * (x / T(3) + T(0.5)); }
};
template <class T>
struct HardSigmoid {
    BESTIARY_HD T operator()(T x) const { return ramp(x + T(3), T(0), T(6)) / T(6); }
};
template <class T>
struct HardSigmoidBackward {
    BESTIARY_HD T operator()(T g, T x) const { return x > T(-3) && x < T(3) ? g / T(6) : T(0); }
};

// params: beta, threshold. Written so that exp can't overflow.
template <class T>
struct Softplus {
    T beta, threshold;
    BESTIARY_HD explicit Softplus(const double* params)
        : beta(static_cast<T>(params[0])), threshold(static_cast<T>(params[1])) {}
    BESTIARY_HD T operator()(T x) const {
        const T v = x * beta;
        const T sum = ((v < T(0) ? T(0) : v) + v_log1p(v_exp(-fabs(v)))) / beta;
        return v > threshold ? x : sum;
    }
};
template <class T>
struct SoftplusBackward : Softplus<T> {
    using Softplus<T>::Softplus;
    BESTIARY_HD T operator()(T g, T x) const {
        const T v = x * this->beta;
        return g * sigmoid(v > this->threshold ? T(kInfinity) : v);
    }
};

template <class Visit>
BESTIARY_HOST void activation_ops(Visit visit) {
    visit("relu", Unary<Relu, Numbers>());
    visit("_relu_backward", Binary<ReluBackward, Floats>());
    visit("sigmoid", Unary<Sigmoid, Floats>());
    visit("_sigmoid_backward", Binary<SigmoidBackward, Floats>());
    visit("leaky_relu", Unary<LeakyRelu, Floats>());
    visit("_leaky_relu_backward", Binary<LeakyReluBackward, Floats>());
    visit("_elu", Unary<Elu, Floats>());
    visit("_elu_backward", Binary<EluBackward, Floats>());
    visit("_gelu", Unary<Gelu, Floats>());
    visit("_gelu_backward", Binary<GeluBackward, Floats>());
    visit("_gelu_tanh", Unary<GeluTanh, Floats>());
    visit("_gelu_tanh_backward", Binary<GeluTanhBackward, Floats>());
    visit("silu", Unary<Silu, Floats>());
    visit("_silu_backward", Binary<SiluBackward, Floats>());
    visit("mish", Unary<Mish, Floats>());
    visit("_mish_backward", Binary<MishBackward, Floats>());
    visit("hardtanh", Unary<HardTanh, Numbers>());
    visit("_hardtanh_backward", Binary<HardTanhBackward, Floats>());
    visit("hardswish", Unary<HardSwish, Floats>());
    visit("_hardswish_backward", Binary<HardSwishBackward, Floats>());
    visit("hardsigmoid", Unary<HardSigmoid, Floats>());
    visit("_hardsigmoid_backward", Binary<HardSigmoidBackward, Floats>());
    visit("softplus", Unary<Softplus, Floats>());
    visit("_softplus_backward", Binary<SoftplusBackward, Floats>());
}

}  // namespace bestiary::functors
