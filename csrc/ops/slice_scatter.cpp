// Copies in which a part has been replaced: what views show, where no view of the result is wanted.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

// A copy of self with src written to what `part` shows of it.
template <class F>
Tensor replaced(const Tensor& self, const Tensor& src, const F& part) {
    const Tensor out = clone(self), view = part(out);
    check(src.sizes() == view.sizes(), "src: expected the shape of what it replaces, ", view.sizes(), ", got ",
          src.sizes());
    copy_(view, src);
    return out;
}

OP("slice_scatter(Tensor self, Tensor src, int dim=0, int? start=None, int? end=None, int step=1) -> Tensor")
    .doc(R"(A copy of self with the slice ``start:end:step`` of a dimension replaced by ``src``.

>>> engine.zeros(3).slice_scatter(engine.ones(2), start=1)
tensor([0., 1., 1.]))")
    .compose([](const Tensor& self, const Tensor& src, int64_t dim, std::optional<int64_t> start,
                std::optional<int64_t> end, int64_t step) {
        return replaced(self, src, [&](const Tensor& out) { return slice(out, dim, start, end, step); });
    });

OP("select_scatter(Tensor self, Tensor src, int dim, int index) -> Tensor")
    .doc(R"(A copy of self with one slice of a dimension replaced by ``src``.

>>> engine.zeros(2, 2).select_scatter(engine.ones(2), 0, 1)
tensor([[0., 0.],
        [1., 1.]]))")
    .compose([](const Tensor& self, const Tensor& src, int64_t dim, int64_t index) {
        return replaced(self, src, [&](const Tensor& out) { return select(out, dim, index); });
    });

OP("diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor")
    .doc(R"(A copy of self with a diagonal replaced by ``src``.

>>> engine.zeros(2, 2).diagonal_scatter(engine.ones(2))
tensor([[1., 0.],
        [0., 1.]]))")
    .compose([](const Tensor& self, const Tensor& src, int64_t offset, int64_t dim1, int64_t dim2) {
        return replaced(self, src, [&](const Tensor& out) { return Call<"diagonal">()(out, offset, dim1, dim2); });
    });

}  // namespace
}  // namespace bestiary::ops
