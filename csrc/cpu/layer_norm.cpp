// The drivers of layer norm and RMS norm.
#include "cpu/channel_norm.h"
#include "cpu/row_pieces.h"

namespace bestiary::cpu {
namespace {

char* raw_or_null(const Tensor& t) { return t.defined() ? t.raw() : nullptr; }

int64_t row_grain(int64_t size) { return ceil_div(kGrain / 4, std::max<int64_t>(size, 1)); }

struct Rows {
    Tensor out, x, weight, bias, mean, rstd;
    int64_t size;
    double eps;
    bool centred;
};

// Calculates rows again whose statistics are not in_range.
template <class T>
void redo_rows(const Rows& rows, int64_t begin, int64_t end) {
    double *const mean = rows.mean.data<double>(), *const rstd = rows.rstd.data<double>();
    const PerChannel<T> weight(rows.weight, T(1)), bias(rows.bias, T(0));
    for (int64_t r = begin; r < end; ++r) {
        if (in_range<T>(rstd[r])) continue;
        const T* const x = rows.x.data<T>() + r * rows.size;
        T* const out = rows.out.data<T>() + r * rows.size;
        const RowMoments m(rows.size, rows.centred, [&](int64_t i) { return double(x[i]); });
        mean[r] = m.true_mean();
        rstd[r] = m.rstd(rows.eps);
        for (int64_t i = 0; i < rows.size; ++i)
            out[i] = static_cast<T>((m.scaled(x[i]) - m.mean) * m.scaled_rstd(rows.eps) * weight[i] + bias[i]);
    }
}

// self, weight, bias, size, eps, centred
void forward(const KernelCall& call) {
    const Args a = call.args;
    const int64_t size = a.integer(3);
    if (call.outs[0].numel() == 0) return;
    const DType computed = compute_type(call.outs[0].dtype());
    const int64_t item = item_size(computed);
    const StagedResult out(call.outs[0], computed);
    const Rows rows{out.tensor(), staged(a.tensor(0), computed), staged(a.tensor_or_none(1), computed),
                    staged(a.tensor_or_none(2), computed), call.outs[1], call.outs[2], size, a.number(4), a.flag(5)};
    const double params[] = {rows.eps, double(rows.centred)};
    const Loop loop = loop_of("_layer_norm.rows", computed);
    parallel_for(rows.x.numel() / size, row_grain(size), [&](int64_t begin, int64_t end) {
        const int64_t at = begin * size * item;
        char* const data[] = {out.raw() + at,
                              rows.x.raw() + at,
                              bytes(rows.mean.data<double>() + begin),
                              bytes(rows.rstd.data<double>() + begin),
                              raw_or_null(rows.weight),
                              raw_or_null(rows.bias)};
        loop(data, &size, end - begin, params);
        visit_float(computed, [&]<class T>() { redo_rows<T>(rows, begin, end); });
    });
}

// A row of zeros for each piece.
Tensor partial_sums(const Tensor& wanted, DType computed, int64_t pieces, int64_t size) {
    return wanted.defined() && wanted.numel() > 0 ? Tensor::zeros({pieces, size}, computed) : Tensor();
}

template <class T>
void add_pieces(const Tensor& sums, const Tensor& to) {
    if (!to.defined() || to.numel() == 0) return;
    const int64_t size = to.numel(), pieces = sums.defined() ? sums.sizes()[0] : 0;
    const StagedResult out(to, dtype_of<T>());
    for (int64_t i = 0; i < size; ++i) {
        double sum = 0;
        for (int64_t piece = 0; piece < pieces; ++piece) sum += sums.data<T>()[piece * size + i];
        out.template data<T>()[i] = static_cast<T>(sum);
    }
}

// grad, self, weight, mean, rstd, size, centred; results: gradients of self, weight and bias, empty if not wanted
void backward(const KernelCall& call) {
    const Args a = call.args;
    const int64_t size = a.integer(5), rows = size == 0 ? 0 : a.tensor(1).numel() / size;
    const DType computed = compute_type(a.tensor(1).dtype());
    const int64_t item = item_size(computed);
    const Tensor grad = staged(a.tensor(0), computed), x = staged(a.tensor(1), computed),
                 weight = staged(a.tensor_or_none(2), computed), mean = packed_as(a.tensor(3), DType::Float64),
                 rstd = packed_as(a.tensor(4), DType::Float64);
    const int64_t pieces = std::clamp<int64_t>(rows, 1, kMostPieces);
    const Tensor weight_sums = partial_sums(call.outs[1], computed, pieces, size),
                 bias_sums = partial_sums(call.outs[2], computed, pieces, size);
    const double params[] = {0.0, double(a.flag(6))};
    const Loop loop = loop_of("_layer_norm_backward.rows", computed);
    const StagedResult out(call.outs[0], computed);
    const auto at_row = [&](const Tensor& t, int64_t row) { return t.numel() ? t.raw() + row * size * item : nullptr; };
    const auto at_piece = [&](const Tensor& t, int64_t piece) {
        return t.defined() ? t.raw() + piece * size * item : nullptr;
    };
    parallel_for(rows ? pieces : 0, ceil_div(kGrain / 4 * pieces, std::max<int64_t>(rows * size, 1)),
                 [&](int64_t from, int64_t to) {
                     for (int64_t piece = from; piece < to; ++piece) {
                         const int64_t begin = rows * piece / pieces, end = rows * (piece + 1) / pieces;
                         char* const data[] = {
                             at_row(out.tensor(), begin),  at_row(grad, begin),       at_row(x, begin),
                             bytes(mean.data<double>() + begin),
                             bytes(rstd.data<double>() + begin),
                             raw_or_null(weight),
                             at_piece(weight_sums, piece), at_piece(bias_sums, piece)};
                         loop(data, &size, end - begin, params);
                     }
                 });
    visit_float(computed, [&]<class T>() {
        add_pieces<T>(weight_sums, call.outs[1]);
        add_pieces<T>(bias_sums, call.outs[2]);
    });
}

KERNEL(CPU, "_layer_norm", forward);
KERNEL(CPU, "_layer_norm_backward", backward);

}  // namespace
}  // namespace bestiary::cpu
