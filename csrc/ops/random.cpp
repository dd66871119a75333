// Random numbers, from a generator or the default one. What is drawn does not depend on the number of threads.
#include <limits>

#include "ops/factory.h"

namespace bestiary::ops {
namespace {

Tensor no_gradient(const Backward& b) { return Call<"zeros_like">()(b.g); }

// Empty memory, filled by one of the ops that write self.
template <class Fill, class... A>
Tensor drawn_into(Tensor t, bool wants_grad, const Fill& fill, const A&... args) {
    {
        const GradMode off(false);
        fill(t, args...);
    }
    return with_requires_grad(std::move(t), wants_grad);
}

template <class Fill, class... A>
Tensor drawn(const Dims& size, DType dtype, Device device, bool wants_grad, const Fill& fill, const A&... args) {
    return drawn_into(Call<"_empty">()(size, dtype, device), wants_grad, fill, args...);
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
    .compose([](Args a, Results& r) {
        const int64_t last = last_integer(a.tensor(0).dtype());
        r.push(fill_integers(a[0], 0, static_cast<int64_t>(static_cast<uint64_t>(last) + 1), a[1]));
    });

OP("random_.to(Tensor self, int to, *, Generator? generator=None) -> Tensor")
    .doc("Fills self with random integers in [0, to).")
    .compose([](Args a, Results& r) {
        check_range(0, a.integer(1), a.tensor(0).dtype());
        r.push(fill_integers(a[0], 0, a[1], a[2]));
    });

OP("random_.from(Tensor self, int from, int to, *, Generator? generator=None) -> Tensor")
    .doc("Fills self with random integers in [from, to).")
    .compose([](Args a, Results& r) {
        check_range(a.integer(1), a.integer(2), a.tensor(0).dtype());
        r.push(fill_integers(a[0], a[1], width(a.integer(1), a.integer(2)), a[3]));
    });

OP("rand(int... size, *, Generator? generator=None, dtype? dtype=None, device? device=None, bool requires_grad=False) "
   "-> Tensor")
    .doc(R"(Random numbers, uniform in [0, 1).

>>> engine.rand(2, 3).shape
Size([2, 3]))")
    .compose([](Args a, Results& r) {
        r.push(drawn(Dims(a.ints(0)), dtype_or(a[2], default_dtype), device_or_default(a[3]), a.flag(4),
                     Call<"uniform_">(), 0.0, 1.0, a[1]));
    });

OP("randn(int... size, *, Generator? generator=None, dtype? dtype=None, device? device=None, bool requires_grad=False) "
   "-> Tensor")
    .doc(R"(Random normal numbers of mean 0 and variance 1.

>>> engine.randn(2, 3).shape
Size([2, 3]))")
    .compose([](Args a, Results& r) {
        r.push(drawn(Dims(a.ints(0)), dtype_or(a[2], default_dtype), device_or_default(a[3]), a.flag(4),
                     Call<"normal_">(), 0.0, 1.0, a[1]));
    });

OP("rand_like(Tensor self, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(``rand`` in the shape and dtype of self.

>>> engine.rand_like(engine.zeros(2, 3)).shape
Size([2, 3]))")
    .compose([](Args a, Results& r) {
        const Tensor& t = a.tensor(0);
        r.push(drawn_into(empty_like(t, dtype_or(a[1], t.dtype()), device_or(a[2], t)), a.flag(3), Call<"uniform_">()));
    });

OP("randn_like(Tensor self, *, dtype? dtype=None, device? device=None, bool requires_grad=False) -> Tensor")
    .doc(R"(``randn`` in the shape and dtype of self.

>>> engine.randn_like(engine.zeros(2, 3)).shape
Size([2, 3]))")
    .compose([](Args a, Results& r) {
        const Tensor& t = a.tensor(0);
        r.push(drawn_into(empty_like(t, dtype_or(a[1], t.dtype()), device_or(a[2], t)), a.flag(3), Call<"normal_">()));
    });

OP("randint(int high, int[] size, *, Generator? generator=None, dtype? dtype=None, device? device=None, "
   "bool requires_grad=False) -> Tensor")
    .doc(R"(Random integers in [0, high).

>>> bool((engine.randint(10, (100,)) < 10).all())
True)")
    .compose([](Args a, Results& r) {
        check_range(0, a.integer(0), dtype_or(a[3], DType::Int64));
        r.push(drawn(Dims(a.ints(1)), dtype_or(a[3], DType::Int64), device_or_default(a[4]), a.flag(5),
                     fill_integers, 0, a[0], a[2]));
    });

OP("randint.low(int low, int high, int[] size, *, Generator? generator=None, dtype? dtype=None, device? device=None, "
   "bool requires_grad=False) -> Tensor")
    .doc("Random integers in [low, high).")
    .compose([](Args a, Results& r) {
        check_range(a.integer(0), a.integer(1), dtype_or(a[4], DType::Int64));
        r.push(drawn(Dims(a.ints(2)), dtype_or(a[4], DType::Int64), device_or_default(a[5]), a.flag(6),
                     fill_integers, a[0], width(a.integer(0), a.integer(1)), a[3]));
    });

OP("randint_like(Tensor self, int high, *, dtype? dtype=None, device? device=None) -> Tensor")
    .doc(R"(Random integers in [0, high), in the shape and dtype of self.

>>> engine.randint_like(engine.zeros(2, 3), 5).dtype
engine.float32)")
    .compose([](Args a, Results& r) {
        const Tensor& t = a.tensor(0);
        check_range(0, a.integer(1), dtype_or(a[2], t.dtype()));
        r.push(drawn_into(empty_like(t, dtype_or(a[2], t.dtype()), device_or(a[3], t)), false, fill_integers, 0, a[1]));
    });

OP("randint_like.low(Tensor self, int low, int high, *, dtype? dtype=None, device? device=None) -> Tensor")
    .doc("Random integers in [low, high), in the shape and dtype of self.")
    .compose([](Args a, Results& r) {
        const Tensor& t = a.tensor(0);
        check_range(a.integer(1), a.integer(2), dtype_or(a[3], t.dtype()));
        r.push(drawn_into(empty_like(t, dtype_or(a[3], t.dtype()), device_or(a[4], t)), false, fill_integers, a[1],
                     width(a.integer(1), a.integer(2))));
    });

OP("normal(float mean, float std, int[] size, *, Generator? generator=None, dtype? dtype=None, device? device=None, "
   "bool requires_grad=False) -> Tensor")
    .doc(R"(Random normal numbers of one mean and standard deviation.

>>> engine.normal(2.0, 0.0, (2,))
tensor([2., 2.]))")
    .compose([](Args a, Results& r) {
        r.push(drawn(Dims(a.ints(2)), dtype_or(a[4], default_dtype), device_or_default(a[5]), a.flag(6),
                     Call<"normal_">(), a[0], a[1], a[3]));
    });

OP("normal.each(Operand mean, Operand std=1.0, *, Generator? generator=None) -> Tensor")
    .doc("Random normal numbers with the mean and standard deviation of each element, in the dtype of the means.")
    .compose([](Args a, Results& r) {
        const Tensor scale = add(mul(a[0], 0.0), a[1]);  // broadcast to the shape of both
        const Tensor drawn_numbers =
            drawn(scale.sizes(), scale.dtype(), scale.device(), false, Call<"normal_">(), 0.0, 1.0, a[2]);
        const Tensor sum = a[0] + scale * drawn_numbers;
        r.push(a[0].is_tensor() ? cast(sum, a.tensor(0).dtype()) : sum);
    });

OP("randperm(int n, *, Generator? generator=None, dtype? dtype=None, device? device=None, bool requires_grad=False) -> "
   "Tensor")
    .doc(R"(A random permutation of the integers in [0, n).

>>> engine.randperm(4).sort().values
tensor([0, 1, 2, 3]))")
    .compose([](Args a, Results& r) {
        const Device device = device_or_default(a[3]);
        r.push(with_requires_grad(Call<"_randperm">()(a[0], dtype_or(a[2], DType::Int64), a[1], device), a.flag(4)));
    });

OP("_randperm(int n, dtype dtype, Generator(w)? generator, device device) -> Tensor")
    .doc("The integers of [0, n) in random order.")
    .shape([](const Op&, Args a, Meta& m) {
        check_as(ErrorKind::Value, a.integer(0) >= 0, "n: expected 0 or more, got ", a.integer(0));
        m.add({a.integer(0)}, a[1].dtype);
    });

OP("bernoulli(Tensor self, *, Generator? generator=None) -> Tensor")
    .doc(R"(Random 0 and 1: 1 with the probability in self's elements. RuntimeError outside [0, 1].

>>> engine.bernoulli(engine.tensor([0.0, 1.0]))
tensor([0., 1.]))")
    .compose([](Args a, Results& r) { r.push(Call<"_bernoulli">()(a[0], a[1], a.tensor(0).dtype())); });

OP("bernoulli.p(Tensor self, float p, *, Generator? generator=None) -> Tensor")
    .doc("Random 0 and 1 in the shape and dtype of self: 1 with probability p.")
    .compose([](Args a, Results& r) {
        check(a.number(1) >= 0 && a.number(1) <= 1, "p: expected probabilities from 0 to 1, got ", a[1]);
        const Tensor& self = a.tensor(0);
        const Tensor p = Call<"full">()(self.sizes(), a[1], DType::Float32, self.device());
        r.push(Call<"_bernoulli">()(p, a[2], self.dtype()));
    });

OP("bernoulli_(Tensor self, float p=0.5, *, Generator? generator=None) -> Tensor")
    .doc(R"(Fills self with 1 with probability p, otherwise 0.

>>> engine.empty(2).bernoulli_(1.0)
tensor([1., 1.]))")
    .compose([](Args a, Results& r) { r.push(copy_(a[0], Call<"bernoulli.p">()(a[0], a[1], a[2]))); });

OP("bernoulli_.each(Tensor self, Tensor p, *, Generator? generator=None) -> Tensor")
    .doc("Fills self with 1 with the probability that p's elements give, otherwise 0.")
    .compose([](Args a, Results& r) {
        const Tensor p = expand(a[1], a.tensor(0).sizes());
        r.push(copy_(a[0], Call<"_bernoulli">()(p, a[2], a.tensor(0).dtype())));
    });

OP("_bernoulli(Tensor p, Generator(w)? generator, dtype dtype) -> Tensor")
    .doc("1 with the probability that p's elements give, otherwise 0.")
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& p = a.tensor(0);
        check_as(ErrorKind::Type, is_floating(p.dtype()), "p: expected a floating dtype, got ", p.dtype());
        m.add(p.sizes(), a[2].dtype);
    });

OP("multinomial(Tensor self, int num_samples, bool replacement=False, *, Generator(w)? generator=None) -> Tensor")
    .doc(R"(Random indices with probabilities proportional to the weights self, (n,) or (rows, n).

>>> engine.multinomial(engine.tensor([0.0, 1.0, 0.0]), 2, replacement=True)
tensor([1, 1]))")
    .shape([](const Op&, Args a, Meta& m) {
        const Tensor& self = a.tensor(0);
        check_as(ErrorKind::Type, is_floating(self.dtype()), "self: expected weights of a floating dtype, got ",
                 self.dtype());
        check(self.dim() == 1 || self.dim() == 2, "self: expected 1 or 2 dimensions, got shape ", self.sizes());
        check(self.size(-1) > 0 && a.integer(1) > 0, "num_samples: expected 1 or more of at least one weight, got ",
              a.integer(1), " of shape ", self.sizes());
        Dims size = self.sizes();
        size[size.size() - 1] = a.integer(1);
        m.add(size, DType::Int64);
    });

// The mask is drawn again for the gradient: what is saved is where in the stream of random numbers it began.
OP("_dropout(Tensor self, float p, Generator(w)? generator=None) -> (Tensor kept, Tensor state)")
    .doc("Zero with probability p, otherwise self / (1 - p); and the seed and counter that the mask was drawn from.")
    .shape([](const Op&, Args a, Meta& m) {
        m.add_like(a.tensor(0));
        m.add({2}, DType::Int64);
    })
    .grad("self", "state", [](const Backward& b) { return Call<"_dropout_again">()(b.g, b["p"], b["state"]); });

OP("_dropout_again(Tensor self, float p, Tensor state) -> Tensor")
    .doc("Dropout by the mask that _dropout drew from ``state``.")
    .shape([](const Op&, Args a, Meta& m) { m.add_like(a.tensor(0)); })
    .grad("self", "state", [](const Backward& b) { return Call<"_dropout_again">()(b.g, b["p"], b["state"]); });

OP("dropout(Tensor self, float p, bool train) -> Tensor")
    .doc(R"(In training, sets each element to 0 with probability p and divides the others by 1 - p (Srivastava et al., 2014).

>>> engine.dropout(engine.ones(3), 0.5, False)
tensor([1., 1., 1.]))")
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        const double p = a.number(1);
        check_as(ErrorKind::Value, p >= 0 && p <= 1, "p: expected a probability from 0 to 1, got ", p);
        check_as(ErrorKind::Type, is_floating(self.dtype()), "self: expected a floating dtype, got ", self.dtype());
        if (!a.flag(2) || p == 0) return r.push(self);
        r.push(Call<"_dropout">()(self, p));
    })
    .in_place_too();

}  // namespace
}  // namespace bestiary::ops
