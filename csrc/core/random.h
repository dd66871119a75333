// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/refcount.h"

namespace bestiary {

// Four 32-bit words for (seed, counter). A pure function, so element i of a tensor has the same number
// whatever thread computes it.
inline std::array<uint32_t, 4> philox(uint64_t seed, uint64_t counter, uint64_t stream = 0) {
    std::array<uint32_t, 4> c = {static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32),
                                 static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)};
    uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = uint64_t{0xD2511F53u} * c[0];
        const uint64_t p1 = uint64_t{0xCD9E8D57u} * c[2];
        c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(p1),
             static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(p0)};
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

// A seed and how many counters have been used.
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

// The generator used where none is given.
inline Generator& default_generator() {
    static Ptr<Generator> instance(new Generator(0));
    return *instance;
}

}  // namespace bestiary
