// A packed tensor as parallel lines along one dimension.
#pragma once

#include "core/tensor.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {

// (outer, n, inner): line i of outer * inner begins at start(i), its elements `inner` apart.
struct DimView {
    int64_t outer = 1, n = 1, inner = 1;

    DimView(const Dims& sizes, int64_t dim) {
        if (sizes.empty()) return;
        const int d = wrap_dim(dim, sizes.size());
        n = sizes[d];
        for (int k = 0; k < d; ++k) outer *= sizes[k];
        for (int k = d + 1; k < sizes.size(); ++k) inner *= sizes[k];
    }
    int64_t count() const { return outer * inner; }
    int64_t start(int64_t line) const { return start(line, n); }
    // The same line of a tensor with m elements along the dimension.
    int64_t start(int64_t line, int64_t m) const { return line / inner * m * inner + line % inner; }

    // Calls body(first line, end) on different threads.
    template <class F>
    void share(const F& body) const {
        parallel_for(n == 0 ? 0 : count(), ceil_div(kGrain, std::max<int64_t>(n, 1)), body);
    }
    // Calls body(first element) for every line.
    template <class F>
    void each(const F& body) const {
        share([&](int64_t begin, int64_t end) {
            for (int64_t line = begin; line < end; ++line) body(start(line));
        });
    }
};

}  // namespace bestiary::cpu
