// Losses of elements, composed.
#include "ops/loss.h"

namespace bestiary::ops {
namespace {

constexpr Call<"abs"> absolute;
constexpr Call<"clamp_min"> clamp_min;
constexpr Call<"log1p"> log1p;
constexpr Call<"masked_fill"> masked_fill;

Tensor weighted(const Tensor& loss, const Tensor& weight) {
    if (!weight.defined()) return loss;
    check(broadcast(loss.sizes(), weight.sizes()) == loss.sizes(), "weight: shape ", weight.sizes(),
          " does not broadcast to self's ", loss.sizes());
    return loss * weight;
}

void check_same_shape(const Tensor& self, const Tensor& target) {
    check_as(ErrorKind::Value, self.sizes() == target.sizes(), "target: expected self's shape ", self.sizes(),
             ", got ", target.sizes());
}

// self - target, where bools count as 0 and 1.
Tensor difference(const Tensor& self, const Tensor& target) {
    if (self.dtype() == DType::Bool) return cast(self, target.dtype()) - target;
    return self - (target.dtype() == DType::Bool ? cast(target, self.dtype()) : target);
}

OP("mse_loss(Tensor self, Tensor target, str reduction='mean') -> Tensor")
    .doc(R"(The squared difference; ``reduction`` is 'none', 'mean' or 'sum'.

>>> engine.mse_loss(engine.zeros(2), engine.tensor([1.0, 3.0]))
tensor(5.))")
    .compose([](const Tensor& self, const Tensor& target, std::string_view reduction) {
        const Tensor d = difference(self, target);
        return reduce_loss(d * d, reduction);
    });

OP("l1_loss(Tensor self, Tensor target, str reduction='mean') -> Tensor")
    .doc(R"(The absolute difference; ``reduction`` is 'none', 'mean' or 'sum'.

>>> engine.l1_loss(engine.zeros(2), engine.tensor([1.0, -3.0]))
tensor(2.))")
    .compose([](const Tensor& self, const Tensor& target, std::string_view reduction) {
        return reduce_loss(absolute(difference(self, target)), reduction);
    });

OP("smooth_l1_loss(Tensor self, Tensor target, str reduction='mean', float beta=1.0) -> Tensor")
    .doc(R"(d² / (2 beta) where the absolute difference d is below ``beta``, d - beta / 2 elsewhere (Girshick, "Fast
R-CNN", 2015).

>>> engine.smooth_l1_loss(engine.zeros(2), engine.tensor([0.5, 3.0]), reduction='none')
tensor([0.1250, 2.5000]))")
    .compose([](const Tensor& self, const Tensor& target, std::string_view reduction, double beta) {
        check_as(ErrorKind::Value, beta >= 0.0, "beta: expected 0 or more, got ", beta);
        const Tensor distance = absolute(difference(self, target));
        if (beta == 0.0) return reduce_loss(distance, reduction);
        const Tensor near = Call<"clamp_max">()(distance, beta);  // an infinite distance has a slope of 1, not nan
        return reduce_loss(near * (distance - near * 0.5) / beta, reduction);
    });

OP("huber_loss(Tensor self, Tensor target, str reduction='mean', float delta=1.0) -> Tensor")
    .doc(R"(d² / 2 where the absolute difference d is at most ``delta``, delta * (d - delta / 2) elsewhere (Huber, 1964).

>>> engine.huber_loss(engine.zeros(2), engine.tensor([0.5, 3.0]), reduction='none')
tensor([0.1250, 2.5000]))")
    .compose([](const Tensor& self, const Tensor& target, std::string_view reduction, double delta) {
        check_as(ErrorKind::Value, delta > 0.0, "delta: expected more than 0, got ", delta);
        const Tensor distance = absolute(difference(self, target));
        const Tensor near = Call<"clamp_max">()(distance, delta);
        return reduce_loss(near * (distance - near * 0.5), reduction);
    });

OP("_binary_cross_entropy(Tensor self, Tensor target) -> Tensor")
    .doc("binary_cross_entropy of each element.")
    .elementwise(Promote::Float)
    .grad("self", "self target", [](const Backward& b) {
        const Tensor slope = clamp_min((-b["self"] + 1.0) * b["self"], 1e-12);
        return b.g * (b["self"] - b["target"]) / slope;
    })
    .grad("target", "self", [](const Backward& b) {
        return b.g * (clamp_min(log1p(-b["self"]), -100.0) - clamp_min(log(b["self"]), -100.0));
    });

OP("binary_cross_entropy(Tensor self, Tensor target, Tensor? weight=None, str reduction='mean') -> Tensor")
    .doc(R"(-(y log(x) + (1 - y) log(1 - x)) of probabilities x, with logarithms clamped at -100.
RuntimeError if self or target has elements outside [0, 1].

>>> engine.binary_cross_entropy(engine.tensor([0.5]), engine.tensor([1.0]))
tensor(0.6931))")
    .compose([](const Tensor& self, const Tensor& target, const Tensor& weight, std::string_view reduction) {
        check_same_shape(self, target);
        Call<"_checked">()(self, 0.0, 1.0, "self");
        Call<"_checked">()(target, 0.0, 1.0, "target");
        return reduce_loss(weighted(Call<"_binary_cross_entropy">()(self, target), weight), reduction);
    });

OP("_log_sigmoid(Tensor self) -> Tensor")
    .doc("log(sigmoid(x)), without overflow.")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g * Call<"sigmoid">()(-b["self"]); });

OP("binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? pos_weight=None, "
   "str reduction='mean') -> Tensor")
    .doc(R"(``binary_cross_entropy`` of sigmoid(self), without overflow; ``pos_weight`` weights positive targets.

>>> engine.binary_cross_entropy_with_logits(engine.zeros(1), engine.ones(1))
tensor(0.6931))")
    .compose([](const Tensor& self, const Tensor& target, const Tensor& weight, const Tensor& pos_weight,
                std::string_view reduction) {
        check_same_shape(self, target);
        const Tensor log_one = Call<"_log_sigmoid">()(self);
        // As floats, since 1 - 3 wraps around in uint8.
        const auto as_float = [&](const Tensor& t) {
            return is_floating(t.dtype()) ? t : Tensor(cast(t, log_one.dtype()));
        };
        const Tensor goal = as_float(target);
        const Tensor share =
            pos_weight.defined() ? ((as_float(pos_weight) - 1.0) * goal + 1.0) * log_one : log_one;
        return reduce_loss(weighted((1.0 - goal) * self - share, weight), reduction);
    });

OP("kl_div(Tensor self, Tensor target, str reduction='mean', bool log_target=False) -> Tensor")
    .doc(R"(y (log(y) - x) of log-probabilities x and probabilities y, or their logarithms with ``log_target``.
``reduction`` may also be 'batchmean': the sum divided by the first dimension's size, the mathematical divergence.

>>> engine.kl_div(engine.log(engine.tensor([0.5, 0.5])), engine.tensor([0.5, 0.5]), reduction='sum')
tensor(0.))")
    .compose([](const Tensor& self, const Tensor& target, std::string_view reduction, bool log_target) {
        const Tensor probability = log_target ? exp(target) : target;
        // y log(y) is 0 where y is
        const Tensor logarithm = log_target ? target : log(masked_fill(target, eq(target, 0.0), 1.0));
        const Tensor loss = probability * logarithm - probability * self;
        if (reduction != "batchmean") return reduce_loss(loss, reduction);
        const int64_t batch = loss.dim() > 0 ? loss.sizes()[0] : 1;
        return sum_all(loss) / static_cast<double>(batch);
    });

}  // namespace
}  // namespace bestiary::ops
