// Matrix products of tensors: vectors, matrices, batches.
#include "cpu/contiguous.h"
#include "cpu/gemm.h"
#include "cpu/gemm_dispatch.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {
namespace {

constexpr int64_t kSmallProduct = int64_t{1} << 20;  // multiply-adds that are worth a thread
constexpr int64_t kManyProducts = 4;                 // for each thread: enough to share out whole ones evenly

// An operand seen as matrices [rows, columns] in a batch, which may be broadcast.
struct Matrices {
    char* data;
    int64_t rows, columns, row_stride, column_stride;
    Dims batch, batch_strides;
};

// A vector is one row on the left, one column on the right.
Matrices matrices(const Tensor& t, bool left) {
    const Dims& sizes = t.sizes();
    const Dims& strides = t.strides();
    const int n = t.dim();
    if (n == 1) {
        if (left) return {t.raw(), 1, sizes[0], sizes[0], strides[0], {}, {}};
        return {t.raw(), sizes[0], 1, strides[0], 1, {}, {}};
    }
    return {t.raw(), sizes[n - 2], sizes[n - 1], strides[n - 2], strides[n - 1],
            Dims(sizes.data(), n - 2), Dims(strides.data(), n - 2)};
}

// One matrix on the right: the batch of the left is only more rows, if they follow each other.
void fold_batch(Matrices& a) {
    while (!a.batch.empty()) {
        const int last = a.batch.size() - 1;
        if (a.rows == 1) a.row_stride = a.batch_strides[last];
        else if (a.batch[last] != 1 && a.batch_strides[last] != a.rows * a.row_stride) return;
        a.rows *= a.batch[last];
        a.batch.erase(last);
        a.batch_strides.erase(last);
    }
}

Dims padded(const Dims& values, int n, int64_t fill) {
    Dims out(n, fill);
    std::copy(values.begin(), values.end(), out.end() - values.size());
    return out;
}

// A column as the result is a row of the transposed product, which reads the matrix in order.
void run_any(GemmArgs p) {
    if (p.n != 1 || p.m == 1 || p.c_row != 1 || p.bias) return gemm(p);
    std::swap(p.m, p.n);
    std::swap(p.a, p.b);
    std::swap(p.a_row, p.b_col);
    std::swap(p.a_col, p.b_row);
    p.c_row = p.n;
    gemm(p);
}

// Bytes from the first matrix of an operand to the one at `index` of the joint batch.
int64_t batch_offset(const Matrices& x, const Dims& batch, int64_t index, int64_t item) {
    const Dims sizes = padded(x.batch, batch.size(), 1), strides = padded(x.batch_strides, batch.size(), 0);
    int64_t offset = 0;
    for (int d = batch.size() - 1; d >= 0; --d) {
        if (sizes[d] != 1) offset += index % batch[d] * strides[d];
        index /= batch[d];
    }
    return offset * item;
}

void run_batch(const Matrices& a, const Matrices& b, GemmArgs p) {
    const Dims batch = broadcast(a.batch, b.batch);
    const int64_t item = item_size(p.dtype), count = batch.product(), work = p.m * p.n * p.k;
    const auto each = [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            GemmArgs one = p;
            one.a = a.data + batch_offset(a, batch, i, item);
            one.b = b.data + batch_offset(b, batch, i, item);
            one.c = p.c + i * p.m * p.n * item;
            run_any(one);
        }
    };
    if (threads_for(p) > 1 && count < kManyProducts * omp_get_max_threads()) return each(0, count);
    parallel_for(count, ceil_div(kSmallProduct, std::max<int64_t>(work, 1)), each);
}

void multiply(const Tensor& left, const Tensor& right, const Tensor& bias, const Tensor& out, bool right_transposed) {
    Matrices a = matrices(left, true), b = matrices(right, false);
    if (right_transposed) {
        std::swap(b.rows, b.columns);
        std::swap(b.row_stride, b.column_stride);
    }
    if (b.batch.empty()) fold_batch(a);
    const GemmArgs p{out.dtype(), a.rows, b.columns, a.columns,
                    a.data, a.row_stride, a.column_stride,
                    b.data, b.row_stride, b.column_stride,
                    out.raw(), b.columns, bias.defined() ? bias.raw() : nullptr};
    if (a.batch.empty() && b.batch.empty()) run_any(p);
    else run_batch(a, b, p);
}

void matmul(const KernelCall& call, const Tensor& self, const Tensor& other) {
    multiply(self, other, Tensor(), call.outs[0], false);
}

void linear(const KernelCall& call, const Tensor& input, const Tensor& weight, const Tensor& bias) {
    multiply(input, weight, bias.defined() ? packed(bias) : bias, call.outs[0], true);
}

KERNEL(CPU, "matmul", matmul);
KERNEL(CPU, "mm", matmul);
KERNEL(CPU, "bmm", matmul);
KERNEL(CPU, "mv", matmul);
KERNEL(CPU, "dot", matmul);
KERNEL(CPU, "linear", linear);

}  // namespace
}  // namespace bestiary::cpu
