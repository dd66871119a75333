// Activation functions. Those that matter for speed run as one loop, and so do their gradients.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("relu(Tensor self) -> Tensor")
    .doc(R"(``max(0, x)``.

>>> engine.relu(engine.tensor([-1.0, 2.0]))
tensor([0., 2.]))")
    .elementwise(Promote::Same)
    .grad("self", "result", [](const Backward& b) { return Call<"_relu_backward">()(b.g, b["result"]); });

OP("_relu_backward(Tensor grad, Tensor result) -> Tensor")
    .doc("The gradient where the result is positive.")
    .elementwise(Promote::Same)
    .grad("grad", "result", [](const Backward& b) { return Call<"_relu_backward">()(b.g, b["result"]); });

OP("sigmoid(Tensor self) -> Tensor")
    .doc(R"(``1 / (1 + exp(-x))``.

>>> engine.sigmoid(engine.tensor([0.0, 2.0]))
tensor([0.5000, 0.8808]))")
    .elementwise(Promote::Float)
    .grad("self", "result", [](const Backward& b) { return Call<"_sigmoid_backward">()(b.g, b["result"]); });

OP("_sigmoid_backward(Tensor grad, Tensor result) -> Tensor")
    .doc("``grad * (1 - result) * result``.")
    .elementwise(Promote::Common)
    .grad("grad", "result", [](const Backward& b) { return Call<"_sigmoid_backward">()(b.g, b["result"]); })
    .grad("result", "grad result", [](const Backward& b) { return b.g * b["grad"] * (1.0 - b["result"] * 2.0); });

OP("tanh(Tensor self) -> Tensor")
    .doc(R"(The hyperbolic tangent of each element.

>>> engine.tanh(engine.tensor([0.0, 1.0]))
tensor([0.0000, 0.7616]))")
    .elementwise(Promote::Float)
    .grad("self", "result", [](const Backward& b) { return Call<"_tanh_backward">()(b.g, b["result"]); });

OP("_tanh_backward(Tensor grad, Tensor result) -> Tensor")
    .doc("``grad * (1 - result^2)``.")
    .elementwise(Promote::Common)
    .grad("grad", "result", [](const Backward& b) { return Call<"_tanh_backward">()(b.g, b["result"]); })
    .grad("result", "grad result", [](const Backward& b) { return b.g * b["grad"] * (b["result"] * -2.0); });

}  // namespace
}  // namespace bestiary::ops
