// Sums over many tensors.
#include <numeric>

#include "cpu/isa/dot.h"
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

// Elements that are summed in their own type before they are added up in double.
constexpr int64_t kChunk = 4096;

double square_sum(const Tensor& given) {
    return visit_float(compute_type(given.dtype()), [&]<class T>() {
        const Tensor t = packed_as(given, dtype_of<T>());
        const int64_t chunks = ceil_div(t.numel(), kChunk);
        std::vector<double> sums(chunks);
        parallel_for(chunks, ceil_div(kGrain, kChunk), [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const T* const x = t.data<T>() + i * kChunk;
                sums[i] = kernels<DotKernels<T>>().dot(x, x, std::min(kChunk, t.numel() - i * kChunk));
            }
        });
        return std::accumulate(sums.begin(), sums.end(), 0.0);
    });
}

KERNEL(CPU, "_foreach_square_sum", [](const KernelCall& call, Tensors tensors) {
    double total = 0;
    for (const Tensor& t : tensors) total += square_sum(t);
    *call.outs[0].data<double>() = total;
});

}  // namespace
}  // namespace bestiary::cpu
