// Variances and norms: sums of what is computed from each element.
#include <cmath>

#include "core/backend.h"
#include "cpu/contiguous.h"
#include "cpu/reduce.h"

namespace bestiary::cpu {
namespace {

const Fold& squares() {
    static const Fold loops("sum_of_squares", "sum");
    return loops;
}

template <class F>
void each(const Tensor& acc, const F& change) {
    for (double *p = acc.data<double>(), *end = p + acc.numel(); p < end; ++p) *p = change(*p);
}

void norm_1(const KernelCall& call) {
    static const Fold loops("sum_of_magnitudes", "sum");
    store(call.outs[0], fold(loops, call.args.tensor(0), mask_of(call)));
}

void norm_2(const KernelCall& call) {
    const Tensor acc = fold(squares(), call.args.tensor(0), mask_of(call));
    each(acc, [](double x) { return std::sqrt(x); });
    store(call.outs[0], acc);
}

Tensor difference(const Tensor& a, const Tensor& b) {
    const Value args[] = {a, b};
    Results results;
    results.push(Tensor::empty(a.sizes(), a.dtype()));
    backends[static_cast<int>(DeviceType::CPU)]->elementwise({Call<"sub">::op(), Args(args, 2), results, a.dtype()});
    return results[0];
}

// In two passes: differences from the mean keep the digits that a difference of large sums would lose.
void variance(const KernelCall& call) {
    static const Fold sums("sum");
    const Tensor self = packed_as(call.args.tensor(0), compute_type(call.args.tensor(0).dtype()));
    const DimMask mask = mask_of(call);
    const auto count = static_cast<double>(reduced_count(self.sizes(), mask));
    const Tensor mean = fold(sums, self, mask);
    each(mean, [&](double x) { return x / count; });
    store(call.outs[1], mean);
    const Dims kept = reduced_sizes(self.sizes(), mask, true);
    const Tensor center = packed_as(mean.alias(kept, contiguous_strides(kept), 0), self.dtype());
    const Tensor acc = fold(squares(), difference(self, center), mask);
    const double degrees = std::max(count - call.args.number(3), 0.0);
    each(acc, [&](double x) { return x / degrees; });
    store(call.outs[0], acc);
}

KERNEL(CPU, "_norm_1", norm_1);
KERNEL(CPU, "_norm_2", norm_2);
KERNEL(CPU, "_variance", variance);

}  // namespace
}  // namespace bestiary::cpu
