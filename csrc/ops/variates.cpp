// Random numbers of distributions with parameters per element, and transforms of uniform and normal numbers.
#include <cmath>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

void check_floating(const Tensor& self) {
    check_as(ErrorKind::Runtime, is_floating(self.dtype()), "self: expected a floating dtype, got ", self.dtype());
}

constexpr auto same_as_self = [](Meta& m, const Tensor& self) {
    check_floating(self);
    m.add(self.sizes(), self.dtype());
};

OP("poisson(Tensor self, Generator(w)? generator=None) -> Tensor")
    .doc(R"(Random counts of Poisson distributions with the rates self.

>>> engine.poisson(engine.tensor([0.0, 0.0]))
tensor([0., 0.]))")
    .shape(same_as_self)
    .grad("self", "", [](const Backward& b) { return Call<"zeros_like">()(b.g); });

OP("binomial(Tensor count, Tensor prob, Generator? generator=None) -> Tensor")
    .doc(R"(The number of successes in ``count`` trials, each with probability ``prob``.

>>> engine.binomial(engine.tensor([3.0, 3.0]), engine.tensor([0.0, 1.0]))
tensor([0., 3.]))")
    .compose([](const Tensor& count, const Tensor& prob, const Value& generator) {
        check_as(ErrorKind::Runtime, is_floating(count.dtype()), "count: expected a floating dtype, got ",
                 count.dtype());
        check_as(ErrorKind::Runtime, prob.dtype() == count.dtype(), "prob: expected ", count.dtype(),
                 ", the dtype of count, got ", prob.dtype());
        const Dims sizes = broadcast(count.sizes(), prob.sizes());
        return Call<"_binomial">()(expand(count, sizes), expand(prob, sizes), generator);
    });

OP("_binomial(Tensor self, Tensor prob, Generator(w)? generator=None) -> Tensor")
    .doc("The number of successes in self's trials, each with probability ``prob``.")
    .shape(same_as_self)
    .grads("", [](const Backward& b) {
        b.give("self", Call<"zeros_like">()(b.g));
        b.give("prob", Call<"zeros_like">()(b.g));
    });

OP("_standard_gamma(Tensor self, Generator(w)? generator=None) -> Tensor")
    .doc("Numbers drawn from gamma distributions of rate 1, each of the shape that self's element gives.")
    .shape(same_as_self)
    .grad("self", "self result",
          [](const Backward& b) { return b.g * Call<"_standard_gamma_grad">()(b["self"], b["result"]); });

OP("_log_standard_gamma(Tensor self, Generator(w)? generator=None) -> Tensor")
    .doc("Logarithms of standard gamma variates, finite where small shapes make the variates underflow.")
    .shape(same_as_self)
    .grad("self", "self result",
          [](const Backward& b) { return b.g * Call<"_log_standard_gamma_grad">()(b["self"], b["result"]); });

// Numbers for self are computed in double, so that narrow types are rounded once.
Tensor doubles_like(const Tensor& self) { return Call<"_empty">()(self.sizes(), DType::Float64, self.device()); }
Tensor unit_uniform(const Tensor& self, const Value& generator) {
    return Call<"uniform_">()(doubles_like(self), 0.0, 1.0, generator);
}

OP("cauchy_(Tensor self, float median=0, float sigma=1, *, Generator? generator=None) -> Tensor")
    .doc(R"(Fills self with random numbers of the Cauchy distribution.

>>> engine.empty(2, 3).cauchy_().shape
Size([2, 3]))")
    .compose([](const Tensor& self, double median, double sigma, const Value& generator) {
        check_floating(self);
        check_as(ErrorKind::Runtime, sigma > 0, "sigma: expected more than 0, got ", sigma);
        const Tensor tangents = Call<"tan">()((unit_uniform(self, generator) - 0.5) * M_PI);
        return copy_(self, tangents * sigma + median);
    });

OP("log_normal_(Tensor self, float mean=1, float std=2, *, Generator? generator=None) -> Tensor")
    .doc(R"(Fills self with random numbers whose logarithms have the given mean and standard deviation.

>>> bool((engine.empty(100).log_normal_() > 0).all())
True)")
    .compose([](const Tensor& self, double mean, double std, const Value& generator) {
        check_floating(self);
        check_as(ErrorKind::Runtime, std > 0, "std: expected more than 0, got ", std);
        return copy_(self, exp(Call<"normal_">()(doubles_like(self), mean, std, generator)));
    });

OP("geometric_(Tensor self, float p, *, Generator? generator=None) -> Tensor")
    .doc(R"(Fills self with random numbers of trials up to the first success, each of probability p.

>>> bool((engine.empty(100).geometric_(0.5) >= 1).all())
True)")
    .compose([](const Tensor& self, double p, const Value& generator) {
        check_as(ErrorKind::Runtime, p > 0 && p < 1, "p: expected more than 0 and less than 1, got ", p);
        const Tensor waits = Call<"log1p">()(-unit_uniform(self, generator)) / std::log1p(-p);
        return copy_(self, Call<"clamp">()(Call<"ceil">()(waits), 1.0));
    });

}  // namespace
}  // namespace bestiary::ops
