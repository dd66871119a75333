// Elements found through the memory layout that a tensor would have: see _strided_gather.
#include "cpu/contiguous.h"
#include "cpu/strided.h"

namespace bestiary::cpu {
namespace {

// The lowest and highest element that a layout touches, from its first one.
struct Extent {
    int64_t low = 0, high = 0;

    void include(std::span<const int64_t> sizes, std::span<const int64_t> strides, int64_t offset) {
        int64_t first = offset, last = offset;
        for (size_t d = 0; d < sizes.size(); ++d) {
            if (sizes[d] == 0) return;
            (strides[d] < 0 ? first : last) += (sizes[d] - 1) * strides[d];
        }
        low = std::min(low, first);
        high = std::max(high, last);
    }
};

// Zeros that hold both a tensor of shape `sizes` laid out with `layout` and what is seen of it.
struct Memory {
    Tensor whole;  // with the layout
    Tensor seen;

    Memory(DType dtype, const Dims& sizes, const Dims& layout, const Dims& size, const Dims& stride,
           int64_t offset) {
        Extent extent;
        extent.include(sizes, layout, 0);
        extent.include(size, stride, offset);
        const Tensor flat = Tensor::zeros({extent.high - extent.low + 1}, dtype);
        whole = flat.alias(sizes, layout, -extent.low);
        seen = flat.alias(size, stride, offset - extent.low);
    }
};

void strided_gather(const KernelCall& call) {
    const Tensor& self = call.args.tensor(0);
    const Memory memory(self.dtype(), self.sizes(), Dims(call.args.ints(4)), Dims(call.args.ints(1)),
                        Dims(call.args.ints(2)), call.args.integer(3));
    copy_into(memory.whole, self);
    copy_into(call.outs[0], memory.seen);
}

// Adds in order: places that are seen several times add up.
void add_each(const Tensor& to, const Tensor& from) {
    visit_float(to.dtype(), [&]<class T>() {
        Strided at(to.sizes());
        at.add(from);
        at.add(to);
        at.coalesce();
        for_rows(at, 0, to.numel(), [](char* const* data, const int64_t* steps, int64_t n) {
            for (int64_t i = 0; i < n; ++i)
                *reinterpret_cast<T*>(data[1] + i * steps[1]) += *reinterpret_cast<T*>(data[0] + i * steps[0]);
        });
    });
}

void strided_scatter(const KernelCall& call) {
    const Tensor grad = packed_as(call.args.tensor(0), compute_type(call.args.tensor(0).dtype()));
    const Memory memory(grad.dtype(), Dims(call.args.ints(3)), Dims(call.args.ints(4)), grad.sizes(),
                        Dims(call.args.ints(1)), call.args.integer(2));
    if (grad.numel() > 0) add_each(memory.seen, grad);
    copy_into(call.outs[0], memory.whole);
}

KERNEL(CPU, "_strided_gather", strided_gather);
KERNEL(CPU, "_strided_scatter", strided_scatter);

}  // namespace
}  // namespace bestiary::cpu
