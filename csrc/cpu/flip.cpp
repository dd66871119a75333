// Copies with dimensions reversed.
#include "cpu/contiguous.h"

namespace bestiary::cpu {
namespace {

void flip(const KernelCall& call, const Tensor& self, Ints dims) {
    if (self.numel() == 0) return;
    Dims strides = self.strides();
    int64_t offset = self->offset;
    for (int64_t given : dims) {
        const int d = wrap_dim(given, self.dim(), "dims");
        if (self.dim() == 0) continue;
        offset += (self.sizes()[d] - 1) * strides[d];
        strides[d] = -strides[d];
    }
    copy_into(call.outs[0], self.alias(self.sizes(), strides, offset));
}

KERNEL(CPU, "flip", flip);

}  // namespace
}  // namespace bestiary::cpu
