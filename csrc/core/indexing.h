// The shape of the elements that index tensors select.
#pragma once

#include "core/tensor.h"

namespace bestiary {

// Note [Order of indexed dimensions]
// indices[d] indexes dimension d; an undefined one leaves the dimension whole, as do those missing at the end.
// The index tensors are broadcast together. If the indexed dimensions are neighbours, the common shape replaces them in
// the result; otherwise it comes first (the rule of NumPy and PyTorch).
struct IndexLayout {
    Dims common;  // the index tensors' broadcast shape
    Dims dims;    // the dimensions without an index
    Dims whole;   // their sizes
    int before = 0;  // the number of them that come before `common` in the result

    Dims result() const {
        Dims sizes(whole.data(), before);
        for (int64_t n : common) sizes.push_back(n);
        for (int i = before; i < whole.size(); ++i) sizes.push_back(whole[i]);
        return sizes;
    }
};

inline IndexLayout index_layout(const Dims& sizes, std::span<const Tensor> indices) {
    check_as(ErrorKind::Index, static_cast<int>(indices.size()) <= sizes.size(), "indices: ", indices.size(),
             " of them are too many for shape ", sizes);
    const auto indexed = [&](int d) {
        return d < static_cast<int>(indices.size()) && indices[static_cast<size_t>(d)].defined();
    };
    IndexLayout layout;
    int first = -1, last = -1;
    for (int d = 0; d < sizes.size(); ++d) {
        if (!indexed(d)) {
            layout.dims.push_back(d);
            layout.whole.push_back(sizes[d]);
            continue;
        }
        const Tensor& index = indices[static_cast<size_t>(d)];
        check_as(ErrorKind::Index, index.dtype() == DType::Int64 || index.dtype() == DType::Int32,
                 "indices: expected int64 or int32 for dimension ", d, ", got ", index.dtype());
        layout.common = first < 0 ? index.sizes() : broadcast(layout.common, index.sizes());
        first = first < 0 ? d : first;
        last = d;
    }
    check_as(ErrorKind::Index, first >= 0, "indices: expected at least one index tensor");
    const bool neighbours = last - first + 1 == sizes.size() - layout.whole.size();
    layout.before = neighbours ? first : 0;
    return layout;
}

[[noreturn, gnu::noinline]] inline void index_error(int64_t i, int64_t n, int64_t dim) {
    fail(ErrorKind::Index, "index ", i, " is out of range for dimension ", dim, " of size ", n);
}

// An index in [0, n).
inline int64_t checked_index(int64_t i, int64_t n, int64_t dim) {
    if (static_cast<uint64_t>(i) >= static_cast<uint64_t>(n)) [[unlikely]] index_error(i, n, dim);
    return i;
}

// An index in [-n, n) to [0, n).
inline int64_t wrap_index(int64_t i, int64_t n, int64_t dim) {
    const int64_t at = i < 0 ? i + n : i;
    if (static_cast<uint64_t>(at) >= static_cast<uint64_t>(n)) [[unlikely]] index_error(i, n, dim);
    return at;
}

}  // namespace bestiary
