// Mixed precision: ops that gain from it run in a 16-bit type, others in float32.
#pragma once

#include <unordered_map>

#include "core/interpreter.h"

namespace bestiary {

// Note [Autocast]
// The lists are those of PyTorch for the CPU (torch.amp, "CPU Op-Specific Behavior"). Products and convolutions take
// their operands in the lower type, losses and what is sensitive to rounding in float32, ops that join tensors in the
// widest type given. float64 stays as it is. Other ops run in the types that they are given.
class Autocast final : public Interpreter {
public:
    // `enabled` false switches off for a scope what an outer one switched on.
    Autocast(DeviceType device, DType lower, bool enabled, bool caches)
        : device_(device), lower_(lower), enabled_(enabled), caches_(caches) {}

    bool run(const Op& op, Args args, Results& results) override;
    // The innermost one of this thread for a device; null if there is none.
    static const Autocast* of(DeviceType device);

    void enter();
    void leave();

    bool enabled() const { return enabled_; }
    DType lower() const { return lower_; }

private:
    // A weight in the lower type, for as long as it is not written.
    struct Cast {
        Tensor source, result;
        uint32_t version;
    };
    Tensor cast(const Tensor& t, DType to);
    DType wanted(const Op& op, Args args) const;

    DeviceType device_;
    DType lower_;
    bool enabled_, caches_;
    Autocast* outer_ = nullptr;
    std::unordered_map<const TensorImpl*, Cast> casts_;
};

}  // namespace bestiary
