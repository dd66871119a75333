// Arguments of ops that slide windows over the last dimensions.
#pragma once

#include "core/error.h"
#include "core/dims.h"

namespace bestiary::ops {

// One number stands for all n dimensions.
inline Dims per_dim(const char* name, std::span<const int64_t> given, int n, int64_t least) {
    check(given.size() == 1 || static_cast<int>(given.size()) == n, name, ": expected 1 or ", n, " numbers, got ",
          Dims(given));
    constexpr int64_t kMost = (int64_t{1} << 31) - 1;  // so that sums of products of them do not overflow
    for (int64_t v : given)
        check(v >= least && v <= kMost, name, ": expected numbers of ", least, " to ", kMost, ", got ", Dims(given));
    return given.size() == 1 ? Dims(n, given[0]) : Dims(given);
}

// How many windows of `kernel` fit along a dimension.
inline int64_t windows_in(int64_t size, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
    return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
}

}  // namespace bestiary::ops
