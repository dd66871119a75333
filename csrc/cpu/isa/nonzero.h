// The kernels of nonzero: see Note [Kernel tables].
#pragma once

#include <cstdint>

namespace bestiary::cpu {

struct NonzeroKernels {
    int64_t (*count)(const uint8_t* bytes, int64_t n);
    // Writes the positions of the first n bytes that are true, the first byte's being `first`.
    void (*list)(int64_t* out, const uint8_t* bytes, int64_t n, int64_t first);
};

}  // namespace bestiary::cpu
