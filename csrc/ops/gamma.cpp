// The gamma function and its kin: its logarithm, polygamma, Hurwitz's zeta, the incomplete and multivariate gamma
// functions, derivatives of gamma variates.
#include <cmath>
#include <limits>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

const Call<"lgamma"> lgamma;
const Call<"igamma"> igamma;

Tensor no_derivative(const Backward& b) {
    fail(ErrorKind::NotImplemented, b.op.public_name(), ": there is no derivative by the first argument");
}

OP("lgamma(Tensor self) -> Tensor")
    .doc(R"(The logarithm of the absolute value of the gamma function.

>>> engine.lgamma(engine.tensor([0.5, 5.0]))
tensor([0.5724, 3.1781]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g * Call<"digamma">()(b["self"]); });

OP("digamma(Tensor self) -> Tensor")
    .doc(R"(The derivative of lgamma.

>>> engine.digamma(engine.tensor([1.0, 2.0]))
tensor([-0.5772,  0.4228]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g * Call<"trigamma">()(b["self"]); });

OP("trigamma(Tensor self) -> Tensor")
    .doc(R"(The derivative of digamma.

>>> engine.trigamma(engine.tensor([1.0, 2.0]))
tensor([1.6449, 0.6449]))")
    .elementwise(Promote::Float)
    .grad("self", "self", [](const Backward& b) { return b.g * Call<"polygamma">()(b["self"], 2); });

OP("_zeta(Operand self, Operand other) -> Tensor")
    .doc("Hurwitz's zeta function: the sum of ``(other + k) ** -self`` for k = 0, 1, ...")
    .elementwise(Promote::Float)
    .grad("self", "", no_derivative)
    .grad("other", "self other", [](const Backward& b) {
        const Value s = b["self"];
        if (s.is_number()) return b.g * (Call<"_zeta">()(s.number() + 1, b["other"]) * -s.number());
        return -(b.g * (Call<"_zeta">()(s + 1.0, b["other"]) * s));
    });

OP("polygamma(Tensor self, int n) -> Tensor")
    .doc(R"(The derivative of order n of digamma.

>>> engine.polygamma(1, engine.tensor([1.0, 2.0]))
tensor([1.6449, 0.6449]))")
    .compose([](const Tensor& self, int64_t n) {
        check_as(ErrorKind::Runtime, n >= 0, "n: expected 0 or more, got ", n);
        if (n == 0) return Call<"digamma">()(self);
        if (n == 1) return Call<"trigamma">()(self);
        const double order = static_cast<double>(n), factorial = std::tgamma(order + 1);
        return Call<"_zeta">()(order + 1, self) * (n % 2 ? factorial : -factorial);
    })
    .in_place_too();

OP("polygamma.order_first(int n, Tensor self) -> Tensor")
    .doc("The derivative of order n of digamma.")
    .compose([](int64_t n, const Tensor& self) { return Call<"polygamma">()(self, n); });

OP("mvlgamma(Tensor self, int p) -> Tensor")
    .doc(R"(The logarithm of the multivariate gamma function of dimension p, up to its sign.

>>> engine.mvlgamma(engine.tensor([2.0]), 2)
tensor([0.4516]))")
    .compose([](const Tensor& self, int64_t p) {
        check(1 <= p && p <= 1 << 20, "p: expected 1 to ", 1 << 20, ", got ", p);
        const double dimension = static_cast<double>(p);
        Tensor sum = lgamma(self) + dimension * (dimension - 1) / 4 * std::log(M_PI);
        for (int64_t j = 1; j < p; ++j) sum = sum + lgamma(self - static_cast<double>(j) / 2);
        return sum;
    })
    .in_place_too();

// x^(a-1) exp(-x) / gamma(a), the density of the gamma distribution; the derivative by a is not there.
Tensor density(const Backward& b) {
    const Value a = b["self"], x = b["other"];
    return where(lt(x, 0.0), std::numeric_limits<double>::quiet_NaN(),
                 exp(Call<"xlogy">()(a - 1.0, x) - x - lgamma(a)));
}

OP("igamma(Tensor self, Tensor other) -> Tensor")
    .doc(R"(The regularised lower incomplete gamma function P(self, other); differentiable in ``other`` only.

>>> engine.igamma(engine.tensor([1.0]), engine.tensor([2.0]))
tensor([0.8647]))")
    .elementwise(Promote::Float)
    .grad("self", "", no_derivative)
    .grad("other", "self other", [](const Backward& b) { return b.g * density(b); });

OP("igammac(Tensor self, Tensor other) -> Tensor")
    .doc(R"(The regularised upper incomplete gamma function 1 - P(self, other), without cancellation.

>>> engine.igammac(engine.tensor([1.0]), engine.tensor([2.0]))
tensor([0.1353]))")
    .elementwise(Promote::Float)
    .grad("self", "", no_derivative)
    .grad("other", "self other", [](const Backward& b) { return -(b.g * density(b)); });

OP("_standard_gamma_grad(Tensor self, Tensor sample) -> Tensor")
    .doc("The derivative of a standard gamma variate by its shape, the quantile held fixed.")
    .elementwise(Promote::Float);

OP("_log_standard_gamma_grad(Tensor self, Tensor log_sample) -> Tensor")
    .doc("The derivative of a log standard gamma variate by its shape, the quantile held fixed.")
    .elementwise(Promote::Float);

}  // namespace
}  // namespace bestiary::ops
