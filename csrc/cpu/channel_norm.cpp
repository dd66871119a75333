#include "cpu/channel_norm.h"

#include "core/channels_last.h"

namespace bestiary::cpu {

static bool same_layout(const Dims& sizes, const Dims& a, const Dims& b) {
    for (int d = 0; d < sizes.size(); ++d)
        if (sizes[d] != 1 && a[d] != b[d]) return false;
    return true;
}

ChannelLayout::ChannelLayout(const Tensor& self) : batch(self.sizes()[0]), channels(self.sizes()[1]) {
    for (int d = 2; d < self.dim(); ++d) spatial *= self.sizes()[d];
    const Dims last = channels_last_strides(self.sizes());
    channels_last = (spatial == 1 && self.is_contiguous()) ||
                    (!self.is_contiguous() && same_layout(self.sizes(), self.strides(), last));
    strides = channels_last ? last : contiguous_strides(self.sizes());
}

bool ChannelLayout::fits(const Tensor& t) const { return same_layout(t.sizes(), t.strides(), strides); }

Tensor ChannelLayout::fit(const Tensor& t, DType computed) const {
    if (t.dtype() == computed && fits(t)) return t;
    Tensor copy = Tensor::empty_strided(t.sizes(), strides, computed);
    copy_into(copy, t);
    return copy;
}

void move_running(const Tensor& running, const std::vector<double>& seen, double momentum) {
    if (!running.defined()) return;
    const Tensor values = packed_as(running, DType::Float64);
    double* v = values.data<double>();
    for (size_t c = 0; c < seen.size(); ++c) v[c] = (1.0 - momentum) * v[c] + momentum * seen[c];
    if (values.impl() != running.impl()) copy_into(running, values);
}

}  // namespace bestiary::cpu
