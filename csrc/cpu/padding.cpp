// Tensors continued beyond their ends.
#include "cpu/contiguous.h"
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

// A tensor of shape `inside`, and the padded one of shape `outside`.
struct Padding {
    struct Dimension {
        std::vector<int64_t> from;  // for each place outside, the elements inside to skip for its source
        int64_t begin, count;       // the places that show the inside itself
        bool padded;
    };
    std::vector<Dimension> dims;
    Dims outside;

    Padding(const Dims& inside, std::span<const int64_t> pad, std::string_view mode);
    int64_t width() const { return outside.back(); }
    int64_t rows() const { return width() == 0 ? 0 : outside.product() / width(); }
    // Elements inside to skip for the source of a row outside.
    int64_t source(int64_t row) const {
        int64_t from = 0;
        for (int d = outside.size() - 2; d >= 0; --d) {
            from += dims[d].from[row % outside[d]];
            row /= outside[d];
        }
        return from;
    }
    // The number of consecutive rows whose sources may overlap; other rows share nothing with them.
    int64_t related_rows() const {
        int64_t rows = 1;
        int d = 0;
        while (d < outside.size() - 1 && !dims[d].padded) ++d;
        for (; d < outside.size() - 1; ++d) rows *= outside[d];
        return rows;
    }
};

int64_t source_of(std::string_view mode, int64_t i, int64_t n) {
    if (mode == "reflect") return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
    if (mode == "replicate") return std::clamp<int64_t>(i, 0, n - 1);
    return (i + n) % n;
}

Padding::Padding(const Dims& inside, std::span<const int64_t> pad, std::string_view mode) : outside(inside) {
    const Dims strides = contiguous_strides(inside);
    for (int d = 0; d < inside.size(); ++d) {
        const size_t at = 2 * static_cast<size_t>(inside.size() - 1 - d);
        const int64_t n = inside[d], before = at < pad.size() ? pad[at] : 0, after = at < pad.size() ? pad[at + 1] : 0;
        Dimension& dim = dims.emplace_back();
        for (int64_t i = -before; i < n + after; ++i) dim.from.push_back(source_of(mode, i, n) * strides[d]);
        dim.begin = std::max<int64_t>(before, 0);
        dim.count = std::max<int64_t>(n + std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0), 0);
        dim.padded = before != 0 || after != 0;
        outside[d] = n + before + after;
    }
}

template <class T>
void copy_row(const Padding::Dimension& last, T* to, const T* from) {
    const int64_t end = last.begin + last.count, width = static_cast<int64_t>(last.from.size());
    for (int64_t j = 0; j < last.begin; ++j) to[j] = from[last.from[j]];
    if (last.count > 0) std::copy_n(from + last.from[last.begin], last.count, to + last.begin);
    for (int64_t j = end; j < width; ++j) to[j] = from[last.from[j]];
}

template <class T>
void add_row(const Padding::Dimension& last, T* to, const T* grad) {
    const int64_t end = last.begin + last.count, width = static_cast<int64_t>(last.from.size());
    for (int64_t j = 0; j < last.begin; ++j) to[last.from[j]] += grad[j];
    for (int64_t j = last.begin; j < end; ++j) to[last.from[last.begin] + j - last.begin] += grad[j];
    for (int64_t j = end; j < width; ++j) to[last.from[j]] += grad[j];
}

void pad_border(const KernelCall& call) {
    const Tensor self = packed(call.args.tensor(0)), &out = call.outs[0];
    if (out.numel() == 0) return;
    if (self.dim() == 0) return copy_into(out, self);
    const Padding padding(self.sizes(), call.args.ints(1), call.args.str(2));
    visit(out.dtype(), [&]<class T>() {
        parallel_for(padding.rows(), ceil_div(kGrain, padding.width()), [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row)
                copy_row(padding.dims.back(), out.data<T>() + row * padding.width(),
                         self.data<T>() + padding.source(row));
        });
    });
}

void pad_border_backward(const KernelCall& call) {
    const Tensor& out = call.outs[0];
    visit_float(compute_type(out.dtype()), [&]<class T>() {
        const Tensor grad = packed_as(call.args.tensor(0), dtype_of<T>());
        const StagedResult result(out, dtype_of<T>());
        if (out.dim() == 0) return copy_into(result.tensor(), grad);
        std::fill_n(result.template data<T>(), out.numel(), T(0));
        const Padding padding(out.sizes(), call.args.ints(1), call.args.str(2));
        const int64_t related = padding.related_rows();
        if (padding.rows() == 0) return;
        parallel_for(padding.rows() / related, ceil_div(kGrain, related * padding.width()),
                     [&](int64_t begin, int64_t end) {
                         for (int64_t row = begin * related; row < end * related; ++row)
                             add_row(padding.dims.back(), result.template data<T>() + padding.source(row),
                                     grad.data<T>() + row * padding.width());
                     });
    });
}

KERNEL(CPU, "_pad_border", pad_border);
KERNEL(CPU, "_pad_border_backward", pad_border_backward);

}  // namespace
}  // namespace bestiary::cpu
