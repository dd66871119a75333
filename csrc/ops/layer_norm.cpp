// Normalisation over trailing dimensions: layer norm and RMS norm.
#include <cmath>

#include "ops/channel_norm.h"

namespace bestiary::ops {
namespace {

constexpr Call<"_layer_norm"> fused_layer_norm;
constexpr Call<"_layer_norm_backward"> layer_norm_backward;
constexpr Call<"mean.dim"> mean_along;

void fused_definition(Args a, Results& r) {
    const Tensor& self = a.tensor(0);
    const int64_t size = a.integer(3);
    const Tensor rows = reshape(self, Dims{-1, size});
    const Tensor mean = mean_along(rows, Dims{1}, true);
    const Tensor centred = a.flag(5) ? rows - mean : rows;
    const Tensor scale = Call<"rsqrt">()(mean_along(centred * centred, Dims{1}, true) + a[4]);
    Tensor out = reshape(centred * scale, self.sizes());
    if (!a[1].none()) out = out * a[1];
    if (!a[2].none()) out = out + a[2];
    r.push(out);
    r.push(as_statistic(a.flag(5) ? mean : Call<"zeros_like">()(mean)));
    r.push(as_statistic(scale));
}

OP("_layer_norm(Tensor self, Tensor? weight, Tensor? bias, int size, float eps, bool centred) "
   "-> (Tensor normalized, Tensor mean, Tensor rstd)")
    .doc("Rows of ``size`` elements less their mean (where centred), over their deviation, times weight, plus bias.")
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& self = a.tensor(0);
        check(is_floating(self.dtype()), "self: expected a floating-point dtype, got ", self.dtype());
        const int64_t rows = self.numel() == 0 ? 0 : self.numel() / a.integer(3);
        m.add(self.sizes(), self.dtype());
        m.add({rows}, DType::Float64);
        m.add({rows}, DType::Float64);
    })
    .compose(fused_definition)
    .grads("self weight bias mean rstd", [](const Backward& b) {
        const Results grads = layer_norm_backward.all(b.g, b["self"], b["weight"], b["mean"], b["rstd"], b["size"],
                                                      b["centred"], b.needs("self"), b.needs("weight"),
                                                      b.needs("bias"));
        if (b.needs("self")) b.give("self", grads[0]);
        if (b.needs("weight")) b.give("weight", reshape(grads[1], b.shape("weight")));
        if (b.needs("bias")) b.give("bias", reshape(grads[2], b.shape("bias")));
    });

OP("_layer_norm_backward(Tensor grad, Tensor self, Tensor? weight, Tensor mean, Tensor rstd, int size, bool centred, "
   "bool wants_self, bool wants_weight, bool wants_bias) -> (Tensor self_grad, Tensor weight_grad, Tensor bias_grad)")
    .doc("The gradients of _layer_norm; those not wanted have no elements.")
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& self = a.tensor(1);
        const Dims row{a.integer(5)}, none{0};
        m.add(a.flag(7) ? self.sizes() : none, self.dtype());
        m.add(a.flag(8) ? row : none, self.dtype());
        m.add(a.flag(9) ? row : none, self.dtype());
    });

void check_normalized_shape(const Tensor& self, const Dims& shape, const Value& weight, const Value& bias) {
    const int lead = self.dim() - shape.size();
    check(shape.size() > 0, "normalized_shape: expected at least one dimension");
    bool ends_so = lead >= 0;
    for (int d = 0; ends_so && d < shape.size(); ++d) ends_so = self.sizes()[lead + d] == shape[d];
    check(ends_so, "normalized_shape: self's shape ", self.sizes(), " does not end in ", shape);
    check(weight.none() || weight.t->sizes == shape, "weight: expected shape ", shape, ", got ",
          weight.none() ? shape : weight.t->sizes);
    check(bias.none() || bias.t->sizes == shape, "bias: expected shape ", shape, ", got ",
          bias.none() ? shape : bias.t->sizes);
}

OP("layer_norm(Tensor self, int[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1e-05) -> Tensor")
    .doc(R"(Normalises over the trailing dimensions ``normalized_shape``: (x - mean) / sqrt(var + eps) * weight + bias
(Ba, Kiros and Hinton, "Layer normalization", 2016).

>>> engine.layer_norm(engine.tensor([1.0, 3.0]), [2], eps=0.0)
tensor([-1.,  1.]))")
    .compose([](Args a, Results& r) {
        const Dims shape(a.ints(1));
        check_normalized_shape(a.tensor(0), shape, a[2], a[3]);
        r.push(fused_layer_norm(a[0], a[2], a[3], shape.product(), a[4], true));
    });

OP("rms_norm(Tensor self, int[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor")
    .doc(R"(Divides by the root mean square over the trailing dimensions ``normalized_shape``:
x / sqrt(mean(x * x) + eps) * weight (Zhang and Sennrich, "Root mean square layer normalization", 2019). ``eps`` is the
dtype's smallest step from 1 unless given.

>>> engine.rms_norm(engine.tensor([3.0, 3.0]), [2])
tensor([1., 1.]))")
    .compose([](Args a, Results& r) {
        const Dims shape(a.ints(1));
        check_normalized_shape(a.tensor(0), shape, a[2], {});
        const double eps = a[3].none() ? std::ldexp(1.0, 1 - info(a.tensor(0).dtype()).digits) : a.number(3);
        r.push(fused_layer_norm(a[0], a[2], std::nullopt, shape.product(), eps, false));
    });

}  // namespace
}  // namespace bestiary::ops
