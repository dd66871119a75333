// Folding many elements into one: sums, products, extremes.
#include "cpu/isa/reduce.h"

#include <limits>

#include "cpu/isa/loops.h"

namespace bestiary::cpu::ISA {
namespace {

// Note [Order of reductions]
// Elements are folded in blocks of a fixed size, each in vectors of the type Lane; the blocks are folded in the
// wider type Acc of the accumulators. So a long sum of floats loses little, and the order of additions never depends on
// the number of threads. Accumulators are stored as tensors of the type Stored.
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

// Bools are read as bytes.
template <class T>
using Readable = std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>;

template <class T>
struct Widened {
    using In = Readable<T>;
    using Acc = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;  // unsigned wraps
    using Stored = std::conditional_t<std::is_floating_point_v<T>, double, int64_t>;
};

template <class T>
struct Adding : Widened<T> {
    using Lane = std::conditional_t<std::is_floating_point_v<T>, T, uint64_t>;
    static constexpr typename Widened<T>::Acc identity = 0;
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
struct Product : Widened<T> {
    using Lane = typename Widened<T>::Acc;
    static constexpr Lane identity = 1;
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
    using Stored = T;
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
constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(typename F::Lane));
template <class F>
using Vector = typename VectorOf<typename F::Lane, kLanes<F>>::type;

template <class F>
inline Vector<F> identity_vector() {
    return Vector<F>{} + static_cast<typename F::Lane>(F::identity);
}

// Halves at a time: a chain of additions would wait for each.
template <class F, int N>
inline typename F::Acc fold_halves(const typename F::Acc* part) {
    if constexpr (N == 1) {
        return part[0];
    } else {
        typename VectorOf<typename F::Acc, N / 2>::type low, high;
        std::memcpy(&low, part, sizeof low);
        std::memcpy(&high, part + N / 2, sizeof high);
        F::merge(low, high);
        typename F::Acc merged[N / 2];
        std::memcpy(merged, &low, sizeof low);
        return fold_halves<F, N / 2>(merged);
    }
}
template <class F>
inline typename F::Acc fold_lanes(const Vector<F>& v) {
    const auto wide = __builtin_convertvector(v, typename VectorOf<typename F::Acc, kLanes<F>>::type);
    typename F::Acc part[kLanes<F>];
    std::memcpy(part, &wide, sizeof part);
    return fold_halves<F, kLanes<F>>(part);
}

template <class F>
typename F::Acc fold_block(const typename F::In* p, int64_t n) {
    constexpr int lanes = kLanes<F>;
    if (n < lanes) return fold_few<F>(p, n);
    using Loaded = typename VectorOf<typename F::In, lanes>::type;
    const auto absorb = [&](Vector<F>& into, int64_t at) {
        Loaded x;
        std::memcpy(&x, p + at, sizeof x);
        F::absorb(into, __builtin_convertvector(x, Vector<F>));
    };
    Vector<F> vectors[kVectors];
    for (Vector<F>& v : vectors) v = identity_vector<F>();
    int64_t i = 0;
    for (; i + kVectors * lanes <= n; i += kVectors * lanes)
        for (int k = 0; k < kVectors; ++k) absorb(vectors[k], i + k * lanes);
    for (; i + lanes <= n; i += lanes) absorb(vectors[0], i);
    for (int k = 1; k < kVectors; ++k) F::merge(vectors[0], vectors[k]);
    typename F::Acc total = fold_few<F>(p + i, n - i);
    F::merge(total, fold_lanes<F>(vectors[0]));
    return total;
}

// Rows shorter than a vector: a lane for each of as many rows.
template <class F>
void fold_short_rows(typename F::Acc* acc, const char* data, int64_t step, int64_t n) {
    Vector<F> folded = identity_vector<F>();
    for (int64_t j = 0; j < n; ++j) {
        Vector<F> column;
        for (int lane = 0; lane < kLanes<F>; ++lane)
            column[lane] = static_cast<typename F::Lane>(
                reinterpret_cast<const typename F::In*>(data + lane * step)[j]);
        F::absorb(folded, column);
    }
    for (int lane = 0; lane < kLanes<F>; ++lane) F::merge(acc[lane], static_cast<typename F::Acc>(folded[lane]));
}

template <class F>
void rows(const ReductionRows& of) {
    auto* acc = reinterpret_cast<typename F::Acc*>(of.acc);
    const int64_t n = of.size, count = of.rows, step = of.step;
    int64_t r = 0;
    if (n < kLanes<F>)
        for (; r + kLanes<F> <= count; r += kLanes<F>) fold_short_rows<F>(acc + r, of.in + r * step, step, n);
    for (; r < count; ++r) {
        const auto* p = reinterpret_cast<const typename F::In*>(of.in + r * step);
        for (int64_t at = 0; at < n; at += kBlock) F::merge(acc[r], fold_block<F>(p + at, std::min(kBlock, n - at)));
    }
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
void columns(const ReductionRows& of) {
    auto* acc = reinterpret_cast<typename F::Acc*>(of.acc);
    int64_t r = 0;
    for (; r + kRows <= of.rows; r += kRows) fold_rows<F, kRows>(acc, of.in + r * of.step, of.step, of.size);
    for (; r < of.rows; ++r) fold_rows<F, 1>(acc, of.in + r * of.step, of.step, of.size);
}

template <class F>
void identity(char* first, int64_t n) {
    auto* acc = reinterpret_cast<typename F::Acc*>(first);
    for (int64_t i = 0; i < n; ++i) acc[i] = F::identity;
}

// Accumulators of F merge as Merge does.
template <template <class> class F, template <class> class Merge, class... T>
ReductionByType reduction(Types<T...>) {
    ReductionByType types{};
    ((types.of[static_cast<int>(dtype_of<T>())] = {dtype_of<typename F<T>::Stored>(), rows<F<T>>, columns<F<T>>,
                                                   columns<Merge<typename F<T>::Stored>>, identity<F<T>>}),
     ...);
    return types;
}

LOOPS {
    provide(ReductionKernels{
        .sum = reduction<Sum, Sum>(All{}),
        .sum_of_squares = reduction<SumOfSquares, Sum>(Floats{}),
        .sum_of_magnitudes = reduction<SumOfMagnitudes, Sum>(Floats{}),
        .prod = reduction<Product, Product>(All{}),
        .max = reduction<Max, Max>(All{}),
        .min = reduction<Min, Min>(All{}),
    });
}

}  // namespace
}  // namespace bestiary::cpu::ISA
