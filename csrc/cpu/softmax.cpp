// The drivers of softmax and log-softmax.
#include "cpu/isa/softmax.h"

#include "cpu/dim_view.h"
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

// Shares the lines out to threads. A block of columns is whole cache lines, so that no two threads write one.
template <class T>
void run_lines(typename SoftmaxKernels<T>::Kernel kernel, const SoftmaxLines<T>& all, const DimView& view) {
    const auto run = [&](int64_t offset, int64_t lines) {
        kernel({all.out + offset, all.x + offset, all.grad ? all.grad + offset : nullptr, lines, all.n, all.step});
    };
    if (view.inner == 1)
        return parallel_for(view.outer, ceil_div(kGrain / 4, view.n),
                            [&](int64_t begin, int64_t end) { run(begin * view.n, end - begin); });
    const int64_t blocks = ceil_div(view.inner, kSoftmaxColumns);
    parallel_for(view.outer * blocks, ceil_div(kGrain / 4, view.n * kSoftmaxColumns), [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t column = task % blocks * kSoftmaxColumns;
            run(task / blocks * view.n * view.inner + column, std::min(kSoftmaxColumns, view.inner - column));
        }
    });
}

// x and grad, which may be undefined, have the result's shape. choose(table) is the kernel to run.
template <class Choose>
void run(const Tensor& result, const Tensor& x, const Tensor& grad, int64_t dim, const Choose& choose) {
    if (result.numel() == 0) return;
    visit_float(compute_type(result.dtype()), [&]<class T>() {
        const DType computed = dtype_of<T>();
        const DimView view(result.sizes(), dim);
        const StagedResult out(result, computed);
        const Tensor staged_x = staged(x, computed), staged_grad = staged(grad, computed);
        const SoftmaxLines<T> all{out.data<T>(), staged_x.data<T>(), data_or_null<T>(staged_grad), view.count(),
                                  view.n, view.inner};
        run_lines(choose(kernels<SoftmaxKernels<T>>()), all, view);
    });
}

void softmax(const KernelCall& call, const Tensor& self, int64_t dim) {
    run(call.outs[0], self, Tensor(), dim, [](const auto& table) { return table.softmax; });
}

void log_softmax(const KernelCall& call, const Tensor& self, int64_t dim) {
    run(call.outs[0], self, Tensor(), dim, [](const auto& table) { return table.log_softmax; });
}

void softmax_backward(const KernelCall& call, const Tensor& grad, const Tensor& output, int64_t dim) {
    run(call.outs[0], output, grad, dim, [](const auto& table) { return table.softmax_backward; });
}

void log_softmax_backward(const KernelCall& call, const Tensor& grad, const Tensor& output, int64_t dim) {
    run(call.outs[0], output, grad, dim, [](const auto& table) { return table.log_softmax_backward; });
}

KERNEL(CPU, "softmax", softmax);
KERNEL(CPU, "log_softmax", log_softmax);
KERNEL(CPU, "_softmax_backward", softmax_backward);
KERNEL(CPU, "_log_softmax_backward", log_softmax_backward);

}  // namespace
}  // namespace bestiary::cpu
