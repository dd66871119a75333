// The losses of classification: cross entropy of logits, and of log-probabilities.
#include "ops/loss.h"

namespace bestiary::ops {
namespace {

constexpr Call<"_cross_entropy"> fused_cross_entropy;
constexpr Call<"log_softmax"> log_softmax;
constexpr Call<"masked_fill"> masked_fill;
constexpr Call<"sum.dim"> sum_along;

// The arguments of _cross_entropy, by place.
enum { kSelf, kTarget, kWeight, kLogProbs, kIgnoreIndex, kReduction, kLabelSmoothing };

void fused_shape(const Op&, Args a, Meta& m) {
    const Tensor& self = a.tensor(kSelf);
    const DType computed = compute_type(self.dtype());
    const Dims samples{self.sizes()[0]};
    check(is_floating(self.dtype()), "self: expected a floating-point dtype, got ", self.dtype());
    check(category(a.tensor(kTarget).dtype()) == Category::Int, "target: expected classes as integers, got ",
          a.tensor(kTarget).dtype());
    check_reduction(a.str(kReduction));
    m.add(a.str(kReduction) == "none" ? samples : Dims(), self.dtype());
    m.add(a.flag(kLogProbs) ? Dims{0} : samples, DType::Float64);
    m.add({}, computed);
}

// The definition of _cross_entropy, for gradients of gradients.
void fused_definition(Args a, Results& r) {
    const Tensor& target = a.tensor(kTarget);
    const Tensor log_probs = a.flag(kLogProbs) ? a.tensor(kSelf) : log_softmax(a[kSelf], 1);
    const Tensor ignored = Call<"eq">()(target, a[kIgnoreIndex]);
    const Tensor classes = cast(masked_fill(target, ignored, 0), DType::Int64);
    Tensor weight = a[kWeight].none() ? Call<"ones">()(target.sizes(), log_probs.dtype(), target.device())
                                      : Call<"index_select">()(a[kWeight], 0, classes);
    weight = masked_fill(weight, ignored, 0.0);
    const double smoothing = a.number(kLabelSmoothing);
    const Tensor picked = reshape(Call<"gather">()(log_probs, 1, unsqueeze(classes, 1)), target.sizes());
    Tensor loss = picked * weight * (smoothing - 1.0);
    if (smoothing > 0.0) {
        const Tensor spread = a[kWeight].none() ? log_probs : log_probs * a[kWeight];
        const double share = smoothing / static_cast<double>(log_probs.sizes()[1]);
        loss = loss - masked_fill(sum_along(spread, 1), ignored, 0.0) * share;
    }
    const Tensor total = sum_all(weight);
    r.push(a.str(kReduction) == "mean" ? sum_all(loss) / total : reduce_loss(loss, a.str(kReduction)));
    const Tensor logits = Call<"detach">()(a[kSelf]);
    const DType computed = compute_type(logits.dtype());
    r.push(a.flag(kLogProbs) ? Call<"_empty">()(Dims{0}, DType::Float64, logits.device())
                             : Call<"logsumexp">()(cast(logits, DType::Float64), Dims{1}));
    r.push(cast(Call<"detach">()(total), computed));
}

OP("_cross_entropy(Tensor self, Tensor target, Tensor? weight, bool log_probs, int ignore_index, str reduction, "
   "float label_smoothing) -> (Tensor loss, Tensor logsumexp, Tensor total_weight)")
    .doc("cross_entropy of rows; with log_probs, self holds log-probabilities already.")
    .shape(fused_shape)
    .compose(fused_definition)
    .grads("self target weight logsumexp total_weight", [](const Backward& b) {
        if (!b.needs("self")) return;
        b.give("self", Call<"_cross_entropy_backward">()(
                           b.g, b["self"], b["target"], b["weight"], b["log_probs"], b["ignore_index"], b["reduction"],
                           b["label_smoothing"], b["logsumexp"], b["total_weight"]));
    });

OP("_cross_entropy_backward(Tensor grad, Tensor self, Tensor target, Tensor? weight, bool log_probs, int ignore_index, "
   "str reduction, float label_smoothing, Tensor logsumexp, Tensor total_weight) -> Tensor")
    .doc("The gradient of _cross_entropy.")
    .shape([](const Op&, Args a, Meta& m) { m.add(a.tensor(1).sizes(), a.tensor(1).dtype()); });

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

void check_weight(const Value& weight, const Tensor& self) {
    if (weight.none()) return;
    const int64_t classes = self.sizes()[self.dim() == 1 ? 0 : 1];
    check(weight.t->sizes == Dims{classes}, "weight: expected one for each of ", classes, " classes, got shape ",
          weight.t->sizes);
}

Tensor of_classes(const Tensor& self, const Tensor& target, const Value& weight, bool log_probs, int64_t ignore_index,
                  const Value& reduction, double smoothing) {
    const Tensor rows = as_rows(self);
    check_class_shape(self, target);
    check_weight(weight, self);
    const Tensor loss = fused_cross_entropy(rows, reshape(target, Dims{-1}), weight, log_probs, ignore_index, reduction,
                                            smoothing);
    return reduction.str() == "none" ? reshape(loss, target.sizes()) : loss;
}

Tensor of_probabilities(const Tensor& self, const Tensor& target, const Value& weight, std::string_view reduction,
                        double smoothing) {
    const bool shaped_as_classes = self.dim() > 1 && target.sizes() == self.sizes().without(1);
    check_as(ErrorKind::Type, !shaped_as_classes, "target: expected classes as integers for shape ", target.sizes(),
             ", or probabilities of shape ", self.sizes(), ", got ", target.dtype());
    check_as(ErrorKind::Value, target.sizes() == self.sizes(), "target: probabilities must have self's shape ",
             self.sizes(), ", got ", target.sizes());
    const int dim = self.dim() == 1 ? 0 : 1;
    const int64_t classes = self.sizes()[dim];
    Tensor goal = target;
    if (smoothing > 0.0) goal = goal * (1.0 - smoothing) + smoothing / static_cast<double>(classes);
    if (!weight.none()) {
        Dims shape(self.dim(), 1);
        shape[dim] = classes;
        goal = goal * reshape(weight, shape);
    }
    const Tensor loss = -sum_along(log_softmax(self, dim) * goal, dim);
    check_reduction(reduction);
    if (reduction != "mean") return reduce_loss(loss, reduction);
    return sum_all(loss) / (static_cast<double>(self.numel()) / static_cast<double>(classes));
}

OP("cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int ignore_index=-100, str reduction='mean', "
   "float label_smoothing=0.0) -> Tensor")
    .doc(R"(Cross entropy of logits (N, C), (C,) or (N, C, d1, ...).

``target`` holds classes, without self's dimension C, or probabilities in self's shape. ``weight`` has one factor per
class; the mean is over the weights of the targets that are not ``ignore_index``. ``reduction`` is 'none', 'mean' or
'sum'. An IndexError names a class that is not in [0, C).

>>> engine.cross_entropy(engine.zeros(2, 4), engine.tensor([0, 3]))
tensor(1.3863))")
    .compose([](Args a, Results& r) {
        const Tensor &self = a.tensor(0), &target = a.tensor(1);
        const double smoothing = a.number(5);
        check(self.dim() > 0, "self: expected (N, C), (C,) or (N, C, d1, ...), got a 0-d tensor");
        check_as(ErrorKind::Value, 0.0 <= smoothing && smoothing <= 1.0, "label_smoothing: expected 0 to 1, got ",
                 smoothing);
        check_weight(a[2], self);
        check(!is_floating(target.dtype()) || a.integer(3) < 0, "ignore_index: only classes are ignored, got ",
              a.integer(3), " and probabilities");
        r.push(is_floating(target.dtype()) ? of_probabilities(self, target, a[2], a.str(4), smoothing)
                                           : of_classes(self, target, a[2], false, a.integer(3), a[4], smoothing));
    });

OP("nll_loss(Tensor self, Tensor target, Tensor? weight=None, int ignore_index=-100, str reduction='mean') -> Tensor")
    .doc(R"(The negative log likelihood of classes ``target``: cross_entropy of log-probabilities.

>>> engine.nll_loss(engine.tensor([[-1.0, -2.0]]), engine.tensor([1]))
tensor(2.))")
    .compose([](Args a, Results& r) {
        r.push(of_classes(a.tensor(0), a.tensor(1), a[2], true, a.integer(3), a[4], 0.0));
    });

}  // namespace
}  // namespace bestiary::ops
