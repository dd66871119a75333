// One index per element along a dimension, masks, and places in memory.
#include <algorithm>

#include "core/layout.h"
#include "core/overflow.h"
#include "ops/scatter.h"

namespace bestiary::ops {
namespace {

const Call<"gather"> gather;
const Call<"scatter_add"> scatter_add;
const Call<"masked_fill"> masked_fill;

OP("gather(Tensor self, int dim, Tensor index) -> Tensor")
    .doc(
        R"(For each element of ``index``, the element of self at that index along ``dim`` and the same place elsewhere.

>>> engine.tensor([[1, 2], [3, 4]]).gather(1, engine.tensor([[1], [0]]))
tensor([[2],
        [3]]))")
    .shape([](const Op&, Args a, Meta& m) {
        check_index(a.tensor(0).sizes(), a.integer(1), a.tensor(2));
        m.add(a.tensor(2).sizes(), a.tensor(0).dtype());
    })
    .grad("self", "index", [](const Backward& b) {
        return scatter_add(Call<"zeros">()(b.shape("self"), b.g.dtype(), b.g.device()), b["dim"], b["index"], b.g);
    });

OP("take_along_dim(Tensor self, Tensor indices, int? dim=None) -> Tensor")
    .doc(R"(``gather`` with the shapes broadcast outside of ``dim``; without it both are flattened.

>>> x = engine.tensor([[3, 1, 2]]); x.take_along_dim(engine.tensor([[1, 2, 0]]), 1)
tensor([[1, 2, 3]]))")
    .compose([](Args a, Results& r) {
        if (a.none(2)) return r.push(gather(flatten(a[0]), 0, flatten(a[1])));
        const Tensor &self = a.tensor(0), &index = a.tensor(1);
        check(self.dim() == index.dim(), "indices: expected ", self.dim(), " dimensions as self, got shape ",
              index.sizes());
        const int d = wrap_dim(a.integer(2), self.dim());
        if (self.dim() == 0) return r.push(gather(self, d, index));
        Dims common = broadcast(self.sizes().without(d), index.sizes().without(d));
        Dims picked = common;
        common.insert(d, self.sizes()[d]);
        picked.insert(d, index.sizes()[d]);
        r.push(gather(expand(self, common), d, expand(index, picked)));
    });

void masked_shape(const Op&, Args a, Meta& m) {
    const Tensor &self = a.tensor(0), &mask = a.tensor(1);
    check(mask.dtype() == DType::Bool, "mask: expected dtype bool, got ", mask.dtype());
    check(!a[2].is_tensor() || a.tensor(2).dim() == 0, "value: expected a number or a 0-d tensor, got shape ",
          a[2].is_tensor() ? a.tensor(2).sizes() : Dims());
    m.add(broadcast(self.sizes(), mask.sizes()), self.dtype());
}

OP("masked_fill(Tensor self, Tensor mask, Operand value) -> Tensor")
    .doc(R"(Self with ``value`` (a number or a 0-d tensor) where ``mask`` is true; mask and self are broadcast.

>>> engine.tensor([1, 2, 3]).masked_fill(engine.tensor([True, False, True]), 0)
tensor([0, 2, 0]))")
    .shape(masked_shape)
    .from_self()
    .in_place_too()
    .grad("self", "mask", [](const Backward& b) { return masked_fill(b.g, b["mask"], 0.0); })
    .grad("value", "mask", [](const Backward& b) {
        return sum_to_size(Call<"masked_select">()(b.g, b["mask"]), Dims());
    });

OP("nonzero(Tensor self) -> Tensor")
    .doc(R"(The places of the elements that are not zero: one row of indices for each, in row-major order.

>>> engine.tensor([[0, 5], [6, 0]]).nonzero()
tensor([[0, 1],
        [1, 0]]))");

OP("_strided_gather(Tensor self, int[] size, int[] stride, int offset, int[] layout) -> Tensor")
    .doc("What as_strided would show of self if self were laid out with strides ``layout``.")
    .shape([](const Op&, Args a, Meta& m) { m.add(Dims(a.ints(1)), a.tensor(0).dtype()); })
    .grad("self", "", [](const Backward& b) {
        return Call<"_strided_scatter">()(b.g, b["stride"], b["offset"], b.shape("self"), b["layout"]);
    });

OP("_strided_scatter(Tensor grad, int[] stride, int offset, int[] size, int[] layout) -> Tensor")
    .doc("Zeros of ``size`` with grad added where _strided_gather reads; places that it reads twice add up.")
    .shape([](const Op&, Args a, Meta& m) { m.add(Dims(a.ints(3)), a.tensor(0).dtype()); })
    .grad("grad", "", [](const Backward& b) {
        return Call<"_strided_gather">()(b.g, b.shape("grad"), b["stride"], b["offset"], b["layout"]);
    });

OP("_as_strided(Tensor self, int[] size, int[] stride, int offset, int[] layout) -> Tensor")
    .doc("A view with any strides; offset counts from self's first element, and layout is self's strides.")
    .view([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        r.push(self.alias(Dims(a.ints(1)), Dims(a.ints(2)), self->offset + a.integer(3)));
    })
    .grad("self", "", [](const Backward& b) {
        return Call<"_strided_scatter">()(b.g, b["stride"], b["offset"], b.shape("self"), b["layout"]);
    });

OP("as_strided(Tensor self, int[] size, int[] stride, int? storage_offset=None) -> Tensor")
    .doc(R"(A view of self's memory with the given sizes and strides (in elements), from ``storage_offset``.

Raises RuntimeError if it would reach outside the memory. Elements that are seen several times add up their gradients.

>>> engine.arange(4).as_strided((3, 2), (1, 1))
tensor([[0, 1],
        [1, 2],
        [2, 3]]))")
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        to_row_major(self);
        const auto size = a.ints(1), stride = a.ints(2);
        check(size.size() == stride.size(), "stride: expected ", size.size(), " of them, got ", Dims(stride));
        const int64_t offset = a.none(3) ? self->offset : a.integer(3);
        int64_t low = offset, high = offset;
        for (size_t d = 0; d < size.size(); ++d) {
            check(size[d] >= 0, "size: expected sizes of 0 or more, got ", Dims(size));
            int64_t& bound = stride[d] < 0 ? low : high;
            bound = checked_add(bound, checked_mul(std::max<int64_t>(size[d] - 1, 0), stride[d], "stride"), "stride");
        }
        const int64_t held = static_cast<int64_t>(self->storage->bytes()) / item_size(self.dtype());
        const bool is_empty = std::find(size.begin(), size.end(), 0) != size.end();
        check(is_empty || (low >= 0 && high < held), "size ", Dims(size), ", stride ", Dims(stride), " and offset ",
              offset, " reach outside memory of ", held, " elements");
        r.push(Call<"_as_strided">()(self, size, stride, offset - self->offset, self.strides()));
    });

}  // namespace
}  // namespace bestiary::ops
