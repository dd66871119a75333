// Differences of neighbours, and areas below curves given by points.
#include <vector>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

// All but the first, and all but the last, of a dimension.
Tensor later(const Tensor& t, int64_t dim) { return slice(t, dim, 1); }
Tensor earlier(const Tensor& t, int64_t dim) { return slice(t, dim, 0, -1); }

OP("diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> Tensor")
    .doc(R"(The differences of neighbours along a dimension, ``n`` times; for bools, exclusive or.

>>> engine.tensor([1, 4, 9]).diff()
tensor([3, 5]))")
    .compose([](Args a, Results& r) {
        check(a.tensor(0).dim() > 0, "self: expected at least one dimension");
        check(a.integer(1) >= 0, "n: expected 0 or more, got ", a.integer(1));
        if (a.integer(1) == 0) return r.push(clone(a[0]));
        std::vector<Tensor> parts;
        for (int i : {3, 0, 4}) {
            if (a.none(i)) continue;
            parts.push_back(a.tensor(i));
            check(parts.back().dim() == a.tensor(0).dim(), i == 3 ? "prepend" : "append", ": expected ",
                  a.tensor(0).dim(), " dimensions as self has, got shape ", parts.back().sizes());
        }
        Tensor out = parts.size() > 1 ? Call<"cat">()(parts, a[2]) : Tensor(clone(a[0]));
        const int dim = wrap_dim(a.integer(2), out.dim());
        const bool is_bool = out.dtype() == DType::Bool;
        for (int64_t i = 0; i < a.integer(1) && out.sizes()[dim] > 0; ++i) {
            const Tensor high = later(out, dim), low = earlier(out, dim);
            out = is_bool ? Call<"ne">()(high, low) : high - low;
        }
        r.push(out);
    });

// The area of each strip between neighbours.
Tensor strips(const Value& y, const Value& x, const Value& dx, int64_t dim) {
    // Integers could wrap around.
    const auto as_float = [](const Value& v) { return is_floating(v.t->dtype) ? Tensor(v.t) : v * 1.0; };
    const Tensor samples = as_float(y), heights = later(samples, dim) + earlier(samples, dim);
    if (x.none()) return heights * (dx.number() * 0.5);
    Tensor places = as_float(x);
    check(places.dim() != 1 || places.numel() == Tensor(y.t).size(dim), "x: expected a place for each of the ",
          Tensor(y.t).size(dim), " samples, got shape ", places.sizes());
    if (places.dim() == 1 && y.t->sizes.size() > 1) {
        Dims shape(y.t->sizes.size(), 1);
        shape[wrap_dim(dim, shape.size())] = places.numel();
        places = reshape(places, shape);
    }
    return heights * (later(places, dim) - earlier(places, dim)) * 0.5;
}

OP("trapezoid(Tensor y, Tensor? x=None, *, Number dx=1, int dim=-1) -> Tensor")
    .doc(R"(The integral of ``y`` along a dimension by the trapezoidal rule, at the points ``x`` or with spacing ``dx``.

>>> engine.trapezoid(engine.tensor([1.0, 2.0, 3.0]))
tensor(4.))")
    .compose([](Args a, Results& r) { r.push(Call<"sum.dim">()(strips(a[0], a[1], a[2], a.integer(3)), a[3])); });

OP("cumulative_trapezoid(Tensor y, Tensor? x=None, *, Number dx=1, int dim=-1) -> Tensor")
    .doc(R"(The cumulative ``trapezoid`` along a dimension, at all points but the first.

>>> engine.cumulative_trapezoid(engine.tensor([1.0, 2.0, 3.0]))
tensor([1.5000, 4.0000]))")
    .compose([](Args a, Results& r) { r.push(Call<"cumsum">()(strips(a[0], a[1], a[2], a.integer(3)), a[3])); });

}  // namespace
}  // namespace bestiary::ops
