// Activation functions. Those that matter for speed run as one loop, and so do their gradients.
#include <cmath>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("relu(Tensor self) -> Tensor")
    .doc(R"(``max(0, x)``.

>>> engine.relu(engine.tensor([-1.0, 2.0]))
tensor([0., 2.]))")
    .elementwise(Promote::Same)
    .grad("self", "result", [](const Backward& b) { return Call<"_relu_backward">()(b.g, b["result"]); });

OP("_relu_backward(Tensor grad, Tensor output) -> Tensor")
    .doc("The gradient where the output is positive.")
    .elementwise(Promote::Same)
    .grad("grad", "output", [](const Backward& b) { return Call<"_relu_backward">()(b.g, b["output"]); });

OP("sigmoid(Tensor self) -> Tensor")
    .doc(R"(``1 / (1 + exp(-x))``.

>>> engine.sigmoid(engine.tensor([0.0, 2.0]))
tensor([0.5000, 0.8808]))")
    .elementwise(Promote::Float)
    .grad("self", "result", [](const Backward& b) { return Call<"_sigmoid_backward">()(b.g, b["result"]); });

OP("_sigmoid_backward(Tensor grad, Tensor output) -> Tensor")
    .doc("``grad * (1 - output) * output``.")
    .elementwise(Promote::Common)
    .grad("grad", "output", [](const Backward& b) { return Call<"_sigmoid_backward">()(b.g, b["output"]); })
    .grad("output", "grad output", [](const Backward& b) { return b.g * b["grad"] * (1.0 - b["output"] * 2.0); });

OP("leaky_relu(Tensor self, float negative_slope=0.01) -> Tensor")
    .doc(R"(x where positive, ``negative_slope * x`` elsewhere. The slope must not be negative.

>>> engine.leaky_relu(engine.tensor([-1.0, 2.0]))
tensor([-0.0100,  2.0000]))")
    .elementwise(Promote::Float)
    .shape([](Meta&, const Tensor&, double negative_slope) {
        // The gradient reads the sign of x off the result, so that the in-place form can have one.
        check_as(ErrorKind::Value, negative_slope >= 0, "negative_slope: expected 0 or more, got ", negative_slope);
    })
    .grad("self", "result",
          [](const Backward& b) { return Call<"_leaky_relu_backward">()(b.g, b["result"], b["negative_slope"]); });

OP("_leaky_relu_backward(Tensor grad, Tensor output, float negative_slope) -> Tensor")
    .doc("grad where the output is positive, ``negative_slope * grad`` elsewhere.")
    .elementwise(Promote::Common)
    .grad("grad", "output",
          [](const Backward& b) { return Call<"_leaky_relu_backward">()(b.g, b["output"], b["negative_slope"]); });

OP("elu(Tensor self, float alpha=1) -> Tensor")
    .doc(R"(x where positive, ``alpha * (exp(x) - 1)`` elsewhere.

>>> engine.elu(engine.tensor([-1.0, 2.0]))
tensor([-0.6321,  2.0000]))")
    .compose([](const Tensor& self, double alpha) {
        return Call<"_elu">()(self, alpha, 1.0, 1.0);
    })
    .in_place_too();

// The constants that keep mean 0 and variance 1 (Klambauer et al., 2017).
OP("selu(Tensor self) -> Tensor")
    .doc(R"(The elu scaled to preserve mean 0 and variance 1 (Klambauer et al., 2017).

>>> engine.selu(engine.tensor([-1.0, 2.0]))
tensor([-1.1113,  2.1014]))")
    .compose([](const Tensor& self) { return Call<"_elu">()(self, 1.6732632423543772, 1.0507009873554805, 1.0); })
    .in_place_too();

OP("celu(Tensor self, float alpha=1) -> Tensor")
    .doc(R"(x where positive, ``alpha * (exp(x / alpha) - 1)`` elsewhere. Alpha must not be 0.

>>> engine.celu(engine.tensor([-1.0, 2.0]), 2.0)
tensor([-0.7869,  2.0000]))")
    .compose([](const Tensor& self, double alpha) {
        check_as(ErrorKind::Value, alpha != 0, "alpha: expected another number than 0");
        return Call<"_elu">()(self, alpha, 1.0, 1.0 / alpha);
    })
    .in_place_too();

OP("_elu(Tensor self, float alpha, float scale, float input_scale) -> Tensor")
    .doc("``scale * x`` where positive, ``scale * alpha * (exp(input_scale * x) - 1)`` elsewhere.")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) {
        // Near -alpha the result holds no digits of the exponential.
        return Call<"_elu_backward">()(b.g, b["self"], b["alpha"], b["scale"], b["input_scale"]);
    });

