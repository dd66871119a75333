// Writing at one index per element along a dimension.
#include "ops/gather.h"

#include <limits>

namespace bestiary::ops {
namespace {

const Call<"gather"> gather;
const Call<"_scatter"> scatter;
const Call<"scatter_add"> scatter_add;
const Call<"_scatter_multiply"> multiply;
const Call<"eq"> equals;

constexpr auto like_self = [](Meta& m, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
    check_index(self.sizes(), dim, index);
    check(src.dtype() == self.dtype(), "src: expected self's dtype ", self.dtype(), ", got ", src.dtype());
    check(index.numel() == 0 || std::max(src.dim(), 1) == std::max(index.dim(), 1), "src: expected ", index.dim(),
          " dimensions as index has, got shape ", src.sizes());
    for (int k = 0; k < index.dim() && index.numel() > 0; ++k)
        check(src.dim() == index.dim() && index.sizes()[k] <= src.sizes()[k], "src: shape ", src.sizes(),
              " is smaller than the index's ", index.sizes());
    m.add(self.sizes(), self.dtype());
};

// The part of src that index covers.
Tensor covered(Tensor src, const Tensor& index) {
    for (int d = 0; d < src.dim(); ++d)
        if (src.size(d) > index.size(d)) src = narrow(src, d, 0, index.size(d));
    return src;
}

// The gradient of src from that of the part that index covers: the rest was not read.
Tensor uncovered(const Tensor& grad, const Dims& full) {
    if (grad.sizes() == full) return grad;
    if (grad.numel() == 0) return Call<"zeros">()(full, grad.dtype(), grad.device());
    Dims pad;
    for (int d = full.size() - 1; d >= 0; --d)
        for (int64_t n : {int64_t{0}, full[d] - grad.size(d)}) pad.push_back(n);
    return Call<"pad">()(grad, pad);
}

Tensor gather_src(const Backward& b) { return uncovered(gather(b.g, b["dim"], b["index"]), b.shape("src")); }

OP("_scatter(Tensor self, int dim, Tensor index, Tensor src) -> Tensor")
    .doc("Self with the elements of src written at an index per element along dim.")
    .shape(like_self)
    .from_self()
    .grad("self", "index", [](const Backward& b) {
        const Tensor zeros = Call<"zeros_like">()(b["index"], b.g.dtype());
        return scatter(b.g, b["dim"], b["index"], zeros);
    })
    .grad("src", "index", gather_src);

OP("scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor")
    .doc(R"(Self with the elements of ``src`` added at ``index`` along ``dim``.

>>> engine.zeros(3).scatter_add(0, engine.tensor([0, 0, 2]), engine.ones(3))
tensor([2., 0., 1.]))")
    .shape(like_self)
    .from_self()
    .in_place_too()
    .grad("self", "", [](const Backward& b) { return b.g; })
    .grad("src", "index", gather_src);

// The product of the other elements that went to the same one of self, as a factor of the gradient. Division would fail
// at a zero: there it is the product of all elements that are not zero, if this is the only zero.
Tensor product_of_others(const Backward& b) {
    const Value dim = b["dim"], index = b["index"];
    const Tensor src = covered(b.tensor("src"), b.tensor("index"));
    const Tensor is_zero = equals(src, 0.0), one = Call<"ones_like">()(src);
    const Tensor others = multiply(b["self"], dim, index, Call<"where">()(is_zero, one, src));
    const Tensor none = Call<"zeros">()(b.shape("self"), b.g.dtype(), b.g.device());
    const Tensor zeros = scatter_add(none, dim, index, cast(is_zero, b.g.dtype()));
    const Tensor alone = others * cast(equals(zeros, 1.0), b.g.dtype());
    const Tensor divided = gather(b["result"], dim, index) / Call<"where">()(is_zero, one, src);
    return Call<"where">()(is_zero, gather(alone, dim, index), divided);
}

OP("_scatter_multiply(Tensor self, int dim, Tensor index, Tensor src) -> Tensor")
    .doc("Self multiplied at an index per element along dim.")
    .shape(like_self)
    .from_self()
    .grad("self", "index src",
          [](const Backward& b) {
              const Tensor ones = Call<"full">()(b.shape("self"), 1.0, b.g.dtype(), b.g.device());
              return b.g * multiply(ones, b["dim"], b["index"], b["src"]);
          })
    .grad("src", "self index src result", [](const Backward& b) {
        return uncovered(gather(b.g, b["dim"], b["index"]) * product_of_others(b), b.shape("src"));
    });

// Elements that equal the extreme share its gradient evenly. They are counted as integers: 16-bit floats hold no large
// numbers.
void share_evenly(const Backward& b) {
    const Value dim = b["dim"], index = b["index"];
    const Tensor self_wins = equals(b["self"], b["result"]);
    const Tensor src = covered(b.tensor("src"), b.tensor("index"));
    const Tensor src_wins = equals(src, gather(b["result"], dim, index));
    const Tensor winners =
        scatter_add(cast(self_wins, DType::Int64), dim, index, cast(src_wins, DType::Int64));
    const Tensor each = b.g / winners;
    b.give("self", where(self_wins, each, 0.0));
    b.give("src", uncovered(where(src_wins, gather(each, dim, index), 0.0), b.shape("src")));
}

OP("_scatter_max(Tensor self, int dim, Tensor index, Tensor src) -> Tensor")
    .doc("The larger of self and of the src elements that go to it.")
    .shape(like_self)
    .from_self()
    .grads("self index src result", share_evenly);

OP("_scatter_min(Tensor self, int dim, Tensor index, Tensor src) -> Tensor")
    .doc("The smaller of self and of the src elements that go to it.")
    .shape(like_self)
    .from_self()
    .grads("self index src result", share_evenly);

Tensor scattered(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                 std::optional<std::string_view> reduce) {
    if (!reduce) return scatter(self, dim, index, src);
    if (*reduce == "add") return scatter_add(self, dim, index, src);
    check_as(ErrorKind::Value, *reduce == "multiply", "reduce: expected 'add' or 'multiply', got '", *reduce, "'");
    return multiply(self, dim, index, src);
}

OP("scatter(Tensor self, int dim, Tensor index, Tensor src, *, str? reduce=None) -> Tensor")
    .doc(R"(Self with the elements of ``src`` written at ``index`` along ``dim``, the inverse of ``gather``.
``reduce`` 'add' or 'multiply' combines instead of replacing; otherwise the result of repeated indices is unspecified.

>>> engine.zeros(3).scatter(0, engine.tensor([2, 0]), engine.tensor([1.0, 2.0]))
tensor([2., 0., 1.]))")
    .compose([](const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                std::optional<std::string_view> reduce) { return scattered(self, dim, index, src, reduce); })
    .in_place_too();

OP("scatter.value(Tensor self, int dim, Tensor index, Number value, *, str? reduce=None) -> Tensor")
    .doc(R"(``scatter`` of one number.

>>> engine.zeros(3).scatter(0, engine.tensor([1]), 7)
tensor([0., 7., 0.]))")
    .compose([](const Tensor& self, int64_t dim, const Tensor& index, const Value& value,
                std::optional<std::string_view> reduce) {
        const Tensor src = Call<"full">()(index.sizes(), value, self.dtype(), self.device());
        return scattered(self, dim, index, src, reduce);
    })
    .in_place_too();

// The smallest number of the dtype, or the greatest.
Value extreme(DType dtype, bool greatest) {
    const double infinity = std::numeric_limits<double>::infinity();
    if (is_floating(dtype)) return greatest ? infinity : -infinity;
    if (dtype == DType::Bool) return int64_t{greatest};
    if (dtype == DType::UInt8) return int64_t{greatest ? 255 : 0};
    const int64_t limit = std::numeric_limits<int64_t>::max() >> (64 - 8 * item_size(dtype));
    return greatest ? limit : -limit - 1;
}

// Self with the elements that index selects set to `identity`, unless they count as well.
Tensor start_of(const Tensor& self, int64_t dim, const Tensor& index, const Value& identity, bool include_self) {
    if (include_self) return self;
    return scatter(self, dim, index, Call<"full">()(index.sizes(), identity, self.dtype(), self.device()));
}

Tensor scattered_mean(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, bool include_self) {
    check_as(ErrorKind::Type, self.dtype() != DType::Bool, "self: bools have no mean");
    const Call<"full_like"> full_like;
    const Tensor ones = full_like(self, 1, DType::Int64), one_each = full_like(index, 1, DType::Int64);
    const Tensor start = start_of(ones, dim, index, 0, include_self);
    const Tensor count = Call<"clamp_min">()(scatter_add(start, dim, index, one_each), 1);
    const Tensor sum = scatter_add(start_of(self, dim, index, 0, include_self), dim, index, src);
    return is_floating(sum.dtype()) ? sum / count : cast(floor_divide(sum, count), sum.dtype());
}

OP("scatter_reduce(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True) -> "
   "Tensor")
    .doc(R"(Self with the elements of ``src`` combined into those at ``index`` along ``dim`` (see ``scatter``).
``reduce`` is 'sum', 'prod', 'mean', 'amax' or 'amin'; without ``include_self`` the original elements at these indices
are ignored.

>>> engine.ones(2).scatter_reduce(0, engine.tensor([0, 0]), engine.tensor([4.0, 3.0]), 'amax')
tensor([4., 1.]))")
    .compose([](const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, std::string_view reduce,
                bool include_self) {
        if (reduce == "mean") return scattered_mean(self, dim, index, src, include_self);
        const auto start = [&](const Value& identity) { return start_of(self, dim, index, identity, include_self); };
        if (reduce == "sum") return scatter_add(start(0), dim, index, src);
        if (reduce == "prod") return multiply(start(1), dim, index, src);
        if (reduce == "amax") return Call<"_scatter_max">()(start(extreme(self.dtype(), false)), dim, index, src);
        if (reduce == "amin") return Call<"_scatter_min">()(start(extreme(self.dtype(), true)), dim, index, src);
        fail(ErrorKind::Value, "reduce: expected 'sum', 'prod', 'mean', 'amax' or 'amin', got '", reduce, "'");
    })
    .in_place_too();

}  // namespace
}  // namespace bestiary::ops
