// Running sums, products and extremes.
#include <limits>
#include <vector>

#include "ops/arg_reduction.h"

namespace bestiary::ops {
namespace {

const Call<"cat"> cat;
const Call<"flip"> flip;
const Call<"_linear_scan"> linear_scan;

constexpr auto same_shape = [](Meta& m, const Tensor& self, int64_t dim) {
    wrap_dim(dim, self.dim());
    m.add(self.sizes(), is_floating(self.dtype()) ? self.dtype() : DType::Int64);
};

Tensor of_type(const Tensor& self, std::optional<DType> dtype) { return dtype ? cast(self, *dtype) : self; }

// The elements moved by one along dim, to later or to earlier indices; the first or the last becomes `fill`.
Tensor shifted(const Tensor& t, int64_t dim, bool later, double fill) {
    if (t.dim() == 0) return Call<"full">()(t.sizes(), fill, t.dtype(), t.device());
    if (t.size(dim) == 0) return t;
    Dims one = t.sizes();
    one[wrap_dim(dim, t.dim())] = 1;
    const Tensor edge = Call<"full">()(one, fill, t.dtype(), t.device());
    if (later) return cat(std::vector<Tensor>{edge, slice(t, dim, 0, -1)}, dim);
    return cat(std::vector<Tensor>{slice(t, dim, 1), edge}, dim);
}

// The sum of each element and all later ones.
Tensor sum_from_here(const Tensor& t, int64_t dim) {
    if (t.dim() == 0) return t;
    return flip(Call<"_cumsum">()(flip(t, Dims{dim}), dim), Dims{dim});
}

OP("_cumsum(Tensor self, int dim) -> Tensor")
    .doc("Running sums along dim, integers in int64.")
    .shape(same_shape)
    .grad("self", "", [](const Backward& b) { return sum_from_here(b.g, b.integer("dim")); });

OP("cumsum(Tensor self, int dim, *, dtype? dtype=None) -> Tensor")
    .doc(R"(The cumulative sum along a dimension.

>>> engine.tensor([1, 2, 3]).cumsum(0)
tensor([1, 3, 6]))")
    .compose([](const Tensor& self, int64_t dim, std::optional<DType> dtype) {
        return of_type(Call<"_cumsum">()(of_type(self, dtype), dim), dtype);
    })
    .in_place_too();

// x[k] is a factor of every product from k on, so its gradient is the product before k times s[k], where
// s[k] = g[k] + x[k + 1] s[k + 1]. Dividing the products by x[k] instead would fail at zeros.
OP("_cumprod(Tensor self, int dim) -> Tensor")
    .doc("Running products along dim, integers in int64.")
    .shape(same_shape)
    .grad("self", "self result", [](const Backward& b) {
        const int64_t dim = b.integer("dim");
        const Tensor later = shifted(b.tensor("self"), dim, false, 0);
        return shifted(b.tensor("result"), dim, true, 1) * linear_scan(later, b.g, dim, true);
    });

OP("cumprod(Tensor self, int dim, *, dtype? dtype=None) -> Tensor")
    .doc(R"(The cumulative product along a dimension.

>>> engine.tensor([1, 2, 3]).cumprod(0)
tensor([1, 2, 6]))")
    .compose([](const Tensor& self, int64_t dim, std::optional<DType> dtype) {
        return of_type(Call<"_cumprod">()(of_type(self, dtype), dim), dtype);
    })
    .in_place_too();

OP("_linear_scan(Tensor a, Tensor b, int dim, bool reverse) -> Tensor")
    .doc("y[k] = b[k] + a[k] y[k - 1] along dim; in reverse, y[k] = b[k] + a[k] y[k + 1].")
    .shape([](Meta& m, const Tensor&, const Tensor& b) { m.add(b.sizes(), b.dtype()); })
    .grads("a b result", [](const Backward& b) {
        const int64_t dim = b.integer("dim");
        const bool reverse = b.flag("reverse");
        const Tensor s = linear_scan(shifted(b.tensor("a"), dim, reverse, 0), b.g, dim, !reverse);
        b.give("a", s * shifted(b.tensor("result"), dim, !reverse, 0));
        b.give("b", s);
    });

OP("logcumsumexp(Tensor self, int dim) -> Tensor")
    .doc(R"(The logarithm of the cumulative sum of exponentials along a dimension.

>>> engine.zeros(2).logcumsumexp(0)
tensor([0.0000, 0.6931]))")
    .shape([](Meta& m, const Tensor& self, int64_t dim) {
        check(is_floating(self.dtype()), "self: expected a floating dtype, got ", self.dtype());
        wrap_dim(dim, self.dim());
        m.add(self.sizes(), self.dtype());
    })
    .grad("self", "self result", [](const Backward& b) {
        const Tensor result = b.tensor("result");
        const double infinity = std::numeric_limits<double>::infinity();
        const Tensor nothing = Call<"eq">()(result, -infinity);  // no sum begun: its exponential is 0, not nan
        const auto ratio = [&](const Tensor& exponent) {
            return Call<"masked_fill">()(exp(exponent), nothing, 0.0);
        };
        const Tensor decay = ratio(result - shifted(result, b.integer("dim"), false, infinity));
        return ratio(b.tensor("self") - result) * linear_scan(decay, b.g, b.integer("dim"), true);
    });

constexpr auto values_and_indices = [](Meta& m, const Tensor& self, int64_t dim) {
    wrap_dim(dim, self.dim());
    m.add(self.sizes(), self.dtype());
    m.add(self.sizes(), DType::Int64);
};

OP("cummax(Tensor self, int dim) -> (Tensor values, Tensor indices)")
    .doc(R"(The cumulative maximum along a dimension, and its index; of equal ones the last.

>>> engine.tensor([1, 3, 2]).cummax(0).values
tensor([1, 3, 3]))")
    .shape(values_and_indices)
    .grad("self", "result", arg_reduction_grad);

OP("cummin(Tensor self, int dim) -> (Tensor values, Tensor indices)")
    .doc(R"(The cumulative minimum along a dimension, and its index; of equal ones the last.

>>> engine.tensor([3, 1, 2]).cummin(0).values
tensor([3, 1, 1]))")
    .shape(values_and_indices)
    .grad("self", "result", arg_reduction_grad);

}  // namespace
}  // namespace bestiary::ops
