// The memory that tensors share.
#pragma once

#include <atomic>
#include <functional>

#include "core/allocator.h"
#include "core/device.h"
#include "core/refcount.h"

namespace bestiary {

struct Op;

// Data that a backend has derived from the contents of a storage, stored and freed with it.
class Derived {
public:
    virtual ~Derived() = default;
};

class Storage final : public RefCounted {
public:
    // Fresh, uninitialised memory.
    static Ptr<Storage> allocate(size_t bytes, Device device = {});
    // Somebody else's memory; `release` runs when the last tensor lets go of it.
    static Ptr<Storage> borrow(void* data, size_t bytes, std::function<void()> release, bool writable = true);
    static void dispose(Storage* storage);

    char* data() const { return data_; }
    size_t bytes() const { return bytes_; }
    bool writable() const { return writable_; }
    Device device() const { return device_; }

    // Note [Version counter]
    // Counts writes through any tensor over this memory. The graph remembers the count of every tensor it
    // saves and refuses a gradient from memory that was written since, naming the op that wrote.
    uint32_t version() const { return version_; }
    const Op* last_writer() const { return last_writer_; }
    void wrote(const Op* op) {
        ++version_;
        last_writer_ = op;
    }
    // Goes on where `other` is, whose contents moved here.
    void take_over_version(const Storage& other) {
        version_ = other.version_;
        last_writer_ = other.last_writer_;
    }

    // True if other code may write to the memory without counting: while arrays that share the memory live, and for
    // ever once its address was given away.
    bool shared_outside() const { return lent_.load(std::memory_order_acquire) != 0; }
    void share_outside() { lent_.fetch_or(kForGood, std::memory_order_acq_rel); }
    void lend() { lent_.fetch_add(1, std::memory_order_acq_rel); }
    void take_back() {
        returned_.fetch_add(1, std::memory_order_acq_rel);
        lent_.fetch_sub(1, std::memory_order_acq_rel);
    }
    // Data derived at another edition may be out of date: the memory was, or could have been, written.
    uint64_t edition() const { return uint64_t{returned_.load(std::memory_order_acquire)} << 32 | version_; }

    Derived* derived() const { return derived_.load(std::memory_order_acquire); }
    // Takes over `derived`, unless another thread was first; the one that is kept.
    Derived* keep(Derived* derived);

private:
    Storage(void* data, size_t bytes, Device device = {})
        : data_(static_cast<char*>(data)), bytes_(bytes), device_(device) {}
    ~Storage() { delete derived(); }

    char* data_;
    size_t bytes_;
    uint32_t version_ = 0;
    Device device_;
    bool writable_ = true;
    static constexpr uint32_t kForGood = uint32_t{1} << 31;
    std::atomic<uint32_t> lent_ = 0;
    std::atomic<uint32_t> returned_ = 0;  // how often lent memory came back
    const Op* last_writer_ = nullptr;
    std::atomic<Derived*> derived_ = nullptr;
    std::function<void()>* release_ = nullptr;  // null: ours, on the host in one block with this header
};

}  // namespace bestiary
