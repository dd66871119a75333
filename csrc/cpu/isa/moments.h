// Sums of squares about a mean that is rounded to the elements' type.
#pragma once

#include <limits>

#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {

// True if the rounding of the mean is visible in the squares about it.
template <class T>
bool is_far(T mean, T squares, T count) {
    constexpr T visible = T(int64_t{1} << (std::numeric_limits<T>::digits - 6));
    return count * mean * mean > squares * visible;
}

// Over n elements less the mean: the sum of squares and, where the rounding is visible in it, that of the differences.
template <class T>
struct CentredSums {
    T squares, rest = T(0);

    CentredSums(const T* x, int64_t n, T mean) {
        squares = sum_vec<T>(n, [&](int64_t i, auto lanes) {
            const Vec<T> d = load_vec(x + i, lanes, mean) - mean;
            return d * d;
        });
        if (is_far(mean, squares, static_cast<T>(n)))
            rest = sum_vec<T>(n, [&](int64_t i, auto lanes) { return load_vec(x + i, lanes, mean) - mean; });
    }
};

template <class T>
T mean_vec(const T* x, int64_t n) {
    return sum_vec<T>(n, [&](int64_t i, auto lanes) { return load_vec(x + i, lanes); }) / static_cast<T>(n);
}

}  // namespace bestiary::cpu::ISA
