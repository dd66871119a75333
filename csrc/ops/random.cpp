// Random numbers, from a generator or the default one. They do not depend on the number of threads.
#include <limits>

#include "ops/factory.h"

namespace bestiary::ops {
namespace {

Tensor no_gradient(const Backward& b) { return Call<"zeros_like">()(b.g); }

// `t` filled by one of the ops that write self.
template <class Fill, class... A>
Tensor random_fill(Tensor t, bool requires_grad, const Fill& fill, const A&... args) {
    {
        const GradMode off(false);
        fill(t, args...);
    }
    return with_requires_grad(std::move(t), requires_grad);
}

Tensor empty(Ints size, DType dtype, OptionalDevice device) {
    return Call<"_empty">()(size, dtype, device_or_default(device));
}

OP("uniform_(Tensor self, float from=0, float to=1, *, Generator(w)? generator=None) -> Tensor")
    .doc(R"(Fills self with random numbers, uniform in [from, to).

>>> bool((engine.empty(100).uniform_(2, 3) >= 2).all())
True)")
    .in_place_only()
    .grad("self", "", no_gradient);

OP("normal_(Tensor self, float mean=0, float std=1, *, Generator(w)? generator=None) -> Tensor")
    .doc(R"(Fills self with normally distributed numbers (Box and Muller, 1958).

>>> engine.empty(2, 3).normal_(mean=1, std=0)
tensor([[1., 1., 1.],
        [1., 1., 1.]]))")
    .in_place_only()
    .grad("self", "", no_gradient);

OP("exponential_(Tensor self, float lambd=1, *, Generator(w)? generator=None) -> Tensor")
    .doc(R"(Fills self with random numbers of the exponential distribution: density ``lambd * exp(-lambd * x)``.

>>> bool((engine.empty(100).exponential_() > 0).all())
True)")
    .in_place_only()
    .grad("self", "", no_gradient);

OP("_randint_(Tensor self, int low, int range, Generator(w)? generator=None) -> Tensor")
    .doc("Fills self with integers of [low, low + range); a range of 0 stands for 2^64.")
    .in_place_only()
    .grad("self", "", no_gradient);

// The largest integer up to which the dtype holds all of them.
int64_t last_integer(DType t) {
    const int64_t digits = std::min(info(t).digits, 63), end = digits == 63 ? 0 : int64_t{1} << digits;
    return is_floating(t) ? end : digits == 63 ? std::numeric_limits<int64_t>::max() : end - 1;
}

constexpr Call<"_randint_"> fill_integers;

int64_t first_integer(DType t) { return info(t).is_signed ? -last_integer(t) - 1 : 0; }

// [low, high), which the dtype must hold.
void check_range(int64_t low, int64_t high, DType dtype) {
    check_as(ErrorKind::Value, low < high, "expected low < high, got low=", low, " and high=", high);
    check(is_floating(dtype) || (low >= first_integer(dtype) && high - 1 <= last_integer(dtype)),
          "expected low and high - 1 in the range of ", dtype, ", got low=", low, " and high=", high);
}
int64_t width(int64_t low, int64_t high) {
    return static_cast<int64_t>(static_cast<uint64_t>(high) - static_cast<uint64_t>(low));
}

OP("random_(Tensor self, *, Generator? generator=None) -> Tensor")
    .doc(R"(Fills self with random integers from 0 to the largest of its dtype (the largest exact one, for floats).

>>> engine.empty(3, dtype=engine.uint8).random_().shape
Size([3]))")
    .compose([](const Tensor& self, const Value& generator) {
        const int64_t last = last_integer(self.dtype());
        return fill_integers(self, 0, static_cast<int64_t>(static_cast<uint64_t>(last) + 1), generator);
    });

OP("random_.to(Tensor self, int to, *, Generator? generator=None) -> Tensor")
    .doc("Fills self with random integers in [0, to).")
    .compose([](const Tensor& self, int64_t to, const Value& generator) {
        check_range(0, to, self.dtype());
        return fill_integers(self, 0, to, generator);
    });

OP("random_.from(Tensor self, int from, int to, *, Generator? generator=None) -> Tensor")
    .doc("Fills self with random integers in [from, to).")
    .compose([](const Tensor& self, int64_t from, int64_t to, const Value& generator) {
        check_range(from, to, self.dtype());
        return fill_integers(self, from, width(from, to), generator);
    });

OP("rand(int... size, *, Generator? generator=None, dtype? dtype=None, device? device=None, bool requires_grad=False) "
   "-> Tensor")
    .doc(R"(Random numbers, uniform in [0, 1).

>>> engine.rand(2, 3).shape
Size([2, 3]))")
    .compose([](Ints size, const Value& generator, OptionalDType dtype, OptionalDevice device, bool requires_grad) {
        const Tensor out = empty(size, dtype.value_or(default_dtype), device);
        return random_fill(out, requires_grad, Call<"uniform_">(), 0.0, 1.0, generator);
    });

OP("randn(int... size, *, Generator? generator=None, dtype? dtype=None, device? device=None, bool requires_grad=False) "
   "-> Tensor")
    .doc(R"(Random normal numbers of mean 0 and variance 1.

>>> engine.randn(2, 3).shape
Size([2, 3]))")
    .compose([](Ints size, const Value& generator, OptionalDType dtype, OptionalDevice device, bool requires_grad) {
        const Tensor out = empty(size, dtype.value_or(default_dtype), device);
        return random_fill(out, requires_grad, Call<"normal_">(), 0.0, 1.0, generator);
    });

OP("rand_like(Tensor self, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(``rand`` in the shape and dtype of self.

>>> engine.rand_like(engine.zeros(2, 3)).shape
Size([2, 3]))")
    .compose([](const Tensor& self, OptionalDType dtype, OptionalDevice device, bool requires_grad) {
        return random_fill(empty_like(self, dtype, device), requires_grad, Call<"uniform_">());
    });

OP("randn_like(Tensor self, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(``randn`` in the shape and dtype of self.

>>> engine.randn_like(engine.zeros(2, 3)).shape
Size([2, 3]))")
    .compose([](const Tensor& self, OptionalDType dtype, OptionalDevice device, bool requires_grad) {
        return random_fill(empty_like(self, dtype, device), requires_grad, Call<"normal_">());
    });

OP("randint(int high, int[] size, *, Generator? generator=None, dtype? dtype=None, device? device=None, "
   "bool requires_grad=False) -> Tensor")
    .doc(R"(Random integers in [0, high).

>>> bool((engine.randint(10, (100,)) < 10).all())
True)")
    .compose([](int64_t high, Ints size, const Value& generator, OptionalDType dtype, OptionalDevice device,
                bool requires_grad) {
        const DType type = dtype.value_or(DType::Int64);
        check_range(0, high, type);
        return random_fill(empty(size, type, device), requires_grad, fill_integers, 0, high, generator);
    });

OP("randint.low(int low, int high, int[] size, *, Generator? generator=None, dtype? dtype=None, device? device=None, "
   "bool requires_grad=False) -> Tensor")
    .doc("Random integers in [low, high).")
    .compose([](int64_t low, int64_t high, Ints size, const Value& generator, OptionalDType dtype,
                OptionalDevice device, bool requires_grad) {
        const DType type = dtype.value_or(DType::Int64);
        check_range(low, high, type);
        return random_fill(empty(size, type, device), requires_grad, fill_integers, low, width(low, high), generator);
    });

OP("randint_like(Tensor self, int high, *, dtype? dtype=None, device? device=None) -> Tensor")
    .doc(R"(Random integers in [0, high), in the shape and dtype of self.

>>> engine.randint_like(engine.zeros(2, 3), 5).dtype
engine.float32)")
    .compose([](const Tensor& self, int64_t high, OptionalDType dtype, OptionalDevice device) {
        check_range(0, high, dtype.value_or(self.dtype()));
        return random_fill(empty_like(self, dtype, device), false, fill_integers, 0, high);
    });

OP("randint_like.low(Tensor self, int low, int high, *, dtype? dtype=None, device? device=None) -> Tensor")
    .doc("Random integers in [low, high), in the shape and dtype of self.")
    .compose([](const Tensor& self, int64_t low, int64_t high, OptionalDType dtype, OptionalDevice device) {
        check_range(low, high, dtype.value_or(self.dtype()));
        return random_fill(empty_like(self, dtype, device), false, fill_integers, low, width(low, high));
    });

OP("normal(float mean, float std, int[] size, *, Generator? generator=None, dtype? dtype=None, device? device=None, "
   "bool requires_grad=False) -> Tensor")
    .doc(R"(Random normal numbers of one mean and standard deviation.

>>> engine.normal(2.0, 0.0, (2,))
tensor([2., 2.]))")
    .compose([](double mean, double std, Ints size, const Value& generator, OptionalDType dtype, OptionalDevice device,
                bool requires_grad) {
        const Tensor out = empty(size, dtype.value_or(default_dtype), device);
        return random_fill(out, requires_grad, Call<"normal_">(), mean, std, generator);
    });

OP("normal.each(Operand mean, Operand std=1.0, *, Generator? generator=None) -> Tensor")
    .doc("Random normal numbers with the mean and standard deviation of each element, in the dtype of the means.")
    .compose([](const Value& mean, const Value& std, const Value& generator) {
        // Of the shape of both; a number beside a tensor has no dtype.
        const Tensor scale = !mean.is_tensor() && std.is_tensor() ? Tensor(std.t) : Tensor(add(mul(mean, 0.0), std));
        const Tensor standard = random_fill(Call<"_empty">()(scale.sizes(), scale.dtype(), scale.device()), false,
                                            Call<"normal_">(), 0.0, 1.0, generator);
        const Tensor sum = mean + scale * standard;
        return mean.is_tensor() ? cast(sum, mean.t->dtype) : sum;
    });

OP("randperm(int n, *, Generator? generator=None, dtype? dtype=None, device? device=None, bool requires_grad=False) -> "
   "Tensor")
    .doc(R"(A random permutation of the integers in [0, n).

>>> engine.randperm(4).sort().values
tensor([0, 1, 2, 3]))")
    .compose([](int64_t n, const Value& generator, OptionalDType dtype, OptionalDevice device, bool requires_grad) {
        const DType type = dtype.value_or(DType::Int64);
        return with_requires_grad(Call<"_randperm">()(n, type, generator, device_or_default(device)), requires_grad);
    });

OP("_randperm(int n, dtype dtype, Generator(w)? generator, device device) -> Tensor")
    .doc("The integers of [0, n) in random order.")
    .shape([](Meta& m, int64_t n, DType dtype) {
        check_as(ErrorKind::Value, n >= 0, "n: expected 0 or more, got ", n);
        m.add({n}, dtype);
    });

OP("bernoulli(Tensor self, *, Generator? generator=None) -> Tensor")
    .doc(R"(Random 0 and 1: 1 with the probability in self's elements. RuntimeError outside [0, 1].

>>> engine.bernoulli(engine.tensor([0.0, 1.0]))
tensor([0., 1.]))")
    .compose([](const Tensor& self, const Value& generator) {
        return Call<"_bernoulli">()(self, generator, self.dtype());
    });

OP("bernoulli.p(Tensor self, float p, *, Generator? generator=None) -> Tensor")
    .doc("Random 0 and 1 in the shape and dtype of self: 1 with probability p.")
    .compose([](const Tensor& self, double p, const Value& generator) {
        check(p >= 0 && p <= 1, "p: expected probabilities from 0 to 1, got ", p);
        const Tensor probabilities = Call<"full">()(self.sizes(), p, DType::Float32, self.device());
        return Call<"_bernoulli">()(probabilities, generator, self.dtype());
    });

OP("bernoulli_(Tensor self, float p=0.5, *, Generator? generator=None) -> Tensor")
    .doc(R"(Fills self with 1 with probability p, otherwise 0.

>>> engine.empty(2).bernoulli_(1.0)
tensor([1., 1.]))")
    .compose([](const Tensor& self, double p, const Value& generator) {
        return copy_(self, Call<"bernoulli.p">()(self, p, generator));
    });

OP("bernoulli_.each(Tensor self, Tensor p, *, Generator? generator=None) -> Tensor")
    .doc("Fills self with 1 with the probability that p's elements give, otherwise 0.")
    .compose([](const Tensor& self, const Tensor& p, const Value& generator) {
        return copy_(self, Call<"_bernoulli">()(expand(p, self.sizes()), generator, self.dtype()));
    });

OP("_bernoulli(Tensor p, Generator(w)? generator, dtype dtype) -> Tensor")
    .doc("1 with the probability that p's elements give, otherwise 0.")
    .shape([](Meta& m, const Tensor& p, const Value&, DType dtype) {
        check_as(ErrorKind::Type, is_floating(p.dtype()), "p: expected a floating dtype, got ", p.dtype());
        m.add(p.sizes(), dtype);
    });

OP("multinomial(Tensor self, int num_samples, bool replacement=False, *, Generator(w)? generator=None) -> Tensor")
    .doc(R"(Random indices with probabilities proportional to the weights self, (n,) or (rows, n).

>>> engine.multinomial(engine.tensor([0.0, 1.0, 0.0]), 2, replacement=True)
tensor([1, 1]))")
    .shape([](Meta& m, const Tensor& self, int64_t num_samples) {
        check_as(ErrorKind::Type, is_floating(self.dtype()), "self: expected weights of a floating dtype, got ",
                 self.dtype());
        check(self.dim() == 1 || self.dim() == 2, "self: expected 1 or 2 dimensions, got shape ", self.sizes());
        check(self.size(-1) > 0 && num_samples > 0, "num_samples: expected 1 or more of at least one weight, got ",
              num_samples, " of shape ", self.sizes());
        Dims size = self.sizes();
        size[size.size() - 1] = num_samples;
        m.add(size, DType::Int64);
    });

// The gradient samples the mask again from the same position in the stream of random numbers, which is all it saves.
OP("_dropout(Tensor self, float p, Generator(w)? generator=None) -> (Tensor kept, Tensor state)")
    .doc("Zero with probability p, otherwise self / (1 - p); and the seed and counter of the mask.")
    .shape([](Meta& m, const Tensor& self) {
        m.add_like(self);
        m.add({2}, DType::Int64);
    })
    .grad("self", "state", [](const Backward& b) { return Call<"_dropout_again">()(b.g, b["p"], b["state"]); });

OP("_dropout_again(Tensor self, float p, Tensor state) -> Tensor")
    .doc("Dropout by the mask that _dropout drew from ``state``.")
    .shape([](Meta& m, const Tensor& self) { m.add_like(self); })
    .grad("self", "state", [](const Backward& b) { return Call<"_dropout_again">()(b.g, b["p"], b["state"]); });

OP("dropout(Tensor self, float p, bool train) -> Tensor")
    .doc(R"(In training, sets each element to 0 with probability p and divides the others by 1 - p (Srivastava et al., 2014).

>>> engine.dropout(engine.ones(3), 0.5, False)
tensor([1., 1., 1.]))")
    .compose([](const Tensor& self, double p, bool train) {
        check_as(ErrorKind::Value, p >= 0 && p <= 1, "p: expected a probability from 0 to 1, got ", p);
        check_as(ErrorKind::Type, is_floating(self.dtype()), "self: expected a floating dtype, got ", self.dtype());
        return train && p != 0 ? Call<"_dropout">()(self, p) : self;
    })
    .in_place_too();

}  // namespace
}  // namespace bestiary::ops
