// The memory of a type of device, as storages and tensors use it. Host memory is core's own: see core/allocator.h.
#pragma once

#include <cstddef>

#include "core/device.h"

namespace bestiary {

class DeviceMemory {
public:
    virtual ~DeviceMemory() = default;
    virtual void* allocate(size_t bytes, Device device) = 0;
    virtual void deallocate(void* block, size_t bytes, Device device) noexcept = 0;
    // Copies within a device, or between a device of this type and the host. Done when it returns.
    virtual void copy(void* to, Device to_device, const void* from, Device from_device, size_t bytes) = 0;
    virtual void zero(void* block, size_t bytes, Device device) = 0;
};

// A RuntimeError where there is no such device.
DeviceMemory& memory_of(Device device);

}  // namespace bestiary
