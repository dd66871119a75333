// The losses of classification: cross entropy of logits, and of log-probabilities.
#include "ops/loss.h"

namespace bestiary::ops {
namespace {

constexpr Call<"_cross_entropy"> fused_cross_entropy;
constexpr Call<"log_softmax"> log_softmax;
constexpr Call<"masked_fill"> masked_fill;
constexpr Call<"sum.dim"> sum_along;

// The weight of each sample's class, 0 where the sample is ignored.
Tensor sample_weights(const Tensor& classes, const Tensor& weight, const Tensor& ignored, DType dtype) {
    const Tensor weights = weight.defined() ? Call<"index_select">()(weight, 0, classes)
                                            : Call<"ones">()(classes.sizes(), dtype, classes.device());
    return masked_fill(weights, ignored, 0.0);
}

// The loss of each sample. `weight` is that of each class, `weights` that of each sample.
Tensor sample_losses(const Tensor& log_probability, const Tensor& classes, const Tensor& weight, const Tensor& weights,
                     const Tensor& ignored, double smoothing) {
    const Tensor chosen = reshape(Call<"gather">()(log_probability, 1, unsqueeze(classes, 1)), classes.sizes());
    const Tensor loss = chosen * weights * (smoothing - 1.0);
    if (smoothing == 0.0) return loss;
    const Tensor spread = weight.defined() ? log_probability * weight : log_probability;
    const double share = smoothing / static_cast<double>(log_probability.sizes()[1]);
    return loss - masked_fill(sum_along(spread, 1), ignored, 0.0) * share;
}

// The reduced loss and the sum of the samples' weights, differentiable in all of them.
std::pair<Tensor, Tensor> loss_and_weight(const Tensor& self, const Tensor& target, const Tensor& weight,
                                          bool log_probs, int64_t ignore_index, std::string_view reduction,
                                          double smoothing) {
    const Tensor log_probability = log_probs ? self : log_softmax(self, 1), ignored = eq(target, ignore_index);
    const Tensor classes = cast(masked_fill(target, ignored, 0), DType::Int64);
    const Tensor weights = sample_weights(classes, weight, ignored, log_probability.dtype());
    const Tensor loss = sample_losses(log_probability, classes, weight, weights, ignored, smoothing);
    const Tensor total = sum_all(weights);
    return {reduction == "mean" ? sum_all(loss) / total : reduce_loss(loss, reduction), total};
}

OP("_cross_entropy(Tensor self, Tensor target, Tensor? weight, bool log_probs, int ignore_index, str reduction, "
   "float label_smoothing) -> (Tensor loss, Tensor logsumexp, Tensor total_weight)")
    .doc("cross_entropy of rows; with log_probs, self holds log-probabilities already.")
    .shape([](Meta& m, const Tensor& self, const Tensor& target, const Tensor&, bool log_probs, int64_t,
              std::string_view reduction) {
        const Dims samples{self.sizes()[0]};
        check(is_floating(self.dtype()), "self: expected a floating-point dtype, got ", self.dtype());
        check(category(target.dtype()) == Category::Int, "target: expected classes as integers, got ", target.dtype());
        check_reduction(reduction);
        m.add(reduction == "none" ? samples : Dims(), self.dtype());
        m.add(log_probs ? Dims{0} : samples, DType::Float64);
        m.add({}, compute_type(self.dtype()));
    })
    .compose([](const Tensor& self, const Tensor& target, const Tensor& weight, bool log_probs, int64_t ignore_index,
                std::string_view reduction, double label_smoothing) {
        const auto [loss, total] =
            loss_and_weight(self, target, weight, log_probs, ignore_index, reduction, label_smoothing);
        return Results{loss,
                       log_probs ? Call<"_empty">()(Dims{0}, DType::Float64, self.device())
                                 : Call<"logsumexp">()(cast(detach(self), DType::Float64), Dims{1}),
                       cast(detach(total), compute_type(self.dtype()))};
    })
    .grads("self target weight logsumexp total_weight", [](const Backward& b) {
        if (!b.needs("self")) return;
        b.give("self", Call<"_cross_entropy_backward">()(
                           b.g, b["self"], b["target"], b["weight"], b["log_probs"], b["ignore_index"], b["reduction"],
                           b["label_smoothing"], b["logsumexp"], b["total_weight"]));
    });

OP("_cross_entropy_backward(Tensor grad, Tensor self, Tensor target, Tensor? weight, bool log_probs, int ignore_index, "
   "str reduction, float label_smoothing, Tensor logsumexp, Tensor total_weight) -> Tensor")
    .doc("The gradient of _cross_entropy.")
    .shape([](Meta& m, const Tensor&, const Tensor& self) { m.add(self.sizes(), self.dtype()); });

// (N, C), (C,) or (N, C, d1, ...) as rows of C classes.
Tensor as_rows(const Tensor& self) {
    check(self.dim() > 0, "self: expected (N, C), (C,) or (N, C, d1, ...), got a 0-d tensor");
    if (self.dim() == 2) return self;
    if (self.dim() == 1) return unsqueeze(self, 0);
    Dims order(self.dim());
    for (int d = 1; d < self.dim(); ++d) order[d] = d + 1;
    order[self.dim() - 1] = 1;
    const Tensor classes_last = permute(self, order);
    return reshape(classes_last, Dims{-1, self.sizes()[1]});
}

void check_class_shape(const Tensor& self, const Tensor& target) {
    const Dims expected = self.dim() == 1 ? Dims() : self.sizes().without(1);
    check_as(ErrorKind::Value, target.sizes() == expected, "target: expected shape ", expected, " for self of shape ",
             self.sizes(), ", got ", target.sizes());
}

void check_weight(const Tensor& weight, const Tensor& self) {
    if (!weight.defined()) return;
    const int64_t classes = self.sizes()[self.dim() == 1 ? 0 : 1];
    check(weight.sizes() == Dims{classes}, "weight: expected one for each of ", classes, " classes, got shape ",
          weight.sizes());
}

Tensor of_classes(const Tensor& self, const Tensor& target, const Tensor& weight, bool log_probs, int64_t ignore_index,
                  std::string_view reduction, double smoothing) {
    const Tensor rows = as_rows(self), classes = reshape(target, Dims{-1});
    check_class_shape(self, target);
    check_weight(weight, self);
    const bool weight_wants_grad = thread_state.grad_mode && weight.defined() && weight.requires_grad();
    const Tensor loss =
        weight_wants_grad
            ? loss_and_weight(rows, classes, weight, log_probs, ignore_index, reduction, smoothing).first
            : Tensor(fused_cross_entropy(rows, classes, weight, log_probs, ignore_index, reduction, smoothing));
    return reduction == "none" ? reshape(loss, target.sizes()) : loss;
}

Tensor of_probabilities(const Tensor& self, const Tensor& target, const Tensor& weight, std::string_view reduction,
                        double smoothing) {
    const bool shaped_as_classes = self.dim() > 1 && target.sizes() == self.sizes().without(1);
    check_as(ErrorKind::Type, !shaped_as_classes, "target: expected classes as integers for shape ", target.sizes(),
             ", or probabilities of shape ", self.sizes(), ", got ", target.dtype());
    check_as(ErrorKind::Value, target.sizes() == self.sizes(), "target: probabilities must have self's shape ",
             self.sizes(), ", got ", target.sizes());
    const int dim = self.dim() == 1 ? 0 : 1;
    const int64_t classes = self.sizes()[dim];
    Tensor expected = target;
    if (smoothing > 0.0) expected = expected * (1.0 - smoothing) + smoothing / static_cast<double>(classes);
    if (weight.defined()) {
        Dims shape(self.dim(), 1);
        shape[dim] = classes;
        expected = expected * reshape(weight, shape);
    }
    const Tensor loss = -sum_along(log_softmax(self, dim) * expected, dim);
    check_reduction(reduction);
    if (reduction != "mean") return reduce_loss(loss, reduction);
    return sum_all(loss) / (static_cast<double>(self.numel()) / static_cast<double>(classes));
}

OP("cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int ignore_index=-100, str reduction='mean', "
   "float label_smoothing=0.0) -> Tensor")
    .doc(R"(Cross entropy of logits (N, C), (C,) or (N, C, d1, ...).
``target`` contains classes, without self's dimension C, or probabilities in self's shape. ``weight`` has one factor
per class; 'mean' divides by the weights of the targets that are not ``ignore_index``. ``reduction`` is 'none', 'mean'
or 'sum'. Raises IndexError for a class outside [0, C).

>>> engine.cross_entropy(engine.zeros(2, 4), engine.tensor([0, 3]))
tensor(1.3863))")
    .compose([](const Tensor& self, const Tensor& target, const Tensor& weight, int64_t ignore_index,
                std::string_view reduction, double label_smoothing) {
        check(self.dim() > 0, "self: expected (N, C), (C,) or (N, C, d1, ...), got a 0-d tensor");
        check_as(ErrorKind::Value, 0.0 <= label_smoothing && label_smoothing <= 1.0,
                 "label_smoothing: expected 0 to 1, got ", label_smoothing);
        check_weight(weight, self);
        if (is_floating(target.dtype())) {
            check(ignore_index < 0, "ignore_index: only classes are ignored, got ", ignore_index, " and probabilities");
            return of_probabilities(self, target, weight, reduction, label_smoothing);
        }
        return of_classes(self, target, weight, false, ignore_index, reduction, label_smoothing);
    });

OP("nll_loss(Tensor self, Tensor target, Tensor? weight=None, int ignore_index=-100, str reduction='mean') -> Tensor")
    .doc(R"(The negative log likelihood of classes ``target``: cross_entropy of log-probabilities.

>>> engine.nll_loss(engine.tensor([[-1.0, -2.0]]), engine.tensor([1]))
tensor(2.))")
    .compose([](const Tensor& self, const Tensor& target, const Tensor& weight, int64_t ignore_index,
                std::string_view reduction) {
        return of_classes(self, target, weight, true, ignore_index, reduction, 0.0);
    });

}  // namespace
}  // namespace bestiary::ops
