// Indices of repeated elements.
#include "core/overflow.h"
#include "cpu/contiguous.h"

namespace bestiary::cpu {
namespace {

void repeated_indices(const KernelCall& call, const Tensor& repeats) {
    const Tensor numbers = packed_as(repeats, DType::Int64);
    const Ints counts(numbers.data<int64_t>(), static_cast<size_t>(numbers.numel()));
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

KERNEL(CPU, "_repeated_indices", repeated_indices);

}  // namespace
}  // namespace bestiary::cpu
