// Normalisation over trailing dimensions: layer norm and RMS norm.
#include <cmath>

#include "ops/channel_norm.h"

namespace bestiary::ops {
namespace {

constexpr Call<"_layer_norm"> fused_layer_norm;
constexpr Call<"_layer_norm_backward"> layer_norm_backward;

OP("_layer_norm(Tensor self, Tensor? weight, Tensor? bias, int size, float eps, bool centred) "
   "-> (Tensor normalized, Tensor mean, Tensor rstd)")
    .doc("Rows of ``size`` elements less their mean (where centred), over their deviation, times weight, plus bias.")
    .shape([](Meta& m, const Tensor& self, const Tensor&, const Tensor&, int64_t size) {
        check(is_floating(self.dtype()), "self: expected a floating-point dtype, got ", self.dtype());
        const int64_t rows = self.numel() == 0 ? 0 : self.numel() / size;
        m.add(self.sizes(), self.dtype());
        m.add({rows}, DType::Float64);
        m.add({rows}, DType::Float64);
    })
    .compose([](const Tensor& self, const Tensor& weight, const Tensor& bias, int64_t size, double eps, bool centred) {
        const Tensor rows = reshape(self, Dims{-1, size});
        const Tensor mean = mean_along(rows, Dims{1}, true);
        const Tensor x = centred ? rows - mean : rows;
        const Tensor rstd = rsqrt(mean_along(x * x, Dims{1}, true) + eps);
        Tensor out = reshape(x * rstd, self.sizes());
        if (weight.defined()) out = out * weight;
        if (bias.defined()) out = out + bias;
        return Results{out, as_statistic(centred ? mean : Call<"zeros_like">()(mean)), as_statistic(rstd)};
    })
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
    .shape([](Meta& m, const Tensor&, const Tensor& self, const Tensor&, const Tensor&, const Tensor&, int64_t size,
              bool, bool wants_self, bool wants_weight, bool wants_bias) {
        const Dims none{0};
        m.add(wants_self ? self.sizes() : none, self.dtype());
        m.add(wants_weight ? Dims{size} : none, self.dtype());
        m.add(wants_bias ? Dims{size} : none, self.dtype());
    });

void check_normalized_shape(const Tensor& self, const Dims& shape, const Tensor& weight, const Tensor& bias) {
    const int lead = self.dim() - shape.size();
    check(shape.size() > 0, "normalized_shape: expected at least one dimension");
    bool ends_so = lead >= 0;
    for (int d = 0; ends_so && d < shape.size(); ++d) ends_so = self.sizes()[lead + d] == shape[d];
    check(ends_so, "normalized_shape: self's shape ", self.sizes(), " does not end in ", shape);
    if (weight.defined())
        check(weight.sizes() == shape, "weight: expected shape ", shape, ", got ", weight.sizes());
    if (bias.defined()) check(bias.sizes() == shape, "bias: expected shape ", shape, ", got ", bias.sizes());
}

OP("layer_norm(Tensor self, int[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1e-05) -> Tensor")
    .doc(R"(Normalises over the trailing dimensions ``normalized_shape``: (x - mean) / sqrt(var + eps) * weight + bias
(Ba, Kiros and Hinton, "Layer normalization", 2016).

>>> engine.layer_norm(engine.tensor([1.0, 3.0]), [2], eps=0.0)
tensor([-1.,  1.]))")
    .compose([](const Tensor& self, Ints normalized_shape, const Tensor& weight, const Tensor& bias, double eps) {
        const Dims shape(normalized_shape);
        check_normalized_shape(self, shape, weight, bias);
        return fused_layer_norm(self, weight, bias, shape.product(), eps, true);
    });

OP("rms_norm(Tensor self, int[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor")
    .doc(R"(Divides by the root mean square over the trailing dimensions ``normalized_shape``: x / sqrt(mean(x * x) + eps) * weight
(Zhang and Sennrich, "Root mean square layer normalization", 2019). ``eps`` defaults to the dtype's machine epsilon.

>>> engine.rms_norm(engine.tensor([3.0, 3.0]), [2])
tensor([1., 1.]))")
    .compose([](const Tensor& self, Ints normalized_shape, const Tensor& weight, std::optional<double> eps) {
        const Dims shape(normalized_shape);
        check_normalized_shape(self, shape, weight, {});
        const double step = std::ldexp(1.0, 1 - info(self.dtype()).digits);
        return fused_layer_norm(self, weight, std::nullopt, shape.product(), eps.value_or(step), false);
    });

}  // namespace
}  // namespace bestiary::ops
