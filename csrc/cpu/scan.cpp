// Running sums, products and extremes along a dimension.
#include <algorithm>
#include <cmath>
#include <limits>

#include "cpu/contiguous.h"
#include "cpu/dim_view.h"
#include "cpu/loop_table.h"

namespace bestiary::cpu {
namespace {

// Floats run on in double, integers in unsigned 64 bits, which wrap.
template <class T>
using Running = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;

template <class F>
void visit_number(DType t, const F& body) {
    visit(t, [&]<class T>() {
        if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>)
            fail(ErrorKind::Type, "16-bit floats run on as float32");
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

constexpr int64_t kColumns = 256;  // neighbouring lines that run on side by side

// DimView [begin, end), whose elements are `inner` apart: the lines between two elements of one are neighbours.
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

template <class Step>
void run_on(const KernelCall& call, int first) {
    const Tensor& out = call.outs[0];
    const DType type = compute_type(out.dtype());
    const Tensor in = packed_as(call.args.tensor(0), type),
                 work = out.dtype() == type ? out : Tensor::empty(out.sizes(), type);
    const DimView lines(in.sizes(), call.args.integer(1));
    const Loop sum_row = std::is_same_v<Step, Sum> && lines.inner == 1 ? find_loops("scan.sum")->get(type) : nullptr;
    visit_number(type, [&]<class T>() {
        if (!sum_row) {
            return lines.share([&](int64_t begin, int64_t end) {
                run_lines<Step, T>(lines, in.data<T>(), work.data<T>(), begin, end, first);
            });
        }
        lines.each([&](int64_t start) {
            char* const data[] = {reinterpret_cast<char*>(work.data<T>() + start),
                                  reinterpret_cast<char*>(in.data<T>() + start)};
            sum_row(data, nullptr, lines.n, nullptr);
        });
    });
    if (work.impl() != out.impl()) copy_into(out, work);
}

double log_add_exp(double x, double y) {
    if (x == y && std::isinf(x)) return x;
    return std::max(x, y) + std::log1p(std::exp(-std::abs(x - y)));
}

void log_cum_sum_exp(const KernelCall& call) {
    const Tensor& out = call.outs[0];
    const Tensor in = packed_as(call.args.tensor(0), compute_type(out.dtype()));
    const Tensor work = Tensor::empty(in.sizes(), in.dtype());
    const DimView lines(in.sizes(), call.args.integer(1));
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
void linear_scan(const KernelCall& call) {
    const Tensor& out = call.outs[0];
    const DType type = compute_type(out.dtype());
    const Tensor a = packed_as(call.args.tensor(0), type), b = packed_as(call.args.tensor(1), type);
    const Tensor work = Tensor::empty(out.sizes(), type);
    const DimView lines(out.sizes(), call.args.integer(2));
    const bool reverse = call.args.flag(3);
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
void cum_extreme(const KernelCall& call) {
    const Tensor& self = call.args.tensor(0);
    const Tensor in = packed_as(self, compute_type(self.dtype())),
                 values = Tensor::empty(in.sizes(), in.dtype());
    const DimView lines(in.sizes(), call.args.integer(1));
    int64_t* indices = call.outs[1].data<int64_t>();
    visit_number(in.dtype(), [&]<class T>() {
        lines.each([&](int64_t start) {
            T best = in.data<T>()[start];
            int64_t where = 0;
            for (int64_t i = 0, at = start; i < lines.n; ++i, at += lines.inner) {
                const T x = in.data<T>()[at];
                if (x != x || (greater ? x >= best : x <= best)) {
                    best = x;
                    where = i;
                }
                values.data<T>()[at] = best;
                indices[at] = where;
            }
        });
    });
    copy_into(call.outs[0], values);
}

KERNEL(CPU, "_cumsum", [](const KernelCall& c) { run_on<Sum>(c, 0); });
KERNEL(CPU, "_cumprod", [](const KernelCall& c) { run_on<Product>(c, 1); });
KERNEL(CPU, "logcumsumexp", log_cum_sum_exp);
KERNEL(CPU, "_linear_scan", linear_scan);
KERNEL(CPU, "cummax", cum_extreme<true>);
KERNEL(CPU, "cummin", cum_extreme<false>);

}  // namespace
}  // namespace bestiary::cpu
