#include "core/backend.h"

#include "core/dispatch.h"

namespace bestiary {
namespace {

class MetaBackend final : public Backend {
public:
    void* allocate(size_t, Device) override { return nullptr; }
    void deallocate(void*, size_t, Device) noexcept override {}
    void copy(void*, Device to, const void*, Device, size_t) override {
        check_as(ErrorKind::NotImplemented, to.type == DeviceType::Meta, "a meta tensor has no data to copy to ", to);
    }
    void zero(void*, size_t, Device) override {}
    // Nothing is drawn from it.
    Generator& default_generator(Device) override {
        static Generator generator;
        return generator;
    }
};

MetaBackend meta;
const BackendRegistration registered(DeviceType::Meta, &meta);

}  // namespace

constinit Backend* backends[kDeviceTypes] = {};

Backend& backend(Device device) {
    Backend* const found = backends[static_cast<int>(device.type)];
    check(found, "device: ", device, " is not available: this build has no backend for it");
    check(device.index < found->count(), "device: ", device, " is not there, only ", found->count(), " of its type");
    return *found;
}

DeviceMemory& memory_of(Device device) { return backend(device); }

Tensor copied_to(const Tensor& t, Device device) {
    const Tensor from = Call<"contiguous">()(t);
    const Tensor to = Tensor::empty(t.sizes(), t.dtype(), device);
    const DeviceType there = from.device().type, here = device.type;
    if (here == DeviceType::Meta) return to;
    const bool by_way_of_host = there != here && there != DeviceType::CPU && here != DeviceType::CPU;
    if (by_way_of_host) return copied_to(copied_to(from, Device()), device);
    DeviceMemory& memory = memory_of(there == DeviceType::CPU ? device : from.device());
    memory.copy(to.raw(), device, from.raw(), from.device(), static_cast<size_t>(t.numel() * item_size(t.dtype())));
    return to;
}

}  // namespace bestiary
