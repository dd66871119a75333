// Products of vectors and matrices other than the matrix product.
#include "ops/blended.h"

namespace bestiary::ops {
namespace {

constexpr Call<"matmul"> matmul;

int first_of_size_three(const Dims& sizes) {
    for (int d = 0; d < sizes.size(); ++d)
        if (sizes[d] == 3) return d;
    fail(ErrorKind::Runtime, "self: expected a dimension of size 3, got shape ", sizes);
}

OP("cross(Tensor self, Tensor other, int? dim=None) -> Tensor")
    .doc(R"(The vector product along a dimension of size 3, by default the first such.

>>> engine.cross(engine.tensor([1, 0, 0]), engine.tensor([0, 1, 0]))
tensor([0, 0, 1]))")
    .compose([](const Tensor& self, const Tensor& other, std::optional<int64_t> dim) {
        check(self.dim() == other.dim(), "other: expected ", self.dim(), " dimensions as self has, got shape ",
              other.sizes());
        const Dims sizes = broadcast(self.sizes(), other.sizes());
        const int d = dim ? wrap_dim(*dim, sizes.size()) : first_of_size_three(self.sizes());
        for (const Tensor& t : {self, other})
            check(!sizes.empty() && t.sizes()[d] == 3, "dim: expected a dimension of size 3, got ", d, " of shape ",
                  t.sizes());
        const auto rolled = [&](const Tensor& t, int64_t shift) {
            return Call<"roll">()(expand(t, sizes), Dims{shift}, Dims{d});
        };
        return rolled(self, -1) * rolled(other, -2) - rolled(self, -2) * rolled(other, -1);
    });

OP("kron(Tensor self, Tensor other) -> Tensor")
    .doc(R"(The Kronecker product: blocks of ``other`` times each element of self.

>>> engine.kron(engine.tensor([1, 2]), engine.tensor([1, 10]))
tensor([ 1, 10,  2, 20]))")
    .compose([](const Tensor& self, const Tensor& other) {
        const int n = std::max(self.dim(), other.dim());
        Dims outer, inner, product;
        for (int d = 0; d < n; ++d) {
            const auto size = [&](const Tensor& t) { return d < n - t.dim() ? 1 : t.sizes()[d - n + t.dim()]; };
            for (int64_t m : {size(self), int64_t{1}}) outer.push_back(m);
            for (int64_t m : {int64_t{1}, size(other)}) inner.push_back(m);
            product.push_back(size(self) * size(other));
        }
        return reshape(reshape(self, outer) * reshape(other, inner), product);
    });

OP("trace(Tensor self) -> Tensor")
    .doc(R"(The sum of the diagonal of a matrix.

>>> engine.trace(engine.tensor([[1, 2], [3, 4]]))
tensor(5))")
    .compose([](const Tensor& self) {
        check(self.dim() == 2, "self: expected a matrix, got shape ", self.sizes());
        return Call<"sum">()(Call<"diagonal">()(self));
    });

OP("addr(Tensor self, Tensor vec1, Tensor vec2, *, Number beta=1, Number alpha=1) -> Tensor")
    .doc(R"(``beta * self + alpha * outer(vec1, vec2)``.

>>> engine.addr(engine.ones(1, 2), engine.tensor([2.0]), engine.tensor([3.0, 4.0]))
tensor([[7., 9.]]))")
    .compose([](const Tensor& self, const Tensor& vec1, const Tensor& vec2, const Value& beta, const Value& alpha) {
        // Integers are multiplied in the dtype of the sum, which may be wider than theirs.
        const DType own = promote(vec1.dtype(), vec2.dtype());
        const bool counts = self.dim() > 0 || (is_floating(self.dtype()) && !is_floating(own));
        const DType type = counts ? promote(own, self.dtype()) : own;
        return blended(self, Call<"outer">()(cast(vec1, type), cast(vec2, type)), beta, alpha);
    })
    .in_place_too();

OP("addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Number beta=1, Number alpha=1) -> Tensor")
    .doc(R"(``beta * self + alpha * bmm(batch1, batch2).sum(0)``.

>>> engine.addbmm(engine.ones(1, 1), engine.ones(2, 1, 3), engine.ones(2, 3, 1))
tensor([[7.]]))")
    .compose([](const Tensor& self, const Tensor& batch1, const Tensor& batch2, const Value& beta,
                const Value& alpha) {
        const Tensor products = Call<"bmm">()(batch1, batch2);
        return blended(self, Call<"sum.dim">()(products, 0, false, batch1.dtype()), beta, alpha);
    })
    .in_place_too();

OP("matrix_power(Tensor self, int n) -> Tensor")
    .doc(R"(The ``n``-th power of square matrices, n not negative.

>>> engine.matrix_power(engine.tensor([[1, 1], [0, 1]]), 3)
tensor([[1, 3],
        [0, 1]]))")
    .compose([](const Tensor& self, int64_t n) {
        check(self.dim() >= 2 && self.size(-1) == self.size(-2), "self: expected square matrices, got shape ",
              self.sizes());
        check(n >= 0, "n: expected 0 or more (linalg.matrix_power inverts), got ", n);
        if (n == 0) {
            const Tensor one = Call<"eye">()(self.size(-1), self.size(-1), self.dtype(), self.device());
            return Tensor(where(Call<"ones_like">()(self, DType::Bool), one, self));
        }
        if (n == 1) return Tensor(clone(self));
        Tensor power, square = self;
        for (; n > 0; n >>= 1) {
            if (n & 1) power = power.defined() ? Tensor(matmul(power, square)) : square;
            if (n > 1) square = matmul(square, square);
        }
        return power;
    });

}  // namespace
}  // namespace bestiary::ops
