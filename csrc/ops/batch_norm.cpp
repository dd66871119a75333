// Batch norm.
#include "ops/channel_norm.h"

namespace bestiary::ops {
namespace {

constexpr Call<"_batch_norm_train"> train;
constexpr Call<"_batch_norm_eval"> evaluate;
constexpr Call<"_batch_norm_backward"> batch_norm_backward;
constexpr Call<"rsqrt"> rsqrt;
constexpr Call<"mean.dim"> mean_along;

// Every dimension but the channels.
Dims reduced_dims(const Tensor& self) {
    Dims dims;
    for (int d = 0; d < self.dim(); ++d)
        if (d != 1) dims.push_back(d);
    return dims;
}

// Self's layout where it has no gaps: channels-last stays so.
void add_like_self(const Tensor& self, Meta& m) {
    check(is_floating(self.dtype()), "self: expected a floating-point dtype, got ", self.dtype());
    m.add_like(self);
}

void give_gradients(const Backward& b, const Value& mean, const Value& rstd, bool training) {
    const Results grads = batch_norm_backward.all(b.g, b["self"], b["weight"], mean, rstd, training, b.needs("self"),
                                                  b.needs("weight"), b.needs("bias"));
    if (b.needs("self")) b.give("self", grads[0]);
    if (b.needs("weight")) b.give("weight", grads[1]);
    if (b.needs("bias")) b.give("bias", grads[2]);
}

OP("_batch_norm_train(Tensor self, Tensor? weight, Tensor? bias, Tensor(w)? running_mean, Tensor(w)? running_var, "
   "float momentum, float eps) -> (Tensor normalized, Tensor mean, Tensor rstd)")
    .doc("batch_norm by the statistics of the batch; writes the running ones.")
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& self = a.tensor(0);
        add_like_self(self, m);
        m.add({self.sizes()[1]}, DType::Float64);
        m.add({self.sizes()[1]}, DType::Float64);
    })
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        const Dims dims = reduced_dims(self);
        const Tensor mean = mean_along(self, dims, true), centred = self - mean;
        const Tensor variance = mean_along(centred * centred, dims, true), scale = rsqrt(variance + a[6]);
        r.push(affine(centred * scale, a[1], a[2], channel_shape(self)));
        r.push(as_statistic(mean));
        r.push(as_statistic(scale));
        const double count = static_cast<double>(self.numel()) / static_cast<double>(self.sizes()[1]);
        move_running(a[3], r[1], a.number(5));
        move_running(a[4], as_statistic(variance) * (count / (count - 1.0)), a.number(5));
    })
    .grads("self weight bias mean rstd", [](const Backward& b) { give_gradients(b, b["mean"], b["rstd"], true); });

OP("_batch_norm_eval(Tensor self, Tensor? weight, Tensor? bias, Tensor running_mean, Tensor running_var, float eps) -> "
   "Tensor")
    .doc("batch_norm by running statistics.")
    .shape([](const Op&, Args a, Meta& m) { add_like_self(a.tensor(0), m); })
    .compose([](Args a, Results& r) {
        const Dims shape = channel_shape(a.tensor(0));
        const Tensor scale = rsqrt(reshape(a[4], shape) + a[5]);
        r.push(affine((a[0] - reshape(a[3], shape)) * scale, a[1], a[2], shape));
    })
    .grads("self weight bias running_mean running_var",
           [](const Backward& b) { give_gradients(b, b["running_mean"], rsqrt(b["running_var"] + b["eps"]), false); });

OP("_batch_norm_backward(Tensor grad, Tensor self, Tensor? weight, Tensor mean, Tensor rstd, bool training, "
   "bool wants_self, bool wants_weight, bool wants_bias) -> (Tensor self_grad, Tensor weight_grad, Tensor bias_grad)")
    .doc("The gradients of batch_norm; those not wanted have no elements.")
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& self = a.tensor(1);
        const Dims channels{self.sizes()[1]}, none{0};
        if (a.flag(6)) add_like_self(self, m);
        else m.add(none, self.dtype());
        m.add(a.flag(7) ? channels : none, self.dtype());
        m.add(a.flag(8) ? channels : none, self.dtype());
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
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        check(self.dim() >= 2, "self: expected (N, C, ...), got shape ", self.sizes());
        static constexpr const char* names[] = {"running_mean", "running_var", "weight", "bias"};
        for (int i = 0; i < 4; ++i) check_channels(names[i], a[i + 1], self);
        check_as(ErrorKind::Value, a[1].none() == a[2].none(), "running_mean, running_var: expected both or neither");
        if (!a.flag(5)) {
            check(!a[1].none() && !a[2].none(), "running_mean, running_var: expected tensors outside training");
            return r.push(evaluate(self, a[3], a[4], a[1], a[2], a[7]));
        }
        check_as(ErrorKind::Value, self.numel() != self.sizes()[1],
                 "self: expected more than 1 value per channel when training, got shape ", self.sizes());
        r.push(train(self, a[3], a[4], a[1], a[2], a[6], a[7]));
    });

}  // namespace
}  // namespace bestiary::ops
