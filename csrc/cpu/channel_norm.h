// What the drivers of batch norm and group norm share: see Note [Channel loops] in isa/channel_norm.cpp.
#pragma once

#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {

// (N, C, ...) in memory: planes of one channel, or rows of all channels.
struct ChannelLayout {
    bool channels_last = false;
    int64_t batch = 1, channels = 1, spatial = 1;
    Dims strides;

    explicit ChannelLayout(const Tensor& self);
    // Elements of one channel.
    int64_t count() const { return batch * spatial; }
    // The tensor in this layout, copied if it is not.
    Tensor fit(const Tensor& t, DType computed) const;
    StagedResult result(const Tensor& t, DType computed) const { return {t, computed, strides, fits(t)}; }
    bool fits(const Tensor& t) const;
};

// One parameter per channel, or the same value for all.
template <class T>
class PerChannel {
public:
    PerChannel(const Tensor& t, T otherwise) : values_(staged(t, dtype_of<T>())), otherwise_(otherwise) {}
    T operator[](int64_t c) const { return values_.defined() ? values_.template data<T>()[c] : otherwise_; }

private:
    Tensor values_;
    T otherwise_;
};

// The address of element i, as loops take it.
template <class T>
char* at(T* values, int64_t i) {
    return bytes(values + i);
}

}  // namespace bestiary::cpu
