// Elementwise ops as data: each family's header defines functors and lists the ops that they calculate.
//
// Note [Functors]
// A functor calculates one element: F<T>()(x, y). It is the only copy of its formula: every device makes its loops or
// kernels from the list at the end of the header, which calls visit("name", Unary<F, Floats>()) for each op. So these
// headers are read by the compilers of processors and of GPUs, NVRTC among them, and tests/test_functors.py compiles
// them as those do. The rules:
// - Every function is BESTIARY_HD. Nothing is included but these headers and those of core that obey the same rules.
// - Mathematical functions come from functors/math.h. Code in double alone may call those of C, as ::exp.
// - Tables are constexpr and local to a function: a device reads no variables of the host.
// - Nothing is thrown or allocated. A driver checks beforehand what an op refuses: see Quotient.
// - Numbers among an op's arguments arrive in the constructor, F<T>(params), which runs on the host or on the device.
// - Where the params of a call, or a second operand that is one number, allow for a simpler functor, a type Choices
//   lists those that there are, and a static function `choice` selects one.
// - Both sides of a choice between values are calculated wherever that is possible: a branch keeps the loop from being
//   vectorised.
#pragma once

#include "core/host_device.h"

namespace bestiary::functors {

template <class... T>
struct Types {};
using Floats = Types<float, double>;
using Ints = Types<uint8_t, int8_t, int16_t, int32_t, int64_t>;
using Bits = Types<bool, uint8_t, int8_t, int16_t, int32_t, int64_t>;
using Numbers = Types<uint8_t, int8_t, int16_t, int32_t, int64_t, float, double>;
using All = Types<bool, uint8_t, int8_t, int16_t, int32_t, int64_t, float, double>;

// The unsigned integer of so many bytes, and that of T's size.
template <unsigned bytes>
struct UnsignedInteger;
template <>
struct UnsignedInteger<1> {
    using type = uint8_t;
};
template <>
struct UnsignedInteger<2> {
    using type = uint16_t;
};
template <>
struct UnsignedInteger<4> {
    using type = uint32_t;
};
template <>
struct UnsignedInteger<8> {
    using type = uint64_t;
};
template <class T>
using BitsOf = typename UnsignedInteger<sizeof(T)>::type;

// Functors F<T> of the type Signature<T>, for each T of Domain.
template <template <class> class F, class Domain_, template <class> class Signature_, bool refuses_zero = false>
struct Elementwise {
    using Domain = Domain_;
    template <class T>
    using Functor = F<T>;
    template <class T>
    using Signature = Signature_<T>;
    // Of integers, the second operand must not be 0.
    static constexpr bool kRefusesZero = refuses_zero;
};

template <class T>
using UnarySignature = T(T);
template <class T>
using TestSignature = bool(T);
template <class T>
using BinarySignature = T(T, T);
template <class T>
using CompareSignature = bool(T, T);
template <class T>
using TernarySignature = T(T, T, T);

template <template <class> class F, class Domain>
using Unary = Elementwise<F, Domain, UnarySignature>;
template <template <class> class F, class Domain>
using Test = Elementwise<F, Domain, TestSignature>;
template <template <class> class F, class Domain>
using Binary = Elementwise<F, Domain, BinarySignature>;
template <template <class> class F, class Domain>
using Compare = Elementwise<F, Domain, CompareSignature>;
template <template <class> class F, class Domain>
using Ternary = Elementwise<F, Domain, TernarySignature>;
template <template <class> class F, class Domain>
using Quotient = Elementwise<F, Domain, BinarySignature, true>;

// Functors of one operand of which a call takes one: see Round and Pow.
template <class... F>
struct Choices {};
template <class F>
concept ChosenByParams = requires(const double* params) { F::choice(params); };
template <class F, class T>
concept ChosenByOperand = requires(T y) { F::choice(y); };

}  // namespace bestiary::functors
