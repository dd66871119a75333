#include "core/dtype.h"

#include <algorithm>

namespace bestiary {

static constexpr const char* kNames[kDTypes] = {"bool",  "uint8",   "int8",     "int16",   "int32",
                                                "int64", "float16", "bfloat16", "float32", "float64"};

const char* dtype_name(DType t) { return kNames[static_cast<int>(t)]; }

std::optional<DType> dtype_from_name(std::string_view name) {
    for (int i = 0; i < kDTypes; ++i)
        if (name == kNames[i]) return static_cast<DType>(i);
    return std::nullopt;
}

DType promote(DType a, DType b) {
    if (a == b) return a;
    if (a > b) std::swap(a, b);
    // Two pairs have no member that holds both: the next wider type does.
    if (a == DType::UInt8 && b == DType::Int8) return DType::Int16;
    if (a == DType::Float16 && b == DType::BFloat16) return DType::Float32;
    return b;
}

}  // namespace bestiary
