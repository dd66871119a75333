// Optimizer steps: one call updates all parameters of a group and their state in place.
#include "core/dispatch.h"

namespace bestiary::ops {
namespace {

// Every list from `grads` on holds one tensor for each parameter, like it in shape and dtype; a list of state that
// the options do not call for is empty.
void check_lists(const Op& op, Args args, Meta&) {
    const std::span<const Tensor> params = args.tensors(0);
    for (int k = 0; k < args.size() && op.schema.params[k].kind == Kind::Tensors; ++k) {
        const std::span<const Tensor> list = args.tensors(k);
        const std::string& name = op.schema.params[k].name;
        if (k >= 2 && list.empty()) continue;
        check_as(ErrorKind::Value, list.size() == params.size(), name, ": expected ", params.size(),
                 " tensors, one for each parameter, got ", list.size());
        for (size_t i = 0; i < list.size(); ++i) {
            check_as(ErrorKind::Value, list[i].sizes() == params[i].sizes(), name, "[", i, "]: expected shape ",
                     params[i].sizes(), ", got ", list[i].sizes());
            check_as(ErrorKind::Type, list[i].dtype() == params[i].dtype(), name, "[", i, "]: expected dtype ",
                     params[i].dtype(), ", got ", list[i].dtype());
        }
    }
}

void check_state(const Op& op, Args args, const char* list, bool wanted) {
    const int k = op.schema.index_of(list);
    check_as(ErrorKind::Value, wanted == !args.tensors(k).empty() || args.tensors(0).empty(), list,
             wanted ? ": expected one tensor for each parameter, got none"
                    : ": expected an empty list with these options");
}

OP("sgd_step_(Tensor[](w) params, Tensor[] grads, Tensor[](w) momentum_buffers, *, float lr, float momentum=0, "
   "float dampening=0, float weight_decay=0, bool nesterov=False, bool maximize=False, bool first=False) -> Tensor[]")
    .doc(R"(One step of stochastic gradient descent, in place; returns the parameters.
In the `first` step the momentum buffers are initialised with the gradients.

>>> weight = engine.ones(1)
>>> engine.sgd_step_([weight], [engine.ones(1)], [], lr=0.5)[0].item()
0.5)")
    .shape([](const Op& op, Args args, Meta& meta) {
        check_lists(op, args, meta);
        check_state(op, args, "momentum_buffers", args.number(op.schema.index_of("momentum")) != 0);
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
    .shape([](const Op& op, Args args, Meta& meta) {
        check_lists(op, args, meta);
        check_state(op, args, "exp_avgs", true);
        check_state(op, args, "exp_avg_sqs", true);
        check_state(op, args, "max_exp_avg_sqs", args.flag(op.schema.index_of("amsgrad")));
        check_as(ErrorKind::Value, args.integer(op.schema.index_of("step")) >= 1, "step: expected 1 or more");
    });

OP("rmsprop_step_(Tensor[](w) params, Tensor[] grads, Tensor[](w) square_avgs, Tensor[](w) momentum_buffers, "
   "Tensor[](w) grad_avgs, *, float lr, float alpha, float eps, float weight_decay=0, float momentum=0, "
   "bool centered=False, bool maximize=False) -> Tensor[]")
    .doc(R"(One step of RMSprop (Hinton, 2012), in place; returns the parameters.

>>> weight, square = engine.ones(1), engine.zeros(1)
>>> options = dict(lr=0.01, alpha=0.99, eps=0.0)
>>> round(engine.rmsprop_step_([weight], [engine.ones(1)], [square], [], [], **options)[0].item(), 4)
0.9)")
    .shape([](const Op& op, Args args, Meta& meta) {
        check_lists(op, args, meta);
        check_state(op, args, "square_avgs", true);
        check_state(op, args, "momentum_buffers", args.number(op.schema.index_of("momentum")) != 0);
        check_state(op, args, "grad_avgs", args.flag(op.schema.index_of("centered")));
    });

}  // namespace
}  // namespace bestiary::ops
