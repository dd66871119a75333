// Arguments of loops of random numbers.
#pragma once

#include <cstdint>

namespace bestiary::cpu {

// The number of elements computed in T from one Philox counter.
template <class T>
constexpr int random_per_counter = 16 / static_cast<int>(sizeof(T));

struct RandomStream {
    uint64_t seed;
    uint64_t counter;  // of the first element
    int64_t low;       // of integers: the smallest,
    uint64_t range;    // and how many; 0 stands for 2^64
};

}  // namespace bestiary::cpu
