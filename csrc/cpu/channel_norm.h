// The memory and parameters of channels, for batch norm and group norm.
#pragma once

#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {

// The memory of (N, C, ...): planes of one channel, or rows of all channels.
struct ChannelLayout {
    bool channels_last = false;
    int64_t batch = 1, channels = 1, spatial = 1;
    Dims strides;

    explicit ChannelLayout(const Tensor& self);
    int64_t elements_per_channel() const { return batch * spatial; }
    // The tensor in this layout, copied if it is not.
    Tensor fit(const Tensor& t, DType computed) const;
    StagedResult result(const Tensor& t, DType computed) const { return {t, computed, strides, fits(t)}; }
    bool fits(const Tensor& t) const;
};

// One parameter per channel, or the same value for all channels.
template <class T>
class PerChannel {
public:
    PerChannel(const Tensor& t, T otherwise) : values_(staged(t, dtype_of<T>())), otherwise_(otherwise) {}
    T operator[](int64_t c) const { return values_.defined() ? values_.template data<T>()[c] : otherwise_; }

private:
    Tensor values_;
    T otherwise_;
};

// running = (1 - momentum) * running + momentum * seen, unless running is undefined.
void move_running(const Tensor& running, const std::vector<double>& seen, double momentum);

}  // namespace bestiary::cpu
