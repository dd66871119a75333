// Layer norm and RMS norm.
#include "cpu/isa/layer_norm.h"

#include "cpu/parallel.h"
#include "cpu/row_moments.h"
#include "cpu/row_pieces.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

int64_t row_grain(int64_t size) { return ceil_div(kGrain / 4, std::max<int64_t>(size, 1)); }

// Calculates rows again whose statistics are not in_range.
template <class T>
void redo_rows(const LayerNormRows<T>& rows) {
    for (int64_t r = 0; r < rows.rows; ++r) {
        if (in_range<T>(rows.rstd[r])) continue;
        const T* const x = rows.x + r * rows.size;
        T* const out = rows.out + r * rows.size;
        const RowMoments m(rows.size, rows.centred, [&](int64_t i) { return double(x[i]); });
        rows.mean[r] = m.true_mean();
        rows.rstd[r] = m.rstd(rows.eps);
        const double rstd = m.scaled_rstd(rows.eps);
        for (int64_t i = 0; i < rows.size; ++i) {
            const double y = (m.scaled(x[i]) - m.mean) * rstd * (rows.weight ? rows.weight[i] : T(1));
            out[i] = static_cast<T>(y + (rows.bias ? rows.bias[i] : T(0)));
        }
    }
}

void layer_norm(const KernelCall& call, const Tensor& self, const Tensor& weight, const Tensor& bias, int64_t size,
                double eps, bool centred) {
    if (call.outs[0].numel() == 0) return;
    visit_float(compute_type(self.dtype()), [&]<class T>() {
        const DType computed = dtype_of<T>();
        const StagedResult out(call.outs[0], computed);
        const Tensor x = staged(self, computed), scale = staged(weight, computed), shift = staged(bias, computed);
        parallel_for(x.numel() / size, row_grain(size), [&](int64_t begin, int64_t end) {
            const LayerNormRows<T> rows{
                out.data<T>() + begin * size, x.data<T>() + begin * size, call.outs[1].data<double>() + begin,
                call.outs[2].data<double>() + begin, data_or_null<T>(scale), data_or_null<T>(shift), end - begin, size,
                eps, centred};
            kernels<LayerNormKernels<T>>().forward(rows);
            redo_rows(rows);
        });
    });
}

// Sums over rows, for each piece of them. Those not wanted have no elements.
template <class T>
class PartialSums {
public:
    PartialSums(const Tensor& to, int64_t pieces, int64_t size)
        : to_(to), sums_(to.numel() ? Tensor::zeros({pieces, size}, dtype_of<T>()) : Tensor()) {}

    T* piece(int64_t p) const { return sums_.defined() ? sums_.data<T>() + p * to_.numel() : nullptr; }

    void add_up() const {
        const StagedResult out(to_, dtype_of<T>());
        for (int64_t i = 0; i < to_.numel(); ++i) {
            double sum = 0;
            for (int64_t p = 0; p < sums_.sizes()[0]; ++p) sum += piece(p)[i];
            out.template data<T>()[i] = static_cast<T>(sum);
        }
    }

private:
    Tensor to_, sums_;
};

void layer_norm_backward(const KernelCall& call, const Tensor& grad, const Tensor& self, const Tensor& weight,
                         const Tensor& mean, const Tensor& rstd, int64_t size, bool centred) {
    visit_float(compute_type(self.dtype()), [&]<class T>() {
        const DType computed = dtype_of<T>();
        const Tensor g = staged(grad, computed), x = staged(self, computed), scale = staged(weight, computed),
                     means = packed_as(mean, DType::Float64), rstds = packed_as(rstd, DType::Float64);
        const int64_t rows = size == 0 ? 0 : self.numel() / size, pieces = std::clamp<int64_t>(rows, 1, kMostPieces);
        const PartialSums<T> weight_grad(call.outs[1], pieces, size), bias_grad(call.outs[2], pieces, size);
        const StagedResult out(call.outs[0], computed);
        const int64_t grain = ceil_div(kGrain / 4 * pieces, std::max<int64_t>(rows * size, 1));
        each_piece(rows ? pieces : 0, rows, grain, [&](int64_t p, int64_t begin, int64_t end) {
            kernels<LayerNormKernels<T>>().backward(
                {out.tensor().numel() ? out.data<T>() + begin * size : nullptr, g.data<T>() + begin * size,
                 x.data<T>() + begin * size, means.data<double>() + begin, rstds.data<double>() + begin,
                 data_or_null<T>(scale), weight_grad.piece(p), bias_grad.piece(p), end - begin, size, centred});
        });
        weight_grad.add_up();
        bias_grad.add_up();
    });
}

KERNEL(CPU, "_layer_norm", layer_norm);
KERNEL(CPU, "_layer_norm_backward", layer_norm_backward);

}  // namespace
}  // namespace bestiary::cpu
