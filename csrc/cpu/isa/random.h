// The kernels of random numbers: see Note [Kernel tables].
#pragma once

#include <cstdint>

namespace bestiary::cpu {

// The number of elements computed in T from one Philox counter.
template <class T>
constexpr int random_per_counter = 16 / static_cast<int>(sizeof(T));

struct RandomStream {
    uint64_t seed;
    uint64_t counter;  // of the first element
};

// They write n contiguous elements.
template <class T>
struct RandomKernels {
    // Of [low, high). The lowest `dropped_bits` of each number are 0: the type that it is stored in would round them.
    void (*uniform)(T* out, int64_t n, RandomStream stream, double low, double high, int dropped_bits);
    void (*normal)(T* out, int64_t n, RandomStream stream, double mean, double deviation);
    void (*exponential)(T* out, int64_t n, RandomStream stream, double rate);
    // 1 with the probabilities p, otherwise 0.
    void (*bernoulli)(T* out, const T* p, int64_t n, RandomStream stream);
    // 0 with probability p, otherwise x / (1 - p).
    void (*dropout)(T* out, const T* x, int64_t n, RandomStream stream, double p);
};

struct RandintKernels {
    // Of [low, low + range); a range of 0 stands for 2^64.
    void (*randint)(int64_t* out, int64_t n, RandomStream stream, int64_t low, uint64_t range);
};

// The stream from its i-th element on, which is the first of a counter.
template <class T>
RandomStream from_element(RandomStream stream, int64_t i) {
    return {stream.seed, stream.counter + static_cast<uint64_t>(i / random_per_counter<T>)};
}

}  // namespace bestiary::cpu
