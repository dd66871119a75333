// Views by strides, and their gradients.
#include <algorithm>

#include "core/layout.h"
#include "core/overflow.h"
#include "ops/names.h"

namespace bestiary::ops {
namespace {

OP("_strided_gather(Tensor self, int[] size, int[] stride, int offset, int[] layout) -> Tensor")
    .doc("as_strided of self as if it were stored with strides ``layout``.")
    .shape([](Meta& m, const Tensor& self, Ints size) { m.add(Dims(size), self.dtype()); })
    .grad("self", "", [](const Backward& b) {
        return Call<"_strided_scatter">()(b.g, b["stride"], b["offset"], b.shape("self"), b["layout"]);
    });

OP("_strided_scatter(Tensor grad, int[] stride, int offset, int[] size, int[] layout) -> Tensor")
    .doc("Zeros of ``size`` with grad added where _strided_gather reads; elements that it reads twice add up.")
    .shape([](Meta& m, const Tensor& grad, Ints, int64_t, Ints size) { m.add(Dims(size), grad.dtype()); })
    .grad("grad", "", [](const Backward& b) {
        return Call<"_strided_gather">()(b.g, b.shape("grad"), b["stride"], b["offset"], b["layout"]);
    });

OP("_as_strided(Tensor self, int[] size, int[] stride, int offset, int[] layout) -> Tensor")
    .doc("A view with any strides; offset counts from self's first element, and layout is self's strides.")
    .view([](const Tensor& self, Ints size, Ints stride, int64_t offset, Ints) {
        return self.alias(Dims(size), Dims(stride), self->offset + offset);
    })
    .grad("self", "", [](const Backward& b) {
        return Call<"_strided_scatter">()(b.g, b["stride"], b["offset"], b.shape("self"), b["layout"]);
    });

OP("as_strided(Tensor self, int[] size, int[] stride, int? storage_offset=None) -> Tensor")
    .doc(R"(A view of self's memory with the given sizes and strides in elements, from ``storage_offset``.
Raises RuntimeError if it exceeds the memory. Elements that are viewed several times sum their gradients.

>>> engine.arange(4).as_strided((3, 2), (1, 1))
tensor([[0, 1],
        [1, 2],
        [2, 3]]))")
    .compose([](const Tensor& self, Ints size, Ints stride, std::optional<int64_t> storage_offset) {
        to_row_major(self);
        check(size.size() == stride.size(), "stride: expected ", size.size(), " of them, got ", Dims(stride));
        for (int64_t s : stride) check(s >= 0, "stride: expected 0 or more, got ", Dims(stride));
        const int64_t offset = storage_offset.value_or(self->offset);
        int64_t last = offset;
        for (size_t d = 0; d < size.size(); ++d) {
            check(size[d] >= 0, "size: expected sizes of 0 or more, got ", Dims(size));
            last = checked_add(last, checked_mul(std::max<int64_t>(size[d] - 1, 0), stride[d], "stride"), "stride");
        }
        const int64_t held = static_cast<int64_t>(self->storage->bytes()) / item_size(self.dtype());
        const bool is_empty = std::find(size.begin(), size.end(), 0) != size.end();
        check(is_empty || (offset >= 0 && last < held), "size ", Dims(size), ", stride ", Dims(stride), " and offset ",
              offset, " reach outside memory of ", held, " elements");
        return Call<"_as_strided">()(self, size, stride, offset - self->offset, self.strides());
    });

}  // namespace
}  // namespace bestiary::ops
