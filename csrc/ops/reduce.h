// Shapes of reductions.
#pragma once

#include "core/reduction.h"
#include "ops/names.h"

namespace bestiary::ops {

inline Dims reduced_shape(const Tensor& self, const Value& dim, bool keepdim) {
    return reduced_sizes(self.sizes(), dim_mask(dim, self.dim()), keepdim);
}

// `t`, of a result's shape, with the reduced dimensions put back as size 1.
inline Tensor with_dims(const Tensor& t, const Backward& b) {
    const Dims& full = b.shape("self");
    return reshape(t, reduced_sizes(full, dim_mask(b["dim"], full.size()), true));
}

// The extreme of nothing is an error.
inline void check_not_empty(const Tensor& self, const Value& dim) {
    const Dims& sizes = self.sizes();
    const DimMask mask = dim_mask(dim, sizes.size());
    for (int d = 0; d < sizes.size(); ++d)
        check_as(ErrorKind::Index, !(mask >> d & 1) || sizes[d] > 0, "self: expected elements along dimension ",
                 d, ", got shape ", sizes);
}

}  // namespace bestiary::ops
