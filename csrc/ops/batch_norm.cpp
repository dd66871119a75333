// Batch norm.
#include "ops/channel_norm.h"

namespace bestiary::ops {
namespace {

constexpr Call<"_batch_norm_train"> train;
constexpr Call<"_batch_norm_eval"> evaluate;

// Every dimension but the channels.
Dims reduced_dims(const Tensor& self) {
    Dims dims;
    for (int d = 0; d < self.dim(); ++d)
        if (d != 1) dims.push_back(d);
    return dims;
}

// Adds a result in self's layout where that has no gaps: channels-last stays so.
void add_like_self(Meta& m, const Tensor& self) {
    check(is_floating(self.dtype()), "self: expected a floating-point dtype, got ", self.dtype());
    m.add_like(self);
}

void differentiate(const Backward& b, const Value& mean, const Value& rstd, bool training) {
    give_gradients(b, Call<"_batch_norm_backward">().all(b.g, b["self"], b["weight"], mean, rstd, training,
                                                         b.needs("self"), b.needs("weight"), b.needs("bias")));
}

OP("_batch_norm_train(Tensor self, Tensor? weight, Tensor? bias, Tensor(w)? running_mean, Tensor(w)? running_var, "
   "float momentum, float eps) -> (Tensor normalized, Tensor mean, Tensor rstd)")
    .doc("batch_norm by the statistics of the batch; writes the running ones.")
    .shape([](Meta& m, const Tensor& self) {
        add_like_self(m, self);
        m.add({self.sizes()[1]}, DType::Float64);
        m.add({self.sizes()[1]}, DType::Float64);
    })
    .compose([](const Tensor& self, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                const Tensor& running_var, double momentum, double eps) {
        const Dims dims = reduced_dims(self);
        const Tensor mean = mean_along(self, dims, true), centred = self - mean;
        const Tensor variance = mean_along(centred * centred, dims, true), rstd = rsqrt(variance + eps);
        const Results results{affine(centred * rstd, weight, bias, channel_shape(self)), as_statistic(mean),
                              as_statistic(rstd)};
        if (self.numel() == 0) return results;
        move_running(running_mean, results[1], momentum);
        move_running(running_var, unbiased(as_statistic(variance), self.numel() / self.sizes()[1]), momentum);
        return results;
    })
    .grads("self weight bias mean rstd", [](const Backward& b) { differentiate(b, b["mean"], b["rstd"], true); });

OP("_batch_norm_eval(Tensor self, Tensor? weight, Tensor? bias, Tensor running_mean, Tensor running_var, float eps) -> "
   "Tensor")
    .doc("batch_norm by running statistics.")
    .shape([](Meta& m, const Tensor& self) { add_like_self(m, self); })
    .compose([](const Tensor& self, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                const Tensor& running_var, double eps) {
        const Dims shape = channel_shape(self);
        const Tensor rstd = rsqrt(reshape(running_var, shape) + eps);
        return affine((self - reshape(running_mean, shape)) * rstd, weight, bias, shape);
    })
    .grads("self weight bias running_mean running_var",
           [](const Backward& b) { differentiate(b, b["running_mean"], rsqrt(b["running_var"] + b["eps"]), false); });

OP("_batch_norm_backward(Tensor grad, Tensor self, Tensor? weight, Tensor mean, Tensor rstd, bool training, "
   "bool wants_self, bool wants_weight, bool wants_bias) -> (Tensor self_grad, Tensor weight_grad, Tensor bias_grad)")
    .doc("The gradients of batch_norm; those not wanted have no elements.")
    .shape([](Meta& m, const Tensor&, const Tensor& self, const Tensor&, const Tensor&, const Tensor&, bool,
              bool wants_self, bool wants_weight, bool wants_bias) {
        const Dims channels{self.sizes()[1]}, none{0};
        if (wants_self) add_like_self(m, self);
        else m.add(none, self.dtype());
        m.add(wants_weight ? channels : none, self.dtype());
        m.add(wants_bias ? channels : none, self.dtype());
    });

OP("batch_norm(Tensor self, Tensor? running_mean, Tensor? running_var, Tensor? weight=None, Tensor? bias=None, "
   "bool training=False, float momentum=0.1, float eps=1e-05) -> Tensor")
    .doc(R"(Normalises each channel of (N, C, ...): (x - mean) / sqrt(var + eps) * weight + bias
(Ioffe and Szegedy, "Batch normalization", 2015). In training mean and variance are the batch's, and the running ones,
if given, are updated by ``momentum`` (with the unbiased variance); otherwise the running ones are used.

>>> x = engine.tensor([[1.0], [3.0]])
>>> engine.batch_norm(x, engine.ones(1), engine.ones(1), eps=0.0)
tensor([[0.],
        [2.]]))")
    .compose([](const Tensor& self, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight,
                const Tensor& bias, bool training, double momentum, double eps) {
        check(self.dim() >= 2, "self: expected (N, C, ...), got shape ", self.sizes());
        check_channels(self, running_mean, running_var, weight, bias);
        if (!training) {
            check(running_mean.defined(), "running_mean, running_var: expected tensors outside training");
            return evaluate(self, weight, bias, running_mean, running_var, eps);
        }
        check_several(self, self.sizes()[1]);
        return train(self, weight, bias, running_mean, running_var, momentum, eps);
    });

}  // namespace
}  // namespace bestiary::ops
