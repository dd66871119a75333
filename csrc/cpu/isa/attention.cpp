// Rows of attention: the exponentials of scores, and their gradient.
#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

// A row's scores against some of the keys, to exponentials in place. data: scores, a mask to be added (or none), and of
// the row over all keys so far: the largest score and the sum of exponentials (both updated), and what earlier
// exponentials must be multiplied by (written); n keys; params: scale.
template <class T>
void exponentials(char* const* data, const int64_t*, int64_t n, const double* params) {
    constexpr T lowest = -std::numeric_limits<T>::infinity();
    T *scores = reinterpret_cast<T*>(data[0]), *most = reinterpret_cast<T*>(data[2]),
      *sum = reinterpret_cast<T*>(data[3]);
    T* correction = reinterpret_cast<T*>(data[4]);
    const T *mask = reinterpret_cast<const T*>(data[1]), scale = static_cast<T>(params[0]), before = *most;
    // With a mask the sums are stored; without, the exponentials scale again.
    const T factor = mask ? T(1) : scale;
    const T largest = max_lanes<T>(fold_vec<T>(n, lowest, [&](const Vec<T>& acc, int64_t i, auto lanes) {
        Vec<T> x = load_vec(scores + i, lanes) * scale;
        if (mask) {
            x += load_vec(mask + i, lanes);
            store_vec<T>(scores + i, x, lanes);
        }
        return vec_max<T>(only<T>(x, lanes, lowest), acc);
    }, vec_max<T>));
    *most = largest > before ? largest : before;
    *correction = T(1);
    if (*most == lowest) {  // nothing to see yet; a nan among the scores stays
        for_vec<T>(n, [&](int64_t i, auto lanes) {
            const Vec<T> x = load_vec(scores + i, lanes);
            store_vec<T>(scores + i, x == x ? Vec<T>{} : x, lanes);
        });
        return;
    }
    *correction = std::exp(before - *most);
    const T largest_so_far = *most;
    Vec<T> added{};
    for_vec<T>(n, [&](int64_t i, auto lanes) {
        const Vec<T> e = exp_vec<T>(load_vec(scores + i, lanes) * factor - largest_so_far);
        store_vec<T>(scores + i, e, lanes);
        added += only<T>(e, lanes);
    });
    *sum = *sum * *correction + sum_lanes<T>(added);
}

// data: scores, which become probabilities; mask (or none); log-sum-exp (double); gradient of the probabilities, which becomes
// that of the products of queries and keys; delta, the sum of probability times gradient. params: scale.
template <class T>
void gradient(char* const* data, const int64_t*, int64_t n, const double* params) {
    T *scores = reinterpret_cast<T*>(data[0]), *grad = reinterpret_cast<T*>(data[3]);
    const T *mask = reinterpret_cast<const T*>(data[1]), delta = *reinterpret_cast<const T*>(data[4]);
    const SplitDouble<T> lse(*reinterpret_cast<const double*>(data[2]));
    const T scale = static_cast<T>(params[0]);
    for_vec<T>(n, [&](int64_t i, auto lanes) {
        Vec<T> x = load_vec(scores + i, lanes) * scale;
        if (mask) x += load_vec(mask + i, lanes);
        const Vec<T> p = exp_vec<T>(x - lse.high - lse.low);
        store_vec<T>(scores + i, p, lanes);
        store_vec<T>(grad + i, p * (load_vec(grad + i, lanes) - delta) * scale, lanes);
    });
}

// data: values multiplied by a factor in place.
template <class T>
void scale_row(char* const* data, const int64_t*, int64_t n, const double*) {
    T* values = reinterpret_cast<T*>(data[0]);
    const T factor = *reinterpret_cast<const T*>(data[1]);
    for_vec<T>(n,
               [&](int64_t i, auto lanes) { store_vec<T>(values + i, load_vec(values + i, lanes) * factor, lanes); });
}

template <class T>
void add_loops() {
    register_loop("attention.exponentials", dtype_of<T>(), IsaLevel::ISA, exponentials<T>);
    register_loop("attention.gradient", dtype_of<T>(), IsaLevel::ISA, gradient<T>);
    register_loop("attention.scale", dtype_of<T>(), IsaLevel::ISA, scale_row<T>);
}

LOOPS {
    add_loops<float>();
    add_loops<double>();
}

}  // namespace
}  // namespace bestiary::cpu::ISA
