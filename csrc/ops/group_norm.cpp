// Group norm and instance norm.
#include "ops/channel_norm.h"

namespace bestiary::ops {
namespace {

constexpr Call<"_group_norm"> fused_group_norm;
constexpr Call<"_instance_norm"> fused_instance_norm;

constexpr auto group_shape = [](Meta& m, const Tensor& self, int64_t groups) {
    check(is_floating(self.dtype()), "self: expected a floating-point dtype, got ", self.dtype());
    const Dims statistics{self.sizes()[0] * groups};
    m.add(self.sizes(), self.dtype());
    m.add(statistics, DType::Float64);
    m.add(statistics, DType::Float64);
};

void differentiate(const Backward& b, int64_t groups) {
    give_gradients(b, Call<"_group_norm_backward">().all(b.g, b["self"], b["weight"], b["mean"], b["rstd"], groups,
                                                         b.needs("self"), b.needs("weight"), b.needs("bias")));
}

// The groups of self less their mean, as rows, with their statistics.
struct CentredGroups {
    Tensor mean, centred, variance, rstd;

    CentredGroups(const Tensor& self, int64_t groups, double eps) {
        const Tensor rows = reshape(self, Dims{self.sizes()[0] * groups, -1});
        mean = mean_along(rows, Dims{1}, true);
        centred = rows - mean;
        variance = mean_along(centred * centred, Dims{1}, true);
        rstd = rsqrt(variance + eps);
    }
    Results results(const Tensor& self, const Tensor& weight, const Tensor& bias) const {
        return {affine(reshape(centred * rstd, self.sizes()), weight, bias, channel_shape(self)), as_statistic(mean),
                as_statistic(rstd)};
    }
};

OP("_group_norm(Tensor self, Tensor? weight, Tensor? bias, int num_groups, float eps) "
   "-> (Tensor normalized, Tensor mean, Tensor rstd)")
    .doc("group_norm with the mean and the inverse deviation of every group of every sample.")
    .shape([](Meta& m, const Tensor& self, const Tensor&, const Tensor&, int64_t num_groups) {
        group_shape(m, self, num_groups);
    })
    .compose([](const Tensor& self, const Tensor& weight, const Tensor& bias, int64_t num_groups, double eps) {
        return CentredGroups(self, num_groups, eps).results(self, weight, bias);
    })
    .grads("self weight bias mean rstd", [](const Backward& b) { differentiate(b, b.integer("num_groups")); });

OP("_instance_norm(Tensor self, Tensor? weight, Tensor? bias, Tensor(w)? running_mean, Tensor(w)? running_var, "
   "float momentum, float eps) -> (Tensor normalized, Tensor mean, Tensor rstd)")
    .doc("group_norm of each channel alone; writes the running statistics.")
    .shape([](Meta& m, const Tensor& self) { group_shape(m, self, self.sizes()[1]); })
    .compose([](const Tensor& self, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                const Tensor& running_var, double momentum, double eps) {
        const int64_t channels = self.sizes()[1], instances = self.sizes()[0] * channels;
        const CentredGroups groups(self, channels, eps);
        const Results results = groups.results(self, weight, bias);
        if (instances == 0) return results;
        const auto move_by_mean = [&](const Tensor& running, const Tensor& seen) {
            move_running(running, mean_along(reshape(seen, Dims{-1, channels}), Dims{0}), momentum);
        };
        move_by_mean(running_mean, results[1]);
        move_by_mean(running_var, unbiased(as_statistic(groups.variance), self.numel() / instances));
        return results;
    })
    .grads("self weight bias mean rstd", [](const Backward& b) { differentiate(b, b.shape("self")[1]); });

OP("_group_norm_backward(Tensor grad, Tensor self, Tensor? weight, Tensor mean, Tensor rstd, int num_groups, "
   "bool wants_self, bool wants_weight, bool wants_bias) -> (Tensor self_grad, Tensor weight_grad, Tensor bias_grad)")
    .doc("The gradients of group_norm; those not wanted have no elements.")
    .shape([](Meta& m, const Tensor&, const Tensor& self, const Tensor&, const Tensor&, const Tensor&, int64_t,
              bool wants_self, bool wants_weight, bool wants_bias) {
        const Dims channels{self.sizes()[1]}, none{0};
        m.add(wants_self ? self.sizes() : none, self.dtype());
        m.add(wants_weight ? channels : none, self.dtype());
        m.add(wants_bias ? channels : none, self.dtype());
    });

OP("group_norm(Tensor self, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1e-05) -> Tensor")
    .doc(R"(Normalises each of ``num_groups`` groups of channels of (N, C, ...), per sample (Wu and He, "Group normalization", 2018).

>>> engine.group_norm(engine.tensor([[1.0, 3.0]]), 1, eps=0.0)
tensor([[-1.,  1.]]))")
    .compose([](const Tensor& self, int64_t num_groups, const Tensor& weight, const Tensor& bias, double eps) {
        check(self.dim() >= 2, "self: expected (N, C, ...), got shape ", self.sizes());
        check_as(ErrorKind::Value, num_groups > 0 && self.sizes()[1] % num_groups == 0,
                 "num_groups: expected a divisor of ", self.sizes()[1], " channels, got ", num_groups);
        check_channels(self, {}, {}, weight, bias);
        return fused_group_norm(self, weight, bias, num_groups, eps);
    });

OP("instance_norm(Tensor self, Tensor? running_mean=None, Tensor? running_var=None, Tensor? weight=None, "
   "Tensor? bias=None, bool use_input_stats=True, float momentum=0.1, float eps=1e-05) -> Tensor")
    .doc(R"(``batch_norm`` with the statistics of each sample (Ulyanov, Vedaldi and Lempitsky, "Instance normalization", 2016).
The running statistics, if given, are updated by their mean with ``momentum``, and used without ``use_input_stats``.

>>> engine.instance_norm(engine.tensor([[[1.0, 3.0]]]), eps=0.0)
tensor([[[-1.,  1.]]]))")
    .compose([](const Tensor& self, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight,
                const Tensor& bias, bool use_input_stats, double momentum, double eps) {
        check(self.dim() >= 3, "self: expected (N, C, ...) with at least one more dimension, got shape ", self.sizes());
        check_channels(self, running_mean, running_var, weight, bias);
        if (!use_input_stats)
            return Call<"batch_norm">()(self, running_mean, running_var, weight, bias, false, momentum, eps);
        check_several(self, self.sizes()[0] * self.sizes()[1]);
        return fused_instance_norm(self, weight, bias, running_mean, running_var, momentum, eps);
    });

}  // namespace
}  // namespace bestiary::ops
