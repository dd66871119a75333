// Strided loops over functors, which the compiler can vectorise, and their registration from a family's list.
#pragma once

#include <type_traits>

#include "cpu/isa/loops.h"

namespace bestiary::cpu::ISA {

// Those functors take the op's params that have a constructor for them.
template <class F>
inline F make(const double* params) {
    if constexpr (std::is_constructible_v<F, const double*>) return F(params);
    else return F{};
}

template <class F, class Out, class In>
void unary_loop(char* const* data, const int64_t* strides, int64_t n, const double* params) {
    const F f = make<F>(params);
    if (strides[0] == sizeof(Out) && strides[1] == sizeof(In)) {
        Out* out = reinterpret_cast<Out*>(data[0]);
        const In* in = reinterpret_cast<const In*>(data[1]);
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) out[i] = f(in[i]);
        return;
    }
    for (int64_t i = 0; i < n; ++i)
        *reinterpret_cast<Out*>(data[0] + i * strides[0]) = f(load<In>(data[1] + i * strides[1]));
}

template <class F, class Out, class In>
void binary_loop(char* const* data, const int64_t* strides, int64_t n, const double* params) {
    const F f = make<F>(params);
    Out* out = reinterpret_cast<Out*>(data[0]);
    const In* a = reinterpret_cast<const In*>(data[1]);
    const In* b = reinterpret_cast<const In*>(data[2]);
    constexpr int64_t step = sizeof(In);
    if (strides[0] == sizeof(Out) && strides[1] == step && strides[2] == step) {
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) out[i] = f(a[i], b[i]);
    } else if (strides[0] == sizeof(Out) && strides[1] == step && strides[2] == 0) {
        const In y = *b;
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) out[i] = f(a[i], y);
    } else if (strides[0] == sizeof(Out) && strides[1] == 0 && strides[2] == step) {
        const In x = *a;
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) out[i] = f(x, b[i]);
    } else {
        for (int64_t i = 0; i < n; ++i)
            *reinterpret_cast<Out*>(data[0] + i * strides[0]) =
                f(load<In>(data[1] + i * strides[1]), load<In>(data[2] + i * strides[2]));
    }
}

template <class F, class Out, class A, class B, class C, bool FixedB, bool FixedC>
void ternary_row(const F& f, Out* out, const A* a, const B* b, const C* c, int64_t n) {
    const B y = *b;
    const C z = *c;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) out[i] = f(a[i], FixedB ? y : b[i], FixedC ? z : c[i]);
}

template <class F, class Out, class A, class B, class C>
void ternary_loop(char* const* data, const int64_t* strides, int64_t n, const double* params) {
    const F f = make<F>(params);
    const bool fixed_b = strides[2] == 0, fixed_c = strides[3] == 0;
    if (strides[0] == sizeof(Out) && strides[1] == sizeof(A) && (fixed_b || strides[2] == sizeof(B)) &&
        (fixed_c || strides[3] == sizeof(C))) {
        Out* out = reinterpret_cast<Out*>(data[0]);
        const A* a = reinterpret_cast<const A*>(data[1]);
        const B* b = reinterpret_cast<const B*>(data[2]);
        const C* c = reinterpret_cast<const C*>(data[3]);
        if (fixed_b && fixed_c) return ternary_row<F, Out, A, B, C, true, true>(f, out, a, b, c, n);
        if (fixed_b) return ternary_row<F, Out, A, B, C, true, false>(f, out, a, b, c, n);
        if (fixed_c) return ternary_row<F, Out, A, B, C, false, true>(f, out, a, b, c, n);
        return ternary_row<F, Out, A, B, C, false, false>(f, out, a, b, c, n);
    }
    for (int64_t i = 0; i < n; ++i)
        *reinterpret_cast<Out*>(data[0] + i * strides[0]) =
            f(load<A>(data[1] + i * strides[1]), load<B>(data[2] + i * strides[2]), load<C>(data[3] + i * strides[3]));
}

template <class T>
bool has_zero(const char* at, int64_t stride, int64_t n) {
    if (stride == 0) n = 1;
    bool found = false;
    for (int64_t i = 0; i < n; ++i) found |= load<T>(at + i * stride) == T(0);
    return found;
}

template <class F, class T>
void quotient_loop(char* const* data, const int64_t* strides, int64_t n, const double* params) {
    if (has_zero<T>(data[2], strides[2], n)) division_by_zero();
    binary_loop<F, T, T>(data, strides, n, params);
}

template <class T, class... F>
Loop choice_loop(functors::Choices<F...>, int choice) {
    constexpr Loop loops[] = {unary_loop<F, T, T>...};
    return loops[choice];
}

template <class F, class T>
void chosen_by_params_loop(char* const* data, const int64_t* strides, int64_t n, const double* params) {
    choice_loop<T>(typename F::Choices(), F::choice(params))(data, strides, n, params);
}

template <class F, class T>
void chosen_by_operand_loop(char* const* data, const int64_t* strides, int64_t n, const double* params) {
    const int choice = strides[2] == 0 ? F::choice(load<T>(data[2])) : -1;
    if (choice < 0) return binary_loop<F, T, T>(data, strides, n, params);
    choice_loop<T>(typename F::Choices(), choice)(data, strides, n, params);
}

template <class F, class Out, class A>
constexpr Loop loop_of(Out (*)(A)) {
    if constexpr (functors::ChosenByParams<F>) return chosen_by_params_loop<F, A>;
    else return unary_loop<F, Out, A>;
}
template <class F, class Out, class A>
constexpr Loop loop_of(Out (*)(A, A)) {
    if constexpr (functors::ChosenByOperand<F, A>) return chosen_by_operand_loop<F, A>;
    else return binary_loop<F, Out, A>;
}
template <class F, class Out, class A, class B, class C>
constexpr Loop loop_of(Out (*)(A, B, C)) {
    return ternary_loop<F, Out, A, B, C>;
}

template <class Op, class T>
constexpr Loop loop_for() {
    using F = typename Op::template Functor<T>;
    if constexpr (Op::kRefusesZero && kIsInteger<T>) return quotient_loop<F, T>;
    else return loop_of<F>(static_cast<typename Op::template Signature<T>*>(nullptr));
}

template <class Op, class... T>
void register_types(const char* name, Types<T...>) {
    (register_loop(name, dtype_of<T>(), IsaLevel::ISA, loop_for<Op, T>()), ...);
}
struct RegisterOp {
    template <class Op>
    void operator()(const char* name, Op) const {
        register_types<Op>(name, typename Op::Domain());
    }
};

}  // namespace bestiary::cpu::ISA
