// The driver of the optimizer steps; the rules themselves are in isa/optim.cpp.
#include "cpu/isa/optim.h"

#include <cmath>

#include "core/dispatch.h"
#include "cpu/kernel_table.h"
#include "cpu/parallel.h"
#include "cpu/strided.h"

namespace bestiary::cpu {
namespace {

// Parameters, gradients, and the lists of state that a step calls for: the others are empty.
class Lists {
public:
    Lists(std::initializer_list<Tensors> lists) {
        for (const Tensors& list : lists)
            if (!list.empty()) lists_[count_++] = list;
    }
    const Tensors* begin() const { return lists_.data(); }
    const Tensors* end() const { return begin() + count_; }
    int64_t params() const { return static_cast<int64_t>(lists_[0].size()); }

private:
    std::array<Tensors, kMaxOperands> lists_;
    int count_ = 0;
};

template <class Step>
void update_packed(OptimKernel<Step> kernel, const Lists& lists, int64_t i, const Step& step) {
    const Tensor& param = lists.begin()[0][i];
    const int64_t item = item_size(param.dtype());
    std::array<int64_t, kMaxOperands> strides;
    strides.fill(item);
    parallel_for(param.numel(), kGrain, [&](int64_t begin, int64_t end) {
        std::array<char*, kMaxOperands> data;
        int operands = 0;
        for (const Tensors& list : lists) data[operands++] = list[i].raw() + begin * item;
        kernel(data.data(), strides.data(), end - begin, step);
    });
}

template <class Step>
void update_strided(OptimKernel<Step> kernel, const Lists& lists, int64_t i, const Step& step) {
    const Tensor& param = lists.begin()[0][i];
    Strided at(param.sizes());
    for (const Tensors& list : lists) at.add(list[i]);
    at.coalesce();
    parallel_for(param.numel(), kGrain, [&](int64_t begin, int64_t end) {
        for_rows(at, begin, end,
                 [&](char* const* data, const int64_t* strides, int64_t n) { kernel(data, strides, n, step); });
    });
}

// Updates every parameter with its gradient and state.
template <class Step>
void update(const OptimKernel<Step> (&by_dtype)[kDTypes], const Lists& lists, const Step& step) {
    for (int64_t i = 0; i < lists.params(); ++i) {
        const DType dtype = lists.begin()[0][i].dtype();
        const OptimKernel<Step> kernel = by_dtype[static_cast<int>(dtype)];
        check_as(ErrorKind::Type, kernel, "params[", i, "]: expected a floating-point tensor, got ", dtype);
        const bool packed = std::all_of(lists.begin(), lists.end(),
                                        [i](const Tensors& list) { return list[i].is_contiguous(); });
        if (packed) update_packed(kernel, lists, i, step);
        else update_strided(kernel, lists, i, step);
    }
}

double sign(bool maximize) { return maximize ? -1.0 : 1.0; }

void sgd_step(const KernelCall&, Tensors params, Tensors grads, Tensors momentum_buffers, double lr, double momentum,
              double dampening, double weight_decay, bool nesterov, bool maximize, bool first) {
    const SgdStep step{sign(maximize), weight_decay, lr, momentum, 1.0 - dampening, nesterov, first};
    update(kernels<OptimKernels>().sgd, {params, grads, momentum_buffers}, step);
}

void adam_step(const KernelCall&, Tensors params, Tensors grads, Tensors exp_avgs, Tensors exp_avg_sqs,
               Tensors max_exp_avg_sqs, int64_t step, double lr, double beta1, double beta2, double eps,
               double weight_decay, bool decoupled, bool amsgrad, bool maximize) {
    const double count = static_cast<double>(step);
    const AdamStep options{.sign = sign(maximize),
                           .weight_decay = decoupled ? 0.0 : weight_decay,
                           .shrink = decoupled ? 1.0 - lr * weight_decay : 1.0,
                           .beta1 = beta1,
                           .beta2 = beta2,
                           .lr = lr / (1.0 - std::pow(beta1, count)),
                           .rsqrt_correction = 1.0 / std::sqrt(1.0 - std::pow(beta2, count)),
                           .eps = eps,
                           .amsgrad = amsgrad};
    update(kernels<OptimKernels>().adam, {params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs}, options);
}

void rmsprop_step(const KernelCall&, Tensors params, Tensors grads, Tensors square_avgs, Tensors momentum_buffers,
                  Tensors grad_avgs, double lr, double alpha, double eps, double weight_decay, double momentum,
                  bool centered, bool maximize) {
    const RmspropStep step{sign(maximize), weight_decay, lr, alpha, eps, momentum, centered};
    update(kernels<OptimKernels>().rmsprop, {params, grads, square_avgs, momentum_buffers, grad_avgs}, step);
}

KERNEL(CPU, "sgd_step_", sgd_step);
KERNEL(CPU, "adam_step_", adam_step);
KERNEL(CPU, "rmsprop_step_", rmsprop_step);

}  // namespace
}  // namespace bestiary::cpu
