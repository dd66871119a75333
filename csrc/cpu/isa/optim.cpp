// The optimizers' updates of one element. x[0] is the parameter, x[1] the gradient, the rest state.
#include "cpu/isa/loops.h"

namespace bestiary::cpu::ISA {
namespace {

template <class M>
struct Sgd {
    static constexpr int operands = 2;
    M sign, decay, lr;
    explicit Sgd(const double* p) : sign(M(p[0])), decay(M(p[1])), lr(M(p[2])) {}
    void operator()(M* x) const { x[0] -= lr * (sign * x[1] + decay * x[0]); }
};

template <class M>
struct SgdMomentum {
    static constexpr int operands = 3;
    M sign, decay, lr, momentum, scale;
    bool nesterov, first;
    explicit SgdMomentum(const double* p)
        : sign(M(p[0])), decay(M(p[1])), lr(M(p[2])), momentum(M(p[3])), scale(M(p[4])), nesterov(p[5] != 0),
          first(p[6] != 0) {}
    void operator()(M* x) const {
        const M g = sign * x[1] + decay * x[0];
        x[2] = first ? g : momentum * x[2] + scale * g;
        x[0] -= lr * (nesterov ? g + momentum * x[2] : x[2]);
    }
};

template <class M, bool Amsgrad>
struct AdamRule {
    static constexpr int operands = Amsgrad ? 5 : 4;
    M sign, decay, shrink, weight1, beta2, weight2, lr, correction, eps;
    explicit AdamRule(const double* p)
        : sign(M(p[0])), decay(M(p[1])), shrink(M(p[2])), weight1(M(p[3])), beta2(M(p[4])), weight2(M(p[5])),
          lr(M(p[6])), correction(M(p[7])), eps(M(p[8])) {}
    void operator()(M* x) const {
        const M g = sign * x[1] + decay * x[0];
        x[2] += weight1 * (g - x[2]);
        x[3] = beta2 * x[3] + weight2 * g * g;
        M square = x[3];
        if constexpr (Amsgrad) square = x[4] = x[4] > square ? x[4] : square;
        x[0] = shrink * x[0] - lr * x[2] / (std::sqrt(square) * correction + eps);
    }
};
template <class M>
using Adam = AdamRule<M, false>;
template <class M>
using AdamAmsgrad = AdamRule<M, true>;

template <class M, bool Momentum, bool Centered>
struct RmspropRule {
    static constexpr int operands = 3 + Momentum + Centered;
    M sign, decay, lr, alpha, weight, eps, momentum;
    explicit RmspropRule(const double* p)
        : sign(M(p[0])), decay(M(p[1])), lr(M(p[2])), alpha(M(p[3])), weight(M(1.0 - p[3])), eps(M(p[4])),
          momentum(M(p[5])) {}
    void operator()(M* x) const {
        const M g = sign * x[1] + decay * x[0];
        x[2] = alpha * x[2] + weight * g * g;
        M square = x[2];
        if constexpr (Centered) {
            M& mean = x[3 + Momentum];
            mean += weight * (g - mean);
            square -= mean * mean;
        }
        M change = g / (std::sqrt(square) + eps);
        if constexpr (Momentum) change = x[3] = momentum * x[3] + change;
        x[0] -= lr * change;
    }
};
template <class M>
using Rmsprop = RmspropRule<M, false, false>;
template <class M>
using RmspropMomentum = RmspropRule<M, true, false>;
template <class M>
using RmspropCentered = RmspropRule<M, false, true>;
template <class M>
using RmspropMomentumCentered = RmspropRule<M, true, true>;

// 16-bit floats are calculated with in float.
template <class T>
using Math = std::conditional_t<sizeof(T) == 2, float, T>;

template <class Rule, class T, class At>
inline void update_one(const Rule& rule, At&& at) {
    Math<T> x[Rule::operands];
    for (int k = 0; k < Rule::operands; ++k) x[k] = convert<Math<T>>(at(k));
    rule(x);
    for (int k = 0; k < Rule::operands; ++k)
        if (k != 1) at(k) = convert<T>(x[k]);
}

template <class Rule, class T>
void update_loop(char* const* data, const int64_t* strides, int64_t n, const double* params) {
    const Rule rule(params);
    bool packed = true;
    for (int k = 0; k < Rule::operands; ++k) packed &= strides[k] == sizeof(T);
    if (packed) {
        T* start[Rule::operands];
        for (int k = 0; k < Rule::operands; ++k) start[k] = reinterpret_cast<T*>(data[k]);
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) update_one<Rule, T>(rule, [&](int k) -> T& { return start[k][i]; });
        return;
    }
    for (int64_t i = 0; i < n; ++i)
        update_one<Rule, T>(rule, [&](int k) -> T& { return *reinterpret_cast<T*>(data[k] + i * strides[k]); });
}

template <template <class> class Rule, class... T>
void rule(const char* name, Types<T...>) {
    (register_loop(name, dtype_of<T>(), IsaLevel::ISA, update_loop<Rule<Math<T>>, T>), ...);
}

LOOPS {
    using AllFloats = Types<Half, BFloat16, float, double>;
    rule<Sgd>("sgd", AllFloats{});
    rule<SgdMomentum>("sgd_momentum", AllFloats{});
    rule<Adam>("adam", AllFloats{});
    rule<AdamAmsgrad>("adam_amsgrad", AllFloats{});
    rule<Rmsprop>("rmsprop", AllFloats{});
    rule<RmspropMomentum>("rmsprop_momentum", AllFloats{});
    rule<RmspropCentered>("rmsprop_centered", AllFloats{});
    rule<RmspropMomentumCentered>("rmsprop_momentum_centered", AllFloats{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
