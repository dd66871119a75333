// Element types, their names and how they promote.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/convert.h"
#include "core/error.h"
#include "core/float8.h"
#include "core/half.h"

namespace bestiary {

// The table of dtypes, a row each, in the order in which promotion tries them:
//     enumerator, name, C++ type, category, digits, exponent bits, signed, whether kernels calculate in it
// Digits are those of the significand, or of an integer without its sign. Types that no kernel calculates in are stored
// and converted; elementwise ops calculate in their compute_type. Complex types will follow Float64.
#define BESTIARY_DTYPES(X)                                               \
    X(Bool, "bool", bool, Bool, 1, 0, false, true)                       \
    X(UInt8, "uint8", uint8_t, Int, 8, 0, false, true)                   \
    X(Int8, "int8", int8_t, Int, 7, 0, true, true)                       \
    X(UInt16, "uint16", uint16_t, Int, 16, 0, false, false)              \
    X(Int16, "int16", int16_t, Int, 15, 0, true, true)                   \
    X(UInt32, "uint32", uint32_t, Int, 32, 0, false, false)              \
    X(Int32, "int32", int32_t, Int, 31, 0, true, true)                   \
    X(UInt64, "uint64", uint64_t, Int, 64, 0, false, false)              \
    X(Int64, "int64", int64_t, Int, 63, 0, true, true)                   \
    X(Float8E4M3, "float8_e4m3fn", Float8E4M3, Float, 4, 4, true, false) \
    X(Float8E5M2, "float8_e5m2", Float8E5M2, Float, 3, 5, true, false)   \
    X(Float16, "float16", Half, Float, 11, 5, true, true)                \
    X(BFloat16, "bfloat16", BFloat16, Float, 8, 8, true, true)           \
    X(Float32, "float32", float, Float, 24, 8, true, true)               \
    X(Float64, "float64", double, Float, 53, 11, true, true)

enum class DType : uint8_t {
#define BESTIARY_ROW(name, ...) name,
    BESTIARY_DTYPES(BESTIARY_ROW)
#undef BESTIARY_ROW
};

enum class Category : uint8_t { Bool, Int, Float };

struct DTypeInfo {
    const char* name;
    int64_t item_size;
    Category category;
    int digits, exponent_bits;
    bool is_signed;
};

constexpr DTypeInfo kDTypeTable[] = {
#define BESTIARY_ROW(enumerator, name, T, category, digits, exponent, is_signed, computes) \
    {name, sizeof(T), Category::category, digits, exponent, is_signed},
    BESTIARY_DTYPES(BESTIARY_ROW)
#undef BESTIARY_ROW
};
constexpr int kDTypes = sizeof(kDTypeTable) / sizeof(kDTypeTable[0]);

constexpr const DTypeInfo& info(DType t) { return kDTypeTable[static_cast<int>(t)]; }
constexpr Category category(DType t) { return info(t).category; }
constexpr bool is_floating(DType t) { return category(t) == Category::Float; }
constexpr bool is_half(DType t) { return t == DType::Float16 || t == DType::BFloat16; }
constexpr int64_t item_size(DType t) { return info(t).item_size; }

constexpr const char* dtype_name(DType t) { return info(t).name; }
std::optional<DType> dtype_from_name(std::string_view name);
// The least type that holds the values of both: see Note [Promotion lattice]. A TypeError where there is none.
DType promote(DType a, DType b);

// The type that arithmetic happens in where a type has none of its own.
constexpr DType compute_type(DType t) {
    if (is_floating(t)) return item_size(t) < 4 ? DType::Float32 : t;
    return t == DType::UInt16 ? DType::Int32 : t == DType::UInt32 ? DType::Int64 : t;
}

inline std::ostream& operator<<(std::ostream& out, DType t) { return out << dtype_name(t); }

template <class T> constexpr DType dtype_of();
#define BESTIARY_ROW(enumerator, name, T, ...) \
    template <> constexpr DType dtype_of<T>() { return DType::enumerator; }
BESTIARY_DTYPES(BESTIARY_ROW)
#undef BESTIARY_ROW

[[noreturn]] void no_kernel_for(DType t);

// visit(dtype, [&]<class T>() { ... }) runs the body with T bound to the C++ type of dtype, in which kernels calculate.
template <class F>
decltype(auto) visit(DType t, F&& body) {
    switch (t) {
#define BESTIARY_ROW(enumerator, name, T, category, digits, exponent, is_signed, computes)  \
    case DType::enumerator:                                                                 \
        if constexpr (computes) return body.template operator()<T>();                       \
        else no_kernel_for(t);
        BESTIARY_DTYPES(BESTIARY_ROW)
#undef BESTIARY_ROW
    }
    __builtin_unreachable();
}

// The same for every type, to store and convert.
template <class F>
decltype(auto) visit_stored(DType t, F&& body) {
    switch (t) {
#define BESTIARY_ROW(enumerator, name, T, ...) \
    case DType::enumerator: return body.template operator()<T>();
        BESTIARY_DTYPES(BESTIARY_ROW)
#undef BESTIARY_ROW
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

}  // namespace bestiary
