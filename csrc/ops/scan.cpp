// Running sums, products and extremes.
#include <limits>
#include <vector>

#include "ops/arg_reduction.h"

namespace bestiary::ops {
namespace {

const Call<"cat"> cat;
const Call<"flip"> flip;
const Call<"_linear_scan"> linear_scan;

void same_shape(const Op&, Args a, Meta& m) {
    const Tensor& self = a.tensor(0);
    wrap_dim(a.integer(1), self.dim());
    m.add(self.sizes(), is_floating(self.dtype()) ? self.dtype() : DType::Int64);
}

Tensor of_type(const Value& self, const Value& dtype) {
    return dtype.none() ? Tensor(self.t) : cast(self, dtype);
}

// Each element moved one place later along dim, or earlier; what comes in is `fill`.
Tensor shifted(const Tensor& t, const Value& dim, bool later, double fill) {
    if (t.dim() == 0) return Call<"full">()(t.sizes(), fill, t.dtype(), t.device());
    if (t.size(dim.i) == 0) return t;
    Dims one = t.sizes();
    one[wrap_dim(dim.i, t.dim())] = 1;
    const Tensor edge = Call<"full">()(one, fill, t.dtype(), t.device());
    if (later) return cat(std::vector<Tensor>{edge, slice(t, dim, 0, -1)}, dim);
    return cat(std::vector<Tensor>{slice(t, dim, 1), edge}, dim);
}

// The sum of each element and all later ones.
Tensor sum_from_here(const Tensor& t, const Value& dim) {
    if (t.dim() == 0) return t;
    return flip(Call<"_cumsum">()(flip(t, Dims{dim.i}), dim), Dims{dim.i});
}

OP("_cumsum(Tensor self, int dim) -> Tensor")
    .doc("Running sums along dim, integers in int64.")
    .shape(same_shape)
    .grad("self", "", [](const Backward& b) { return sum_from_here(b.g, b["dim"]); });

OP("cumsum(Tensor self, int dim, *, dtype? dtype=None) -> Tensor")
    .doc(R"(The sum of each element and those before it along a dimension.

>>> engine.tensor([1, 2, 3]).cumsum(0)
tensor([1, 3, 6]))")
    .compose([](Args a, Results& r) {
        const Tensor sums = Call<"_cumsum">()(of_type(a[0], a[2]), a[1]);
        r.push(of_type(sums, a[2]));
    })
    .in_place_too();

// x[k] is a factor of every product from k on, so its gradient is the product before k times s[k], where
// s[k] = g[k] + x[k + 1] s[k + 1]. Dividing the products by x[k] instead would fail at zeros.
OP("_cumprod(Tensor self, int dim) -> Tensor")
    .doc("Running products along dim, integers in int64.")
    .shape(same_shape)
    .grad("self", "self result", [](const Backward& b) {
        const Tensor later = shifted(b.tensor("self"), b["dim"], false, 0);
        return shifted(b.tensor("result"), b["dim"], true, 1) * linear_scan(later, b.g, b["dim"], true);
    });

OP("cumprod(Tensor self, int dim, *, dtype? dtype=None) -> Tensor")
    .doc(R"(The product of each element and those before it along a dimension.

>>> engine.tensor([1, 2, 3]).cumprod(0)
tensor([1, 2, 6]))")
    .compose([](Args a, Results& r) {
        const Tensor products = Call<"_cumprod">()(of_type(a[0], a[2]), a[1]);
        r.push(of_type(products, a[2]));
    })
    .in_place_too();

OP("_linear_scan(Tensor a, Tensor b, int dim, bool reverse) -> Tensor")
    .doc("y[k] = b[k] + a[k] y[k - 1] along dim; in reverse, y[k] = b[k] + a[k] y[k + 1].")
    .shape([](const Op&, Args a, Meta& m) { m.add(a.tensor(1).sizes(), a.tensor(1).dtype()); })
    .grads("a b result", [](const Backward& b) {
        const bool reverse = b.flag("reverse");
        const Tensor s = linear_scan(shifted(b.tensor("a"), b["dim"], reverse, 0), b.g, b["dim"], !reverse);
        b.give("a", s * shifted(b.tensor("result"), b["dim"], !reverse, 0));
        b.give("b", s);
    });

OP("logcumsumexp(Tensor self, int dim) -> Tensor")
    .doc(R"(The logarithm of the sum of the exponentials of each element and those before it.

>>> engine.zeros(2).logcumsumexp(0)
tensor([0.0000, 0.6931]))")
    .shape([](const Op&, Args a, Meta& m) {
        check(is_floating(a.tensor(0).dtype()), "self: expected a floating dtype, got ", a.tensor(0).dtype());
        wrap_dim(a.integer(1), a.tensor(0).dim());
        m.add(a.tensor(0).sizes(), a.tensor(0).dtype());
    })
    .grad("self", "self result", [](const Backward& b) {
        const Tensor result = b.tensor("result");
        const double infinity = std::numeric_limits<double>::infinity();
        const Tensor nothing = Call<"eq">()(result, -infinity);  // no sum begun: its exponential is 0, not nan
        const auto ratio = [&](const Tensor& exponent) {
            return Call<"masked_fill">()(exp(exponent), nothing, 0.0);
        };
        const Tensor decay = ratio(result - shifted(result, b["dim"], false, infinity));
        return ratio(b.tensor("self") - result) * linear_scan(decay, b.g, b["dim"], true);
    });

void values_and_indices(const Op&, Args a, Meta& m) {
    const Tensor& self = a.tensor(0);
    wrap_dim(a.integer(1), self.dim());
    m.add(self.sizes(), self.dtype());
    m.add(self.sizes(), DType::Int64);
}

OP("cummax(Tensor self, int dim) -> (Tensor values, Tensor indices)")
    .doc(R"(The largest element so far along a dimension, and its index: the last of equals.

>>> engine.tensor([1, 3, 2]).cummax(0).values
tensor([1, 3, 3]))")
    .shape(values_and_indices)
    .grad("self", "result", arg_reduction_grad);

OP("cummin(Tensor self, int dim) -> (Tensor values, Tensor indices)")
    .doc(R"(The smallest element so far along a dimension, and its index: the last of equals.

>>> engine.tensor([3, 1, 2]).cummin(0).values
tensor([3, 1, 1]))")
    .shape(values_and_indices)
    .grad("self", "result", arg_reduction_grad);

}  // namespace
}  // namespace bestiary::ops
