// Tensors continued beyond their ends.
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

// A block of the padded tensor.
struct PaddedPart {
    Dims sizes;
    int64_t offset;

    // The elements [from, from + n) of dimension d, counted from the first of this part.
    PaddedPart slab(const Tensor& out, int d, int64_t from, int64_t n) const {
        PaddedPart part = *this;
        part.sizes[d] = n;
        part.offset += from * out.strides()[d];
        return part;
    }
};

// Copies self, or what negative padding leaves of it, and then fills one dimension after the other.
void pad_constant(const KernelCall& call, const Tensor& self, Ints pad, const Value& number) {
    const Tensor& out = call.outs[0];
    const Tensor value = Tensor::scalar(number.number(), out.dtype());
    const auto fill = [&](const PaddedPart& part) {
        copy_into(out.alias(part.sizes, out.strides(), part.offset), value);
    };
    PaddedPart filled{self.sizes(), out->offset};
    int64_t from = self->offset;
    for (size_t i = 0; i < pad.size() / 2; ++i) {
        const int d = self.dim() - 1 - static_cast<int>(i);
        const int64_t before = pad[2 * i], after = pad[2 * i + 1];
        filled.sizes[d] += std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0);
        if (filled.sizes[d] <= 0) return copy_into(out, value);
        from += std::max<int64_t>(-before, 0) * self.strides()[d];
        filled.offset += std::max<int64_t>(before, 0) * out.strides()[d];
    }
    copy_into(out.alias(filled.sizes, out.strides(), filled.offset), self.alias(filled.sizes, self.strides(), from));
    for (size_t i = 0; i < pad.size() / 2; ++i) {
        const int d = self.dim() - 1 - static_cast<int>(i);
        const int64_t before = std::max<int64_t>(pad[2 * i], 0), after = std::max<int64_t>(pad[2 * i + 1], 0);
        const int64_t n = filled.sizes[d];
        if (before > 0) fill(filled.slab(out, d, -before, before));
        if (after > 0) fill(filled.slab(out, d, n, after));
        filled = filled.slab(out, d, -before, before + n + after);
    }
}

// A tensor of shape `inside`, and the padded one of shape `outside`.
struct BorderPadding {
    struct Dimension {
        std::vector<int64_t> from;  // by index outside: the offset of its source inside
        int64_t begin, count;       // the indices outside of the inside itself
        bool padded;
    };
    std::vector<Dimension> dims;
    Dims outside;

    BorderPadding(const Dims& inside, Ints pad, std::string_view mode);
    int64_t width() const { return outside.back(); }
    int64_t rows() const { return width() == 0 ? 0 : outside.product() / width(); }
    // The offset inside of the source of a row outside.
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

BorderPadding::BorderPadding(const Dims& inside, Ints pad, std::string_view mode) : outside(inside) {
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
void copy_row(const BorderPadding::Dimension& last, T* to, const T* from) {
    const int64_t end = last.begin + last.count, width = static_cast<int64_t>(last.from.size());
    for (int64_t j = 0; j < last.begin; ++j) to[j] = from[last.from[j]];
    if (last.count > 0) std::copy_n(from + last.from[last.begin], last.count, to + last.begin);
    for (int64_t j = end; j < width; ++j) to[j] = from[last.from[j]];
}

template <class T>
void add_row(const BorderPadding::Dimension& last, T* to, const T* grad) {
    const int64_t end = last.begin + last.count, width = static_cast<int64_t>(last.from.size());
    for (int64_t j = 0; j < last.begin; ++j) to[last.from[j]] += grad[j];
    for (int64_t j = last.begin; j < end; ++j) to[last.from[last.begin] + j - last.begin] += grad[j];
    for (int64_t j = end; j < width; ++j) to[last.from[j]] += grad[j];
}

void pad_border(const KernelCall& call, const Tensor& given, Ints pad, std::string_view mode) {
    const Tensor self = packed(given), &out = call.outs[0];
    if (out.numel() == 0) return;
    if (self.dim() == 0) return copy_into(out, self);
    const BorderPadding padding(self.sizes(), pad, mode);
    visit(out.dtype(), [&]<class T>() {
        parallel_for(padding.rows(), ceil_div(kGrain, padding.width()), [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row)
                copy_row(padding.dims.back(), out.data<T>() + row * padding.width(),
                         self.data<T>() + padding.source(row));
        });
    });
}

void pad_border_backward(const KernelCall& call, const Tensor& given, Ints pad, std::string_view mode) {
    const Tensor& out = call.outs[0];
    visit_float(compute_type(out.dtype()), [&]<class T>() {
        const Tensor grad = packed_as(given, dtype_of<T>());
        const StagedResult result(out, dtype_of<T>());
        if (out.dim() == 0) return copy_into(result.tensor(), grad);
        std::fill_n(result.template data<T>(), out.numel(), T(0));
        const BorderPadding padding(out.sizes(), pad, mode);
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

KERNEL(CPU, "_pad_constant", pad_constant);
KERNEL(CPU, "_pad_border", pad_border);
KERNEL(CPU, "_pad_border_backward", pad_border_backward);

}  // namespace
}  // namespace bestiary::cpu
