// Group norm and instance norm.
#include "ops/channel_norm.h"

namespace bestiary::ops {
namespace {

constexpr Call<"_group_norm"> fused_group_norm;
constexpr Call<"_group_norm_backward"> group_norm_backward;
constexpr Call<"mean.dim"> mean_along;

OP("_group_norm(Tensor self, Tensor? weight, Tensor? bias, int num_groups, float eps) "
   "-> (Tensor normalized, Tensor mean, Tensor rstd)")
    .doc("group_norm with the mean and the inverse deviation of every group of every sample.")
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& self = a.tensor(0);
        check(is_floating(self.dtype()), "self: expected a floating-point dtype, got ", self.dtype());
        const Dims groups{self.sizes()[0] * a.integer(3)};
        m.add(self.sizes(), self.dtype());
        m.add(groups, DType::Float64);
        m.add(groups, DType::Float64);
    })
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        const Tensor groups = reshape(self, Dims{self.sizes()[0] * a.integer(3), -1});
        const Tensor mean = mean_along(groups, Dims{1}, true);
        const Tensor centred = groups - mean;
        const Tensor scale = Call<"rsqrt">()(mean_along(centred * centred, Dims{1}, true) + a[4]);
        r.push(affine(reshape(centred * scale, self.sizes()), a[1], a[2], channel_shape(self)));
        r.push(as_statistic(mean));
        r.push(as_statistic(scale));
    })
    .grads("self weight bias mean rstd", [](const Backward& b) {
        const Results grads = group_norm_backward.all(b.g, b["self"], b["weight"], b["mean"], b["rstd"],
                                                      b["num_groups"], b.needs("self"), b.needs("weight"),
                                                      b.needs("bias"));
        if (b.needs("self")) b.give("self", grads[0]);
        if (b.needs("weight")) b.give("weight", grads[1]);
        if (b.needs("bias")) b.give("bias", grads[2]);
    });

OP("_group_norm_backward(Tensor grad, Tensor self, Tensor? weight, Tensor mean, Tensor rstd, int num_groups, "
   "bool wants_self, bool wants_weight, bool wants_bias) -> (Tensor self_grad, Tensor weight_grad, Tensor bias_grad)")
    .doc("The gradients of group_norm; those not wanted have no elements.")
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& self = a.tensor(1);
        const Dims channels{self.sizes()[1]}, none{0};
        m.add(a.flag(6) ? self.sizes() : none, self.dtype());
        m.add(a.flag(7) ? channels : none, self.dtype());
        m.add(a.flag(8) ? channels : none, self.dtype());
    });

OP("group_norm(Tensor self, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1e-05) -> Tensor")
    .doc(R"(Normalises each of ``num_groups`` groups of channels of (N, C, ...), per sample (Wu and He, "Group normalization", 2018).

>>> engine.group_norm(engine.tensor([[1.0, 3.0]]), 1, eps=0.0)
tensor([[-1.,  1.]]))")
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        const int64_t groups = a.integer(1);
        check(self.dim() >= 2, "self: expected (N, C, ...), got shape ", self.sizes());
        check_as(ErrorKind::Value, groups > 0 && self.sizes()[1] % groups == 0, "num_groups: expected a divisor of ",
                 self.sizes()[1], " channels, got ", groups);
        check_channels("weight", a[2], self);
        check_channels("bias", a[3], self);
        r.push(fused_group_norm(self, a[2], a[3], groups, a[4]));
    });

// Moves the running statistics towards the mean over samples of theirs.
void move_running_of_samples(const Tensor& self, const Results& stats, const Value& mean, const Value& variance,
                             double momentum, double eps) {
    const GradMode off(false);
    const Dims samples{self.sizes()[0], self.sizes()[1]};
    const double count = static_cast<double>(self.numel()) / static_cast<double>(samples.product());
    const auto over_samples = [&](const Tensor& seen) { return mean_along(reshape(seen, samples), Dims{0}); };
    const Tensor deviation = Call<"reciprocal">()(stats[2]);
    move_running(mean, over_samples(stats[1]), momentum);
    move_running(variance, over_samples((deviation * deviation - eps) * (count / (count - 1.0))), momentum);
}

OP("instance_norm(Tensor self, Tensor? running_mean=None, Tensor? running_var=None, Tensor? weight=None, "
   "Tensor? bias=None, bool use_input_stats=True, float momentum=0.1, float eps=1e-05) -> Tensor")
    .doc(R"(``batch_norm`` with the statistics of each sample (Ulyanov, Vedaldi and Lempitsky, "Instance normalization", 2016).
The running statistics, if given, are updated by their mean with ``momentum``, and used without ``use_input_stats``.

>>> engine.instance_norm(engine.tensor([[[1.0, 3.0]]]), eps=0.0)
tensor([[[-1.,  1.]]]))")
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        check(self.dim() >= 3, "self: expected (N, C, ...) with at least one more dimension, got shape ", self.sizes());
        static constexpr const char* names[] = {"running_mean", "running_var", "weight", "bias"};
        for (int i = 0; i < 4; ++i) check_channels(names[i], a[i + 1], self);
        check_as(ErrorKind::Value, a.none(1) == a.none(2), "running_mean, running_var: expected both or neither");
        if (!a.flag(5)) return r.push(Call<"batch_norm">()(self, a[1], a[2], a[3], a[4], false, a[6], a[7]));
        for (int i = 0; i < 2; ++i) check_writable(names[i], a[i + 1]);
        const int64_t instances = self.sizes()[0] * self.sizes()[1];
        check_as(ErrorKind::Value, self.numel() != instances,
                 "self: expected more than 1 value per channel when training, got shape ", self.sizes());
        const Results stats = fused_group_norm.all(self, a[3], a[4], self.sizes()[1], a[7]);
        if (self.numel() > 0) move_running_of_samples(self, stats, a[1], a[2], a.number(6), a.number(7));
        r.push(stats[0]);
    });

}  // namespace
}  // namespace bestiary::ops
