// What gather and scatter have in common.
#pragma once

#include "ops/names.h"

namespace bestiary::ops {

// `index` chooses along `dim`; elsewhere it may cover a part of `sizes` only.
inline void check_index(const Dims& sizes, int64_t dim, const Tensor& index) {
    check_as(ErrorKind::Index, category(index.dtype()) == Category::Int, "index: expected integers, got ",
             index.dtype());
    const int d = wrap_dim(dim, sizes.size());
    check(index.dim() == sizes.size() || index.numel() == 0, "index: expected ", sizes.size(),
          " dimensions as self, got shape ", index.sizes());
    for (int k = 0; k < sizes.size() && index.numel() > 0; ++k)
        check(k == d || index.sizes()[k] <= sizes[k], "index: shape ", index.sizes(), " reaches beyond ", sizes,
              " in dimension ", k);
}

}  // namespace bestiary::ops
