// One index per element along a dimension: reading.
#include "ops/gather.h"

namespace bestiary::ops {
namespace {

const Call<"gather"> gather;

OP("gather(Tensor self, int dim, Tensor index) -> Tensor")
    .doc(R"(The elements of self at ``index`` along ``dim``, and at index's own positions in the other dimensions.
Indices are int32 or int64; raises IndexError outside [0, size of dim).

>>> engine.tensor([[1, 2], [3, 4]]).gather(1, engine.tensor([[1], [0]]))
tensor([[2],
        [3]]))")
    .shape([](Meta& m, const Tensor& self, int64_t dim, const Tensor& index) {
        check_index(self.sizes(), dim, index);
        m.add(index.sizes(), self.dtype());
    })
    .grad("self", "index", [](const Backward& b) {
        const Tensor zeros = Call<"zeros">()(b.shape("self"), b.g.dtype(), b.g.device());
        return Call<"scatter_add">()(zeros, b["dim"], b["index"], b.g);
    });

OP("take_along_dim(Tensor self, Tensor indices, int? dim=None) -> Tensor")
    .doc(R"(``gather`` with shapes broadcast outside of ``dim``, along which negative indices count from the end.
Without dim both are flattened.

>>> x = engine.tensor([[3, 1, 2]]); x.take_along_dim(engine.tensor([[1, 2, 0]]), 1)
tensor([[1, 2, 3]]))")
    .compose([](const Tensor& self, const Tensor& index, std::optional<int64_t> dim) {
        check(index.dtype() == DType::Int64, "indices: expected dtype int64, got ", index.dtype());
        if (!dim) return gather(flatten(self), 0, flatten(index));
        check(self.dim() == index.dim(), "indices: expected ", self.dim(), " dimensions as self, got shape ",
              index.sizes());
        const int d = wrap_dim(*dim, self.dim());
        if (self.dim() == 0) return gather(self, d, index);
        Dims common = broadcast(self.sizes().without(d), index.sizes().without(d));
        Dims selected = common;
        common.insert(d, self.sizes()[d]);
        selected.insert(d, index.sizes()[d]);
        const Tensor from_start = where(lt(index, 0), index + self.size(d), index);
        return gather(expand(self, common), d, expand(from_start, selected));
    });

}  // namespace
}  // namespace bestiary::ops
