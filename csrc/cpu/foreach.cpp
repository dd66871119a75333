// Sums over many tensors.
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

// Elements that are summed in their own type before they are added up in double.
constexpr int64_t kChunk = 4096;

double square_sum(const Tensor& given) {
    const DType computed = compute_type(given.dtype());
    const Tensor t = packed_as(given, computed);
    const Loop dot = loop_of("weighted_sum.row", computed);
    const int64_t chunks = ceil_div(t.numel(), kChunk), item = item_size(computed);
    std::vector<double> sums(chunks);
    parallel_for(chunks, ceil_div(kGrain, kChunk), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t count = std::min(kChunk, t.numel() - i * kChunk);
            char* const x = t.raw() + i * kChunk * item;
            visit_float(computed, [&]<class T>() {
                T sum;
                char* const data[] = {bytes(&sum), x, x};
                dot(data, &count, 1, nullptr);
                sums[i] = sum;
            });
        }
    });
    double total = 0;
    for (double sum : sums) total += sum;
    return total;
}

KERNEL(CPU, "_foreach_square_sum", [](const KernelCall& call) {
    double total = 0;
    for (const Tensor& t : call.args.tensors(0)) total += square_sum(t);
    *call.outs[0].data<double>() = total;
});

}  // namespace
}  // namespace bestiary::cpu
