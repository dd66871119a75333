// Distances and similarities of vectors.
#include "ops/names.h"

namespace bestiary::ops {
namespace {

constexpr Call<"sum.dim"> sum;
constexpr Call<"linalg_vector_norm"> norm;
constexpr Call<"clamp_min"> clamp_min;

OP("cosine_similarity(Tensor x1, Tensor x2, int dim=1, float eps=1e-8) -> Tensor")
    .doc(R"(The cosine of the angle between ``x1`` and ``x2`` along ``dim``; norms are at least ``eps``.

>>> engine.cosine_similarity(engine.tensor([1.0, 0.0]), engine.tensor([2.0, 2.0]), dim=0)
tensor(0.7071))")
    .compose([](const Tensor& x1, const Tensor& x2, int64_t dim, double eps) {
        const DType type = promote(x1.dtype(), x2.dtype());
        check_as(ErrorKind::Type, is_floating(type), "x1, x2: expected a floating dtype, got ", type);
        check(!(eps < 0), "eps: expected 0 or more, got ", eps);
        const Dims size = broadcast(x1.sizes(), x2.sizes());
        const auto unit = [&](const Tensor& x) {
            const Tensor wide = expand(cast(x, type), size);
            return wide / clamp_min(norm(wide, 2, dim, true), eps);
        };
        return sum(unit(x1) * unit(x2), dim);
    });

OP("pairwise_distance(Tensor x1, Tensor x2, float p=2.0, float eps=1e-6, bool keepdim=False) -> Tensor")
    .doc(R"(The p-norm of ``x1 - x2 + eps`` along the last dimension.

>>> engine.pairwise_distance(engine.tensor([3.0, 0.0]), engine.tensor([0.0, 4.0]))
tensor(5.))")
    .compose([](const Tensor& x1, const Tensor& x2, double p, double eps, bool keepdim) {
        return norm(x1 - x2 + eps, p, -1, keepdim);
    });

OP("dist(Tensor self, Tensor other, Number p=2) -> Tensor")
    .doc(R"(The p-norm of ``self - other``.

>>> engine.dist(engine.tensor([3.0, 0.0]), engine.tensor([0.0, 4.0]))
tensor(5.))")
    .compose([](const Tensor& self, const Tensor& other, const Value& p) { return norm(self - other, p); });

// |x|^2 + |y|^2 - 2 x y: one matrix product instead of all differences, less precise where they are small.
Tensor euclidean_by_matmul(const Tensor& x1, const Tensor& x2) {
    const Tensor squares1 = sum(x1 * x1, -1, true), squares2 = sum(x2 * x2, -1, true);
    const Tensor products = Call<"matmul">()(x1, transpose(x2, -2, -1));
    const Tensor squared = squares1 + transpose(squares2, -2, -1) - products * 2.0;
    const Tensor positive = gt(squared, 0.0);
    return where(positive, Call<"sqrt">()(where(positive, squared, 1.0)), 0.0);
}

OP("cdist(Tensor x1, Tensor x2, float p=2.0, str? compute_mode=None) -> Tensor")
    .doc(R"(The p-norm of every difference between a row of ``x1`` (..., P, M) and one of ``x2`` (..., R, M): (..., P, R).
Euclidean distances of more than 25 rows use a matrix product, unless ``compute_mode`` is
'donot_use_mm_for_euclid_dist'; 'use_mm_for_euclid_dist' always uses it.

>>> engine.cdist(engine.tensor([[0.0, 0.0]]), engine.tensor([[3.0, 4.0], [0.0, 1.0]]))
tensor([[5., 1.]]))")
    .compose([](const Tensor& x1, const Tensor& x2, double p, std::optional<std::string_view> compute_mode) {
        check(x1.dim() >= 2 && x2.dim() >= 2 && x1.sizes().back() == x2.sizes().back(),
              "x1, x2: expected shapes (..., P, M) and (..., R, M), got ", x1.sizes(), " and ", x2.sizes());
        check(p >= 0, "p: expected 0 or more, got ", p);
        const std::string_view mode = compute_mode.value_or("use_mm_for_euclid_dist_if_necessary");
        check_as(ErrorKind::Value, mode == "use_mm_for_euclid_dist_if_necessary" || mode == "use_mm_for_euclid_dist" ||
                 mode == "donot_use_mm_for_euclid_dist", "compute_mode: got unknown '", mode, "'");
        const bool many = x1.size(-2) > 25 || x2.size(-2) > 25;
        const bool by_matmul = mode == "use_mm_for_euclid_dist" || (many && mode != "donot_use_mm_for_euclid_dist");
        if (p == 2.0 && by_matmul) return euclidean_by_matmul(x1, x2);
        return norm(unsqueeze(x1, -2) - unsqueeze(x2, -3), p, -1);
    });

OP("pdist(Tensor self, float p=2.0) -> Tensor")
    .doc(R"(The p-norm of the difference between every two rows of a matrix: (0, 1), (0, 2), ..., (1, 2), ...

>>> engine.pdist(engine.tensor([[0.0], [1.0], [3.0]]))
tensor([1., 3., 2.]))")
    .compose([](const Tensor& self, double p) {
        check(self.dim() == 2, "self: expected a matrix, got shape ", self.sizes());
        check_as(ErrorKind::Value, p >= 0, "p: expected 0 or more, got ", p);
        const Tensor pairs = Call<"triu_indices">()(self.sizes()[0], self.sizes()[0], 1, DType::Int64, self.device());
        constexpr Call<"index_select"> rows;
        return norm(rows(self, 0, select(pairs, 0, 0)) - rows(self, 0, select(pairs, 0, 1)), p, -1);
    });

}  // namespace
}  // namespace bestiary::ops
