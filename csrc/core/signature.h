// Functions whose C++ parameters are those of an op's schema, called with boxed arguments.
//
// Note [Typed declarations]
// What a row declares, and its kernels, are written with parameters in the order of the schema:
//
//     OP("_softmax(Tensor self, int dim) -> Tensor")
//         .shape([](Meta& m, const Tensor& self, int64_t dim) { ... });
//     void softmax(const KernelCall& call, const Tensor& self, int64_t dim) { ... }
//     KERNEL(CPU, "_softmax", softmax);
//
// Unboxed<T> says which C++ type stands for which kind of parameter; `const Value&` stands for any, and passes an
// argument on as it came. csrc/python adds types that stand for Python's classes. Types and schema are compared when
// the library loads, and a difference is an ImportError that names op and parameter. Unboxing is a load from the
// argument's sixteen bytes. Shape rules and kernels may leave out the parameters at the end that they do not read.
#pragma once

#include <optional>
#include <tuple>
#include <utility>

#include "core/schema.h"

namespace bestiary {

using Ints = std::span<const int64_t>;
using Floats = std::span<const double>;
using Tensors = std::span<const Tensor>;

// The kinds of parameter that a C++ type stands for.
struct ParamType {
    enum class None : uint8_t { Refused, Accepted, Either };
    Kind kind;
    None none = None::Refused;
    bool any = false;
    const ObjectType* object = nullptr;
};

template <class T>
struct Unboxed;

template <>
struct Unboxed<const Value&> {
    static constexpr ParamType type{Kind::Operand, ParamType::None::Either, true};
    static const Value& get(const Value& v) { return v; }
};
// Undefined for None.
template <>
struct Unboxed<const Tensor&> {
    static constexpr ParamType type{Kind::Tensor, ParamType::None::Either};
    static const Tensor& get(const Value& v) { return reinterpret_cast<const Tensor&>(v.t); }
};
template <>
struct Unboxed<int64_t> {
    static constexpr ParamType type{Kind::Int};
    static int64_t get(const Value& v) { return v.integer(); }
};
template <>
struct Unboxed<double> {
    static constexpr ParamType type{Kind::Float};
    static double get(const Value& v) { return v.number(); }
};
template <>
struct Unboxed<bool> {
    static constexpr ParamType type{Kind::Bool};
    static bool get(const Value& v) { return v.b; }
};
template <>
struct Unboxed<std::string_view> {
    static constexpr ParamType type{Kind::Str};
    static std::string_view get(const Value& v) { return v.str(); }
};
// C++ may pass one integer for a list of one.
template <>
struct Unboxed<Ints> {
    static constexpr ParamType type{Kind::Ints};
    static Ints get(const Value& v) { return v.tag == Tag::Int ? Ints(&v.i, 1) : v.int_list(); }
};
template <>
struct Unboxed<Floats> {
    static constexpr ParamType type{Kind::Floats};
    static Floats get(const Value& v) { return v.float_list(); }
};
template <>
struct Unboxed<Tensors> {
    static constexpr ParamType type{Kind::Tensors};
    static Tensors get(const Value& v) { return v.tensor_list(); }
};
template <>
struct Unboxed<DType> {
    static constexpr ParamType type{Kind::DType};
    static DType get(const Value& v) { return v.dtype; }
};
template <>
struct Unboxed<Device> {
    static constexpr ParamType type{Kind::Device};
    static Device get(const Value& v) { return v.device; }
};
// For kernels, which dispatch gives one to draw from.
template <>
struct Unboxed<Generator&> {
    static constexpr ParamType type{Kind::Generator, ParamType::None::Either};
    static Generator& get(const Value& v) { return *v.generator; }
};
template <class T>
struct Unboxed<std::optional<T>> {
    static constexpr ParamType type{Unboxed<T>::type.kind, ParamType::None::Accepted};
    static std::optional<T> get(const Value& v) {
        return v.none() ? std::nullopt : std::optional<T>(Unboxed<T>::get(v));
    }
};

// The types of parameters, to be compared with a schema.
using Signature = std::span<const ParamType>;
// A ValueError, which names the function as `what`, unless the types stand for the schema's parameters: all, or the
// first of them.
void check_signature(const Schema& schema, const char* what, Signature types, bool all);

template <class... P>
struct Parameters {
    static constexpr ParamType list[sizeof...(P) + 1] = {Unboxed<P>::type..., {}};
    static constexpr Signature signature{list, sizeof...(P)};

    // f(first..., the arguments unboxed)
    template <class F, class... First>
    static decltype(auto) call(const F& f, Args args, First&... first) {
        return [&]<size_t... I>(std::index_sequence<I...>) -> decltype(auto) {
            return f(first..., Unboxed<P>::get(args[I])...);
        }(std::index_sequence_for<P...>());
    }
};

// The parameters of a function or of a lambda, apart from the first ones that are given as Leading.
template <class F, class... Leading>
struct ParametersOf : ParametersOf<decltype(&F::operator()), Leading...> {};
template <class F, class R, class... P>
struct ParametersOf<R (F::*)(P...) const> : Parameters<P...> {};
template <class R, class... P>
struct ParametersOf<R (*)(P...)> : Parameters<P...> {};
template <class F, class R, class Leading, class... P>
struct ParametersOf<R (F::*)(Leading, P...) const, Leading> : Parameters<P...> {};
template <class R, class Leading, class... P>
struct ParametersOf<R (*)(Leading, P...), Leading> : Parameters<P...> {};

}  // namespace bestiary
