// Softmax and log-softmax.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

constexpr Call<"sum.dim"> sum_along;
constexpr Call<"_softmax_backward"> softmax_backward;
constexpr Call<"_log_softmax_backward"> log_softmax_backward;

constexpr auto softmax_shape = [](Meta& m, const Tensor& self, int64_t dim, std::optional<DType> dtype) {
    const DType result = dtype.value_or(self.dtype());
    check(is_floating(result), "self: expected a floating-point dtype, got ", result, "; give dtype");
    wrap_dim(dim, self.dim());
    m.add(self.sizes(), result);
};

constexpr auto like_grad = [](Meta& m, const Tensor& grad) { m.add(grad.sizes(), grad.dtype()); };

OP("softmax(Tensor self, int dim, dtype? dtype=None) -> Tensor")
    .doc(R"(exp(x) / sum(exp(x)) along ``dim``, without overflow; ``dtype`` converts self first.

>>> engine.softmax(engine.zeros(4), dim=0)
tensor([0.2500, 0.2500, 0.2500, 0.2500]))")
    .shape(softmax_shape)
    .grad("self", "result", [](const Backward& b) { return softmax_backward(b.g, b["result"], b["dim"]); });

OP("log_softmax(Tensor self, int dim, dtype? dtype=None) -> Tensor")
    .doc(R"(log(softmax(x)) along ``dim``, without overflow; ``dtype`` converts self first.

>>> engine.log_softmax(engine.zeros(4), dim=0)
tensor([-1.3863, -1.3863, -1.3863, -1.3863]))")
    .shape(softmax_shape)
    .grad("self", "result", [](const Backward& b) { return log_softmax_backward(b.g, b["result"], b["dim"]); });

OP("_softmax_backward(Tensor grad, Tensor output, int dim) -> Tensor")
    .doc("The gradient of softmax: output * (grad - sum(grad * output)).")
    .shape(like_grad)
    .grad("grad", "output", [](const Backward& b) { return softmax_backward(b.g, b["output"], b["dim"]); })
    .grad("output", "grad output", [](const Backward& b) {
        const Tensor grad = b.tensor("grad"), output = b.tensor("output");
        const Tensor dot = sum_along(grad * output, b["dim"], true), weighted = sum_along(b.g * output, b["dim"], true);
        return b.g * (grad - dot) - grad * weighted;
    });

OP("_log_softmax_backward(Tensor grad, Tensor output, int dim) -> Tensor")
    .doc("The gradient of log_softmax: grad - exp(output) * sum(grad).")
    .shape(like_grad)
    .grad("grad", "output", [](const Backward& b) {
        return b.g - sum_along(b.g * exp(b["output"]), b["dim"], true);
    })
    .grad("output", "grad output", [](const Backward& b) {
        return -(b.g * exp(b["output"]) * sum_along(b["grad"], b["dim"], true));
    });

}  // namespace
}  // namespace bestiary::ops
