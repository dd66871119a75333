// Element types, their names and how they promote.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "core/half.h"

namespace bestiary {

// Ordered by category, then width: promotion compares categories. Complex types will follow Float64.
enum class DType : uint8_t { Bool, UInt8, Int8, Int16, Int32, Int64, Float16, BFloat16, Float32, Float64 };
constexpr int kDTypes = 10;

enum class Category : uint8_t { Bool, Int, Float };

constexpr Category category(DType t) {
    if (t == DType::Bool) return Category::Bool;
    return t < DType::Float16 ? Category::Int : Category::Float;
}
constexpr bool is_floating(DType t) { return category(t) == Category::Float; }
constexpr bool is_half(DType t) { return t == DType::Float16 || t == DType::BFloat16; }

constexpr int64_t item_size(DType t) {
    constexpr int64_t sizes[kDTypes] = {1, 1, 1, 2, 4, 8, 2, 2, 4, 8};
    return sizes[static_cast<int>(t)];
}

const char* dtype_name(DType t);
std::optional<DType> dtype_from_name(std::string_view name);
DType promote(DType a, DType b);

// The type that arithmetic on 16-bit floats happens in; every other type computes in itself.
constexpr DType compute_type(DType t) { return is_half(t) ? DType::Float32 : t; }

inline std::ostream& operator<<(std::ostream& out, DType t) { return out << dtype_name(t); }

template <class T> constexpr DType dtype_of();
template <> constexpr DType dtype_of<bool>() { return DType::Bool; }
template <> constexpr DType dtype_of<uint8_t>() { return DType::UInt8; }
template <> constexpr DType dtype_of<int8_t>() { return DType::Int8; }
template <> constexpr DType dtype_of<int16_t>() { return DType::Int16; }
template <> constexpr DType dtype_of<int32_t>() { return DType::Int32; }
template <> constexpr DType dtype_of<int64_t>() { return DType::Int64; }
template <> constexpr DType dtype_of<Half>() { return DType::Float16; }
template <> constexpr DType dtype_of<BFloat16>() { return DType::BFloat16; }
template <> constexpr DType dtype_of<float>() { return DType::Float32; }
template <> constexpr DType dtype_of<double>() { return DType::Float64; }

// visit(dtype, [&]<class T>() { ... }) runs the body with T bound to the C++ type of dtype.
template <class F>
decltype(auto) visit(DType t, F&& body) {
    switch (t) {
        case DType::Bool: return body.template operator()<bool>();
        case DType::UInt8: return body.template operator()<uint8_t>();
        case DType::Int8: return body.template operator()<int8_t>();
        case DType::Int16: return body.template operator()<int16_t>();
        case DType::Int32: return body.template operator()<int32_t>();
        case DType::Int64: return body.template operator()<int64_t>();
        case DType::Float16: return body.template operator()<Half>();
        case DType::BFloat16: return body.template operator()<BFloat16>();
        case DType::Float32: return body.template operator()<float>();
        case DType::Float64: return body.template operator()<double>();
    }
    __builtin_unreachable();
}

// The same for float and double alone.
template <class F>
decltype(auto) visit_float(DType t, F&& body) {
    if (t == DType::Float32) return body.template operator()<float>();
    if (t == DType::Float64) return body.template operator()<double>();
    fail(ErrorKind::Type, "expected float32 or float64, got ", t);
}

// Any element type to any other, by way of float for the 16-bit ones.
template <class To, class From>
inline To convert(From value) {
    constexpr bool from_half = std::is_same_v<From, Half> || std::is_same_v<From, BFloat16>;
    constexpr bool to_half = std::is_same_v<To, Half> || std::is_same_v<To, BFloat16>;
    if constexpr (std::is_same_v<To, From>) return value;
    else if constexpr (from_half) return convert<To>(static_cast<float>(value));
    else if constexpr (to_half) return To(static_cast<float>(value));
    else if constexpr (std::is_same_v<To, bool>) return value != From(0);
    else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To> && sizeof(To) < 8)
        return static_cast<To>(static_cast<int64_t>(value));  // wraps instead of being undefined
    else return static_cast<To>(value);
}

}  // namespace bestiary
