// Repetitions of whole tensors and of their elements.
#include "core/overflow.h"
#include "ops/names.h"

namespace bestiary::ops {
namespace {

// Tiles self: every dimension repeated as a whole.
Tensor repeated(const Tensor& self, Dims repeats) {
    const int lead = repeats.size() - self.dim();
    Dims apart, wide, joined;
    for (int d = 0; d < repeats.size(); ++d) {
        const int64_t n = d < lead ? 1 : self.sizes()[d - lead];
        check(repeats[d] >= 0, "repeats: expected 0 or more, got ", repeats);
        apart.push_back(1);
        apart.push_back(n);
        wide.push_back(repeats[d]);
        wide.push_back(n);
        joined.push_back(checked_mul(repeats[d], n, "repeats"));
    }
    const Tensor tiled = reshape(expand(reshape(self, apart), wide), joined);
    return tiled->storage.get() == self->storage.get() ? clone(tiled) : tiled;
}

OP("repeat(Tensor self, int... repeats) -> Tensor")
    .doc(R"(Repeats self ``repeats`` times along each dimension; surplus repeats add leading dimensions.

>>> engine.tensor([1, 2]).repeat(2, 2)
tensor([[1, 2, 1, 2],
        [1, 2, 1, 2]]))")
    .compose([](const Tensor& self, Ints repeats) {
        check(static_cast<int>(repeats.size()) >= self.dim(), "repeats: expected at least ", self.dim(),
              " of them for shape ", self.sizes(), ", got ", Dims(repeats));
        return repeated(self, repeats);
    });

OP("tile(Tensor self, int... dims) -> Tensor")
    .doc(R"(``repeat`` with missing leading repeats as 1.

>>> engine.tensor([[1, 2]]).tile(2)
tensor([[1, 2, 1, 2]]))")
    .compose([](const Tensor& self, Ints dims) {
        Dims repeats(dims);
        while (repeats.size() < self.dim()) repeats.insert(0, 1);
        return repeated(self, repeats);
    });

// The tensor and dimension to interleave along: without dim the flattened tensor. A 0-d tensor is a row of one element.
std::pair<Tensor, int> interleaved(const Tensor& self, std::optional<int64_t> dim) {
    const Tensor rows = !dim || self.dim() == 0 ? flatten(self) : self;
    return {rows, dim ? wrap_dim(*dim, rows.dim()) : 0};
}

void check_output_size(std::optional<int64_t> expected, int64_t size) {
    if (expected) check(*expected == size, "output_size: expected ", size, ", the size of the result, got ", *expected);
}

OP("repeat_interleave(Tensor self, int repeats, int? dim=None, *, int? output_size=None) -> Tensor")
    .doc(R"(Repeats each element ``repeats`` times along ``dim``, or in the flattened tensor.

>>> engine.tensor([1, 2]).repeat_interleave(2)
tensor([1, 1, 2, 2]))")
    .compose([](const Tensor& self, int64_t repeats, std::optional<int64_t> dim, std::optional<int64_t> output_size) {
        check(repeats >= 0, "repeats: expected 0 or more, got ", repeats);
        const auto [rows, d] = interleaved(self, dim);
        Dims wide = rows.sizes(), joined = rows.sizes();
        wide.insert(d + 1, repeats);
        joined[d] = checked_mul(joined[d], repeats, "repeats");
        check_output_size(output_size, joined[d]);
        return reshape(expand(unsqueeze(rows, d + 1), wide), joined);
    });

OP("repeat_interleave.each(Tensor self, Tensor repeats, int? dim=None, *, int? output_size=None) -> Tensor")
    .doc(R"(Repeats each element by its number in ``repeats``, one per element of ``dim``.

>>> engine.tensor([5, 6]).repeat_interleave(engine.tensor([1, 2]))
tensor([5, 6, 6]))")
    .compose([](const Tensor& self, const Tensor& repeats, std::optional<int64_t> dim,
                std::optional<int64_t> output_size) {
        const auto [rows, d] = interleaved(self, dim);
        const Tensor indices = Call<"_repeated_indices">()(expand(repeats, Dims{rows.size(d)}));
        check_output_size(output_size, indices.numel());
        return Call<"index_select">()(rows, d, indices);
    });

OP("repeat_interleave.indices(Tensor repeats, *, int? output_size=None) -> Tensor")
    .doc(R"(Each index i of ``repeats``, repeats[i] times.

>>> engine.repeat_interleave(engine.tensor([1, 2]))
tensor([0, 1, 1]))")
    .compose([](const Tensor& repeats, std::optional<int64_t> output_size) {
        const Tensor indices = Call<"_repeated_indices">()(repeats);
        check_output_size(output_size, indices.numel());
        return indices;
    });

OP("_repeated_indices(Tensor repeats) -> Tensor")
    .doc("Each index i of repeats, repeats[i] times.");

}  // namespace
}  // namespace bestiary::ops
