// A caching allocator for host memory.
//
// Note [Caching allocation]
// A fresh 64 MB block costs many times the arithmetic done on it in page faults, and malloc returns large
// blocks to the system at once. So freed blocks are cached by size class: small ones in a list of the
// thread, large ones in one shared pool with a limit.
#pragma once

#include <cstddef>

namespace bestiary {

constexpr size_t kAlignment = 64;

// At least `bytes` bytes, aligned to kAlignment. Throws Error when the system has no more memory.
void* allocate(size_t bytes);
// `bytes` must be what allocate was called with.
void deallocate(void* block, size_t bytes) noexcept;

struct MemoryStats {
    size_t in_use;  // bytes of large blocks in use
    size_t cached;  // bytes of freed large blocks, cached
    size_t peak;    // the most that in_use has been
};
MemoryStats memory_stats();
void empty_cache();

}  // namespace bestiary
