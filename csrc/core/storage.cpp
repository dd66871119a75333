#include "core/storage.h"

#include <new>

#include "core/device_memory.h"

namespace bestiary {

static constexpr size_t kHeader = kAlignment;
static_assert(sizeof(Storage) <= kHeader);

Ptr<Storage> Storage::allocate(size_t bytes, Device device) {
    if (device.type != DeviceType::CPU) [[unlikely]] {
        void* const data = memory_of(device).allocate(bytes, device);
        return Ptr<Storage>(new (bestiary::allocate(kHeader)) Storage(data, bytes, device));
    }
    char* block = static_cast<char*>(bestiary::allocate(kHeader + bytes));
    return Ptr<Storage>(new (block) Storage(block + kHeader, bytes));
}

Ptr<Storage> Storage::borrow(void* data, size_t bytes, std::function<void()> release, bool writable) {
    Ptr<Storage> storage(new (bestiary::allocate(kHeader)) Storage(data, bytes));
    storage->release_ = new std::function<void()>(std::move(release));
    storage->writable_ = writable;
    storage->share_outside();
    return storage;
}

Derived* Storage::keep(Derived* derived) {
    Derived* first = nullptr;
    if (derived_.compare_exchange_strong(first, derived, std::memory_order_acq_rel)) return derived;
    delete derived;
    return first;
}

void Storage::dispose(Storage* storage) {
    const bool on_host = storage->device_.type == DeviceType::CPU;
    const size_t block = kHeader + (storage->release_ || !on_host ? 0 : storage->bytes_);
    if (storage->release_) {
        (*storage->release_)();
        delete storage->release_;
    } else if (!on_host) {
        memory_of(storage->device_).deallocate(storage->data_, storage->bytes_, storage->device_);
    }
    storage->~Storage();
    deallocate(storage, block);
}

}  // namespace bestiary
