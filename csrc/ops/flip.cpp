// Copies with the elements in another order along dimensions: flipped, rotated, rolled.
#include <vector>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

constexpr Call<"flip"> flip;

OP("flip(Tensor self, int... dims) -> Tensor")
    .doc(R"(A copy with the order of the given dimensions reversed.

>>> engine.tensor([1, 2, 3]).flip(0)
tensor([3, 2, 1]))")
    .shape([](Meta& m, const Tensor& self, Ints dims) {
        Dims seen(std::max(self.dim(), 1));
        for (int64_t given : dims) {
            const int d = wrap_dim(given, self.dim(), "dims");
            check(!seen[d]++, "dims: dimension ", d, " comes twice in ", Dims(dims));
        }
        m.add(self.sizes(), self.dtype());
    })
    .grad("self", "", [](const Backward& b) { return flip(b.g, b["dims"]); });

OP("fliplr(Tensor self) -> Tensor")
    .doc(R"(``flip`` of dimension 1.

>>> engine.fliplr(engine.tensor([[1, 2], [3, 4]]))
tensor([[2, 1],
        [4, 3]]))")
    .compose([](const Tensor& self) {
        check(self.dim() > 1, "self: expected at least 2 dimensions, got shape ", self.sizes());
        return flip(self, Dims{1});
    });

OP("flipud(Tensor self) -> Tensor")
    .doc(R"(``flip`` of dimension 0.

>>> engine.flipud(engine.tensor([[1, 2], [3, 4]]))
tensor([[3, 4],
        [1, 2]]))")
    .compose([](const Tensor& self) {
        check(self.dim() > 0, "self: expected at least 1 dimension, got shape ", self.sizes());
        return flip(self, Dims{0});
    });

OP("rot90(Tensor self, int k=1, int[] dims=[0, 1]) -> Tensor")
    .doc(R"(Rotates by ``k`` quarter turns, from the first of the two dimensions towards the second.

>>> engine.tensor([[1, 2], [3, 4]]).rot90()
tensor([[2, 4],
        [1, 3]]))")
    .compose([](const Tensor& self, int64_t k, Ints dims) {
        check(dims.size() == 2, "dims: expected 2 dimensions, got ", Dims(dims));
        const int64_t from = dims[0], to = dims[1];
        check(wrap_dim(from, self.dim()) != wrap_dim(to, self.dim()), "dims: expected two different dimensions, got ",
              Dims(dims));
        switch ((k % 4 + 4) % 4) {
            case 0: return clone(self);
            case 1: return transpose(flip(self, Dims{to}), from, to);
            case 2: return flip(self, dims);
            default: return flip(transpose(self, from, to), Dims{to});
        }
    });

Tensor rolled(const Tensor& t, int64_t shift, int64_t dim) {
    const int64_t n = t.size(dim);
    if (n == 0) return t;
    const int64_t first = (n - shift % n) % n;
    if (first == 0) return t;
    return Call<"cat">()(std::vector<Tensor>{narrow(t, dim, first, n - first), narrow(t, dim, 0, first)}, dim);
}

OP("roll(Tensor self, int[] shifts, int[] dims=[]) -> Tensor")
    .doc(R"(Shifts elements cyclically by ``shifts`` along dimensions; without ``dims`` in the flattened tensor.

>>> engine.tensor([1, 2, 3]).roll(1)
tensor([3, 1, 2]))")
    .compose([](const Tensor& self, Ints shifts, Ints dims) -> Tensor {
        if (dims.empty()) {
            check(shifts.size() == 1, "shifts: expected one without dims, got ", Dims(shifts));
            return reshape(rolled(flatten(self), shifts[0], 0), self.sizes());
        }
        check(shifts.size() == dims.size(), "shifts: expected ", dims.size(), " of them as dims, got ", Dims(shifts));
        Tensor out = self;
        for (size_t i = 0; i < dims.size(); ++i) out = rolled(out, shifts[i], dims[i]);
        return out.impl() == self.impl() ? clone(self) : out;
    });

}  // namespace
}  // namespace bestiary::ops
