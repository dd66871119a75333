// Intrusive reference counts.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace bestiary {

class RefCounted {
public:
    void retain() const { refs_.fetch_add(1, std::memory_order_relaxed); }
    // True when the caller gave up the last reference and must dispose of the object.
    bool release() const {
        // A sole owner needs no locked instruction: nobody else can be counting.
        if (refs_.load(std::memory_order_acquire) == 1) return true;
        return refs_.fetch_sub(1, std::memory_order_acq_rel) == 1;
    }
    uint32_t use_count() const { return refs_.load(std::memory_order_relaxed); }

protected:
    RefCounted() = default;
    RefCounted(const RefCounted&) = delete;
    RefCounted& operator=(const RefCounted&) = delete;
    ~RefCounted() = default;

private:
    mutable std::atomic<uint32_t> refs_{0};
};

// Ptr<T> owns one reference; the last one calls T::dispose(T*).
template <class T>
class Ptr {
public:
    Ptr() = default;
    Ptr(std::nullptr_t) {}
    explicit Ptr(T* raw) : raw_(raw) {
        if (raw_) raw_->retain();
    }
    Ptr(const Ptr& other) : Ptr(other.raw_) {}
    Ptr(Ptr&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
    Ptr& operator=(Ptr other) noexcept {
        std::swap(raw_, other.raw_);
        return *this;
    }
    ~Ptr() { reset(); }

    // Takes over a reference that the caller already holds.
    static Ptr adopt(T* raw) {
        Ptr result;
        result.raw_ = raw;
        return result;
    }
    // Gives the reference up without releasing it.
    T* detach() { return std::exchange(raw_, nullptr); }
    void reset() {
        T* raw = std::exchange(raw_, nullptr);
        if (raw && raw->release()) T::dispose(raw);
    }

    T* get() const { return raw_; }
    T* operator->() const { return raw_; }
    T& operator*() const { return *raw_; }
    explicit operator bool() const { return raw_ != nullptr; }
    bool operator==(const Ptr& other) const { return raw_ == other.raw_; }

private:
    T* raw_ = nullptr;
};

}  // namespace bestiary
