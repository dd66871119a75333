// Variances, norms and other sums of functions of each element.
#include <cmath>

#include "core/default_dtype.h"
#include "ops/reduce.h"

namespace bestiary::ops {
namespace {

const Call<"masked_fill"> masked_fill;
const Call<"eq"> equals;
const Call<"sum.dim"> sum;

void floating_only(const Tensor& t) {
    check(is_floating(t.dtype()), "self: expected a floating dtype, got ", t.dtype());
}

constexpr auto spread_and_mean = [](Meta& m, const Tensor& self, const Value& dim, bool keepdim) {
    floating_only(self);
    m.add(reduced_shape(self, dim, keepdim), self.dtype());
    m.add(m.outs[0].sizes, self.dtype());
};

double element_count(const Backward& b) {
    const Dims& full = b.shape("self");
    return static_cast<double>(reduced_count(full, dim_mask(b["dim"], full.size())));
}
double degrees_of(const Backward& b) { return std::max(element_count(b) - b.number("correction"), 0.0); }

// Adds what the mean contributes to the gradient of the spread, if there is one.
Tensor with_gradient_of_mean(const Tensor& grad, const Backward& b) {
    if (!b.grads[1].defined()) return grad;
    const Tensor of_mean = expand(with_dims(b.grads[1] / element_count(b), b), b.shape("self"));
    return grad.defined() ? grad + of_mean : of_mean;
}

OP("_variance(Tensor self, int[]? dim, bool keepdim, float correction) -> (Tensor var, Tensor mean)")
    .doc("The variance with the divisor n - correction, and the mean.")
    .shape(spread_and_mean)
    .grad("self", "self result", [](const Backward& b) {
        Tensor grad;
        if (b.grads[0].defined())
            grad = with_dims(b.grads[0], b) * (b["self"] - with_dims(b.results[1], b)) * (2.0 / degrees_of(b));
        return with_gradient_of_mean(grad, b);
    });

// The quotient of difference and deviation comes first: it is in range where its factors are not.
OP("_deviation(Tensor self, int[]? dim, bool keepdim, float correction) -> (Tensor std, Tensor mean)")
    .doc("The standard deviation with the divisor n - correction, and the mean. The gradient at 0 is 0.")
    .shape(spread_and_mean)
    .grad("self", "self result", [](const Backward& b) {
        Tensor grad;
        if (b.grads[0].defined()) {
            const Tensor std = with_dims(b.results[0], b), none = equals(std, 0.0);
            const Tensor normal = (b["self"] - with_dims(b.results[1], b)) / masked_fill(std, none, 1.0);
            grad = normal * masked_fill(with_dims(b.grads[0], b) / degrees_of(b), none, 0.0);
        }
        return with_gradient_of_mean(grad, b);
    });

template <FixedString Spread>
Results spread(const Tensor& self, const Value& dim, const Value& correction, bool keepdim) {
    return Call<Spread>().all(self, dim, keepdim, correction.none() ? 1.0 : correction.number());
}
constexpr auto variance = spread<"_variance">;
constexpr auto deviation = spread<"_deviation">;

OP("var.unbiased(Tensor self, bool unbiased=True) -> Tensor")
    .doc(R"(The variance of all elements, with the divisor n - 1, or n if not ``unbiased``.

>>> engine.tensor([1.0, 2.0, 3.0]).var()
tensor(1.))")
    .compose([](const Tensor& self, bool unbiased) {
        return variance(self, std::nullopt, unbiased ? 1 : 0, false)[0];
    });

OP("var.dim(Tensor self, int[]? dim, bool unbiased=True, bool keepdim=False) -> Tensor")
    .doc(R"(The variance over the given dimensions.

>>> engine.tensor([[1.0, 3.0], [2.0, 2.0]]).var(1)
tensor([2., 0.]))")
    .compose([](const Tensor& self, const Value& dim, bool unbiased, bool keepdim) {
        return variance(self, dim, unbiased ? 1 : 0, keepdim)[0];
    });

OP("var(Tensor self, int[]? dim=None, *, Number? correction=1, bool keepdim=False) -> Tensor")
    .doc(R"(The variance over the given dimensions, or all, with the divisor n - ``correction``.

>>> engine.tensor([1.0, 2.0, 3.0]).var(correction=0)
tensor(0.6667))")
    .compose([](const Tensor& self, const Value& dim, const Value& correction, bool keepdim) {
        return variance(self, dim, correction, keepdim)[0];
    });

OP("std.unbiased(Tensor self, bool unbiased=True) -> Tensor")
    .doc(R"(The standard deviation of all elements, with the divisor n - 1, or n if not ``unbiased``.

>>> engine.tensor([1.0, 2.0, 3.0]).std()
tensor(1.))")
    .compose([](const Tensor& self, bool unbiased) {
        return deviation(self, std::nullopt, unbiased ? 1 : 0, false)[0];
    });

OP("std.dim(Tensor self, int[]? dim, bool unbiased=True, bool keepdim=False) -> Tensor")
    .doc("The standard deviation over the given dimensions.")
    .compose([](const Tensor& self, const Value& dim, bool unbiased, bool keepdim) {
        return deviation(self, dim, unbiased ? 1 : 0, keepdim)[0];
    });

OP("std(Tensor self, int[]? dim=None, *, Number? correction=1, bool keepdim=False) -> Tensor")
    .doc("The standard deviation over the given dimensions, or all, with the divisor n - ``correction``.")
    .compose([](const Tensor& self, const Value& dim, const Value& correction, bool keepdim) {
        return deviation(self, dim, correction, keepdim)[0];
    });

OP("var_mean.unbiased(Tensor self, bool unbiased=True) -> (Tensor var, Tensor mean)")
    .doc("The variance and the mean of all elements, with the divisor n - 1, or n if not ``unbiased``.")
    .compose([](const Tensor& self, bool unbiased) {
        return variance(self, std::nullopt, unbiased ? 1 : 0, false);
    });

OP("var_mean.dim(Tensor self, int[]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor var, "
   "Tensor mean)")
    .doc("The variance and the mean over the given dimensions.")
    .compose([](const Tensor& self, const Value& dim, bool unbiased, bool keepdim) {
        return variance(self, dim, unbiased ? 1 : 0, keepdim);
    });

OP("var_mean(Tensor self, int[]? dim=None, *, Number? correction=1, bool keepdim=False) -> (Tensor var, Tensor "
   "mean)")
    .doc(R"(The variance and the mean over the given dimensions, or all, with the divisor n - ``correction``.

>>> engine.var_mean(engine.tensor([1.0, 3.0]))
engine.return_types.var_mean(var=tensor(2.), mean=tensor(2.)))")
    .compose([](const Tensor& self, const Value& dim, const Value& correction, bool keepdim) {
        return variance(self, dim, correction, keepdim);
    });

OP("std_mean.unbiased(Tensor self, bool unbiased=True) -> (Tensor std, Tensor mean)")
    .doc("The standard deviation and the mean of all elements, with the divisor n - 1, or n if not ``unbiased``.")
    .compose([](const Tensor& self, bool unbiased) {
        return deviation(self, std::nullopt, unbiased ? 1 : 0, false);
    });

OP("std_mean.dim(Tensor self, int[]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor std, "
   "Tensor mean)")
    .doc("The standard deviation and the mean over the given dimensions.")
    .compose([](const Tensor& self, const Value& dim, bool unbiased, bool keepdim) {
        return deviation(self, dim, unbiased ? 1 : 0, keepdim);
    });

OP("std_mean(Tensor self, int[]? dim=None, *, Number? correction=1, bool keepdim=False) -> (Tensor std, Tensor "
   "mean)")
    .doc(R"(The standard deviation and the mean over the given dimensions, or all, with the divisor n - ``correction``.

>>> engine.std_mean(engine.tensor([1.0, 3.0]))
engine.return_types.std_mean(std=tensor(1.4142), mean=tensor(2.)))")
    .compose([](const Tensor& self, const Value& dim, const Value& correction, bool keepdim) {
        return deviation(self, dim, correction, keepdim);
    });

constexpr auto norm_shape = [](Meta& m, const Tensor& self, const Value& dim, bool keepdim) {
    floating_only(self);
    m.add(reduced_shape(self, dim, keepdim), self.dtype());
};

OP("_norm_1(Tensor self, int[]? dim, bool keepdim) -> Tensor")
    .doc("The sum of magnitudes.")
    .shape(norm_shape)
    .grad("self", "self", [](const Backward& b) { return with_dims(b.g, b) * Call<"sign">()(b["self"]); });

OP("_norm_2(Tensor self, int[]? dim, bool keepdim) -> Tensor")
    .doc("The square root of the sum of squares.")
    .shape(norm_shape)
    .grad("self", "self result", [](const Backward& b) {
        const Tensor norm = b.tensor("result");
        return b["self"] * with_dims(masked_fill(b.g / norm, equals(norm, 0.0), 0.0), b);
    });

// Elements count as parts of the largest magnitude (of the smallest, for negative p): their powers stay in range.
// Zeros have powers 0 (or infinite) and a gradient of 0.
Tensor power_norm(const Tensor& self, double p, const Value& dims, bool keepdim) {
    const DimMask mask = dim_mask(dims, self.dim());
    if (p > 0 && reduced_count(self.sizes(), mask) == 0) return sum(self, dims, keepdim);
    const Call<"pow"> power;
    const Call<"abs"> magnitude;
    const Tensor sizes = detach(magnitude(self));
    Tensor unit = p > 0 ? Call<"amax">()(sizes, dims, true) : Call<"amin">()(sizes, dims, true);
    unit = where(Call<"logical_and">()(gt(unit, 0.0), Call<"isfinite">()(unit)), unit, 1.0);
    const Tensor is_zero = equals(self, 0.0);
    const Tensor powers = power(masked_fill(magnitude(self / unit), is_zero, 1.0), p);
    const Tensor total = sum(masked_fill(powers, is_zero, p > 0 ? 0.0 : HUGE_VAL), dims, true);
    const Tensor nothing = equals(total, 0.0);
    const Tensor norm = masked_fill(power(masked_fill(total, nothing, 1.0), 1.0 / p), nothing, 0.0) * unit;
    return reshape(norm, reduced_sizes(self.sizes(), mask, keepdim));
}

Tensor vector_norm(const Tensor& given, double p, const Value& dim, bool keepdim, const Value& dtype) {
    const Tensor self = dtype.none() ? given : cast(given, dtype);
    const Call<"abs"> magnitude;
    const Dims all;
    const Value dims = dim.none() ? Value(all) : dim;
    if (p == 2.0) return Call<"_norm_2">()(self, dim, keepdim);
    if (p == 1.0) return Call<"_norm_1">()(self, dim, keepdim);
    floating_only(self);
    if (p == 0.0) {
        // Constants in place of all elements: the gradient is zero, not missing.
        const Tensor is_zero = equals(self, 0.0);
        return sum(masked_fill(masked_fill(self, is_zero, 0.0), Call<"logical_not">()(is_zero), 1.0), dim, keepdim);
    }
    if (std::isinf(p))
        return p > 0 ? Call<"amax">()(magnitude(self), dims, keepdim)
                     : Call<"amin">()(magnitude(self), dims, keepdim);
    return power_norm(self, p, dims, keepdim);
}

OP("norm(Tensor self, Number? p=2, int[]? dim=None, bool keepdim=False, *, dtype? dtype=None) -> Tensor")
    .doc(R"(The p-norm over the given dimensions, or all: see ``linalg_vector_norm``.

>>> engine.tensor([3.0, 4.0]).norm()
tensor(5.))")
    .compose([](const Tensor& self, const Value& p, const Value& dim, bool keepdim, const Value& dtype) {
        return vector_norm(self, p.none() ? 2.0 : p.number(), dim, keepdim, dtype);
    });

OP("norm.named(Tensor self, str p, int[]? dim=None, bool keepdim=False, *, dtype? dtype=None) -> Tensor")
    .doc(R"(The Frobenius norm 'fro': the square root of the sum of squares.

>>> engine.tensor([3.0, 4.0]).norm('fro')
tensor(5.))")
    .compose([](const Tensor& self, std::string_view p, const Value& dim, bool keepdim, const Value& dtype) {
        check_as(ErrorKind::Value, p == "fro", "p: expected a number or 'fro' (linalg.norm has 'nuc'), got '", p, "'");
        return vector_norm(self, 2.0, dim, keepdim, dtype);
    });

OP("linalg_vector_norm(Tensor self, Number ord=2, int[]? dim=None, bool keepdim=False, *, dtype? dtype=None) "
   "-> Tensor")
    .doc(R"(The ``ord``-norm: the ord-th root of the sum of |x| to the power ord.
0 counts the elements that are not zero; inf and -inf give the largest and the smallest magnitude.

>>> engine.linalg_vector_norm(engine.tensor([3.0, -4.0]), 1)
tensor(7.))")
    .compose([](const Tensor& self, const Value& ord, const Value& dim, bool keepdim, const Value& dtype) {
        return vector_norm(self, ord.number(), dim, keepdim, dtype);
    });

// The covariances of the rows of self, whose columns count `counts` times and weigh `importance`, if those are given.
Tensor covariance(const Tensor& self, int64_t correction, const Tensor& counts, const Tensor& importance) {
    check(self.dim() <= 2, "self: expected at most two dimensions, got shape ", self.sizes());
    const Tensor floats = is_floating(self.dtype()) ? self : cast(self, default_dtype);
    const Tensor x = self.dim() == 2 ? floats : reshape(floats, Dims{1, self.numel()});
    if (counts.defined())
        check_as(ErrorKind::Type, !is_floating(counts.dtype()), "fweights: expected integers, got ", counts.dtype());
    Tensor weight = Call<"ones">()(Dims{x.size(1)}, x.dtype(), x.device());
    for (const Tensor& given : {counts, importance}) {
        if (!given.defined()) continue;
        check(given.sizes() == weight.sizes(), "fweights, aweights: expected shape ", weight.sizes(), ", got ",
              given.sizes());
        weight = weight * cast(given, x.dtype());
    }
    const Tensor total = sum(weight, 0);
    const Tensor lost = importance.defined() ? sum(weight * cast(importance, x.dtype()), 0) / total
                                             : Call<"ones">()(Dims(), x.dtype(), x.device());
    const Tensor centred = x - sum(x * weight, 1, true) / total;
    const Tensor divisor = Call<"clamp_min">()(total - lost * correction, 0.0);
    const Tensor found = Call<"matmul">()(centred * weight, transpose(centred, 0, 1)) / divisor;
    return x.size(0) == 1 ? reshape(found, Dims()) : found;
}

OP("cov(Tensor self, *, int correction=1, Tensor? fweights=None, Tensor? aweights=None) -> Tensor")
    .doc(R"(The covariance matrix of variables, the rows of a matrix (a vector is one), from columns of observations.
The divisor is n - ``correction``. ``fweights`` are the frequencies of observations, ``aweights`` their weights.

>>> engine.tensor([[0.0, 2.0], [1.0, -1.0]]).cov()
tensor([[ 2., -2.],
        [-2.,  2.]]))")
    .compose([](const Tensor& self, int64_t correction, const Tensor& fweights, const Tensor& aweights) {
        return covariance(self, correction, fweights, aweights);
    });

OP("corrcoef(Tensor self) -> Tensor")
    .doc(R"(Pearson's correlation coefficients of variables, the rows of a matrix.

>>> engine.tensor([[0.0, 2.0], [1.0, -1.0]]).corrcoef()
tensor([[ 1., -1.],
        [-1.,  1.]]))")
    .compose([](const Tensor& self) {
        const Tensor covariances = covariance(self, 1, {}, {});
        if (covariances.dim() == 0) return covariances / covariances;
        const Tensor deviations = Call<"sqrt">()(Call<"diagonal">()(covariances));
        return Call<"clamp">()(covariances / unsqueeze(deviations, 1) / unsqueeze(deviations, 0), -1.0, 1.0);
    });

OP("logsumexp(Tensor self, int[] dim, bool keepdim=False) -> Tensor")
    .doc(R"(The logarithm of the sum of exponentials over the given dimensions, without overflow.

>>> engine.tensor([1000.0, 1000.0]).logsumexp(0)
tensor(1000.6932))")
    .compose([](const Tensor& given, const Value& dim, bool keepdim) {
        const Tensor self = is_floating(given.dtype()) ? given : cast(given, default_dtype);
        if (reduced_count(self.sizes(), dim_mask(dim, self.dim())) == 0) return log(sum(exp(self), dim, keepdim));
        const Tensor top = detach(Call<"amax">()(self, dim, true));
        const Tensor shift = masked_fill(top, Call<"isinf">()(top), 0.0);
        const Tensor found = log(sum(exp(self - shift), dim, true)) + shift;
        return reshape(found, reduced_shape(self, dim, keepdim));
    });

OP("nansum(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor")
    .doc(R"(The sum with nan as 0.

>>> engine.tensor([1.0, float('nan')]).nansum()
tensor(1.))")
    .compose([](const Tensor& self, const Value& dim, bool keepdim) {
        return sum(masked_fill(self, Call<"isnan">()(self), 0.0), dim, keepdim);
    });

OP("nanmean(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor")
    .doc(R"(The mean of the elements that are not nan.

>>> engine.tensor([1.0, 3.0, float('nan')]).nanmean()
tensor(2.))")
    .compose([](const Tensor& self, const Value& dim, bool keepdim) {
        floating_only(self);
        const Tensor missing = Call<"isnan">()(self);
        const Tensor count = sum(Call<"logical_not">()(missing), dim, keepdim);
        return sum(masked_fill(self, missing, 0.0), dim, keepdim) / count;
    });

}  // namespace
}  // namespace bestiary::ops
