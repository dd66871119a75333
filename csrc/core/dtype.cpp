#include "core/dtype.h"

#include <array>

namespace bestiary {
namespace {

// Note [Promotion lattice]
// Floats outrank integers, and those bools. Of one category the result is the least type that holds the values of both:
// with as many digits, as wide an exponent, and a sign if either has one. uint64 and the signed integers have none, nor
// have the two 8-bit floats, which float16 and bfloat16 both hold.
constexpr int kNone = kDTypes;

constexpr bool holds(const DTypeInfo& t, const DTypeInfo& a) {
    return t.category == a.category && t.digits >= a.digits && t.exponent_bits >= a.exponent_bits &&
           t.is_signed >= a.is_signed;
}

constexpr int join(int i, int j) {
    const DTypeInfo &a = kDTypeTable[i], &b = kDTypeTable[j];
    if (a.category != b.category) return a.category > b.category ? i : j;
    for (int k = 0; k < kDTypes; ++k) {
        bool least = holds(kDTypeTable[k], a) && holds(kDTypeTable[k], b);
        for (const DTypeInfo& other : kDTypeTable)
            if (holds(other, a) && holds(other, b)) least = least && holds(other, kDTypeTable[k]);
        if (least) return k;
    }
    return kNone;
}

constexpr auto kPromotions = [] {
    std::array<std::array<uint8_t, kDTypes>, kDTypes> table{};
    for (int i = 0; i < kDTypes; ++i)
        for (int j = 0; j < kDTypes; ++j) table[i][j] = static_cast<uint8_t>(join(i, j));
    return table;
}();

}  // namespace

std::optional<DType> dtype_from_name(std::string_view name) {
    for (int i = 0; i < kDTypes; ++i)
        if (name == kDTypeTable[i].name) return static_cast<DType>(i);
    return std::nullopt;
}

DType promote(DType a, DType b) {
    const int joined = kPromotions[static_cast<int>(a)][static_cast<int>(b)];
    check_as(ErrorKind::Type, joined != kNone, "no dtype holds the values of both ", a, " and ", b, "; convert one");
    return static_cast<DType>(joined);
}

void no_kernel_for(DType t) {
    fail(ErrorKind::NotImplemented, "not implemented for ", t, ", in which no kernel calculates; convert it first");
}

}  // namespace bestiary
