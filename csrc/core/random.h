// Generators of random numbers: a seed and a counter, which cpu/isa/random.cpp maps to numbers.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/refcount.h"

namespace bestiary {

// A seed and the number of counters in use.
class Generator final : public RefCounted {
public:
    explicit Generator(uint64_t seed = 0) : seed_(seed) {}
    static void dispose(Generator* generator) { delete generator; }

    uint64_t seed() const { return seed_; }
    uint64_t position() const { return position_; }
    void restore(uint64_t seed, uint64_t position) {
        seed_ = seed;
        position_ = position;
    }
    // The first of `count` counters that now belong to the caller.
    uint64_t reserve(uint64_t count) { return position_.fetch_add(count, std::memory_order_relaxed); }

private:
    uint64_t seed_;
    std::atomic<uint64_t> position_ = 0;  // kernels run outside Python's lock
};

// The host's generator that is used where none is given.
inline Generator& default_generator() {
    static Ptr<Generator> instance(new Generator(0));
    return *instance;
}

}  // namespace bestiary
