// Arithmetic on sizes that came from a caller, who may have asked for more than there can be.
#pragma once

#include "core/dims.h"
#include "core/error.h"

namespace bestiary {

inline int64_t checked_mul(int64_t a, int64_t b, const char* what) {
    int64_t product = 0;
    check_as(ErrorKind::Value, !__builtin_mul_overflow(a, b, &product), what, ": ", a, " * ", b, " overflows 64 bits");
    return product;
}

inline int64_t checked_add(int64_t a, int64_t b, const char* what) {
    int64_t sum = 0;
    check_as(ErrorKind::Value, !__builtin_add_overflow(a, b, &sum), what, ": ", a, " + ", b, " overflows 64 bits");
    return sum;
}

}  // namespace bestiary
