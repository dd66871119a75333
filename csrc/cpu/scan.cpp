// Running sums, products and extremes along a dimension.
#include <algorithm>
#include <cmath>
#include <limits>

#include "cpu/contiguous.h"
#include "cpu/dim_view.h"
#include "cpu/isa/scan.h"
#include "cpu/kernel_table.h"

namespace bestiary::cpu {
namespace {

// Floats accumulate in double, integers in unsigned 64 bits, which wrap.
template <class T>
using Running = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;

template <class F>
void visit_number(DType t, const F& body) {
    visit(t, [&]<class T>() {
        if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>)
            fail(ErrorKind::Type, "16-bit floats accumulate as float32");
        else
            body.template operator()<T>();
    });
}

struct Sum {
    template <class A>
    void operator()(A& acc, A x) const {
        acc += x;
    }
};
struct Product {
    template <class A>
    void operator()(A& acc, A x) const {
        acc *= x;
    }
};

constexpr int64_t kColumns = 256;  // neighbouring lines scanned side by side

// Lines [begin, end), whose elements are `inner` apart: the lines between two elements of one are neighbours.
template <class Step, class T>
void run_lines(const DimView& lines, const T* in, T* out, int64_t begin, int64_t end, int first) {
    Running<T> acc[kColumns];
    while (begin < end) {
        const int64_t width = std::min({kColumns, end - begin, lines.inner - begin % lines.inner});
        std::fill_n(acc, width, static_cast<Running<T>>(first));
        for (int64_t i = 0, at = lines.start(begin); i < lines.n; ++i, at += lines.inner)
            for (int64_t j = 0; j < width; ++j) {
                Step()(acc[j], static_cast<Running<T>>(in[at + j]));
                out[at + j] = static_cast<T>(acc[j]);
            }
        begin += width;
    }
}

template <class Step, int first>
void scan(const KernelCall& call, const Tensor& self, int64_t dim) {
    const Tensor& out = call.outs[0];
    const DType type = compute_type(out.dtype());
    const Tensor in = packed_as(self, type), work = out.dtype() == type ? out : Tensor::empty(out.sizes(), type);
    const DimView lines(in.sizes(), dim);
    visit_number(type, [&]<class T>() {
        if constexpr (std::is_same_v<Step, Sum> && std::is_floating_point_v<T>) {
            if (lines.inner == 1) {
                const auto sum = kernels<ScanKernels<T>>().sum;
                return lines.each([&](int64_t start) { sum(work.data<T>() + start, in.data<T>() + start, lines.n); });
            }
        }
        lines.share([&](int64_t begin, int64_t end) {
            run_lines<Step, T>(lines, in.data<T>(), work.data<T>(), begin, end, first);
        });
    });
    if (work.impl() != out.impl()) copy_into(out, work);
}

double log_add_exp(double x, double y) {
    if (x == y && std::isinf(x)) return x;
    return std::max(x, y) + std::log1p(std::exp(-std::abs(x - y)));
}

void logcumsumexp(const KernelCall& call, const Tensor& self, int64_t dim) {
    const Tensor& out = call.outs[0];
    const Tensor in = packed_as(self, compute_type(out.dtype()));
    const Tensor work = Tensor::empty(in.sizes(), in.dtype());
    const DimView lines(in.sizes(), dim);
    visit_float(in.dtype(), [&]<class T>() {
        lines.each([&](int64_t start) {
            double acc = -std::numeric_limits<double>::infinity();
            for (int64_t i = 0, at = start; i < lines.n; ++i, at += lines.inner) {
                acc = log_add_exp(acc, in.data<T>()[at]);
                work.data<T>()[at] = static_cast<T>(acc);
            }
        });
    });
    copy_into(out, work);
}

// y[i] = b[i] + a[i] * y[i - 1], or with the next one in reverse.
void linear_scan(const KernelCall& call, const Tensor& given_a, const Tensor& given_b, int64_t dim, bool reverse) {
    const Tensor& out = call.outs[0];
    const DType type = compute_type(out.dtype());
    const Tensor a = packed_as(given_a, type), b = packed_as(given_b, type), work = Tensor::empty(out.sizes(), type);
    const DimView lines(out.sizes(), dim);
    visit_float(type, [&]<class T>() {
        lines.each([&](int64_t start) {
            const int64_t step = reverse ? -lines.inner : lines.inner;
            double y = 0;
            for (int64_t i = 0, at = reverse ? start + (lines.n - 1) * lines.inner : start; i < lines.n;
                 ++i, at += step) {
                y = i == 0 ? double(b.data<T>()[at]) : double(b.data<T>()[at]) + double(a.data<T>()[at]) * y;
                work.data<T>()[at] = static_cast<T>(y);
            }
        });
    });
    copy_into(out, work);
}

// The last of equals wins, and a nan stays.
template <bool greater>
void cum_extreme(const KernelCall& call, const Tensor& self, int64_t dim) {
    const Tensor in = packed_as(self, compute_type(self.dtype())), values = Tensor::empty(in.sizes(), in.dtype());
    const DimView lines(in.sizes(), dim);
    int64_t* indices = call.outs[1].data<int64_t>();
    visit_number(in.dtype(), [&]<class T>() {
        lines.each([&](int64_t start) {
            T best = in.data<T>()[start];
            int64_t index = 0;
            for (int64_t i = 0, at = start; i < lines.n; ++i, at += lines.inner) {
                const T x = in.data<T>()[at];
                if (x != x || (greater ? x >= best : x <= best)) {
                    best = x;
                    index = i;
                }
                values.data<T>()[at] = best;
                indices[at] = index;
            }
        });
    });
    copy_into(call.outs[0], values);
}

KERNEL(CPU, "_cumsum", scan<Sum, 0>);
KERNEL(CPU, "_cumprod", scan<Product, 1>);
KERNEL(CPU, "logcumsumexp", logcumsumexp);
KERNEL(CPU, "_linear_scan", linear_scan);
KERNEL(CPU, "cummax", cum_extreme<true>);
KERNEL(CPU, "cummin", cum_extreme<false>);

}  // namespace
}  // namespace bestiary::cpu
