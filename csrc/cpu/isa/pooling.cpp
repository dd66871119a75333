// The innermost loops of pooling.
#include "cpu/isa/pooling.h"

#include <limits>

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

// Calls body(i, lanes, load) for vectors of windows; load(k) reads their element k.
template <class T, class Body>
inline void for_windows(const PoolRun& r, const T* in, const Body& body) {
    for_vec<T>(r.n, [&](int64_t i, auto lanes) {
        if (r.step == 1) {
            body(i, lanes, [&](int64_t k) { return load_vec(in + r.offsets[k] + i, lanes); });
        } else {
            body(i, lanes, [&](int64_t k) {
                T values[kLanes<T>] = {};
                const T* const from = in + r.offsets[k] + i * r.step;
                for (int64_t j = 0; j < lanes; ++j) values[j] = from[j * r.step];
                return load_vec(values, AllLanes<T>{});
            });
        }
    });
}

// A nan wins and stays, as nothing compares greater.
template <class T>
void max(const PoolRun& r, const T* in, T* out) {
    for_windows(r, in, [&](int64_t i, auto lanes, const auto& load) {
        Vec<T> best = fill_vec(-std::numeric_limits<T>::infinity());
        for (int64_t k = 0; k < r.count; ++k) {
            const Vec<T> v = load(k);
            best = (v > best) | (v != v) ? v : best;
        }
        store_vec(out + i, best, lanes);
    });
}

template <class T>
void argmax(const PoolRun& r, const T* in, T* out, int32_t* index) {
    using Ints = typename VecTypes<T>::Ints;
    for_windows(r, in, [&](int64_t i, auto lanes, const auto& load) {
        Vec<T> best = fill_vec(-std::numeric_limits<T>::infinity());
        Ints at = {};
        for (int64_t k = 0; k < r.count; ++k) {
            const Vec<T> v = load(k);
            const Ints better = (v > best) | (v != v);
            best = better ? v : best;
            at = better ? at - at + static_cast<typename VecTypes<T>::Bits>(k) : at;
        }
        store_vec(out + i, best, lanes);
        for (int64_t j = 0; j < lanes; ++j) index[i + j] = static_cast<int32_t>(at[j]);
    });
}

template <class T>
void sum(const PoolRun& r, const T* in, T* out) {
    for_windows(r, in, [&](int64_t i, auto lanes, const auto& load) {
        Vec<T> sum = {};
        for (int64_t k = 0; k < r.count; ++k) sum += load(k);
        store_vec(out + i, Vec<T>(sum * static_cast<T>(r.scale)), lanes);
    });
}

template <class T>
void sum_backward(const PoolRun& r, const T* out, T* in) {
    const T scale = static_cast<T>(r.scale);
    for (int64_t k = 0; k < r.count; ++k) {
        T* const to = in + r.offsets[k];
        if (r.step == 1) {
#pragma omp simd
            for (int64_t i = 0; i < r.n; ++i) to[i] += out[i] * scale;
        } else {
            for (int64_t i = 0; i < r.n; ++i) to[i * r.step] += out[i] * scale;
        }
    }
}

LOOPS {
    provide(PoolKernels<float>{max<float>, argmax<float>, sum<float>, sum_backward<float>});
    provide(PoolKernels<double>{max<double>, argmax<double>, sum<double>, sum_backward<double>});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
