// Products of vectors, matrices and batches of them.
#include "ops/blended.h"

namespace bestiary::ops {
namespace {

constexpr Call<"matmul"> matmul;

// A matrix, or each matrix of a batch, transposed without a copy.
Tensor transposed(const Tensor& t) { return transpose(t, -2, -1); }

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

void matmul_shape(const Op&, Args args, Meta& m) {
    const Tensor &a = args.tensor(0), &b = args.tensor(1);
    check_types("other", a, b);
    check(a.dim() > 0 && b.dim() > 0, "expected operands with at least 1 dimension, got shapes ", a.sizes(), " and ",
          b.sizes());
    check_inner("other", a, b);
    if (a.dim() == 2 && b.dim() == 2) return m.add({a.sizes()[0], b.sizes()[1]}, a.dtype());
    const Dims a_batch(a.sizes().data(), std::max(a.dim() - 2, 0)), b_batch(b.sizes().data(), std::max(b.dim() - 2, 0));
    Dims sizes = broadcast(a_batch, b_batch);
    if (a.dim() > 1) sizes.push_back(a.sizes()[a.dim() - 2]);
    if (b.dim() > 1) sizes.push_back(b.sizes().back());
    m.add(std::move(sizes), a.dtype());
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
    .doc(R"(The matrix product. Vectors count as one row on the left and one column on the right; further dimensions
are a batch and broadcast.

>>> engine.tensor([[1.0, 2.0], [3.0, 4.0]]) @ engine.tensor([1.0, 10.0])
tensor([21., 43.]))")
    .shape(matmul_shape)
    .grad("self", "other", grad_of_left)
    .grad("other", "self", grad_of_right);

OP("mm(Tensor self, Tensor mat2) -> Tensor")
    .doc(R"(The product of two matrices.

>>> engine.mm(engine.tensor([[1, 2]]), engine.tensor([[3], [4]]))
tensor([[11]]))")
    .shape([](const Op&, Args a, Meta& m) {
        check_dim("self", a.tensor(0), 2);
        check_dim("mat2", a.tensor(1), 2);
        check_types("mat2", a.tensor(0), a.tensor(1));
        check_inner("mat2", a.tensor(0), a.tensor(1));
        m.add({a.tensor(0).sizes()[0], a.tensor(1).sizes()[1]}, a.tensor(0).dtype());
    })
    .grad("self", "mat2", [](const Backward& b) { return matmul(b.g, transposed(b.tensor("mat2"))); })
    .grad("mat2", "self", [](const Backward& b) { return matmul(transposed(b.tensor("self")), b.g); });

OP("bmm(Tensor self, Tensor mat2) -> Tensor")
    .doc(R"(The products of two batches of matrices, pair by pair.

>>> engine.bmm(engine.ones(5, 2, 3), engine.ones(5, 3, 4)).shape
Size([5, 2, 4]))")
    .shape([](const Op&, Args args, Meta& m) {
        const Tensor &a = args.tensor(0), &b = args.tensor(1);
        check_dim("self", a, 3);
        check_dim("mat2", b, 3);
        check_types("mat2", a, b);
        check(a.sizes()[0] == b.sizes()[0], "mat2: expected a batch of ", a.sizes()[0], " as self has, got shape ",
              b.sizes());
        check_inner("mat2", a, b);
        m.add({a.sizes()[0], a.sizes()[1], b.sizes()[2]}, a.dtype());
    })
    .grad("self", "mat2", [](const Backward& b) { return matmul(b.g, transposed(b.tensor("mat2"))); })
    .grad("mat2", "self", [](const Backward& b) { return matmul(transposed(b.tensor("self")), b.g); });

OP("mv(Tensor self, Tensor vec) -> Tensor")
    .doc(R"(A matrix times a vector.

>>> engine.mv(engine.tensor([[1, 2], [3, 4]]), engine.tensor([1, 10]))
tensor([21, 43]))")
    .shape([](const Op&, Args a, Meta& m) {
        check_dim("self", a.tensor(0), 2);
        check_dim("vec", a.tensor(1), 1);
        check_types("vec", a.tensor(0), a.tensor(1));
        check_inner("vec", a.tensor(0), a.tensor(1));
        m.add({a.tensor(0).sizes()[0]}, a.tensor(0).dtype());
    })
    .grad("self", "vec", [](const Backward& b) { return unsqueeze(b.g, 1) * b["vec"]; })
    .grad("vec", "self", [](const Backward& b) { return matmul(transposed(b.tensor("self")), b.g); });

OP("dot(Tensor self, Tensor tensor) -> Tensor")
    .doc(R"(The inner product of two vectors.

>>> engine.dot(engine.tensor([1, 2]), engine.tensor([3, 4]))
tensor(11))")
    .shape([](const Op&, Args a, Meta& m) {
        check_dim("self", a.tensor(0), 1);
        check_dim("tensor", a.tensor(1), 1);
        check_types("tensor", a.tensor(0), a.tensor(1));
        check_inner("tensor", a.tensor(0), a.tensor(1));
        m.add({}, a.tensor(0).dtype());
    })
    .grad("self", "tensor", [](const Backward& b) { return b.g * b["tensor"]; })
    .grad("tensor", "self", [](const Backward& b) { return b.g * b["self"]; });

OP("inner(Tensor self, Tensor other) -> Tensor")
    .doc(R"(Inner products of the last dimensions: ``result[..., i, ..., j] = sum_k self[..., i, k] * other[..., j, k]``.

>>> engine.inner(engine.tensor([1, 2]), engine.tensor([3, 4]))
tensor(11))")
    .compose([](Args args, Results& r) {
        const Tensor &a = args.tensor(0), &b = args.tensor(1);
        if (a.dim() == 0 || b.dim() == 0) return r.push(a * b);
        if (b.dim() == 1) return r.push(matmul(a, b));
        check(a.sizes().back() == b.sizes().back(), "other: expected a last dimension of ", a.sizes().back(),
              ", got shape ", b.sizes());
        Dims sizes = a.sizes().without(a.dim() - 1);
        for (int d = 0; d < b.dim() - 1; ++d) sizes.push_back(b.sizes()[d]);
        r.push(reshape(matmul(rows(a), transposed(rows(b))), sizes));
    });

OP("outer(Tensor self, Tensor vec2) -> Tensor")
    .doc(R"(All products of an element of self and one of ``vec2``.

>>> engine.outer(engine.tensor([1, 2]), engine.tensor([3, 4]))
tensor([[3, 4],
        [6, 8]]))")
    .compose([](Args a, Results& r) {
        check_dim("self", a.tensor(0), 1);
        check_dim("vec2", a.tensor(1), 1);
        r.push(unsqueeze(a[0], 1) * a[1]);
    });

OP("linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor")
    .doc(R"(``input @ weight.T + bias`` for an input of shape (..., in), a weight of (out, in) and a bias of (out).

>>> engine.nn.functional.linear(engine.ones(1, 2), engine.tensor([[1.0, 2.0]]), engine.tensor([0.5]))
tensor([[3.5000]]))")
    .shape([](const Op&, Args args, Meta& m) {
        const Tensor &x = args.tensor(0), &w = args.tensor(1);
        const Tensor bias = args.tensor_or_none(2);
        check_dim("weight", w, 2);
        check(x.dim() > 0 && x.sizes().back() == w.sizes()[1], "input: expected a last dimension of ", w.sizes()[1],
              " for a weight of shape ", w.sizes(), ", got shape ", x.sizes());
        check(x.dtype() == w.dtype(), "input: expected dtype ", w.dtype(), " as the weight has, got ", x.dtype());
        check_types("weight", x, w);
        if (bias.defined()) {
            check_types("bias", x, bias);
            check(bias.dim() == 1 && bias.sizes()[0] == w.sizes()[0], "bias: expected shape (", w.sizes()[0],
                  ",), got ", bias.sizes());
        }
        Dims sizes = x.sizes();
        sizes[sizes.size() - 1] = w.sizes()[0];
        m.add(std::move(sizes), x.dtype());
    })
    .grad("input", "weight", [](const Backward& b) { return matmul(b.g, b["weight"]); })
    .grad("weight", "input", [](const Backward& b) {
        const Tensor x = b.tensor("input");
        if (x.dim() == 1) return unsqueeze(b.g, 1) * x;
        return matmul(transposed(rows(b.g)), rows(x));
    })
    .grad("bias", "", [](const Backward& b) { return b.g; });

bool is_one(const Value& v) { return v.number() == 1.0; }

OP("addmm(Tensor self, Tensor mat1, Tensor mat2, *, Number beta=1, Number alpha=1) -> Tensor")
    .doc(R"(``beta * self + alpha * (mat1 @ mat2)``.

>>> engine.addmm(engine.tensor([1, 2]), engine.tensor([[3]]), engine.tensor([[4, 5]]))
tensor([[13, 17]]))")
    .compose([](Args a, Results& r) {
        const Tensor &self = a.tensor(0), &mat2 = a.tensor(2);
        const bool is_linear = self.dim() == 1 && mat2.dim() == 2 && self.sizes()[0] == mat2.sizes()[1] &&
                               is_one(a[3]) && is_one(a[4]);
        if (is_linear && a.tensor(1).dim() == 2) r.push(Call<"linear">()(a[1], transposed(mat2), self));
        else r.push(blended(a, Call<"mm">()(a[1], mat2)));
    })
    .in_place_too();

OP("addmv(Tensor self, Tensor mat, Tensor vec, *, Number beta=1, Number alpha=1) -> Tensor")
    .doc(R"(``beta * self + alpha * (mat @ vec)``.

>>> engine.addmv(engine.tensor([1]), engine.tensor([[2, 3]]), engine.tensor([4, 5]))
tensor([24]))")
    .compose([](Args a, Results& r) { r.push(blended(a, Call<"mv">()(a[1], a[2]))); })
    .in_place_too();

OP("baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Number beta=1, Number alpha=1) -> Tensor")
    .doc(R"(``beta * self + alpha * bmm(batch1, batch2)``.

>>> engine.baddbmm(engine.ones(1, 1, 1), engine.ones(1, 1, 2), engine.ones(1, 2, 1))
tensor([[[3.]]]))")
    .compose([](Args a, Results& r) { r.push(blended(a, Call<"bmm">()(a[1], a[2]))); })
    .in_place_too();

}  // namespace
}  // namespace bestiary::ops
