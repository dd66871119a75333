// The innermost loops of pooling.
#include "cpu/isa/pooling.h"

#include <limits>

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"

namespace bestiary::cpu::ISA {
namespace {

template <class T>
const PoolRun& run_of(char* const* data) {
    return *reinterpret_cast<const PoolRun*>(data[0]);
}

// Calls body(i, lanes, load) for vectors of windows; load(k) reads their place k.
template <class T, class Body>
inline void for_windows(const PoolRun& r, const Body& body) {
    const T* const in = reinterpret_cast<const T*>(r.in);
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
void max_run(char* const* data, const int64_t*, int64_t, const double*) {
    const PoolRun& r = run_of<T>(data);
    for_windows<T>(r, [&](int64_t i, auto lanes, const auto& load) {
        Vec<T> best = fill_vec(-std::numeric_limits<T>::infinity());
        for (int64_t k = 0; k < r.count; ++k) {
            const Vec<T> v = load(k);
            best = (v > best) | (v != v) ? v : best;
        }
        store_vec(reinterpret_cast<T*>(r.out) + i, best, lanes);
    });
}

template <class T>
void max_place_run(char* const* data, const int64_t*, int64_t, const double*) {
    using Ints = typename VecTypes<T>::Ints;
    const PoolRun& r = run_of<T>(data);
    for_windows<T>(r, [&](int64_t i, auto lanes, const auto& load) {
        Vec<T> best = fill_vec(-std::numeric_limits<T>::infinity());
        Ints place = {};
        for (int64_t k = 0; k < r.count; ++k) {
            const Vec<T> v = load(k);
            const Ints better = (v > best) | (v != v);
            best = better ? v : best;
            place = better ? place - place + static_cast<typename VecTypes<T>::Bits>(k) : place;
        }
        store_vec(reinterpret_cast<T*>(r.out) + i, best, lanes);
        for (int64_t j = 0; j < lanes; ++j) r.places[i + j] = static_cast<int32_t>(place[j]);
    });
}

template <class T>
void sum_run(char* const* data, const int64_t*, int64_t, const double*) {
    const PoolRun& r = run_of<T>(data);
    for_windows<T>(r, [&](int64_t i, auto lanes, const auto& load) {
        Vec<T> sum = {};
        for (int64_t k = 0; k < r.count; ++k) sum += load(k);
        store_vec(reinterpret_cast<T*>(r.out) + i, Vec<T>(sum * static_cast<T>(r.scale)), lanes);
    });
}

// The reverse of sum_run: adds result i, scaled, to every place of window i.
template <class T>
void spread_run(char* const* data, const int64_t*, int64_t, const double*) {
    const PoolRun& r = run_of<T>(data);
    const T* const out = reinterpret_cast<const T*>(r.out);
    const T scale = static_cast<T>(r.scale);
    for (int64_t k = 0; k < r.count; ++k) {
        T* const in = reinterpret_cast<T*>(const_cast<char*>(r.in)) + r.offsets[k];
        if (r.step == 1) {
#pragma omp simd
            for (int64_t i = 0; i < r.n; ++i) in[i] += out[i] * scale;
        } else {
            for (int64_t i = 0; i < r.n; ++i) in[i * r.step] += out[i] * scale;
        }
    }
}

template <class... T>
void register_pooling(Types<T...>) {
    (register_loop("pool.max", dtype_of<T>(), IsaLevel::ISA, max_run<T>), ...);
    (register_loop("pool.max_place", dtype_of<T>(), IsaLevel::ISA, max_place_run<T>), ...);
    (register_loop("pool.sum", dtype_of<T>(), IsaLevel::ISA, sum_run<T>), ...);
    (register_loop("pool.spread", dtype_of<T>(), IsaLevel::ISA, spread_run<T>), ...);
}

LOOPS { register_pooling(Floats{}); }

}  // namespace
}  // namespace bestiary::cpu::ISA
