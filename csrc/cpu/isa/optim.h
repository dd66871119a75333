// The kernels of optimizer steps: see Note [Kernel tables].
#pragma once

#include "core/dtype.h"

namespace bestiary::cpu {

struct SgdStep {
    double sign, weight_decay, lr, momentum, grad_scale;
    bool nesterov, first;
};

// The correction of the first moment's bias is part of lr, that of the second moment's is rsqrt_correction.
struct AdamStep {
    double sign, weight_decay, shrink, beta1, beta2, lr, rsqrt_correction, eps;
    bool amsgrad;
};

struct RmspropStep {
    double sign, weight_decay, lr, alpha, eps, momentum;
    bool centered;
};

// Updates n elements. data: the parameter, its gradient, and the state that the step calls for; strides in bytes.
template <class Step>
using OptimKernel = void (*)(char* const* data, const int64_t* strides, int64_t n, const Step& step);

// By the dtype of parameters, for floating ones.
struct OptimKernels {
    OptimKernel<SgdStep> sgd[kDTypes];
    OptimKernel<AdamStep> adam[kDTypes];
    OptimKernel<RmspropStep> rmsprop[kDTypes];
};

}  // namespace bestiary::cpu
