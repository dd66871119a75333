#include "core/allocator.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "core/error.h"

namespace bestiary {
namespace {

constexpr size_t kSmallLimit = 4096;           // up to here: per-thread lists, classes of 64 bytes
constexpr size_t kHugePage = size_t{2} << 20;  // from here: mapped directly, huge pages asked for
constexpr int kSmallClasses = kSmallLimit / kAlignment;
constexpr int kSmallKept = 256;  // blocks of one class that a thread keeps

struct FreeBlock {
    FreeBlock* next;
};

struct SmallLists {
    FreeBlock* head[kSmallClasses + 1] = {};
    int count[kSmallClasses + 1] = {};
    ~SmallLists();
};

#define BESTIARY_FAST_TLS __attribute__((tls_model("initial-exec")))
thread_local constinit SmallLists* small_lists BESTIARY_FAST_TLS = nullptr;
thread_local constinit bool thread_ended BESTIARY_FAST_TLS = false;

SmallLists::~SmallLists() {
    for (FreeBlock* block : head)
        while (block) std::free(std::exchange(block, block->next));
    small_lists = nullptr;
    thread_ended = true;
}

SmallLists* lists() {
    if (!small_lists && !thread_ended) {
        thread_local SmallLists owned;
        small_lists = &owned;
    }
    return small_lists;
}

// Large sizes are rounded so that at most an eighth is wasted and blocks of like sizes can be shared.
size_t rounded(size_t bytes) {
    const size_t step = std::max(kSmallLimit, std::bit_floor(bytes) / 8);
    return (bytes + step - 1) / step * step;
}

class Pool {
public:
    void* take(size_t size) {
        const std::lock_guard lock(mutex_);
        stats_.in_use += size;
        stats_.peak = std::max(stats_.peak, stats_.in_use);
        auto found = free_.find(size);
        if (found == free_.end() || found->second.empty()) return nullptr;
        void* block = found->second.back();
        found->second.pop_back();
        stats_.cached -= size;
        return block;
    }
    // False when the block is not to be kept.
    bool give(void* block, size_t size) {
        const std::lock_guard lock(mutex_);
        stats_.in_use -= size;
        if (stats_.cached + size > limit_) return false;
        free_[size].push_back(block);
        stats_.cached += size;
        return true;
    }
    void failed(size_t size) {
        const std::lock_guard lock(mutex_);
        stats_.in_use -= size;
    }
    MemoryStats stats() {
        const std::lock_guard lock(mutex_);
        return stats_;
    }
    std::map<size_t, std::vector<void*>> drain() {
        const std::lock_guard lock(mutex_);
        stats_.cached = 0;
        return std::exchange(free_, {});
    }

private:
    static size_t quarter_of_memory() {
        return static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE)) / 4;
    }

    std::mutex mutex_;
    std::map<size_t, std::vector<void*>> free_;
    MemoryStats stats_ = {};
    size_t limit_ = quarter_of_memory();
};

// Never destroyed: tensors held by Python modules are freed after static destructors have run.
Pool& pool() {
    static Pool* instance = new Pool;
    return *instance;
}

void* system_allocate(size_t size) {
    if (size < kHugePage) return std::aligned_alloc(kAlignment, size);
    void* block = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) return nullptr;
    madvise(block, size, MADV_HUGEPAGE);
    return block;
}

void system_free(void* block, size_t size) {
    if (size < kHugePage) std::free(block);
    else munmap(block, size);
}

void* allocate_large(size_t bytes) {
    check(bytes <= SIZE_MAX / 4, "cannot allocate ", bytes, " bytes");
    const size_t size = rounded(bytes);
    if (void* block = pool().take(size)) return block;
    void* block = system_allocate(size);
    if (!block) {
        empty_cache();
        block = system_allocate(size);
    }
    if (!block) {
        pool().failed(size);
        fail(ErrorKind::Runtime, "out of memory: could not allocate ", bytes, " bytes");
    }
    return block;
}

}  // namespace

void* allocate(size_t bytes) {
    if (bytes > kSmallLimit) return allocate_large(bytes);
    const size_t index = (bytes + kAlignment - 1) / kAlignment;
    if (SmallLists* mine = lists(); mine && mine->head[index]) {
        --mine->count[index];
        return std::exchange(mine->head[index], mine->head[index]->next);
    }
    void* block = std::aligned_alloc(kAlignment, std::max<size_t>(index, 1) * kAlignment);
    check(block != nullptr, "out of memory: could not allocate ", bytes, " bytes");
    return block;
}

void deallocate(void* block, size_t bytes) noexcept {
    if (bytes > kSmallLimit) {
        const size_t size = rounded(bytes);
        if (!pool().give(block, size)) system_free(block, size);
        return;
    }
    const size_t index = (bytes + kAlignment - 1) / kAlignment;
    SmallLists* mine = lists();
    if (!mine || mine->count[index] >= kSmallKept) return std::free(block);
    ++mine->count[index];
    FreeBlock* freed = static_cast<FreeBlock*>(block);
    freed->next = std::exchange(mine->head[index], freed);
}

MemoryStats memory_stats() { return pool().stats(); }

void empty_cache() {
    for (auto& [size, blocks] : pool().drain())
        for (void* block : blocks) system_free(block, size);
}

}  // namespace bestiary
