#include "cpu/isa/attention.h"

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T>
T exponentials(T* scores, const T* mask, int64_t n, T scale, T& most, T& sum) {
    constexpr T lowest = -std::numeric_limits<T>::infinity();
    // With a mask the sums are stored; without, the exponentials scale again.
    const T before = most, factor = mask ? T(1) : scale;
    const T largest = max_lanes<T>(fold_vec<T>(n, lowest, [&](const Vec<T>& acc, int64_t i, auto lanes) {
        Vec<T> x = load_vec(scores + i, lanes) * scale;
        if (mask) {
            x += load_vec(mask + i, lanes);
            store_vec<T>(scores + i, x, lanes);
        }
        return vec_max<T>(only<T>(x, lanes, lowest), acc);
    }, vec_max<T>));
    const T largest_so_far = largest > before ? largest : before;
    most = largest_so_far;
    if (largest_so_far == lowest) {  // no key is visible so far; a nan among the scores stays
        for_vec<T>(n, [&](int64_t i, auto lanes) {
            const Vec<T> x = load_vec(scores + i, lanes);
            store_vec<T>(scores + i, x == x ? Vec<T>{} : x, lanes);
        });
        return T(1);
    }
    const T correction = std::exp(before - largest_so_far);
    Vec<T> added{};
    for_vec<T>(n, [&](int64_t i, auto lanes) {
        const Vec<T> e = exp_vec<T>(load_vec(scores + i, lanes) * factor - largest_so_far);
        store_vec<T>(scores + i, e, lanes);
        added += only<T>(e, lanes);
    });
    sum = sum * correction + sum_lanes<T>(added);
    return correction;
}

template <class T>
void gradient(T* scores, T* grad, const T* mask, int64_t n, T scale, double lse, T delta) {
    const SplitDouble<T> split(lse);
    for_vec<T>(n, [&](int64_t i, auto lanes) {
        Vec<T> x = load_vec(scores + i, lanes) * scale;
        if (mask) x += load_vec(mask + i, lanes);
        const Vec<T> p = exp_vec<T>(x - split.high - split.low);
        store_vec<T>(scores + i, p, lanes);
        store_vec<T>(grad + i, p * (load_vec(grad + i, lanes) - delta) * scale, lanes);
    });
}

template <class T>
void scale_row(T* values, int64_t n, T factor) {
    for_vec<T>(n,
               [&](int64_t i, auto lanes) { store_vec<T>(values + i, load_vec(values + i, lanes) * factor, lanes); });
}

LOOPS {
    provide(AttentionKernels<float>{exponentials<float>, gradient<float>, scale_row<float>});
    provide(AttentionKernels<double>{exponentials<double>, gradient<double>, scale_row<double>});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
