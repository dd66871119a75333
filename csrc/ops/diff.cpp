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
    .compose([](const Tensor& self, int64_t n, int64_t dim, const Tensor& prepend, const Tensor& append) {
        check(self.dim() > 0, "self: expected at least one dimension");
        check(n >= 0, "n: expected 0 or more, got ", n);
        std::vector<Tensor> parts;
        const auto add_part = [&](const char* name, const Tensor& part) {
            if (!part.defined()) return;
            check(part.dim() == self.dim(), name, ": expected ", self.dim(), " dimensions as self has, got shape ",
                  part.sizes());
            parts.push_back(part);
        };
        add_part("prepend", prepend);
        add_part("self", self);
        add_part("append", append);
        if (n == 0) return Tensor(clone(self));
        Tensor out = parts.size() > 1 ? Call<"cat">()(parts, dim) : clone(self);
        const int d = wrap_dim(dim, out.dim());
        const bool is_bool = out.dtype() == DType::Bool;
        for (int64_t i = 0; i < n && out.sizes()[d] > 0; ++i) {
            const Tensor high = later(out, d), low = earlier(out, d);
            out = is_bool ? Call<"ne">()(high, low) : high - low;
        }
        return out;
    });

// The area of each strip between neighbours.
Tensor strips(const Tensor& y, const Tensor& x, const Value& dx, int64_t dim) {
    // Sums and differences of narrow integers could wrap around.
    const auto wide = [](const Tensor& t) { return is_floating(t.dtype()) ? t : Tensor(cast(t, DType::Int64)); };
    const Tensor samples = wide(y), heights = later(samples, dim) + earlier(samples, dim);
    if (!x.defined()) return heights * (dx.number() * 0.5);
    check(x.dim() != 1 || x.numel() == y.size(dim), "x: expected a point for each of the ", y.size(dim),
          " samples, got shape ", x.sizes());
    Tensor points = wide(x);
    if (x.dim() == 1 && y.dim() > 1) {
        Dims shape(y.dim(), 1);
        shape[wrap_dim(dim, y.dim())] = x.numel();
        points = reshape(points, shape);
    }
    return heights * (later(points, dim) - earlier(points, dim)) * 0.5;
}

OP("trapezoid(Tensor y, Tensor? x=None, *, Number dx=1, int dim=-1) -> Tensor")
    .doc(R"(The integral of ``y`` along a dimension by the trapezoidal rule, at the points ``x`` or with spacing ``dx``.

>>> engine.trapezoid(engine.tensor([1.0, 2.0, 3.0]))
tensor(4.))")
    .compose([](const Tensor& y, const Tensor& x, const Value& dx, int64_t dim) {
        return Call<"sum.dim">()(strips(y, x, dx, dim), dim);
    });

OP("cumulative_trapezoid(Tensor y, Tensor? x=None, *, Number dx=1, int dim=-1) -> Tensor")
    .doc(R"(The cumulative ``trapezoid`` along a dimension, at all points but the first.

>>> engine.cumulative_trapezoid(engine.tensor([1.0, 2.0, 3.0]))
tensor([1.5000, 4.0000]))")
    .compose([](const Tensor& y, const Tensor& x, const Value& dx, int64_t dim) {
        return Call<"cumsum">()(strips(y, x, dx, dim), dim);
    });

}  // namespace
}  // namespace bestiary::ops
