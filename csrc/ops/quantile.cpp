// Order statistics: quantiles, medians, modes.
#include "ops/arg_reduction.h"

namespace bestiary::ops {
namespace {

const Call<"sort"> sort;
const Call<"isnan"> is_nan;
const Call<"sum.dim"> sum;
const Call<"gather"> gather;
const Call<"squeeze.dim"> squeeze_dim;

// The lines to take quantiles of, sorted along the last dimension, and the number of elements of each that are not nan.
struct SortedLines {
    Tensor values, count;

    SortedLines(const Tensor& self, std::optional<int64_t> dim) {
        if (dim) wrap_dim(*dim, self.dim());
        const Tensor lines = !dim              ? flatten(self)
                             : self.dim() == 0 ? unsqueeze(self, 0)
                                               : transpose(self, *dim, -1);
        check(lines.sizes().back() > 0, "self: expected elements, got shape ", self.sizes());
        values = sort(lines, -1);
        count = sum(Call<"logical_not">()(is_nan(values)), -1, true);
    }
    int64_t length() const { return values.sizes().back(); }
};

Tensor between(const SortedLines& lines, const Tensor& rank, std::string_view interpolation) {
    const auto at = [&](const Tensor& index) { return gather(lines.values, -1, cast(index, DType::Int64)); };
    const Tensor low = Call<"floor">()(rank), high = Call<"ceil">()(rank);
    if (interpolation == "lower") return at(low);
    if (interpolation == "higher") return at(high);
    if (interpolation == "nearest") return at(Call<"round">()(rank));
    if (interpolation == "midpoint") return (at(low) + at(high)) * 0.5;
    check_as(ErrorKind::Value, interpolation == "linear",
             "interpolation: expected 'linear', 'lower', 'higher', 'midpoint' or 'nearest', got '", interpolation, "'");
    return Call<"lerp">()(at(low), at(high), rank - low);
}

// Moves the quantiles' dimension to the front, from `dim`, whose lines are in the last dimension of `found`.
Tensor to_shape_of_result(const Tensor& found, const Tensor& self, const Tensor& q, std::optional<int64_t> dim,
                          bool keepdim) {
    const int n = self.dim();
    const bool moved = dim && n > 0;
    const int at = moved ? wrap_dim(*dim, n) : 0;
    const Tensor in_place = moved ? transpose(found, at, -1) : found;  // (..., q, ...)
    const Tensor out = Call<"movedim">()(in_place, Dims{at}, Dims{0});  // (q, ...)
    if (!keepdim) return q.dim() ? out : select(out, 0, 0);
    Dims sizes = q.dim() ? Dims{q.numel()} : Dims();
    for (int d = 0; d < n; ++d) sizes.push_back(!dim || d == at ? 1 : self.sizes()[d]);
    return reshape(out, sizes);
}

// q as a tensor, with values from 0 to 1.
Tensor checked_q(const Value& q, const Tensor& self) {
    if (q.is_tensor()) {
        Call<"_checked">()(q, 0.0, 1.0, "q");
        return Tensor(q.t);
    }
    check(q.number() >= 0 && q.number() <= 1, "q: expected a number from 0 to 1, got ", q.number());
    return Call<"full">()(Dims(), q, self.dtype(), self.device());
}

template <bool skip_nan>
constexpr auto quantile = [](const Tensor& self, const Value& given_q, std::optional<int64_t> dim, bool keepdim,
                             std::string_view interpolation) {
    const Tensor q = checked_q(given_q, self);
    const DType type = self.dtype();
    check_as(ErrorKind::Type, type == DType::Float32 || type == DType::Float64,
             "self: expected float32 or float64, got ", type);
    check(q.dim() <= 1 && q.dtype() == type, "q: expected a number or at most one dimension of dtype ", type,
          ", got shape ", q.sizes(), " of ", q.dtype());
    const SortedLines lines(self, dim);
    const auto last = static_cast<double>(lines.length() - 1);
    const Tensor wanted = reshape(q, Dims{q.numel()});
    const Tensor present = cast(lines.count, type) - 1.0;
    const Tensor rank = skip_nan ? Call<"clamp_min">()(present * wanted, 0.0)
                                 : where(lt(present, last), last, wanted * last);  // nan sorts last
    return to_shape_of_result(between(lines, rank, interpolation), self, q, dim, keepdim);
};

OP("quantile(Tensor self, Operand q, int? dim=None, bool keepdim=False, *, str interpolation='linear') -> Tensor")
    .doc(R"(The quantile ``q`` (0 to 1, a number or a 1-d tensor) of the elements; nan if one is nan.
Between two elements ``interpolation`` is 'linear', 'lower', 'higher', 'midpoint' or 'nearest'. Several q are the
first dimension of the result.

>>> engine.tensor([0.0, 1.0, 2.0, 3.0]).quantile(0.5)
tensor(1.5000))")
    .compose(quantile<false>);

OP("nanquantile(Tensor self, Operand q, int? dim=None, bool keepdim=False, *, str interpolation='linear') -> Tensor")
    .doc(R"(``quantile`` of the elements that are not nan.

>>> engine.tensor([0.0, 1.0, float('nan')]).nanquantile(0.5)
tensor(0.5000))")
    .compose(quantile<true>);

OP("_kth(Tensor self, int dim, bool keepdim, int k, bool nan_wins) -> (Tensor values, Tensor indices)")
    .doc("The element of rank ``k`` along a dimension, or the first nan if there is one and it ``nan_wins``.")
    .shape(arg_reduction_shape)
    .grad("self", "result", scatter_to_argmax);

OP("kthvalue(Tensor self, int k, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)")
    .doc(R"(The ``k``-th smallest element of a dimension, counted from 1, and its index.

>>> engine.tensor([30, 10, 20]).kthvalue(2).values
tensor(20))")
    .compose([](const Tensor& self, int64_t k, int64_t dim, bool keepdim) {
        const int64_t n = self.dim() ? self.size(dim) : 1;
        check(1 <= k && k <= n, "k: expected 1 to ", n, ", got ", k);
        return Call<"_kth">().all(self, dim, keepdim, k - 1, false);
    });

OP("_median(Tensor self, int[]? dim, bool keepdim, bool skip_nan) -> Tensor")
    .doc("The middle of all elements, without the nan if ``skip_nan``; dim is None.")
    .shape([](Meta& m, const Tensor& self) { m.add(Dims(), self.dtype()); })
    .grad("self", "self result", shared_evenly);

OP("median(Tensor self) -> Tensor")
    .doc(R"(The median of all elements, the lower of two; nan if there is one. Equal elements share the gradient evenly.

>>> engine.tensor([3, 1, 2, 9]).median()
tensor(2))")
    .compose([](const Tensor& self) { return Call<"_median">()(self, std::nullopt, false, false); });

OP("median.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)")
    .doc(R"(The median along a dimension, the lower of two, and its index.

>>> engine.tensor([[3, 1, 2]]).median(1).indices
tensor([2]))")
    .compose([](const Tensor& self, int64_t dim, bool keepdim) {
        const int64_t n = self.dim() ? self.size(dim) : 1;
        return Call<"_kth">().all(self, dim, keepdim, (n - 1) / 2, true);
    });

OP("nanmedian(Tensor self) -> Tensor")
    .doc(R"(The median of the elements that are not nan, the lower of two.

>>> engine.tensor([1.0, 3.0, float('nan')]).nanmedian()
tensor(1.))")
    .compose([](const Tensor& self) { return Call<"_median">()(self, std::nullopt, false, true); });

// Without the selected dimension, which has size 1, unless it is to stay.
Tensor reduced(const Tensor& t, int64_t dim, bool keepdim) {
    return keepdim || t.dim() == 0 ? t : squeeze_dim(t, Dims{dim});
}

OP("nanmedian.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)")
    .doc("The median along a dimension of the elements that are not nan, the lower of two, and its index.")
    .compose([](const Tensor& self, int64_t dim, bool keepdim) {
        check_as(ErrorKind::Index, self.dim() == 0 || self.size(dim) > 0, "self: expected elements along dimension ",
                 dim, ", got shape ", self.sizes());
        const Tensor count = sum(Call<"logical_not">()(is_nan(self)), dim, true);
        const Tensor rank = Call<"clamp_min">()(floor_divide(count - 1, 2), 0);
        const Results sorted = sort.all(self, dim);  // nan comes last
        return Results{reduced(gather(sorted[0], dim, rank), dim, keepdim),
                       reduced(gather(sorted[1], dim, rank), dim, keepdim)};
    });

OP("mode(Tensor self, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)")
    .doc(R"(The most frequent element along a dimension, the smallest of several, and its last index.

>>> engine.tensor([1, 2, 2, 3]).mode().values
tensor(2))")
    .compose([](const Tensor& self, int64_t dim, bool keepdim) {
        check_as(ErrorKind::Index, self.dim() == 0 || self.size(dim) > 0, "self: expected elements along dimension ",
                 dim, ", got shape ", self.sizes());
        const Tensor index = Call<"_mode">()(self, dim);
        return Results{reduced(gather(self, dim, index), dim, keepdim), reduced(index, dim, keepdim)};
    });

OP("_mode(Tensor self, int dim) -> Tensor")
    .doc("The last index of the most frequent element of each line.")
    .shape([](Meta& m, const Tensor& self, int64_t dim) {
        Dims sizes = self.sizes();
        if (!sizes.empty()) sizes[wrap_dim(dim, sizes.size())] = 1;
        m.add(sizes, DType::Int64);
    });

}  // namespace
}  // namespace bestiary::ops
