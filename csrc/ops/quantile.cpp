// Order statistics: quantiles, medians without nan, the commonest element.
#include "ops/arg_reduction.h"

namespace bestiary::ops {
namespace {

const Call<"sort"> sort;
const Call<"isnan"> is_nan;
const Call<"sum.dim"> sum;
const Call<"gather"> gather;
const Call<"squeeze.dim"> squeeze_dim;

// The lines to take quantiles of, sorted along the last dimension, and how many of a line's elements are not nan.
struct SortedLines {
    Tensor values, count;

    SortedLines(const Tensor& self, const Value& dim) {
        const Tensor lines = dim.none()        ? flatten(self)
                             : self.dim() == 0 ? unsqueeze(self, 0)
                                               : transpose(self, dim, -1);
        check(lines.sizes().back() > 0, "self: expected elements, got shape ", self.sizes());
        values = sort(lines, -1);
        count = sum(Call<"logical_not">()(is_nan(values)), -1, true);
    }
    int64_t length() const { return values.sizes().back(); }
};

Tensor between(const SortedLines& lines, const Tensor& rank, std::string_view how) {
    const auto at = [&](const Tensor& place) { return gather(lines.values, -1, cast(place, DType::Int64)); };
    const Tensor low = Call<"floor">()(rank), high = Call<"ceil">()(rank);
    if (how == "lower") return at(low);
    if (how == "higher") return at(high);
    if (how == "nearest") return at(Call<"round">()(rank));
    if (how == "midpoint") return (at(low) + at(high)) * 0.5;
    check_as(ErrorKind::Value, how == "linear",
             "interpolation: expected 'linear', 'lower', 'higher', 'midpoint' or 'nearest', got '", how, "'");
    return Call<"lerp">()(at(low), at(high), rank - low);
}

// The shape of lines reduced to one value each, with those of q in front.
Tensor arranged(Tensor found, Args a) {
    const Tensor &self = a.tensor(0), &q = a.tensor(1);
    const bool all = a.none(2), keepdim = a.flag(3);
    const int n = self.dim();
    if (!all && n > 0) found = transpose(found, a[2], -1);  // (..., q, ...)
    const int at = all || n == 0 ? 0 : wrap_dim(a.integer(2), n);
    Tensor out = Call<"movedim">()(found, Dims{at}, Dims{0});  // (q, ...)
    if (keepdim) {
        Dims sizes = q.dim() ? Dims{q.numel()} : Dims();
        for (int d = 0; d < n; ++d) sizes.push_back(all || d == at ? 1 : self.sizes()[d]);
        return reshape(out, sizes);
    }
    return q.dim() ? out : select(out, 0, 0);
}

void push_quantile(Args a, bool skip_nan, Results& r) {
    const Tensor& self = a.tensor(0);
    const DType type = self.dtype();
    check_as(ErrorKind::Type, type == DType::Float32 || type == DType::Float64,
             "self: expected float32 or float64, got ", type);
    const Tensor& q = a.tensor(1);
    check(q.dim() <= 1 && q.dtype() == type, "q: expected a number or at most one dimension of dtype ", type,
          ", got shape ", q.sizes(), " of ", q.dtype());
    const SortedLines lines(self, a[2]);
    const auto last = static_cast<double>(lines.length() - 1);
    const Tensor wanted = reshape(q, Dims{q.numel()});
    const Tensor present = cast(lines.count, type) - 1.0;
    const Tensor rank = skip_nan ? Call<"clamp_min">()(present * wanted, 0.0)
                                 : where(lt(present, last), last, wanted * last);  // nan sorts last
    r.push(arranged(between(lines, rank, a.str(4)), a));
}

// q as a 0-d tensor where it is a number, with values from 0 to 1.
Tensor as_tensor(const Value& q, const Tensor& self) {
    if (q.is_tensor()) {
        Call<"_checked">()(q, 0.0, 1.0, "q");
        return Tensor(q.t);
    }
    check(q.number() >= 0 && q.number() <= 1, "q: expected a number from 0 to 1, got ", q.number());
    return Call<"full">()(Dims(), q, self.dtype(), self.device());
}

void push_quantile_of(Args a, bool skip_nan, Results& r) {
    const Tensor q = as_tensor(a[1], a.tensor(0));
    const Value values[] = {a[0], q, a[2], a[3], a[4]};
    push_quantile(Args(values, 5), skip_nan, r);
}

OP("quantile(Tensor self, Operand q, int? dim=None, bool keepdim=False, *, str interpolation='linear') -> Tensor")
    .doc(R"(The quantile ``q`` (0 to 1, a number or a 1-d tensor) of the elements; nan if one is nan.
Between two elements ``interpolation`` is 'linear', 'lower', 'higher', 'midpoint' or 'nearest'. Several q are the
first dimension of the result.

>>> engine.tensor([0.0, 1.0, 2.0, 3.0]).quantile(0.5)
tensor(1.5000))")
    .compose([](Args a, Results& r) { push_quantile_of(a, false, r); });

OP("nanquantile(Tensor self, Operand q, int? dim=None, bool keepdim=False, *, str interpolation='linear') -> Tensor")
    .doc(R"(``quantile`` of the elements that are not nan.

>>> engine.tensor([0.0, 1.0, float('nan')]).nanquantile(0.5)
tensor(0.5000))")
    .compose([](Args a, Results& r) { push_quantile_of(a, true, r); });

// The lower median of the elements that are not nan, which the sorting puts last, and its index.
void push_nanmedian(const Tensor& self, int64_t dim, bool keepdim, Results& r) {
    const Tensor missing = is_nan(self);
    const Tensor count = sum(Call<"logical_not">()(missing), dim, true);
    const Tensor rank = Call<"clamp_min">()(floor_divide(count - 1, 2), 0);
    for (const Tensor& t : sort.all(self, dim)) {
        const Tensor found = gather(t, dim, rank);
        r.push(keepdim || self.dim() == 0 ? found : squeeze_dim(found, Dims{dim}));
    }
}

OP("nanmedian(Tensor self) -> Tensor")
    .doc(R"(The median of the elements that are not nan, the lower of two.

>>> engine.tensor([1.0, 3.0, float('nan')]).nanmedian()
tensor(1.))")
    .compose([](Args a, Results& r) {
        r.push(Call<"_median">()(a[0], Value(), false, true));
    });

OP("nanmedian.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)")
    .doc("The median along a dimension of the elements that are not nan, the lower of two, and its index.")
    .compose([](Args a, Results& r) {
        check_as(ErrorKind::Index, a.tensor(0).dim() == 0 || a.tensor(0).size(a.integer(1)) > 0,
                 "self: expected elements along dimension ", a.integer(1), ", got shape ", a.tensor(0).sizes());
        push_nanmedian(a.tensor(0), a.integer(1), a.flag(2), r);
    });

OP("mode(Tensor self, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)")
    .doc(R"(The most frequent element along a dimension, the smallest of several, and its last index.

>>> engine.tensor([1, 2, 2, 3]).mode().values
tensor(2))")
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        const int64_t n = self.dim() ? self.size(a.integer(1)) : 1;
        check_as(ErrorKind::Index, n > 0, "self: expected elements along dimension ", a.integer(1), ", got shape ",
                 self.sizes());
        const Tensor place = Call<"_mode">()(self, a[1]);
        const Tensor value = gather(self, a[1], place);
        const bool keep = a.flag(2) || self.dim() == 0;
        for (const Tensor& t : {value, place}) r.push(keep ? t : squeeze_dim(t, Dims{a.integer(1)}));
    });

OP("_mode(Tensor self, int dim) -> Tensor")
    .doc("The last index of the commonest element of each line.")
    .shape([](const Op&, Args a, Meta& m) {
        Dims sizes = a.tensor(0).sizes();
        if (!sizes.empty()) sizes[wrap_dim(a.integer(1), sizes.size())] = 1;
        m.add(sizes, DType::Int64);
    });

}  // namespace
}  // namespace bestiary::ops
