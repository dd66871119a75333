// Folding many elements into one: sums, products, extremes.
#include <limits>

#include "cpu/isa/loops.h"

namespace bestiary::cpu::ISA {
namespace {

// Note [Reduction loops]
// "<op>.row" folds n neighbouring elements into one accumulator: data = {accumulator, input}.
// "<op>.columns" folds params[0] rows of n elements, strides[1] bytes apart, into n accumulators.
// "<op>.identity" sets n accumulators to the value that changes nothing.
// Elements are folded in blocks of a fixed size, each in vectors of the type Lane; the blocks are folded in the
// wider type Acc. So a long sum of floats loses little, and what is added to what never depends on the number
// of threads.
#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif
constexpr int kVectors = 4;     // independent chains hide the latency of an addition
constexpr int64_t kBlock = 1024;
constexpr int64_t kRows = 8;    // rows folded before the accumulators are touched

template <class T, int N>
struct VectorOf {
    typedef T type [[gnu::vector_size(N * sizeof(T))]];
};

// What is stored as a bool is read as a byte.
template <class T>
using Readable = std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>;

template <class T>
using Wide = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;  // unsigned wraps

template <class T>
struct Adding {
    using In = Readable<T>;
    using Lane = std::conditional_t<std::is_floating_point_v<T>, T, uint64_t>;
    using Acc = Wide<T>;
    static constexpr Acc identity = 0;
    template <class V>
    static void merge(V& acc, const V& x) {
        acc += x;
    }
};

template <class T>
struct Sum : Adding<T> {
    template <class V>
    static void absorb(V& acc, const V& x) {
        acc += x;
    }
};

template <class T>
struct SumOfSquares : Adding<T> {
    template <class V>
    static void absorb(V& acc, const V& x) {
        acc += x * x;
    }
};

template <class T>
struct SumOfMagnitudes : Adding<T> {
    template <class V>
    static void absorb(V& acc, const V& x) {
        acc += x < 0 ? -x : x;
    }
};

template <class T>
struct Product {
    using In = Readable<T>;
    using Lane = Wide<T>;
    using Acc = Wide<T>;
    static constexpr Acc identity = 1;
    template <class V>
    static void absorb(V& acc, const V& x) {
        acc *= x;
    }
    template <class V>
    static void merge(V& acc, const V& x) {
        acc *= x;
    }
};

template <class T>
struct Extreme {
    using In = Readable<T>;
    using Lane = In;
    using Acc = In;
};

// A nan, once seen, stays: nothing compares greater than it.
template <class T>
struct Max : Extreme<T> {
    using typename Extreme<T>::Acc;
    static constexpr Acc identity = std::is_floating_point_v<T> ? -std::numeric_limits<Acc>::infinity()
                                                                : std::numeric_limits<Acc>::lowest();
    template <class V>
    static void absorb(V& acc, const V& x) {
        acc = (x > acc) | (x != x) ? x : acc;
    }
    template <class V>
    static void merge(V& acc, const V& x) {
        absorb(acc, x);
    }
};

template <class T>
struct Min : Extreme<T> {
    using typename Extreme<T>::Acc;
    static constexpr Acc identity = std::is_floating_point_v<T> ? std::numeric_limits<Acc>::infinity()
                                                                : std::numeric_limits<T>::max();  // of bool: true
    template <class V>
    static void absorb(V& acc, const V& x) {
        acc = (x < acc) | (x != x) ? x : acc;
    }
    template <class V>
    static void merge(V& acc, const V& x) {
        absorb(acc, x);
    }
};

template <class F>
typename F::Acc fold_few(const typename F::In* p, int64_t n) {
    auto rest = static_cast<typename F::Lane>(F::identity);
    for (int64_t i = 0; i < n; ++i) F::absorb(rest, static_cast<typename F::Lane>(p[i]));
    return rest;
}

template <class F>
typename F::Acc fold_block(const typename F::In* p, int64_t n) {
    using Lane = typename F::Lane;
    constexpr int kLanes = kVectorBytes / sizeof(Lane);
    if (n < kLanes) return fold_few<F>(p, n);
    using Vector = typename VectorOf<Lane, kLanes>::type;
    using Loaded = typename VectorOf<typename F::In, kLanes>::type;
    const auto absorb = [&](Vector& into, int64_t at) {
        Loaded x;
        std::memcpy(&x, p + at, sizeof x);
        F::absorb(into, __builtin_convertvector(x, Vector));
    };
    Vector vectors[kVectors];
    for (Vector& v : vectors) v = Vector{} + static_cast<Lane>(F::identity);
    int64_t i = 0;
    for (; i + kVectors * kLanes <= n; i += kVectors * kLanes)
        for (int k = 0; k < kVectors; ++k) absorb(vectors[k], i + k * kLanes);
    for (; i + kLanes <= n; i += kLanes) absorb(vectors[0], i);
    for (int k = 1; k < kVectors; ++k) F::merge(vectors[0], vectors[k]);
    typename F::Acc total = fold_few<F>(p + i, n - i);
    for (int lane = 0; lane < kLanes; ++lane) F::merge(total, static_cast<typename F::Acc>(vectors[0][lane]));
    return total;
}

template <class F>
void row(char* const* data, const int64_t*, int64_t n, const double*) {
    auto& acc = *reinterpret_cast<typename F::Acc*>(data[0]);
    const auto* p = reinterpret_cast<const typename F::In*>(data[1]);
    for (int64_t at = 0; at < n; at += kBlock)
        F::merge(acc, fold_block<F>(p + at, n - at < kBlock ? n - at : kBlock));
}

// Folds kCount rows first in Lane, then into the accumulators.
template <class F, int kCount>
void fold_rows(typename F::Acc* acc, const char* data, int64_t step, int64_t n) {
    using Lane = typename F::Lane;
    const typename F::In* rows[kCount];
    for (int r = 0; r < kCount; ++r) rows[r] = reinterpret_cast<const typename F::In*>(data + r * step);
#pragma omp simd
    for (int64_t j = 0; j < n; ++j) {
        Lane folded = static_cast<Lane>(F::identity);
        for (int r = 0; r < kCount; ++r) F::absorb(folded, static_cast<Lane>(rows[r][j]));
        F::merge(acc[j], static_cast<typename F::Acc>(folded));
    }
}

template <class F>
void columns(char* const* data, const int64_t* strides, int64_t n, const double* params) {
    auto* acc = reinterpret_cast<typename F::Acc*>(data[0]);
    const int64_t rows = static_cast<int64_t>(params[0]), step = strides[1];
    int64_t r = 0;
    for (; r + kRows <= rows; r += kRows) fold_rows<F, kRows>(acc, data[1] + r * step, step, n);
    for (; r < rows; ++r) fold_rows<F, 1>(acc, data[1] + r * step, step, n);
}

template <class F>
void identity(char* const* data, const int64_t*, int64_t n, const double*) {
    auto* acc = reinterpret_cast<typename F::Acc*>(data[0]);
    for (int64_t i = 0; i < n; ++i) acc[i] = F::identity;
}

template <template <class> class F, class... T>
void reduction(const char* row_name, const char* columns_name, const char* identity_name, Types<T...>) {
    (register_loop(row_name, dtype_of<T>(), IsaLevel::ISA, row<F<T>>), ...);
    (register_loop(columns_name, dtype_of<T>(), IsaLevel::ISA, columns<F<T>>), ...);
    (register_loop(identity_name, dtype_of<T>(), IsaLevel::ISA, identity<F<T>>), ...);
}
#define REDUCTION(F, name, types) reduction<F>(name ".row", name ".columns", name ".identity", types)

LOOPS {
    REDUCTION(Sum, "sum", All{});
    REDUCTION(SumOfSquares, "sum_of_squares", Floats{});
    REDUCTION(SumOfMagnitudes, "sum_of_magnitudes", Floats{});
    REDUCTION(Product, "prod", All{});
    REDUCTION(Max, "max", All{});
    REDUCTION(Min, "min", All{});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
