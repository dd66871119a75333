// The optimizers' updates of one element. x[0] is the parameter, x[1] the gradient, the rest state.
#include "cpu/isa/optim.h"

#include "cpu/isa/loops.h"

namespace bestiary::cpu::ISA {
namespace {

template <class M>
struct Sgd {
    static constexpr int operands = 2;
    M sign, decay, lr;
    explicit Sgd(const SgdStep& s) : sign(M(s.sign)), decay(M(s.weight_decay)), lr(M(s.lr)) {}
    void operator()(M* x) const { x[0] -= lr * (sign * x[1] + decay * x[0]); }
};

template <class M>
struct SgdMomentum {
    static constexpr int operands = 3;
    M sign, decay, lr, momentum, scale;
    bool nesterov, first;
    explicit SgdMomentum(const SgdStep& s)
        : sign(M(s.sign)), decay(M(s.weight_decay)), lr(M(s.lr)), momentum(M(s.momentum)), scale(M(s.grad_scale)),
          nesterov(s.nesterov), first(s.first) {}
    void operator()(M* x) const {
        const M g = sign * x[1] + decay * x[0];
        x[2] = first ? g : momentum * x[2] + scale * g;
        x[0] -= lr * (nesterov ? g + momentum * x[2] : x[2]);
    }
};

template <class M, bool Amsgrad>
struct Adam {
    static constexpr int operands = Amsgrad ? 5 : 4;
    M sign, decay, shrink, weight1, beta2, weight2, lr, correction, eps;
    explicit Adam(const AdamStep& s)
        : sign(M(s.sign)), decay(M(s.weight_decay)), shrink(M(s.shrink)), weight1(M(1.0 - s.beta1)), beta2(M(s.beta2)),
          weight2(M(1.0 - s.beta2)), lr(M(s.lr)), correction(M(s.rsqrt_correction)), eps(M(s.eps)) {}
    void operator()(M* x) const {
        const M g = sign * x[1] + decay * x[0];
        x[2] += weight1 * (g - x[2]);
        x[3] = beta2 * x[3] + weight2 * g * g;
        M square = x[3];
        if constexpr (Amsgrad) square = x[4] = x[4] > square ? x[4] : square;
        x[0] = shrink * x[0] - lr * x[2] / (std::sqrt(square) * correction + eps);
    }
};

template <class M, bool Momentum, bool Centered>
struct Rmsprop {
    static constexpr int operands = 3 + Momentum + Centered;
    M sign, decay, lr, alpha, weight, eps, momentum;
    explicit Rmsprop(const RmspropStep& s)
        : sign(M(s.sign)), decay(M(s.weight_decay)), lr(M(s.lr)), alpha(M(s.alpha)), weight(M(1.0 - s.alpha)),
          eps(M(s.eps)), momentum(M(s.momentum)) {}
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
void update(char* const* data, const int64_t* strides, int64_t n, const Rule& rule) {
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

template <class T>
void sgd(char* const* data, const int64_t* strides, int64_t n, const SgdStep& s) {
    using M = Math<T>;
    if (s.momentum != 0) update<SgdMomentum<M>, T>(data, strides, n, SgdMomentum<M>(s));
    else update<Sgd<M>, T>(data, strides, n, Sgd<M>(s));
}

template <class T>
void adam(char* const* data, const int64_t* strides, int64_t n, const AdamStep& s) {
    using M = Math<T>;
    if (s.amsgrad) update<Adam<M, true>, T>(data, strides, n, Adam<M, true>(s));
    else update<Adam<M, false>, T>(data, strides, n, Adam<M, false>(s));
}

template <class T, bool Momentum, bool Centered>
void rmsprop_rule(char* const* data, const int64_t* strides, int64_t n, const RmspropStep& s) {
    using Rule = Rmsprop<Math<T>, Momentum, Centered>;
    update<Rule, T>(data, strides, n, Rule(s));
}

template <class T>
void rmsprop(char* const* data, const int64_t* strides, int64_t n, const RmspropStep& s) {
    static constexpr OptimKernel<RmspropStep> rules[2][2] = {
        {rmsprop_rule<T, false, false>, rmsprop_rule<T, false, true>},
        {rmsprop_rule<T, true, false>, rmsprop_rule<T, true, true>}};
    rules[s.momentum != 0][s.centered](data, strides, n, s);
}

template <class T>
void add(OptimKernels& table) {
    constexpr int dtype = static_cast<int>(dtype_of<T>());
    table.sgd[dtype] = sgd<T>;
    table.adam[dtype] = adam<T>;
    table.rmsprop[dtype] = rmsprop<T>;
}

LOOPS {
    OptimKernels table{};
    add<Half>(table);
    add<BFloat16>(table);
    add<float>(table);
    add<double>(table);
    provide(table);
}

}  // namespace
}  // namespace bestiary::cpu::ISA
