// Writing past the caches.
#pragma once

#include <atomic>

#include "cpu/isa/streaming.h"

namespace bestiary::cpu {

// A result of so many bytes will not be found in a cache afterwards. Written past it, its lines need not be read first.
constexpr int64_t kBeyondCache = int64_t{32} << 20;

inline Loop streaming_copy() { return kernels<StreamingKernels>().copy; }
// Orders writes past the caches before all later ones.
inline void finish_streaming() { std::atomic_thread_fence(std::memory_order_seq_cst); }

}  // namespace bestiary::cpu
