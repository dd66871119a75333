// Flips, constant padding and repetition.
#include "core/overflow.h"
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

// A part of the result.
struct Part {
    Dims sizes;
    int64_t offset;

    // Positions [from, from + n) of dimension d, counted from where the part begins.
    Part slab(const Tensor& out, int d, int64_t from, int64_t n) const {
        Part part = *this;
        part.sizes[d] = n;
        part.offset += from * out.strides()[d];
        return part;
    }
};

// Negative padding cuts self instead of widening the result. Copies self to the inner part, then
// completes one dimension after the other.
void pad_constant(const KernelCall& call, const Tensor& self, Ints pad, const Value& value) {
    const Tensor& out = call.outs[0];
    const Tensor border = Tensor::scalar(value.number(), out.dtype());
    const auto fill = [&](const Part& part) { copy_into(out.alias(part.sizes, out.strides(), part.offset), border); };
    Part inner{self.sizes(), out->offset};
    int64_t from = self->offset;
    for (size_t i = 0; i < pad.size() / 2; ++i) {
        const int d = self.dim() - 1 - static_cast<int>(i);
        const int64_t before = pad[2 * i], after = pad[2 * i + 1];
        inner.sizes[d] += std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0);
        if (inner.sizes[d] <= 0) return copy_into(out, border);
        from += std::max<int64_t>(-before, 0) * self.strides()[d];
        inner.offset += std::max<int64_t>(before, 0) * out.strides()[d];
    }
    copy_into(out.alias(inner.sizes, out.strides(), inner.offset), self.alias(inner.sizes, self.strides(), from));
    for (size_t i = 0; i < pad.size() / 2; ++i) {
        const int d = self.dim() - 1 - static_cast<int>(i);
        const int64_t before = std::max<int64_t>(pad[2 * i], 0), after = std::max<int64_t>(pad[2 * i + 1], 0);
        const int64_t n = inner.sizes[d];
        if (before > 0) fill(inner.slab(out, d, -before, before));
        if (after > 0) fill(inner.slab(out, d, n, after));
        inner = inner.slab(out, d, -before, before + n + after);
    }
}

void repeated_indices(const KernelCall& call, const Tensor& repeats) {
    const Tensor packed = packed_as(repeats, DType::Int64);
    const Ints counts(packed.data<int64_t>(), static_cast<size_t>(packed.numel()));
    int64_t total = 0;
    for (int64_t n : counts) {
        check(n >= 0, "repeats: expected 0 or more, got ", n);
        total = checked_add(total, n, "repeats");
    }
    const Tensor indices = Tensor::empty({total}, DType::Int64);
    int64_t* out = indices.data<int64_t>();
    for (size_t i = 0; i < counts.size(); ++i) out = std::fill_n(out, counts[i], static_cast<int64_t>(i));
    call.outs.push(indices);
}

KERNEL(CPU, "flip", flip);
KERNEL(CPU, "_pad_constant", pad_constant);
KERNEL(CPU, "_repeated_indices", repeated_indices);

}  // namespace
}  // namespace bestiary::cpu
