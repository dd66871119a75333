// Counts of elements.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("bincount(Tensor self, Tensor? weights=None, int minlength=0) -> Tensor")
    .doc(R"(The number of occurrences of each integer from 0 in a 1-d tensor, or the sum of their ``weights``.

>>> engine.tensor([1, 1, 3]).bincount()
tensor([0, 2, 0, 1]))");

OP("histc(Tensor self, int bins=100, Number min=0, Number max=0) -> Tensor")
    .doc(R"(The counts of elements in ``bins`` equal intervals from ``min`` to ``max`` (by default the range of the elements).

>>> engine.tensor([1.0, 2.0, 2.5]).histc(2, 0, 4)
tensor([1., 2.]))")
    .shape([](Meta& m, const Tensor& self, int64_t bins) {
        check(bins > 0, "bins: expected 1 or more, got ", bins);
        m.add({bins}, self.dtype());
    });

}  // namespace
}  // namespace bestiary::ops
