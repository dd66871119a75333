// Copies in which a part has been replaced: what views show, where no view of the result is wanted.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

// A copy of self with src written to what `part` shows of it.
template <class F>
Tensor replaced(const Tensor& self, const Tensor& src, const F& part) {
    const Tensor out = clone(self), shown = part(out);
    check(src.sizes() == shown.sizes(), "src: expected the shape of what it replaces, ", shown.sizes(), ", got ",
          src.sizes());
    copy_(shown, src);
    return out;
}

OP("slice_scatter(Tensor self, Tensor src, int dim=0, int? start=None, int? end=None, int step=1) -> Tensor")
    .doc(R"(A copy of self with the slice ``start:end:step`` of a dimension replaced by ``src``.

>>> engine.zeros(3).slice_scatter(engine.ones(2), start=1)
tensor([0., 1., 1.]))")
    .compose([](Args a, Results& r) {
        r.push(
            replaced(a.tensor(0), a.tensor(1), [&](const Tensor& out) { return slice(out, a[2], a[3], a[4], a[5]); }));
    });

OP("select_scatter(Tensor self, Tensor src, int dim, int index) -> Tensor")
    .doc(R"(A copy of self with one slice of a dimension replaced by ``src``.

>>> engine.zeros(2, 2).select_scatter(engine.ones(2), 0, 1)
tensor([[0., 0.],
        [1., 1.]]))")
    .compose([](Args a, Results& r) {
        r.push(replaced(a.tensor(0), a.tensor(1), [&](const Tensor& out) { return select(out, a[2], a[3]); }));
    });

OP("diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor")
    .doc(R"(A copy of self with a diagonal replaced by ``src``.

>>> engine.zeros(2, 2).diagonal_scatter(engine.ones(2))
tensor([[1., 0.],
        [0., 1.]]))")
    .compose([](Args a, Results& r) {
        r.push(replaced(a.tensor(0), a.tensor(1),
                        [&](const Tensor& out) { return Call<"diagonal">()(out, a[2], a[3], a[4]); }));
    });

}  // namespace
}  // namespace bestiary::ops
