// arange and linspace.
#include "core/op.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {
namespace {

// out[i] = value(i), computed in double, or in int64 for integers.
template <class F>
void tabulate(const Tensor& out, const F& value) {
    visit(out.dtype(), [&]<class T>() {
        T* to = out.data<T>();
        parallel_for(out.numel(), kGrain, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) to[i] = convert<T>(value(i));
        });
    });
}

void arange(const KernelCall& call, const Value& start, const Value& step) {
    if (start.tag == Tag::Float || step.tag == Tag::Float)
        tabulate(call.outs[0],
                 [a = start.number(), b = step.number()](int64_t i) { return a + static_cast<double>(i) * b; });
    else
        tabulate(call.outs[0], [a = start.integer(), b = step.integer()](int64_t i) { return a + i * b; });
}

// From both ends, so that the last is exact.
void linspace(const KernelCall& call, const Value& start, const Value& end, int64_t steps) {
    const double first = start.number(), last = end.number();
    const double by = steps > 1 ? (last - first) / static_cast<double>(steps - 1) : 0;
    tabulate(call.outs[0], [=](int64_t i) {
        return i < (steps + 1) / 2 ? first + by * static_cast<double>(i)
                                   : last - by * static_cast<double>(steps - 1 - i);
    });
}

KERNEL(CPU, "_arange", arange);
KERNEL(CPU, "_linspace", linspace);

}  // namespace
}  // namespace bestiary::cpu
