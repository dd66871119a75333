// Arguments of ops that slide windows over the last dimensions.
#pragma once

#include "core/dims.h"
#include "core/error.h"
#include "core/windows.h"

namespace bestiary::ops {

// Checks the numbers of n dimensions; one number stands for all.
inline Dims per_dim(const char* name, std::span<const int64_t> given, int n, int64_t least) {
    check(given.size() == 1 || static_cast<int>(given.size()) == n, name, ": expected 1 or ", n, " numbers, got ",
          Dims(given));
    constexpr int64_t kMax = (int64_t{1} << 31) - 1;  // so that sums of products of them do not overflow
    for (int64_t v : given)
        check(v >= least && v <= kMax, name, ": expected numbers of ", least, " to ", kMax, ", got ", Dims(given));
    return given.size() == 1 ? Dims(n, given[0]) : Dims(given);
}

}  // namespace bestiary::ops
