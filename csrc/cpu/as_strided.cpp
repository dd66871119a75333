// as_strided and its gradient through a layout that a tensor need not have: see _strided_gather.
#include "cpu/contiguous.h"
#include "cpu/strided.h"

namespace bestiary::cpu {
namespace {

// The lowest and highest element that a layout touches, from its first one.
struct Extent {
    int64_t low = 0, high = 0;

    void include(Ints sizes, Ints strides, int64_t offset) {
        int64_t first = offset, last = offset;
        for (size_t d = 0; d < sizes.size(); ++d) {
            if (sizes[d] == 0) return;
            (strides[d] < 0 ? first : last) += (sizes[d] - 1) * strides[d];
        }
        low = std::min(low, first);
        high = std::max(high, last);
    }
};

// Zeros that hold both a tensor of shape `sizes` with the strides `layout` and its view of `size` and `stride`.
struct StridedMemory {
    Tensor whole, view;

    StridedMemory(DType dtype, Ints sizes, Ints layout, Ints size, Ints stride, int64_t offset) {
        Extent extent;
        extent.include(sizes, layout, 0);
        extent.include(size, stride, offset);
        const Tensor flat = Tensor::zeros({extent.high - extent.low + 1}, dtype);
        whole = flat.alias(Dims(sizes), Dims(layout), -extent.low);
        view = flat.alias(Dims(size), Dims(stride), offset - extent.low);
    }
};

void strided_gather(const KernelCall& call, const Tensor& self, Ints size, Ints stride, int64_t offset, Ints layout) {
    const StridedMemory memory(self.dtype(), self.sizes(), layout, size, stride, offset);
    copy_into(memory.whole, self);
    copy_into(call.outs[0], memory.view);
}

// Adds in order: elements that are seen several times add up.
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

void strided_scatter(const KernelCall& call, const Tensor& given, Ints stride, int64_t offset, Ints size,
                     Ints layout) {
    const Tensor grad = packed_as(given, compute_type(given.dtype()));
    const StridedMemory memory(grad.dtype(), size, layout, grad.sizes(), stride, offset);
    if (grad.numel() > 0) add_each(memory.view, grad);
    copy_into(call.outs[0], memory.whole);
}

KERNEL(CPU, "_strided_gather", strided_gather);
KERNEL(CPU, "_strided_scatter", strided_scatter);

}  // namespace
}  // namespace bestiary::cpu
