// Random numbers: Philox counters, many at a time, transformed to distributions.
#include "cpu/isa/random.h"

#include <algorithm>
#include <bit>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "cpu/isa/loops.h"
#include "cpu/isa/vec.h"
#include "functors/math.h"

namespace bestiary::cpu::ISA {
namespace {

using functors::v_cos;
using functors::v_log;
using functors::v_sin;

constexpr int kCounters = 64;

struct Words {
    alignas(64) uint32_t word[4][kCounters];
    uint64_t pair(int first, int lane) const { return uint64_t{word[first][lane]} << 32 | word[first + 1][lane]; }
};

// Numbers of 32 bits in lanes of 64, whose high halves hold rests of earlier steps.
typedef uint64_t WideWords __attribute__((vector_size(kVecBytes)));

// The products of the low halves.
[[gnu::always_inline]] inline WideWords times(WideWords a, WideWords b) {
#if defined(__AVX512F__)
    return reinterpret_cast<WideWords>(
        _mm512_maskz_mul_epu32(0xFF, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
    return reinterpret_cast<WideWords>(
        _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
    return reinterpret_cast<WideWords>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
    return (a & 0xFFFFFFFFu) * (b & 0xFFFFFFFFu);
#endif
}

// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) for kCounters counters: a pure
// function of seed and counter, so that an element has the same number whatever thread computes it.
void philox_lanes(RandomStream stream, Words& out) {
    constexpr int group = kVecBytes / 8;
    typedef uint32_t Narrow __attribute__((vector_size(kVecBytes / 2)));
    WideWords first;
    for (int lane = 0; lane < group; ++lane) first[lane] = static_cast<uint64_t>(lane);
    for (int begin = 0; begin < kCounters; begin += group) {
        WideWords a = first + (stream.counter + static_cast<uint64_t>(begin)), b = a >> 32, c{}, d{};
        uint32_t k0 = static_cast<uint32_t>(stream.seed), k1 = static_cast<uint32_t>(stream.seed >> 32);
#pragma GCC unroll 10
        for (int round = 0; round < 10; ++round) {
            const WideWords p = times(a, WideWords{} + 0xD2511F53u), q = times(c, WideWords{} + 0xCD9E8D57u);
            a = q >> 32 ^ b ^ (WideWords{} + k0);
            b = q;
            c = p >> 32 ^ d ^ (WideWords{} + k1);
            d = p;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        const WideWords words[] = {a, b, c, d};
        for (int k = 0; k < 4; ++k) {
            const Narrow low = __builtin_convertvector(words[k], Narrow);
            std::memcpy(out.word[k] + begin, &low, sizeof low);
        }
    }
}

// In [0, 1), with as many bits as T has.
template <class T>
inline T unit(const Words& words, int lane, int k) {
    if constexpr (sizeof(T) == 4) return static_cast<T>(static_cast<int32_t>(words.word[k][lane] >> 8)) * T(0x1p-24);
    else return static_cast<T>(static_cast<int64_t>(words.pair(2 * k, lane) >> 11)) * T(0x1p-53);
}
// In (0, 1]: a logarithm of it is finite, and small numbers are dense.
template <class T>
inline T positive_unit(const Words& words, int lane, int k) {
    if constexpr (sizeof(T) == 4) return static_cast<T>(words.word[k][lane]) * T(0x1p-32) + T(0x1p-33);
    else return static_cast<T>(static_cast<int64_t>(words.pair(2 * k, lane) >> 11)) * T(0x1p-53) + T(0x1p-54);
}

// Element k of each counter is first computed for all lanes, then all are interleaved: loops that leave gaps between
// their results are not vectorised.
template <class T>
struct Planes {
    static constexpr int kPer = random_per_counter<T>;
    alignas(64) T value[kPer][kCounters];

    void interleave(T* out) const {
#pragma omp simd
        for (int lane = 0; lane < kCounters; ++lane)
            for (int k = 0; k < kPer; ++k) out[lane * kPer + k] = value[k][lane];
    }
};

template <class T>
struct Uniform {
    T low, width, scale;
    int shift;
    Uniform(double low, double high, int dropped_bits) : low(static_cast<T>(low)), width(static_cast<T>(high - low)) {
        const int bits = (sizeof(T) == 4 ? 24 : 53) - dropped_bits;
        shift = (sizeof(T) == 4 ? 32 : 64) - bits;
        scale = T(1) / static_cast<T>(uint64_t{1} << bits);
    }
    void operator()(const Words& words, Planes<T>& out) const {
        for (int k = 0; k < out.kPer; ++k)
#pragma omp simd
            for (int lane = 0; lane < kCounters; ++lane) {
                T u;
                if constexpr (sizeof(T) == 4) u = static_cast<T>(static_cast<int32_t>(words.word[k][lane] >> shift));
                else u = static_cast<T>(static_cast<int64_t>(words.pair(2 * k, lane) >> shift));
                out.value[k][lane] = low + u * scale * width;
            }
    }
};

struct Direction {
    float cosine, sine;
};
// The point of the unit circle after a part of a turn in [0, 1), to two units in the last place: the nearest quarter
// turn is subtracted, then come polynomials (Cephes's).
inline Direction direction(float part) {
    const float shifted = part * 4 + 0x1.8p23f;  // the quarter stands in the lowest bits
    const int32_t quarter = std::bit_cast<int32_t>(shifted);
    const float r = (part - (shifted - 0x1.8p23f) * 0.25f) * 6.2831853071795865f, rr = r * r;
    const float sine = r + r * rr * (-1.6666654611e-1f + rr * (8.3321608736e-3f + rr * -1.9515295891e-4f));
    const float cosine =
        1 - rr * 0.5f + rr * rr * (4.166664568298827e-2f + rr * (-1.388731625493765e-3f + rr * 2.443315711809948e-5f));
    const float x = quarter & 1 ? sine : cosine, y = quarter & 1 ? cosine : sine;
    return {(quarter + 1) & 2 ? -x : x, quarter & 2 ? -y : y};
}

// Box and Muller: two uniform numbers are radius and angle of two normal ones.
template <class T>
struct Normal {
    T mean, deviation;
    Normal(double mean, double deviation) : mean(static_cast<T>(mean)), deviation(static_cast<T>(deviation)) {}
    T radius(const Words& words, int lane, int k) const {
        return deviation * std::sqrt(T(-2) * v_log(positive_unit<T>(words, lane, k)));
    }
    void operator()(const Words& words, Planes<float>& out) const {
        for (int k = 0; k < out.kPer; k += 2)
#pragma omp simd
            for (int lane = 0; lane < kCounters; ++lane) {
                const float length = radius(words, lane, k);
                const Direction to = direction(unit<float>(words, lane, k + 1));
                out.value[k][lane] = mean + length * to.cosine;
                out.value[k + 1][lane] = mean + length * to.sine;
            }
    }
    void operator()(const Words& words, Planes<double>& out) const {
        double length[kCounters], angle[kCounters];
#pragma omp simd
        for (int lane = 0; lane < kCounters; ++lane) {
            length[lane] = radius(words, lane, 0);
            angle[lane] = 6.283185307179586 * unit<double>(words, lane, 1);
        }
        // Apart: the compiler would join sine and cosine of one angle in a function that has no vector version.
#pragma omp simd
        for (int lane = 0; lane < kCounters; ++lane) out.value[0][lane] = mean + length[lane] * v_cos(angle[lane]);
#pragma omp simd
        for (int lane = 0; lane < kCounters; ++lane) out.value[1][lane] = mean + length[lane] * v_sin(angle[lane]);
    }
};

template <class T>
struct Exponential {
    T scale;
    explicit Exponential(double rate) : scale(static_cast<T>(-1 / rate)) {}
    void operator()(const Words& words, Planes<T>& out) const {
        for (int k = 0; k < out.kPer; ++k)
#pragma omp simd
            for (int lane = 0; lane < kCounters; ++lane)
                out.value[k][lane] = scale * v_log(positive_unit<T>(words, lane, k));
    }
};

template <template <class> class Distribution, class T, class... P>
void fill(T* out, int64_t n, RandomStream stream, P... params) {
    constexpr int64_t block = kCounters * random_per_counter<T>;
    const Distribution<T> distribution(params...);
    Words words;
    Planes<T> planes;
    alignas(64) T tail[block];
    for (int64_t i = 0; i < n; i += block) {
        philox_lanes(from_element<T>(stream, i), words);
        distribution(words, planes);
        planes.interleave(n - i >= block ? out + i : tail);
        if (n - i < block) std::copy_n(tail, n - i, out + i);
    }
}

// low + a number in [0, range): the high half of bits * range, biased by less than range / 2^64.
struct Integers {
    uint64_t low, range;
    uint64_t operator()(uint64_t bits) const {
        return low + static_cast<uint64_t>(static_cast<unsigned __int128>(bits) * range >> 64);
    }
};
// The same for ranges of 32 bits, in steps that can be vectorised.
struct SmallIntegers {
    uint64_t low, range;
    uint64_t operator()(uint64_t bits) const {
        return low + (((bits >> 32) * range + ((bits & 0xFFFFFFFFu) * range >> 32)) >> 32);
    }
};
struct AllIntegers {
    uint64_t low;
    uint64_t operator()(uint64_t bits) const { return low + bits; }
};

template <class F>
void fill_integers(int64_t* out, int64_t n, RandomStream stream, const F& f) {
    constexpr int64_t block = kCounters * random_per_counter<int64_t>;
    Words words;
    alignas(64) int64_t numbers[block];
    for (int64_t i = 0; i < n; i += block) {
        philox_lanes(from_element<int64_t>(stream, i), words);
#pragma omp simd
        for (int lane = 0; lane < kCounters; ++lane) {
            numbers[2 * lane] = static_cast<int64_t>(f(words.pair(0, lane)));
            numbers[2 * lane + 1] = static_cast<int64_t>(f(words.pair(2, lane)));
        }
        std::copy_n(numbers, std::min(block, n - i), out + i);
    }
}

void randint(int64_t* out, int64_t n, RandomStream stream, int64_t first, uint64_t range) {
    const auto low = static_cast<uint64_t>(first);
    if (range == 0) fill_integers(out, n, stream, AllIntegers{low});
    else if (range >> 32 == 0) fill_integers(out, n, stream, SmallIntegers{low, range});
    else fill_integers(out, n, stream, Integers{low, range});
}

// For each element of `in`, a uniform number decides.
template <class T, class Decide>
void decide_each(T* out, const T* in, int64_t n, RandomStream stream, const Decide& decide) {
    constexpr int per = random_per_counter<T>;
    const Uniform<T> uniform(0, 1, 0);
    Words words;
    Planes<T> planes;
    alignas(64) T uniforms[kCounters * per];
    for (int64_t i = 0; i < n; i += kCounters * per) {
        philox_lanes(from_element<T>(stream, i), words);
        uniform(words, planes);
        planes.interleave(uniforms);
        const int64_t count = std::min<int64_t>(n - i, kCounters * per);
#pragma omp simd
        for (int64_t j = 0; j < count; ++j) out[i + j] = decide(uniforms[j], in[i + j]);
    }
}

template <class T>
void bernoulli(T* out, const T* p, int64_t n, RandomStream stream) {
    decide_each(out, p, n, stream, [](T u, T p) { return u < p ? T(1) : T(0); });
}

template <class T>
void dropout(T* out, const T* x, int64_t n, RandomStream stream, double probability) {
    const T p = static_cast<T>(probability), scale = probability < 1 ? static_cast<T>(1 / (1 - probability)) : T(0);
    decide_each(out, x, n, stream, [=](T u, T x) { return u < p ? T(0) : x * scale; });
}

template <class T>
void provide_for() {
    provide(RandomKernels<T>{fill<Uniform, T>, fill<Normal, T>, fill<Exponential, T>, bernoulli<T>, dropout<T>});
}

LOOPS {
    provide_for<float>();
    provide_for<double>();
    provide(RandintKernels{randint});
}

}  // namespace
}  // namespace bestiary::cpu::ISA
