#include "cpu/strided.h"

#include <numeric>

namespace bestiary::cpu {

static Dims permuted(const Dims& d, const Dims& order) {
    Dims out(d.size());
    for (int i = 0; i < d.size(); ++i) out[i] = d[static_cast<int>(order[i])];
    return out;
}

// The result's fastest dimension goes last: writes then run through memory in order.
static void sort_dims(Strided& s) {
    Dims order(s.sizes.size());
    std::iota(order.begin(), order.end(), 0);
    const auto slower = [&](int64_t a, int64_t b) {
        for (int k = 0; k < s.operands; ++k) {
            const int64_t x = std::abs(s.strides[k][a]), y = std::abs(s.strides[k][b]);
            if (x != y && x != 0 && y != 0) return x > y;
        }
        return false;
    };
    // Insertion sort: the comparison is no strict order when strides are 0, and the lists are short.
    for (int i = 1; i < order.size(); ++i)
        for (int j = i; j > 0 && slower(order[j], order[j - 1]); --j) std::swap(order[j], order[j - 1]);
    s.sizes = permuted(s.sizes, order);
    for (int k = 0; k < s.operands; ++k) s.strides[k] = permuted(s.strides[k], order);
}

static bool joins(const Strided& s, int outer, int inner) {
    for (int k = 0; k < s.operands; ++k)
        if (s.strides[k][outer] != s.strides[k][inner] * s.sizes[inner]) return false;
    return true;
}

void Strided::coalesce() {
    for (int d = sizes.size() - 1; d >= 0; --d)
        if (sizes[d] == 1) drop(d);
    sort_dims(*this);
    merge();
}

void Strided::merge() {
    for (int d = sizes.size() - 2; d >= 0; --d) {
        if (!joins(*this, d, d + 1)) continue;
        sizes[d + 1] *= sizes[d];
        drop(d);
    }
}

}  // namespace bestiary::cpu
