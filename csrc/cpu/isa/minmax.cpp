// The extreme of each column and its row.
#include "cpu/isa/minmax.h"

#include "cpu/isa/loops.h"

namespace bestiary::cpu::ISA {
namespace {

// The first of equals wins, and the first nan beats everything.
template <class T>
struct Greater {
    static bool beats(T x, T best) { return bool((x > best) | ((x != x) & (best == best))); }
};
template <class T>
struct Less {
    static bool beats(T x, T best) { return bool((x < best) | ((x != x) & (best == best))); }
};

template <class Order, class T>
void arg_columns(const ArgColumns<T>& columns) {
    T* const best = columns.extreme;
    int64_t* const index = columns.index;
    const int64_t n = columns.size;
    std::memcpy(best, columns.in, static_cast<size_t>(n) * sizeof(T));
    std::memset(index, 0, static_cast<size_t>(n) * sizeof(int64_t));
    for (int64_t r = 1; r < columns.rows; ++r) {
        const T* x = columns.in + r * columns.step;
#pragma omp simd
        for (int64_t j = 0; j < n; ++j) {
            const bool better = Order::beats(x[j], best[j]);
            best[j] = better ? x[j] : best[j];
            index[j] = better ? r : index[j];
        }
    }
}

template <class... T>
void provide_each(Types<T...>) {
    (provide(MinMaxKernels<T>{arg_columns<Greater<T>, T>, arg_columns<Less<T>, T>}), ...);
}

LOOPS { provide_each(All{}); }

}  // namespace
}  // namespace bestiary::cpu::ISA
