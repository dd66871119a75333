// Shared by the kernels that take random numbers from a generator.
#pragma once

#include "core/random.h"
#include "cpu/isa/random.h"
#include "cpu/kernel_table.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {

// As many counters of the generator as n elements computed in T need.
template <class T>
RandomStream reserve_counters(Generator& generator, int64_t n) {
    const auto counters = static_cast<uint64_t>(ceil_div(n, random_per_counter<T>));
    return {generator.seed(), generator.reserve(counters)};
}

// n numbers of 64 random bits.
inline void random_bits(uint64_t* out, int64_t n, RandomStream stream) {
    kernels<RandintKernels>().randint(reinterpret_cast<int64_t*>(out), n, stream, 0, 0);
}

}  // namespace bestiary::cpu