OP("_elu_backward(Tensor grad, Tensor self, float alpha, float scale, float input_scale) -> Tensor")
    .doc("grad times ``scale`` where x is positive, ``scale * alpha * input_scale * exp(input_scale * x)`` elsewhere.")
    .elementwise(Promote::Common)
    .grad("grad", "self",
          [](const Backward& b) {
              return Call<"_elu_backward">()(b.g, b["self"], b["alpha"], b["scale"], b["input_scale"]);
          })
    .grad("self", "grad self", [](const Backward& b) {
        const Tensor slope =
            Call<"_elu_backward">()(b.g * b["grad"], b["self"], b["alpha"], b["scale"], b["input_scale"]);
        return where(gt(b["self"], 0.0), 0.0, slope * b["input_scale"]);
    });

OP("gelu(Tensor self, *, str approximate='none') -> Tensor")
    .doc(R"(x times the standard normal distribution function of x (Hendrycks and Gimpel, 2016).
``approximate='tanh'`` uses the paper's approximation by a hyperbolic tangent.

>>> engine.gelu(engine.tensor([-1.0, 2.0]))
tensor([-0.1587,  1.9545]))")
    .compose([](const Tensor& self, std::string_view approximate) {
        check_as(ErrorKind::Value, approximate == "none" || approximate == "tanh",
                 "approximate: expected 'none' or 'tanh', got '", approximate, "'");
        return approximate == "none" ? Call<"_gelu">()(self) : Call<"_gelu_tanh">()(self);
    });

Tensor gelu_of(const Value& x) { return x * (Call<"erf">()(x * M_SQRT1_2) + 1.0) * 0.5; }

OP("_gelu(Tensor self) -> Tensor")
    .doc("gelu by the error function.")
    .elementwise(Promote::Float)
    .compose([](const Tensor& self) { return gelu_of(self); })
    .grad("self", "self", [](const Backward& b) { return Call<"_gelu_backward">()(b.g, b["self"]); });

OP("_gelu_backward(Tensor grad, Tensor self) -> Tensor").doc("The gradient of gelu.").elementwise(Promote::Common);

OP("_gelu_tanh(Tensor self) -> Tensor")
    .doc("gelu by the hyperbolic tangent.")
    .elementwise(Promote::Float)
    .compose([](const Tensor& self) {
        const Tensor inner = (self + pow(self, 3) * 0.044715) * (M_2_SQRTPI * M_SQRT1_2);
        return self * (Call<"tanh">()(inner) + 1.0) * 0.5;
    })
    .grad("self", "self", [](const Backward& b) { return Call<"_gelu_tanh_backward">()(b.g, b["self"]); });

OP("_gelu_tanh_backward(Tensor grad, Tensor self) -> Tensor")
    .doc("The gradient of gelu by the hyperbolic tangent.")
    .elementwise(Promote::Common);

OP("silu(Tensor self) -> Tensor")
    .doc(R"(``x * sigmoid(x)``, also known as swish.

>>> engine.silu(engine.tensor([-1.0, 2.0]))
tensor([-0.2689,  1.7616]))")
    .elementwise(Promote::Float)
    .compose([](const Tensor& self) { return self * Call<"sigmoid">()(self); })
    .grad("self", "self", [](const Backward& b) { return Call<"_silu_backward">()(b.g, b["self"]); });

OP("_silu_backward(Tensor grad, Tensor self) -> Tensor").doc("The gradient of silu.").elementwise(Promote::Common);

OP("mish(Tensor self) -> Tensor")
    .doc(R"(``x * tanh(softplus(x))`` (Misra, 2019).

>>> engine.mish(engine.tensor([-1.0, 2.0]))
tensor([-0.3034,  1.9440]))")
    .elementwise(Promote::Float)
    .compose([](const Tensor& self) { return self * Call<"tanh">()(Call<"softplus">()(self)); })
    .grad("self", "self", [](const Backward& b) { return Call<"_mish_backward">()(b.g, b["self"]); });

OP("_mish_backward(Tensor grad, Tensor self) -> Tensor").doc("The gradient of mish.").elementwise(Promote::Common);

// The nearest number that the dtype has.
double rounded(double x, DType dtype) {
    if (dtype == DType::Float16) return static_cast<float>(Half(static_cast<float>(x)));
    if (dtype == DType::BFloat16) return static_cast<float>(BFloat16(static_cast<float>(x)));
    return x;
}

