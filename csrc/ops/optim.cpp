// Optimizer steps: one call updates all parameters of a group and their state in place.
#include "core/dispatch.h"

namespace bestiary::ops {
namespace {

// A list holds one tensor for each parameter, like it in shape and dtype.
void check_list(const char* name, Tensors list, Tensors params) {
    check_as(ErrorKind::Value, list.size() == params.size(), name, ": expected ", params.size(),
             " tensors, one for each parameter, got ", list.size());
    for (size_t i = 0; i < list.size(); ++i) {
        check_as(ErrorKind::Value, list[i].sizes() == params[i].sizes(), name, "[", i, "]: expected shape ",
                 params[i].sizes(), ", got ", list[i].sizes());
        check_as(ErrorKind::Type, list[i].dtype() == params[i].dtype(), name, "[", i, "]: expected dtype ",
                 params[i].dtype(), ", got ", list[i].dtype());
    }
}

// A list of state that the options do not call for is empty.
void check_state(const char* name, Tensors list, Tensors params, bool wanted) {
    if (wanted) return check_list(name, list, params);
    check_as(ErrorKind::Value, list.empty(), name, ": expected an empty list with these options, got ", list.size(),
             " tensors");
}

OP("sgd_step_(Tensor[](w) params, Tensor[] grads, Tensor[](w) momentum_buffers, *, float lr, float momentum=0, "
   "float dampening=0, float weight_decay=0, bool nesterov=False, bool maximize=False, bool first=False) -> Tensor[]")
    .doc(R"(One step of stochastic gradient descent, in place; returns the parameters.
In the `first` step the momentum buffers are initialised with the gradients.

>>> weight = engine.ones(1)
>>> engine.sgd_step_([weight], [engine.ones(1)], [], lr=0.5)[0].item()
0.5)")
    .shape([](Meta&, Tensors params, Tensors grads, Tensors momentum_buffers, double, double momentum) {
        check_list("grads", grads, params);
        check_state("momentum_buffers", momentum_buffers, params, momentum != 0);
    });

OP("adam_step_(Tensor[](w) params, Tensor[] grads, Tensor[](w) exp_avgs, Tensor[](w) exp_avg_sqs, "
   "Tensor[](w) max_exp_avg_sqs, *, int step, float lr, float beta1, float beta2, float eps, float weight_decay, "
   "bool decoupled=False, bool amsgrad=False, bool maximize=False) -> Tensor[]")
    .doc(R"(Step number `step` (from 1) of Adam (Kingma and Ba, 2014), in place; returns the parameters.
`decoupled` weight decay is that of AdamW (Loshchilov and Hutter, 2017).

>>> weight, mean, square = engine.ones(1), engine.zeros(1), engine.zeros(1)
>>> options = dict(step=1, lr=0.5, beta1=0.9, beta2=0.999, eps=0.0, weight_decay=0.0)
>>> round(engine.adam_step_([weight], [engine.ones(1)], [mean], [square], [], **options)[0].item(), 4)
0.5)")
    .shape([](Meta&, Tensors params, Tensors grads, Tensors exp_avgs, Tensors exp_avg_sqs, Tensors max_exp_avg_sqs,
              int64_t step, double, double, double, double, double, bool, bool amsgrad) {
        check_list("grads", grads, params);
        check_list("exp_avgs", exp_avgs, params);
        check_list("exp_avg_sqs", exp_avg_sqs, params);
        check_state("max_exp_avg_sqs", max_exp_avg_sqs, params, amsgrad);
        check_as(ErrorKind::Value, step >= 1, "step: expected 1 or more, got ", step);
    });

OP("rmsprop_step_(Tensor[](w) params, Tensor[] grads, Tensor[](w) square_avgs, Tensor[](w) momentum_buffers, "
   "Tensor[](w) grad_avgs, *, float lr, float alpha, float eps, float weight_decay=0, float momentum=0, "
   "bool centered=False, bool maximize=False) -> Tensor[]")
    .doc(R"(One step of RMSprop (Hinton, 2012), in place; returns the parameters.

>>> weight, square = engine.ones(1), engine.zeros(1)
>>> options = dict(lr=0.01, alpha=0.99, eps=0.0)
>>> round(engine.rmsprop_step_([weight], [engine.ones(1)], [square], [], [], **options)[0].item(), 4)
0.9)")
    .shape([](Meta&, Tensors params, Tensors grads, Tensors square_avgs, Tensors momentum_buffers, Tensors grad_avgs,
              double, double, double, double, double momentum, bool centered) {
        check_list("grads", grads, params);
        check_list("square_avgs", square_avgs, params);
        check_state("momentum_buffers", momentum_buffers, params, momentum != 0);
        check_state("grad_avgs", grad_avgs, params, centered);
    });

}  // namespace
}  // namespace bestiary::ops
