#include "core/memory_overlap.h"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "core/tensor.h"

namespace bestiary {

// Calls visit(offset) for every element until one returns false; whether none did.
template <class F>
static bool all_offsets(const Dims& sizes, const Dims& strides, const F& visit) {
    Dims at(sizes.size());
    int64_t offset = 0;
    while (true) {
        if (!visit(offset)) return false;
        int d = sizes.size() - 1;
        for (; d >= 0 && ++at[d] == sizes[d]; --d) {
            offset -= (sizes[d] - 1) * strides[d];
            at[d] = 0;
        }
        if (d < 0) return true;
        offset += strides[d];
    }
}

// Dimensions whose stride is larger than all that smaller ones reach do not overlap. Others are rare: their elements
// are looked at one by one.
bool overlaps_itself(const Dims& sizes, const Dims& strides) {
    if (is_contiguous(sizes, strides) || is_dense(sizes, strides)) return false;
    std::vector<std::pair<int64_t, int64_t>> dims;  // stride, size
    for (int d = 0; d < sizes.size(); ++d) {
        if (sizes[d] == 0) return false;
        if (sizes[d] > 1) dims.emplace_back(std::abs(strides[d]), sizes[d]);
    }
    std::sort(dims.begin(), dims.end());
    int64_t reach = 0;
    bool nested = true;
    for (const auto& [stride, size] : dims) {
        if (stride == 0) return true;
        nested &= stride > reach;
        reach += stride * (size - 1);
    }
    if (nested) return false;
    std::vector<bool> seen(static_cast<size_t>(reach) + 1);
    Dims steps(sizes.size());
    for (int d = 0; d < sizes.size(); ++d) steps[d] = std::abs(strides[d]);
    return !all_offsets(sizes, steps, [&](int64_t offset) {
        const bool fresh = !seen[static_cast<size_t>(offset)];
        seen[static_cast<size_t>(offset)] = true;
        return fresh;
    });
}

}  // namespace bestiary
