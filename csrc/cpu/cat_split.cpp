// Concatenation.
#include "cpu/contiguous.h"

namespace bestiary::cpu {
namespace {

void cat(const KernelCall& call, Tensors tensors, int64_t dim) {
    const Tensor& out = call.outs[0];
    const int d = wrap_dim(dim, out.dim());
    int64_t at = out->offset;
    for (const Tensor& t : tensors) {
        if (t.numel() == 0) continue;
        copy_into(out.alias(t.sizes(), out.strides(), at), t);
        at += t.sizes()[d] * out.strides()[d];
    }
}

KERNEL(CPU, "cat", cat);

}  // namespace
}  // namespace bestiary::cpu
