// Shared by gather and scatter.
#pragma once

#include "ops/names.h"

namespace bestiary::ops {

// `index` selects along `dim`; elsewhere it may cover a part of `sizes` only.
inline void check_index(const Dims& sizes, int64_t dim, const Tensor& index) {
    check_as(ErrorKind::Index, index.dtype() == DType::Int64 || index.dtype() == DType::Int32,
             "index: expected int64 or int32, got ", index.dtype());
    const int d = wrap_dim(dim, sizes.size());
    check(std::max(index.dim(), 1) == std::max(sizes.size(), 1) || index.numel() == 0, "index: expected ", sizes.size(),
          " dimensions as self, got shape ", index.sizes());
    for (int k = 0; k < std::min(sizes.size(), index.dim()) && index.numel() > 0; ++k)
        check(k == d || index.sizes()[k] <= sizes[k], "index: shape ", index.sizes(), " reaches beyond ", sizes,
              " in dimension ", k);
}

}  // namespace bestiary::ops
