// A vector register's worth of floats or doubles, for loops that reduce a row: there the compiler would not reorder the
// additions.
#pragma once

#include <cmath>
#include <cstring>
#include <type_traits>

#include "core/dtype.h"

namespace bestiary::cpu::ISA {

#if defined(__AVX512F__)
constexpr int kVecBytes = 64;
#elif defined(__AVX2__)
constexpr int kVecBytes = 32;
#else
constexpr int kVecBytes = 16;
#endif

template <class T>
struct VecTypes {
    using Bits = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;
    typedef T Values __attribute__((vector_size(kVecBytes)));
    typedef Bits Ints __attribute__((vector_size(kVecBytes)));
};
template <class T>
using Vec = typename VecTypes<T>::Values;
template <class T>
constexpr int64_t kLanes = kVecBytes / static_cast<int64_t>(sizeof(T));

template <class T>
inline Vec<T> fill_vec(T value) {
    return value - Vec<T>{};
}

// The number of lanes of a step of for_vec: all, as a constant, or the rest of the row.
template <class T>
using AllLanes = std::integral_constant<int64_t, kLanes<T>>;

template <class T>
inline Vec<T> load_vec(const T* from, AllLanes<T>, T = T(0)) {
    Vec<T> v;
    std::memcpy(&v, from, sizeof v);
    return v;
}
// The lanes past the end hold `otherwise`.
template <class T>
inline Vec<T> load_vec(const T* from, int64_t count, T otherwise = T(0)) {
    T lanes[kLanes<T>];
    for (int64_t i = 0; i < kLanes<T>; ++i) lanes[i] = i < count ? from[i] : otherwise;
    return load_vec(lanes, AllLanes<T>{});
}
template <class T>
inline void store_vec(T* to, const Vec<T>& v, AllLanes<T>) {
    std::memcpy(to, &v, sizeof v);
}
template <class T>
inline void store_vec(T* to, const Vec<T>& v, int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] = v[i];
}

// v with `otherwise` in the lanes past the end.
template <class T>
inline const Vec<T>& only(const Vec<T>& v, AllLanes<T>, T = T(0)) {
    return v;
}
template <class T>
inline Vec<T> only(Vec<T> v, int64_t count, T otherwise = T(0)) {
    for (int64_t i = count; i < kLanes<T>; ++i) v[i] = otherwise;
    return v;
}

// Calls body(i, lanes) for the vectors of n elements.
template <class T, class Body>
inline void for_vec(int64_t n, const Body& body) {
    int64_t i = 0;
    for (; i + kLanes<T> <= n; i += kLanes<T>) body(i, AllLanes<T>{});
    if (i < n) body(i, n - i);
}

template <class T>
inline Vec<T> vec_max(const Vec<T>& a, const Vec<T>& b) {
    return a > b ? a : b;
}

template <class T>
inline T sum_lanes(const Vec<T>& v) {
    T part[kLanes<T>];
    store_vec(part, v, AllLanes<T>{});
    for (int64_t half = kLanes<T> / 2; half > 0; half /= 2)
        for (int64_t i = 0; i < half; ++i) part[i] += part[i + half];
    return part[0];
}

template <class T>
inline T max_lanes(const Vec<T>& v) {
    T most = v[0];
    for (int64_t i = 1; i < kLanes<T>; ++i) most = v[i] > most ? v[i] : most;
    return most;
}

// Folds step(accumulator, i, lanes) over n elements with four accumulators, so that no addition waits for the one
// before. Returns their join.
template <class T, class Step, class Join>
inline Vec<T> fold_vec(int64_t n, T start, const Step& step, const Join& join) {
    constexpr int64_t L = kLanes<T>;
    Vec<T> a = fill_vec(start), b = a, c = a, d = a;
    int64_t i = 0;
    for (; i + 4 * L <= n; i += 4 * L) {
        a = step(a, i, AllLanes<T>{});
        b = step(b, i + L, AllLanes<T>{});
        c = step(c, i + 2 * L, AllLanes<T>{});
        d = step(d, i + 3 * L, AllLanes<T>{});
    }
    for (; i + L <= n; i += L) a = step(a, i, AllLanes<T>{});
    if (i < n) b = step(b, i, n - i);
    return join(join(a, b), join(c, d));
}

// The sum of term(i, lanes) over n elements; terms past the end must be 0.
template <class T, class Term>
inline T sum_vec(int64_t n, const Term& term) {
    const auto add = [&](const Vec<T>& acc, int64_t i, auto lanes) { return acc + term(i, lanes); };
    return sum_lanes<T>(fold_vec<T>(n, T(0), add, [](const Vec<T>& a, const Vec<T>& b) { return a + b; }));
}

