// Tensors put together.
#include "cpu/contiguous.h"

namespace bestiary::cpu {
namespace {

void cat(const KernelCall& call) {
    const Tensor& out = call.outs[0];
    const int d = wrap_dim(call.args.integer(1), out.dim());
    int64_t at = out->offset;
    for (const Tensor& t : call.args.tensors(0)) {
        if (t.numel() == 0) continue;
        copy_into(out.alias(t.sizes(), out.strides(), at), t);
        at += t.sizes()[d] * out.strides()[d];
    }
}

KERNEL(CPU, "cat", cat);

}  // namespace
}  // namespace bestiary::cpu
