// The drivers of softmax and its kin: see Note [Softmax loops] in isa/softmax.cpp.
#include "cpu/dim_view.h"
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

// Columns of a task: whole cache lines, so that no two threads write one.
constexpr int64_t kColumnBlock = 64;

void run_rows(Loop loop, char* const* data, int64_t item, const DimView& shape) {
    const int64_t bytes = shape.n * item;
    parallel_for(shape.outer, ceil_div(kGrain / 4, shape.n), [&](int64_t begin, int64_t end) {
        char* const at[] = {data[0] + begin * bytes, data[1] + begin * bytes, data[2] + begin * bytes};
        loop(at, &shape.n, end - begin, nullptr);
    });
}

void run_columns(Loop loop, char* const* data, int64_t item, const DimView& shape) {
    const int64_t strides[] = {shape.n, shape.inner};
    const int64_t blocks = ceil_div(shape.inner, kColumnBlock);
    parallel_for(shape.outer * blocks, ceil_div(kGrain / 4, shape.n * kColumnBlock),
                 [&](int64_t begin, int64_t end) {
                     for (int64_t task = begin; task < end; ++task) {
                         const int64_t column = task % blocks * kColumnBlock;
                         const int64_t offset = (task / blocks * shape.n * shape.inner + column) * item;
                         char* const at[] = {data[0] + offset, data[1] + offset, data[2] + offset};
                         loop(at, strides, std::min(kColumnBlock, shape.inner - column), nullptr);
                     }
                 });
}

// result, operand a, operand b (a again where there is none), all of one shape.
void run_softmax(const Op& op, const Tensor& result, const Tensor& a, const Tensor& b, int64_t dim) {
    if (result.numel() == 0) return;
    const DType computed = compute_type(result.dtype());
    const DimView shape(result.sizes(), dim);
    const bool rows = shape.inner == 1;
    const Loop loop = loop_of(op.name() + (rows ? ".rows" : ".columns"), computed);
    const StagedResult out(result, computed);
    const Tensor first = staged(a, computed), second = staged(b, computed);
    char* const data[] = {out.raw(), first.raw(), second.raw()};
    (rows ? run_rows : run_columns)(loop, data, item_size(computed), shape);
}

void softmax(const KernelCall& call) {
    const Tensor& self = call.args.tensor(0);
    run_softmax(call.op, call.outs[0], self, self, call.args.integer(1));
}

void softmax_backward(const KernelCall& call) {
    run_softmax(call.op, call.outs[0], call.args.tensor(0), call.args.tensor(1), call.args.integer(2));
}

KERNEL(CPU, "softmax", softmax);
KERNEL(CPU, "log_softmax", softmax);
KERNEL(CPU, "_softmax_backward", softmax_backward);
KERNEL(CPU, "_log_softmax_backward", softmax_backward);

}  // namespace
}  // namespace bestiary::cpu
