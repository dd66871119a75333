// Turns a functor on scalars into a strided loop that the compiler can vectorise.
#pragma once

#include <cmath>
#include <cstring>

#include "cpu/loops.h"

namespace bestiary::cpu::ISA {

template <class T>
inline T load(const char* p) {
    return *reinterpret_cast<const T*>(p);
}

// Functors are built from the op's params: F{params}(x). Those without take none.
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

// LOOPS { binary<Add>("add", All{}); } registers a file's loops when the processor turns out to support this ISA:
// the function's address goes to a section of its own that cpu/loops.cpp walks. No static constructor runs.
#define BESTIARY_TEXT_(x) #x
#define BESTIARY_TEXT(x) BESTIARY_TEXT_(x)
#define LOOPS                                                                                     \
    void register_loops();                                                                        \
    [[gnu::used, gnu::section("loops_" BESTIARY_TEXT(ISA))]] void (*const entry)() = register_loops; \
    void register_loops()

// Makes the kernels of a family known for this instruction set: see Note [Kernel tables].
template <class Table>
void provide(const Table& table) {
    register_table(typeid(Table).name(), IsaLevel::ISA, &table, sizeof(Table));
}

template <class... T>
struct Types {};
using Floats = Types<float, double>;
using Ints = Types<uint8_t, int8_t, int16_t, int32_t, int64_t>;
using Numbers = Types<uint8_t, int8_t, int16_t, int32_t, int64_t, float, double>;
using All = Types<bool, uint8_t, int8_t, int16_t, int32_t, int64_t, float, double>;

template <template <class> class F, class... T>
void unary(const char* op, Types<T...>) {
    (register_loop(op, dtype_of<T>(), IsaLevel::ISA, unary_loop<F<T>, T, T>), ...);
}
// The result is bool whatever the operand.
template <template <class> class F, class... T>
void unary_test(const char* op, Types<T...>) {
    (register_loop(op, dtype_of<T>(), IsaLevel::ISA, unary_loop<F<T>, bool, T>), ...);
}
template <template <class> class F, class... T>
void binary(const char* op, Types<T...>) {
    (register_loop(op, dtype_of<T>(), IsaLevel::ISA, binary_loop<F<T>, T, T>), ...);
}
template <template <class> class F, class... T>
void compare(const char* op, Types<T...>) {
    (register_loop(op, dtype_of<T>(), IsaLevel::ISA, binary_loop<F<T>, bool, T>), ...);
}
template <template <class> class F, class... T>
void ternary(const char* op, Types<T...>) {
    (register_loop(op, dtype_of<T>(), IsaLevel::ISA, ternary_loop<F<T>, T, T, T, T>), ...);
}

}  // namespace bestiary::cpu::ISA