OP("hardtanh(Tensor self, float min_val=-1, float max_val=1) -> Tensor")
    .doc(R"(Clamps x to [``min_val``, ``max_val``]; the gradient at both ends is 0, unlike that of ``clamp``.

>>> engine.hardtanh(engine.tensor([-2.0, 0.5]))
tensor([-1.0000,  0.5000]))")
    .elementwise(Promote::Same)
    .grad("self", "result", [](const Backward& b) {
        const DType dtype = b.tensor("result").dtype();  // in which results at a bound are that bound
        return Call<"_hardtanh_backward">()(b.g, b["result"], rounded(b.number("min_val"), dtype),
                                            rounded(b.number("max_val"), dtype));
    });

OP("_hardtanh_backward(Tensor grad, Tensor output, float min_val, float max_val) -> Tensor")
    .doc("The gradient where the output is strictly between the bounds.")
    .elementwise(Promote::Common)
    .grad("grad", "output",
          [](const Backward& b) { return Call<"_hardtanh_backward">()(b.g, b["output"], b["min_val"], b["max_val"]); });

OP("hardswish(Tensor self) -> Tensor")
    .doc(R"(``x * clamp(x + 3, 0, 6) / 6`` (Howard et al., 2019).

>>> engine.hardswish(engine.tensor([-1.0, 2.0]))
tensor([-0.3333,  1.6667]))")
    .elementwise(Promote::Float)
    .compose([](const Tensor& self) { return self * Call<"clamp">()(self + 3.0, 0.0, 6.0) / 6.0; })
    .grad("self", "self", [](const Backward& b) { return Call<"_hardswish_backward">()(b.g, b["self"]); });

OP("_hardswish_backward(Tensor grad, Tensor self) -> Tensor")
    .doc("The gradient of hardswish.")
    .elementwise(Promote::Common);

OP("hardsigmoid(Tensor self) -> Tensor")
    .doc(R"(``clamp(x + 3, 0, 6) / 6``.

>>> engine.hardsigmoid(engine.tensor([-1.0, 2.0]))
tensor([0.3333, 0.8333]))")
    .elementwise(Promote::Float)
    .compose([](const Tensor& self) { return Call<"clamp">()(self + 3.0, 0.0, 6.0) / 6.0; })
    .grad("self", "self", [](const Backward& b) { return Call<"_hardsigmoid_backward">()(b.g, b["self"]); });

OP("_hardsigmoid_backward(Tensor grad, Tensor self) -> Tensor")
    .doc("The gradient of hardsigmoid.")
    .elementwise(Promote::Common);

OP("softplus(Tensor self, float beta=1, float threshold=20) -> Tensor")
    .doc(R"(``log(1 + exp(beta * x)) / beta``, and x itself where ``beta * x`` is above the threshold.

>>> engine.softplus(engine.tensor([-1.0, 2.0]))
tensor([0.3133, 2.1269]))")
    .elementwise(Promote::Float)
    .compose([](const Tensor& self, double beta, double threshold) {
        const Tensor v = self * beta;
        const Tensor sum = Call<"logaddexp">()(v, Call<"zeros_like">()(v)) / beta;
        return where(gt(v, threshold), self, sum);
    })
    .grad("self", "self",
          [](const Backward& b) { return Call<"_softplus_backward">()(b.g, b["self"], b["beta"], b["threshold"]); });

OP("_softplus_backward(Tensor grad, Tensor self, float beta, float threshold) -> Tensor")
    .doc("The gradient of softplus.")
    .elementwise(Promote::Common);

OP("prelu(Tensor self, Tensor weight) -> Tensor")
    .doc(R"(x where positive, ``weight * x`` elsewhere: one weight, or one for each channel (dimension 1).

>>> engine.prelu(engine.tensor([-1.0, 2.0]), engine.tensor([0.25]))
tensor([-0.2500,  2.0000]))")
    .compose([](const Tensor& self, const Tensor& weight) {
        const int64_t channels = self.dim() > 1 ? self.sizes()[1] : 1;
        check(weight.dim() <= 1, "weight: expected 1 dimension at most, got shape ", weight.sizes());
        check(weight.numel() == 1 || weight.numel() == channels, "weight: expected 1 or ", channels,
              " elements for shape ", self.sizes(), ", got ", weight.numel());
        Dims shape(self.dim(), 1);
        if (weight.numel() > 1) shape[1] = channels;
        // Without positive elements in the product, a weight of nan gets and gives no gradient there.
        const Tensor positive = gt(self, 0.0);
        return where(positive, self, reshape(weight, shape) * where(positive, 0, self));
    });

}  // namespace
}  // namespace bestiary::ops