// The largest element; nan does not count.
template <class T>
inline T max_vec(const T* x, int64_t n) {
    constexpr T lowest = -std::numeric_limits<T>::infinity();
    const auto larger = [&](const Vec<T>& acc, int64_t i, auto lanes) {
        return vec_max<T>(load_vec(x + i, lanes, lowest), acc);
    };
    return max_lanes<T>(fold_vec<T>(n, lowest, larger, vec_max<T>));
}

// Transposes a square of lanes x lanes values in registers, by perfect shuffles.
template <class T>
inline void transpose_vecs(Vec<T> (&r)[kLanes<T>]) {
    constexpr int64_t lanes = kLanes<T>;
    typename VecTypes<T>::Ints low, high;
    for (int i = 0; i < lanes; ++i) {
        low[i] = i / 2 + (i % 2) * lanes;
        high[i] = low[i] + lanes / 2;
    }
#pragma GCC unroll 4
    for (int step = 1; step < lanes; step *= 2) {
        Vec<T> next[lanes];
#pragma GCC unroll 16
        for (int i = 0; i < lanes / 2; ++i) {
            next[2 * i] = __builtin_shuffle(r[i], r[i + lanes / 2], low);
            next[2 * i + 1] = __builtin_shuffle(r[i], r[i + lanes / 2], high);
        }
#pragma GCC unroll 16
        for (int i = 0; i < lanes; ++i) r[i] = next[i];
    }
}

// The constants of exp for each precision. The polynomials are Cephes's.
template <class T>
struct ExpConstants;
template <>
struct ExpConstants<float> {
    static constexpr float lowest = -87.33f, log2e = 1.44269504088896341f, ln2_high = 0.693359375f,
                           ln2_low = -2.12194440e-4f, round = 0x1.8p23f;
    static constexpr int bias = 127, mantissa = 23;
    static Vec<float> of_remainder(const Vec<float>& r) {
        Vec<float> p = r * 1.9875691500e-4f + 1.3981999507e-3f;
        p = p * r + 8.3334519073e-3f;
        p = p * r + 4.1665795894e-2f;
        p = p * r + 1.6666665459e-1f;
        p = p * r + 5.0000001201e-1f;
        return p * (r * r) + (r + 1.0f);
    }
};
template <>
struct ExpConstants<double> {
    static constexpr double lowest = -708.39, log2e = 1.44269504088896340736, ln2_high = 6.93145751953125e-1,
                            ln2_low = 1.42860682030941723212e-6, round = 0x1.8p52;
    static constexpr int bias = 1023, mantissa = 52;
    static Vec<double> of_remainder(const Vec<double>& r) {
        const Vec<double> rr = r * r;
        const Vec<double> p = r * ((1.26177193074810590878e-4 * rr + 3.02994407707441961300e-2) * rr + 1.0);
        const Vec<double> q = ((3.00198505138664455042e-6 * rr + 2.52448340349684104192e-3) * rr +
                               2.27265548208155028766e-1) * rr + 2.0;
        return 1.0 + 2.0 * p / (q - p);
    }
};

// A double as a sum of two numbers of type T, to be subtracted one after the other.
template <class T>
struct SplitDouble {
    T high, low;
    explicit SplitDouble(double x)
        : high(static_cast<T>(x)), low(std::isfinite(high) ? static_cast<T>(x - high) : T(0)) {}
};

// e to the x for x up to 88 (709 in double), as in rows less their maximum. Results below the smallest normal number
// are 0; nan stays.
template <class T>
inline Vec<T> exp_vec(const Vec<T>& x) {
    using C = ExpConstants<T>;
    using Ints = typename VecTypes<T>::Ints;
    const Vec<T> shifted = x * C::log2e + C::round;  // the whole number is in the lowest bits
    const Vec<T> whole = shifted - C::round;
    const Vec<T> remainder = (x - whole * C::ln2_high) - whole * C::ln2_low;
    Ints bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + C::bias) << C::mantissa;
    Vec<T> power;
    std::memcpy(&power, &bits, sizeof power);
    return x < C::lowest ? Vec<T>{} : C::of_remainder(remainder) * power;
}

// The sum of exp(x - most).
template <class T>
inline T sum_exp_vec(const T* x, int64_t n, T most) {
    Vec<T> sum{};
    for_vec<T>(n, [&](int64_t i, auto lanes) { sum += only<T>(exp_vec<T>(load_vec(x + i, lanes) - most), lanes); });
    return sum_lanes<T>(sum);
}

}  // namespace bestiary::cpu::ISA
