// Error functions, logit and sinc.
#include <cmath>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("erf(Tensor self) -> Tensor")
    .doc(R"(The error function.

>>> engine.erf(engine.tensor([0.0, 1.0]))
tensor([0.0000, 0.8427]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g * (exp(-Call<"square">()(b["self"])) * M_2_SQRTPI); });

OP("erfc(Tensor self) -> Tensor")
    .doc(R"(``1 - erf(x)``, without cancellation.

>>> engine.erfc(engine.tensor([0.0, 1.0]))
tensor([1.0000, 0.1573]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g * (exp(-Call<"square">()(b["self"])) * -M_2_SQRTPI); });

OP("erfinv(Tensor self) -> Tensor")
    .doc(R"(The inverse of erf: infinite at -1 and 1, nan outside.

>>> engine.erfinv(engine.tensor([0.0, 0.5]))
tensor([0.0000, 0.4769]))")
    .elementwise(Promote::Float)
    .grad("self", "result",
          [](const Backward& b) { return b.g * (exp(Call<"square">()(b["result"])) * (1 / M_2_SQRTPI)); });

OP("logit(Tensor self, float? eps=None) -> Tensor")
    .doc(R"(``log(x / (1 - x))``, of x clamped to [eps, 1 - eps] if eps is given; nan outside [0, 1].

>>> engine.logit(engine.tensor([0.5, 0.8]))
tensor([0.0000, 1.3863]))")
    .compose([](const Tensor& self, std::optional<double> eps) {
        return Call<"_logit">()(!eps ? self : Call<"clamp">()(self, eps, 1.0 - *eps));
    })
    .in_place_too();

OP("_logit(Tensor self) -> Tensor")
    .doc("``log(x / (1 - x))``.")
    .elementwise(Promote::Float)
    .grad("self", "self result", [](const Backward& b) {
        const Tensor slope = 1.0 / Call<"abs">()(b["self"] * (1.0 - b["self"]));  // infinite at -0 too
        return b.g * where(Call<"isnan">()(b["result"]), b["result"], slope);
    });

OP("sinc(Tensor self) -> Tensor")
    .doc(R"(``sin(pi x) / (pi x)``, and 1 at 0.

>>> engine.sinc(engine.tensor([0.0, 0.5]))
tensor([1.0000, 0.6366]))")
    .elementwise(Promote::Float)
    .compose([](const Tensor& self) {
        const Tensor angle = where(eq(self, 0.0), 1.0, self * M_PI);
        return where(eq(self, 0.0), 1.0, Call<"sin">()(angle) / angle);
    })
    .grad("self", "self", [](const Backward& b) { return Call<"_sinc_backward">()(b.g, b["self"]); });

OP("_sinc_backward(Tensor grad, Tensor self) -> Tensor").doc("The gradient of sinc.").elementwise(Promote::Common);

}  // namespace
}  // namespace bestiary::ops
