// Products of vectors and matrices other than the matrix product.
#include "ops/blended.h"

namespace bestiary::ops {
namespace {

const Call<"matmul"> matmul;

int first_of_size_three(const Dims& sizes) {
    for (int d = 0; d < sizes.size(); ++d)
        if (sizes[d] == 3) return d;
    fail(ErrorKind::Runtime, "self: expected a dimension of size 3, got shape ", sizes);
}

OP("cross(Tensor self, Tensor other, int? dim=None) -> Tensor")
    .doc(R"(The vector product along a dimension of size 3, the first such if none is given.

>>> engine.cross(engine.tensor([1, 0, 0]), engine.tensor([0, 1, 0]))
tensor([0, 0, 1]))")
    .compose([](Args a, Results& r) {
        check(a.tensor(0).dim() == a.tensor(1).dim(), "other: expected ", a.tensor(0).dim(),
              " dimensions as self has, got shape ", a.tensor(1).sizes());
        const Dims sizes = broadcast(a.tensor(0).sizes(), a.tensor(1).sizes());
        const int dim = a.none(2) ? first_of_size_three(a.tensor(0).sizes()) : wrap_dim(a.integer(2), sizes.size());
        for (int i : {0, 1})
            check(!sizes.empty() && a.tensor(i).sizes()[dim] == 3, "dim: expected a dimension of size 3, got ", dim,
                  " of shape ", a.tensor(i).sizes());
        const auto turned = [&](int i, int64_t shift) {
            return Call<"roll">()(expand(a[i], sizes), Dims{shift}, Dims{dim});
        };
        r.push(turned(0, -1) * turned(1, -2) - turned(0, -2) * turned(1, -1));
    });

OP("kron(Tensor self, Tensor other) -> Tensor")
    .doc(R"(Kronecker's product: other, multiplied by every element of self, in its place.

>>> engine.kron(engine.tensor([1, 2]), engine.tensor([1, 10]))
tensor([ 1, 10,  2, 20]))")
    .compose([](Args a, Results& r) {
        const Tensor &self = a.tensor(0), &other = a.tensor(1);
        const int n = std::max(self.dim(), other.dim());
        Dims outer, inner, product;
        for (int d = 0; d < n; ++d) {
            const auto size = [&](const Tensor& t) { return d < n - t.dim() ? 1 : t.sizes()[d - n + t.dim()]; };
            for (int64_t m : {size(self), int64_t{1}}) outer.push_back(m);
            for (int64_t m : {int64_t{1}, size(other)}) inner.push_back(m);
            product.push_back(size(self) * size(other));
        }
        r.push(reshape(reshape(self, outer) * reshape(other, inner), product));
    });

OP("trace(Tensor self) -> Tensor")
    .doc(R"(The sum of the diagonal of a matrix.

>>> engine.trace(engine.tensor([[1, 2], [3, 4]]))
tensor(5))")
    .compose([](Args a, Results& r) {
        check(a.tensor(0).dim() == 2, "self: expected a matrix, got shape ", a.tensor(0).sizes());
        r.push(Call<"sum">()(Call<"diagonal">()(a[0])));
    });

OP("addr(Tensor self, Tensor vec1, Tensor vec2, *, Number beta=1, Number alpha=1) -> Tensor")
    .doc(R"(``beta * self + alpha * outer(vec1, vec2)``.

>>> engine.addr(engine.ones(1, 2), engine.tensor([2.0]), engine.tensor([3.0, 4.0]))
tensor([[7., 9.]]))")
    .compose([](Args a, Results& r) { r.push(blended(a, Call<"outer">()(a[1], a[2]))); })
    .in_place_too();

OP("addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Number beta=1, Number alpha=1) -> Tensor")
    .doc(R"(``beta * self + alpha *`` the sum of the products of two batches of matrices.

>>> engine.addbmm(engine.ones(1, 1), engine.ones(2, 1, 3), engine.ones(2, 3, 1))
tensor([[7.]]))")
    .compose([](Args a, Results& r) {
        r.push(blended(a, Call<"sum.dim">()(Call<"bmm">()(a[1], a[2]), 0, false, a.tensor(1).dtype())));
    })
    .in_place_too();

OP("matrix_power(Tensor self, int n) -> Tensor")
    .doc(R"(A square matrix multiplied ``n`` times, 0 or more; of batches, each.

>>> engine.matrix_power(engine.tensor([[1, 1], [0, 1]]), 3)
tensor([[1, 3],
        [0, 1]]))")
    .compose([](Args a, Results& r) {
        const Tensor& self = a.tensor(0);
        check(self.dim() >= 2 && self.size(-1) == self.size(-2), "self: expected square matrices, got shape ",
              self.sizes());
        check(a.integer(1) >= 0, "n: expected 0 or more, got ", a.integer(1));
        const Tensor one = Call<"eye">()(self.size(-1), self.size(-1), self.dtype(), self.device());
        Tensor power = expand(one, self.sizes()), square = self;
        for (int64_t n = a.integer(1); n > 0; n >>= 1) {
            if (n & 1) power = matmul(power, square);
            if (n > 1) square = matmul(square, square);
        }
        r.push(clone(power));
    });

}  // namespace
}  // namespace bestiary::ops
