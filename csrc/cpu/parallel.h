// Loops over threads.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <mutex>

namespace bestiary::cpu {

// Work below this many elements costs less than waking a thread.
constexpr int64_t kGrain = 32768;

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Calls body(begin, end) on pieces of [0, n), each of at least `grain`. The first exception is thrown again here.
template <class F>
void parallel_for(int64_t n, int64_t grain, const F& body) {
    const int64_t pieces = std::min<int64_t>(omp_get_max_threads(), n / std::max<int64_t>(grain, 1));
    if (pieces <= 1 || omp_in_parallel()) {
        if (n > 0) body(int64_t{0}, n);
        return;
    }
    std::exception_ptr error;
    std::mutex guard;
#pragma omp parallel for schedule(static, 1) num_threads(static_cast<int>(pieces))
    for (int64_t piece = 0; piece < pieces; ++piece) {
        try {
            body(n * piece / pieces, n * (piece + 1) / pieces);
        } catch (...) {
            const std::lock_guard lock(guard);
            if (!error) error = std::current_exception();
        }
    }
    if (error) std::rethrow_exception(error);
}

}  // namespace bestiary::cpu
