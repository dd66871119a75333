// What reductions have in common. Their first arguments are (self, dim, keepdim).
#pragma once

#include "core/reduction.h"
#include "ops/names.h"

namespace bestiary::ops {

inline DimMask mask_of(Args a) { return dim_mask(a[1], a.tensor(0).dim()); }

inline Dims reduced_shape(Args a) { return reduced_sizes(a.tensor(0).sizes(), mask_of(a), a.flag(2)); }

// Something of a result's shape, with the reduced dimensions put back as size 1.
inline Tensor with_dims(const Tensor& t, const Backward& b) {
    const Dims& full = b.shape("self");
    return reshape(t, reduced_sizes(full, dim_mask(b["dim"], full.size()), true));
}

// The extreme of nothing is an error.
inline void check_not_empty(Args a) {
    const Dims& sizes = a.tensor(0).sizes();
    const DimMask mask = mask_of(a);
    for (int d = 0; d < sizes.size(); ++d)
        check_as(ErrorKind::Index, !(mask >> d & 1) || sizes[d] > 0, "self: expected elements along dimension ",
                 d, ", got shape ", sizes);
}

}  // namespace bestiary::ops
