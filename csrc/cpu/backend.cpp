// The host as a device.
#include "core/backend.h"

#include <cstring>

#include "core/allocator.h"
#include "cpu/elementwise.h"

namespace bestiary::cpu {
namespace {

class CpuBackend final : public Backend {
public:
    CpuBackend() { Backend::elementwise = cpu::elementwise; }
    void* allocate(size_t bytes, Device) override { return bestiary::allocate(bytes); }
    void deallocate(void* block, size_t bytes, Device) noexcept override { bestiary::deallocate(block, bytes); }
    void copy(void* to, Device, const void* from, Device, size_t bytes) override { std::memcpy(to, from, bytes); }
    void zero(void* block, size_t bytes, Device) override { std::memset(block, 0, bytes); }
    Generator& default_generator(Device) override { return bestiary::default_generator(); }
    MemoryStats memory_stats(Device) const override { return bestiary::memory_stats(); }
    void empty_cache(Device) override { bestiary::empty_cache(); }
    bool prefers_channels_last() const override { return true; }
};

CpuBackend cpu_backend;
const BackendRegistration registered(DeviceType::CPU, &cpu_backend);

}  // namespace
}  // namespace bestiary::cpu
