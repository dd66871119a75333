// Writing at one index per element along a dimension.
#include "ops/scatter.h"

#include <limits>

namespace bestiary::ops {
namespace {

const Call<"gather"> gather;
const Call<"_scatter"> scatter;
const Call<"scatter_add"> scatter_add;
const Call<"_scatter_multiply"> multiply;
const Call<"eq"> equals;

void like_self(const Op&, Args a, Meta& m) {
    const Tensor &self = a.tensor(0), &index = a.tensor(2), &src = a.tensor(3);
    check_index(self.sizes(), a.integer(1), index);
    check(src.dtype() == self.dtype(), "src: expected self's dtype ", self.dtype(), ", got ", src.dtype());
    for (int k = 0; k < index.dim() && index.numel() > 0; ++k)
        check(src.dim() == index.dim() && index.sizes()[k] <= src.sizes()[k], "src: shape ", src.sizes(),
              " is smaller than the index's ", index.sizes());
    m.add(self.sizes(), self.dtype());
}

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
    .doc(R"(Self with each element of ``src`` added at the index along ``dim`` that ``index`` gives for it.

>>> engine.zeros(3).scatter_add(0, engine.tensor([0, 0, 2]), engine.ones(3))
tensor([2., 0., 1.]))")
    .shape(like_self)
    .from_self()
    .in_place_too()
    .grad("self", "", [](const Backward& b) { return b.g; })
    .grad("src", "index", gather_src);

// What else went to the same place, as a factor of the gradient: the product without this element. Division
// would fail at zeros, so what is multiplied there is the product of all that are not zero, if there is only
// one.
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

// Those that share the extreme of a place share its gradient evenly. They are counted as integers: a 16-bit float soon
// has no room for one more.
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
    .doc("The larger of self and of each src element that goes to the same place.")
    .shape(like_self)
    .from_self()
    .grads("self index src result", share_evenly);

OP("_scatter_min(Tensor self, int dim, Tensor index, Tensor src) -> Tensor")
    .doc("The smaller of self and of each src element that goes to the same place.")
    .shape(like_self)
    .from_self()
    .grads("self index src result", share_evenly);

Tensor scattered(Args a, const Tensor& src) {
    const std::string_view how = a.none(4) ? std::string_view() : a.str(4);
    if (a.none(4)) return scatter(a[0], a[1], a[2], src);
    if (how == "add") return scatter_add(a[0], a[1], a[2], src);
    check_as(ErrorKind::Value, how == "multiply", "reduce: expected 'add' or 'multiply', got '", how, "'");
    return multiply(a[0], a[1], a[2], src);
}

OP("scatter(Tensor self, int dim, Tensor index, Tensor src, *, str? reduce=None) -> Tensor")
    .doc(R"(Self with each element of ``src`` written at the index along ``dim`` that ``index`` gives for it.

``reduce`` 'add' or 'multiply' combines instead of replacing; which of several elements for one place stays is
unspecified otherwise.

>>> engine.zeros(3).scatter(0, engine.tensor([2, 0]), engine.tensor([1.0, 2.0]))
tensor([2., 0., 1.]))")
    .compose([](Args a, Results& r) { r.push(scattered(a, a.tensor(3))); })
    .in_place_too();

OP("scatter.value(Tensor self, int dim, Tensor index, Number value, *, str? reduce=None) -> Tensor")
    .doc(R"(``scatter`` of one number.

>>> engine.zeros(3).scatter(0, engine.tensor([1]), 7)
tensor([0., 7., 0.]))")
    .compose([](Args a, Results& r) {
        r.push(scattered(a, Call<"full">()(a.tensor(2).sizes(), a[3], a.tensor(0).dtype(), a.tensor(0).device())));
    })
    .in_place_too();

// The least number of the dtype, or the greatest.
Value extreme(DType dtype, bool greatest) {
    const double infinity = std::numeric_limits<double>::infinity();
    if (is_floating(dtype)) return greatest ? infinity : -infinity;
    if (dtype == DType::Bool) return int64_t{greatest};
    if (dtype == DType::UInt8) return int64_t{greatest ? 255 : 0};
    const int64_t limit = std::numeric_limits<int64_t>::max() >> (64 - 8 * item_size(dtype));
    return greatest ? limit : -limit - 1;
}

// Self with the places that index chooses set to what changes nothing.
Tensor without_chosen(Args a, const Value& nothing) {
    if (a.flag(5)) return a.tensor(0);
    const Tensor& self = a.tensor(0);
    return scatter(self, a[1], a[2], Call<"full">()(a.tensor(2).sizes(), nothing, self.dtype(), self.device()));
}

Tensor scattered_mean(Args a) {
    const Call<"full_like"> full_like;
    const Tensor ones = full_like(a[0], 1, DType::Int64), one_each = full_like(a[2], 1, DType::Int64);
    const Tensor start = a.flag(5) ? ones : scatter(ones, a[1], a[2], Call<"zeros_like">()(one_each));
    const Tensor count = Call<"clamp_min">()(scatter_add(start, a[1], a[2], one_each), 1);
    const Tensor sum = scatter_add(without_chosen(a, 0), a[1], a[2], a[3]);
    return is_floating(sum.dtype()) ? sum / count : cast(floor_divide(sum, count), sum.dtype());
}

OP("scatter_reduce(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True) -> "
   "Tensor")
    .doc(R"(Self with the elements of ``src`` for each place (see ``scatter``) combined into it.

``reduce`` is 'sum', 'prod', 'mean', 'amax' or 'amin'; without ``include_self`` the former element of a place that
``index`` chooses does not count.

>>> engine.ones(2).scatter_reduce(0, engine.tensor([0, 0]), engine.tensor([4.0, 3.0]), 'amax')
tensor([4., 1.]))")
    .compose([](Args a, Results& r) {
        const std::string_view how = a.str(4);
        const DType dtype = a.tensor(0).dtype();
        if (how == "sum")
            r.push(scatter_add(without_chosen(a, 0), a[1], a[2], a[3]));
        else if (how == "prod")
            r.push(multiply(without_chosen(a, 1), a[1], a[2], a[3]));
        else if (how == "mean")
            r.push(scattered_mean(a));
        else if (how == "amax")
            r.push(Call<"_scatter_max">()(without_chosen(a, extreme(dtype, false)), a[1], a[2], a[3]));
        else if (how == "amin")
            r.push(Call<"_scatter_min">()(without_chosen(a, extreme(dtype, true)), a[1], a[2], a[3]));
        else
            fail(ErrorKind::Value, "reduce: expected 'sum', 'prod', 'mean', 'amax' or 'amin', got '", how, "'");
    })
    .in_place_too();

}  // namespace
}  // namespace bestiary::ops
