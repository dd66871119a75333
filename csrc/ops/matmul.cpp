// Products of vectors, matrices and batches of them.
#include "ops/blended.h"

namespace bestiary::ops {
namespace {

constexpr Call<"matmul"> matmul;

// A matrix, or each matrix of a batch, transposed without a copy.
Tensor transposed(const Tensor& t) { return transpose(t, -2, -1); }

Dims batch_of(const Tensor& t) { return Dims(t.sizes().data(), std::max(t.dim() - 2, 0)); }

// A batch of matrices as the rows of one.
Tensor rows(const Tensor& t) {
    if (t.dim() == 2) return t;
    return reshape(t, Dims{t.sizes().without(t.dim() - 1).product(), t.sizes().back()});
}

void check_types(const char* name, const Tensor& a, const Tensor& b) {
    check(a.dtype() == b.dtype(), name, ": expected dtype ", a.dtype(), " as the first operand has, got ", b.dtype());
    check_as(ErrorKind::Type, a.dtype() != DType::Bool, "not implemented for bool; convert the operands first");
}

void check_dim(const char* name, const Tensor& t, int dim) {
    check(t.dim() == dim, name, ": expected ", dim, " dimensions, got shape ", t.sizes());
}

void check_inner(const char* name, const Tensor& a, const Tensor& b) {
    const int64_t wanted = a.sizes().back(), got = b.dim() == 1 ? b.sizes()[0] : b.sizes()[b.dim() - 2];
    check(wanted == got, name, ": shape ", b.sizes(), " does not fit the first operand's ", a.sizes(), ": ", wanted,
          " != ", got);
}

// The engine sums a gradient over the dimensions in which its operand was broadcast.
Tensor grad_of_left(const Backward& b) {
    const int left = b.shape("self").size();
    const Tensor right = b.tensor("other");
    if (right.dim() == 1) return left == 1 ? b.g * right : unsqueeze(b.g, -1) * right;
    if (left == 1) return select(matmul(right, unsqueeze(b.g, -1)), -1, 0);
    return matmul(b.g, transposed(right));
}

Tensor grad_of_right(const Backward& b) {
    const int right = b.shape("other").size();
    const Tensor left = b.tensor("self");
    if (left.dim() == 1) return right == 1 ? b.g * left : unsqueeze(left, -1) * unsqueeze(b.g, -2);
    if (right == 1) return matmul(transposed(rows(left)), reshape(b.g, Dims{-1}));
    if (right == 2) return matmul(transposed(rows(left)), rows(b.g));
    return matmul(transposed(left), b.g);
}

OP("matmul(Tensor self, Tensor other) -> Tensor")
    .doc(R"(The matrix product. Vectors are a row on the left and a column on the right; further dimensions broadcast.

>>> engine.tensor([[1.0, 2.0], [3.0, 4.0]]) @ engine.tensor([1.0, 10.0])
tensor([21., 43.]))")
    .shape([](Meta& m, const Tensor& self, const Tensor& other) {
        check_types("other", self, other);
        check(self.dim() > 0 && other.dim() > 0, "expected operands with at least 1 dimension, got shapes ",
              self.sizes(), " and ", other.sizes());
        check_inner("other", self, other);
        if (self.dim() == 2 && other.dim() == 2) return m.add({self.sizes()[0], other.sizes()[1]}, self.dtype());
        Dims sizes = broadcast(batch_of(self), batch_of(other));
        if (self.dim() > 1) sizes.push_back(self.size(-2));
        if (other.dim() > 1) sizes.push_back(other.sizes().back());
        m.add(std::move(sizes), self.dtype());
    })
    .grad("self", "other", grad_of_left)
    .grad("other", "self", grad_of_right);

OP("mm(Tensor self, Tensor mat2) -> Tensor")
    .doc(R"(The product of two matrices.

>>> engine.mm(engine.tensor([[1, 2]]), engine.tensor([[3], [4]]))
tensor([[11]]))")
    .shape([](Meta& m, const Tensor& self, const Tensor& mat2) {
        check_dim("self", self, 2);
        check_dim("mat2", mat2, 2);
        check_types("mat2", self, mat2);
        check_inner("mat2", self, mat2);
        m.add({self.sizes()[0], mat2.sizes()[1]}, self.dtype());
    })
    .grad("self", "mat2", [](const Backward& b) { return matmul(b.g, transposed(b.tensor("mat2"))); })
    .grad("mat2", "self", [](const Backward& b) { return matmul(transposed(b.tensor("self")), b.g); });

OP("bmm(Tensor self, Tensor mat2) -> Tensor")
    .doc(R"(The matrix products of two batches (b, n, m) and (b, m, p).

>>> engine.bmm(engine.ones(5, 2, 3), engine.ones(5, 3, 4)).shape
Size([5, 2, 4]))")
    .shape([](Meta& m, const Tensor& self, const Tensor& mat2) {
        check_dim("self", self, 3);
        check_dim("mat2", mat2, 3);
        check_types("mat2", self, mat2);
        check(self.sizes()[0] == mat2.sizes()[0], "mat2: expected a batch of ", self.sizes()[0],
              " as self has, got shape ", mat2.sizes());
        check_inner("mat2", self, mat2);
        m.add({self.sizes()[0], self.sizes()[1], mat2.sizes()[2]}, self.dtype());
    })
    .grad("self", "mat2", [](const Backward& b) { return matmul(b.g, transposed(b.tensor("mat2"))); })
    .grad("mat2", "self", [](const Backward& b) { return matmul(transposed(b.tensor("self")), b.g); });

OP("mv(Tensor self, Tensor vec) -> Tensor")
    .doc(R"(A matrix times a vector.

>>> engine.mv(engine.tensor([[1, 2], [3, 4]]), engine.tensor([1, 10]))
tensor([21, 43]))")
    .shape([](Meta& m, const Tensor& self, const Tensor& vec) {
        check_dim("self", self, 2);
        check_dim("vec", vec, 1);
        check_types("vec", self, vec);
        check_inner("vec", self, vec);
        m.add({self.sizes()[0]}, self.dtype());
    })
    .grad("self", "vec", [](const Backward& b) { return unsqueeze(b.g, 1) * b["vec"]; })
    .grad("vec", "self", [](const Backward& b) { return matmul(transposed(b.tensor("self")), b.g); });

OP("dot(Tensor self, Tensor tensor) -> Tensor")
    .doc(R"(The inner product of two vectors.

>>> engine.dot(engine.tensor([1, 2]), engine.tensor([3, 4]))
tensor(11))")
    .shape([](Meta& m, const Tensor& self, const Tensor& tensor) {
        check_dim("self", self, 1);
        check_dim("tensor", tensor, 1);
        check_types("tensor", self, tensor);
        check_inner("tensor", self, tensor);
        m.add({}, self.dtype());
    })
    .grad("self", "tensor", [](const Backward& b) { return b.g * b["tensor"]; })
    .grad("tensor", "self", [](const Backward& b) { return b.g * b["self"]; });

OP("inner(Tensor self, Tensor other) -> Tensor")
    .doc(R"(Inner products of the last dimensions: ``result[..., i, ..., j] = sum_k self[..., i, k] * other[..., j, k]``.

>>> engine.inner(engine.tensor([1, 2]), engine.tensor([3, 4]))
tensor(11))")
    .compose([](const Tensor& self, const Tensor& other) {
        if (self.dim() == 0 || other.dim() == 0) return self * other;
        if (other.dim() == 1) return matmul(self, other);
        check(self.sizes().back() == other.sizes().back(), "other: expected a last dimension of ", self.sizes().back(),
              ", got shape ", other.sizes());
        Dims sizes = self.sizes().without(self.dim() - 1);
        for (int d = 0; d < other.dim() - 1; ++d) sizes.push_back(other.sizes()[d]);
        return reshape(matmul(rows(self), transposed(rows(other))), sizes);
    });

OP("outer(Tensor self, Tensor vec2) -> Tensor")
    .doc(R"(The outer product: all products of an element of self and one of ``vec2``.

>>> engine.outer(engine.tensor([1, 2]), engine.tensor([3, 4]))
tensor([[3, 4],
        [6, 8]]))")
    .compose([](const Tensor& self, const Tensor& vec2) {
        check_dim("self", self, 1);
        check_dim("vec2", vec2, 1);
        return unsqueeze(self, 1) * vec2;
    });

OP("linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor")
    .doc(R"(``input @ weight.T + bias`` for an input of shape (..., in), a weight of (out, in) and a bias of (out).

>>> engine.nn.functional.linear(engine.ones(1, 2), engine.tensor([[1.0, 2.0]]), engine.tensor([0.5]))
tensor([[3.5000]]))")
    .shape([](Meta& m, const Tensor& input, const Tensor& weight, const Tensor& bias) {
        check_dim("weight", weight, 2);
        check(input.dim() > 0 && input.sizes().back() == weight.sizes()[1], "input: expected a last dimension of ",
              weight.sizes()[1], " for a weight of shape ", weight.sizes(), ", got shape ", input.sizes());
        check(input.dtype() == weight.dtype(), "input: expected dtype ", weight.dtype(), " as the weight has, got ",
              input.dtype());
        check_types("weight", input, weight);
        const int64_t outputs = weight.sizes()[0];
        if (bias.defined()) {
            check_types("bias", input, bias);
            check(bias.sizes() == Dims{outputs}, "bias: expected shape (", outputs, ",), got ", bias.sizes());
        }
        Dims sizes = input.sizes();
        sizes[sizes.size() - 1] = outputs;
        m.add(std::move(sizes), input.dtype());
    })
    .grad("input", "weight", [](const Backward& b) { return matmul(b.g, b["weight"]); })
    .grad("weight", "input", [](const Backward& b) {
        const Tensor x = b.tensor("input");
        if (x.dim() == 1) return unsqueeze(b.g, 1) * x;
        return matmul(transposed(rows(b.g)), rows(x));
    })
    .grad("bias", "", [](const Backward& b) { return b.g; });

OP("addmm(Tensor self, Tensor mat1, Tensor mat2, *, Number beta=1, Number alpha=1) -> Tensor")
    .doc(R"(``beta * self + alpha * (mat1 @ mat2)``.

>>> engine.addmm(engine.tensor([1, 2]), engine.tensor([[3]]), engine.tensor([[4, 5]]))
tensor([[13, 17]]))")
    .compose([](const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Value& beta, const Value& alpha) {
        const bool is_linear = self.dim() == 1 && mat1.dim() == 2 && mat2.dim() == 2 &&
                               self.sizes()[0] == mat2.sizes()[1] && beta.number() == 1 && alpha.number() == 1;
        return is_linear ? Call<"linear">()(mat1, transposed(mat2), self)
                         : blended(self, Call<"mm">()(mat1, mat2), beta, alpha);
    })
    .in_place_too();

OP("addmv(Tensor self, Tensor mat, Tensor vec, *, Number beta=1, Number alpha=1) -> Tensor")
    .doc(R"(``beta * self + alpha * (mat @ vec)``.

>>> engine.addmv(engine.tensor([1]), engine.tensor([[2, 3]]), engine.tensor([4, 5]))
tensor([24]))")
    .compose([](const Tensor& self, const Tensor& mat, const Tensor& vec, const Value& beta, const Value& alpha) {
        return blended(self, Call<"mv">()(mat, vec), beta, alpha);
    })
    .in_place_too();

OP("baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Number beta=1, Number alpha=1) -> Tensor")
    .doc(R"(``beta * self + alpha * bmm(batch1, batch2)``.

>>> engine.baddbmm(engine.ones(1, 1, 1), engine.ones(1, 1, 2), engine.ones(1, 2, 1))
tensor([[[3.]]]))")
    .compose([](const Tensor& self, const Tensor& batch1, const Tensor& batch2, const Value& beta,
                const Value& alpha) { return blended(self, Call<"bmm">()(batch1, batch2), beta, alpha); })
    .in_place_too();

}  // namespace
}  // namespace bestiary::ops
