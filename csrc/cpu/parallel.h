// Loops over threads.
#pragma once

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>

namespace bestiary::cpu {

// Work below this many elements costs less than waking a thread.
constexpr int64_t kGrain = 32768;

// Note [Parallelism probe]
// Threads that wait sleep, and waking one takes long. How long a kernel takes for an element, nobody knows beforehand:
// where there are few grains, but of many elements, a part of the work is timed first, and the rest is shared out if
// that is worth it. So what a kernel calculates must not depend on where its work is cut.
constexpr std::chrono::microseconds kWakeLatency{50};
constexpr int64_t kAlwaysParallelGrains = 32;  // grains
constexpr int64_t kProbeFraction = 16;    // one in so many,
constexpr int64_t kMinProbeElements = 256;  // if there are as many elements: a coarse part would unbalance the rest

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Calls body(begin, end) on as many pieces of [first, n) at once. The first exception is thrown again here.
template <class F>
void in_pieces(int64_t first, int64_t n, int64_t pieces, const F& body) {
    std::exception_ptr error;
    std::mutex guard;
    const int64_t rest = n - first;
#pragma omp parallel for schedule(static, 1) num_threads(static_cast<int>(pieces))
    for (int64_t piece = 0; piece < pieces; ++piece) {
        try {
            body(first + rest * piece / pieces, first + rest * (piece + 1) / pieces);
        } catch (...) {
            const std::lock_guard lock(guard);
            if (!error) error = std::current_exception();
        }
    }
    if (error) std::rethrow_exception(error);
}

// Calls body(begin, end) on pieces of [0, n), by several threads where there are at least two times `grain`.
template <class F>
void parallel_for(int64_t n, int64_t grain, const F& body) {
    const int64_t grains = n / std::max<int64_t>(grain, 1), pieces = std::min<int64_t>(omp_get_max_threads(), grains);
    if (pieces <= 1 || omp_in_parallel()) {
        if (n > 0) body(int64_t{0}, n);
        return;
    }
    const int64_t tried = grains < kAlwaysParallelGrains && n >= kMinProbeElements ? n / kProbeFraction : 0;
    if (tried > 0) {
        const auto start = std::chrono::steady_clock::now();
        body(int64_t{0}, tried);
        if ((std::chrono::steady_clock::now() - start) * (kProbeFraction - 1) < 2 * kWakeLatency) return body(tried, n);
    }
    in_pieces(tried, n, pieces, body);
}

}  // namespace bestiary::cpu
