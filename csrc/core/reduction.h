// The dimensions of a reduction.
#pragma once

#include "core/value.h"

namespace bestiary {

using DimMask = uint64_t;  // bit d: dimension d is reduced

// From an argument `dim`: one int or several; None or none of them means all.
inline DimMask dim_mask(const Value& dim, int ndim) {
    const DimMask all = ndim >= 64 ? ~DimMask{0} : (DimMask{1} << ndim) - 1;
    if (dim.none()) return all;
    const std::span<const int64_t> dims = dim.tag == Tag::Int ? std::span(&dim.i, 1) : dim.int_list();
    if (dims.empty()) return all;
    DimMask mask = 0;
    for (int64_t given : dims) {
        const int d = wrap_dim(given, ndim);
        check(!(mask >> d & 1), "dim: dimension ", d, " comes twice in ", Dims(dims));
        mask |= DimMask{1} << d;
    }
    return mask;
}

inline Dims reduced_sizes(const Dims& sizes, DimMask mask, bool keepdim) {
    Dims out(sizes.size());
    int kept = 0;
    for (int d = 0; d < sizes.size(); ++d) {
        const bool reduced = mask >> d & 1;
        if (!reduced || keepdim) out[kept++] = reduced ? 1 : sizes[d];
    }
    return Dims(out.data(), kept);
}

// The number of elements that are reduced to each result.
inline int64_t reduced_count(const Dims& sizes, DimMask mask) {
    int64_t n = 1;
    for (int d = 0; d < sizes.size(); ++d)
        if (mask >> d & 1) n *= sizes[d];
    return n;
}

}  // namespace bestiary
