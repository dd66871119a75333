// Where the extreme of each column lies.
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

// data = {best values, their rows, input}: params[0] rows of n elements, strides[2] bytes apart.
template <class Order, class T>
void arg_columns(char* const* data, const int64_t* strides, int64_t n, const double* params) {
    T* best = reinterpret_cast<T*>(data[0]);
    int64_t* where = reinterpret_cast<int64_t*>(data[1]);
    const int64_t rows = static_cast<int64_t>(params[0]);
    std::memcpy(best, data[2], static_cast<size_t>(n) * sizeof(T));
    std::memset(where, 0, static_cast<size_t>(n) * sizeof(int64_t));
    for (int64_t r = 1; r < rows; ++r) {
        const T* x = reinterpret_cast<const T*>(data[2] + r * strides[2]);
#pragma omp simd
        for (int64_t j = 0; j < n; ++j) {
            const bool better = Order::beats(x[j], best[j]);
            best[j] = better ? x[j] : best[j];
            where[j] = better ? r : where[j];
        }
    }
}

template <template <class> class Order, class... T>
void arg_reduction(const char* name, Types<T...>) {
    (register_loop(name, dtype_of<T>(), IsaLevel::ISA, arg_columns<Order<T>, T>), ...);
}

LOOPS {
    arg_reduction<Greater>("max.arg_columns", All{});
    arg_reduction<Less>("min.arg_columns", All{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
