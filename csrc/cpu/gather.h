// One index per element along a dimension: shared by gather and scatter.
#pragma once

#include "core/indexing.h"
#include "cpu/strided.h"

namespace bestiary::cpu {

// Each element of an index tensor, with the element that moves and the line of self that the index selects from.
struct IndexAlongDim {
    Strided at;  // operands: the moving tensor, self with the dimension held at 0, the index
    int64_t dim, size, stride;

    IndexAlongDim(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& moving);
};

// Indices of a dimension.
struct IndexRange {
    int64_t begin = 0, end = INT64_MAX;
    bool has(int64_t index) const { return index >= begin && index < end; }
};

// Calls body(the moving element, the selected one) for elements [begin, end) of the index whose value is in `range`.
template <class T, class F>
void for_selected(const IndexAlongDim& along, int64_t begin, int64_t end, const F& body, IndexRange range = {}) {
    for_rows(along.at, begin, end, [&](char* const* data, const int64_t* steps, int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
            const int64_t index =
                checked_index(*reinterpret_cast<const int64_t*>(data[2] + i * steps[2]), along.size, along.dim);
            if (!range.has(index)) continue;
            body(*reinterpret_cast<T*>(data[0] + i * steps[0]),
                 *reinterpret_cast<T*>(data[1] + i * steps[1] + index * along.stride));
        }
    });
}

}  // namespace bestiary::cpu
