// Copies with the dimensions turned around or widened.
#include "core/overflow.h"
#include "cpu/contiguous.h"

namespace bestiary::cpu {
namespace {

void flip(const KernelCall& call) {
    const Tensor& self = call.args.tensor(0);
    if (self.numel() == 0) return;
    Dims strides = self.strides();
    int64_t offset = self->offset;
    for (int64_t given : call.args.ints(1)) {
        const int d = wrap_dim(given, self.dim(), "dims");
        if (self.dim() == 0) continue;
        offset += (self.sizes()[d] - 1) * strides[d];
        strides[d] = -strides[d];
    }
    copy_into(call.outs[0], self.alias(self.sizes(), strides, offset));
}

// The part of the result that shows self: negative padding cuts self instead of widening the result.
void pad_constant(const KernelCall& call) {
    const Tensor &self = call.args.tensor(0), &out = call.outs[0];
    const auto pad = call.args.ints(1);
    const double value = call.args.number(2);
    copy_into(out, Tensor::scalar(value, out.dtype()));
    Dims sizes = self.sizes();
    int64_t from = self->offset, to = out->offset;
    for (size_t i = 0; i < pad.size() / 2; ++i) {
        const int d = self.dim() - 1 - static_cast<int>(i);
        const int64_t before = pad[2 * i], after = pad[2 * i + 1];
        sizes[d] += std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0);
        if (sizes[d] <= 0) return;
        from += std::max<int64_t>(-before, 0) * self.strides()[d];
        to += std::max<int64_t>(before, 0) * out.strides()[d];
    }
    copy_into(out.alias(sizes, out.strides(), to), self.alias(sizes, self.strides(), from));
}

void repeated_places(const KernelCall& call) {
    const Tensor repeats = packed_as(call.args.tensor(0), DType::Int64);
    const std::span<const int64_t> counts(repeats.data<int64_t>(), static_cast<size_t>(repeats.numel()));
    int64_t total = 0;
    for (int64_t n : counts) {
        check(n >= 0, "repeats: expected 0 or more, got ", n);
        total = checked_add(total, n, "repeats");
    }
    const Tensor places = Tensor::empty({total}, DType::Int64);
    int64_t* out = places.data<int64_t>();
    for (size_t i = 0; i < counts.size(); ++i) out = std::fill_n(out, counts[i], static_cast<int64_t>(i));
    call.outs.push(places);
}

KERNEL(CPU, "flip", flip);
KERNEL(CPU, "_pad_constant", pad_constant);
KERNEL(CPU, "_repeated_places", repeated_places);

}  // namespace
}  // namespace bestiary::cpu
