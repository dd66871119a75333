// The interface of a type of device, apart from its kernels.
//
// Note [Backends]
// Core knows devices by this interface alone. A backend registers itself while its library loads, with its kernels:
// KERNEL(CUDA, "mul", fn). What it has no kernel for runs as the op's composition, where the row has one. Host memory
// is core's own: the CPU's backend adds the elementwise driver. The meta device allocates nothing and runs nothing, so
// every op tells its results' shapes and dtypes there by its shape rule.
#pragma once

#include "core/allocator.h"
#include "core/device_memory.h"
#include "core/op.h"
#include "core/random.h"

namespace bestiary {

class Backend : public DeviceMemory {
public:
    // The queue that kernels of the calling thread go to; null where they run at once.
    virtual Stream stream(Device) { return nullptr; }
    virtual void synchronize(Device) {}
    // The number of devices of this type.
    virtual int count() const { return 1; }
    virtual Generator& default_generator(Device device) = 0;
    // True if its kernels compute images channels last, so that results of convolutions have this layout where programs
    // cannot observe it: Note [Engine layout]. The meta device has no kernels, and answers for the observable layout.
    virtual bool prefers_channels_last() const { return false; }
    // Of the device's allocator: zeros where it caches nothing.
    virtual MemoryStats memory_stats(Device) const { return {}; }
    virtual void empty_cache(Device) {}

    // The one kernel that runs every elementwise op.
    KernelFn elementwise = nullptr;
};

// By DeviceType; null where there is none.
extern Backend* backends[kDeviceTypes];
// A RuntimeError where the device can't be used.
Backend& backend(Device device);

struct BackendRegistration {
    BackendRegistration(DeviceType type, Backend* backend) { backends[static_cast<int>(type)] = backend; }
};

// A row-major copy on another device. From the meta device there is nothing to copy: NotImplementedError.
Tensor copied_to(const Tensor& t, Device device);

}  // namespace bestiary
