// Pooling over windows, fixed or adaptive, in up to three dimensions.
//
// Note [Runs of windows]
// Both layouts of an image are pooled by the same loops: channels last, a run is one window in all channels;
// otherwise it is the windows of one row, in one channel, that are wholly inside, or a single one at the border.
#include <array>
#include <vector>

#include "core/channels_last.h"
#include "cpu/isa/pooling.h"
#include "cpu/kernel_table.h"
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

// The windows along one dimension: the first element of each inside the image, and how many elements it has there.
struct PoolAxis {
    int64_t size = 1, step = 1, dilation = 1;  // step: between windows; 0 where it varies
    std::vector<int64_t> begin{0}, count{1}, divisor{1};

    int64_t windows() const { return static_cast<int64_t>(begin.size()); }
};

PoolAxis fixed_axis(int64_t size, int64_t windows, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation,
                    bool count_padding) {
    const std::vector<int64_t> zeros(windows);
    PoolAxis axis{size, stride, dilation, zeros, zeros, zeros};
    for (int64_t o = 0; o < windows; ++o) {
        const int64_t start = o * stride - padding;
        const int64_t skipped = start < 0 ? ceil_div(-start, dilation) : 0;
        axis.begin[o] = start + skipped * dilation;
        const int64_t inside = axis.begin[o] < size ? ceil_div(size - axis.begin[o], dilation) : 0;
        axis.count[o] = std::clamp<int64_t>(kernel - skipped, 0, inside);
        axis.divisor[o] = count_padding ? std::min(start + kernel, size + padding) - start : axis.count[o];
    }
    return axis;
}

PoolAxis adaptive_axis(int64_t size, int64_t windows) {
    PoolAxis axis{size, 0, 1, std::vector<int64_t>(windows), std::vector<int64_t>(windows), {}};
    for (int64_t o = 0; o < windows; ++o) {
        axis.begin[o] = o * size / windows;
        axis.count[o] = ceil_div((o + 1) * size, windows) - axis.begin[o];
    }
    axis.divisor = axis.count;
    return axis;
}

using PoolAxes = std::array<PoolAxis, 3>;

// An image, its windows and its pooled form; sizes of missing dimensions are 1.
class Pooling {
public:
    Pooling(PoolAxes axes, const Dims& image, bool channels_last)
        : axes_(std::move(axes)), batch_(image[0]), channels_(image[1]), last_(channels_last) {
        pixel_ = last_ ? channels_ : 1;
        for (const PoolAxis& a : axes_) {
            in_pixels_ *= a.size;
            out_pixels_ *= a.windows();
        }
    }
    bool channels_last() const { return last_; }

    // Calls body(run, first element in the image, first element in the result) for all runs.
    template <class F>
    void for_runs(const F& body) const {
        const int64_t images = last_ ? batch_ : batch_ * channels_;
        const int64_t width = last_ ? std::min<int64_t>(channels_, kChannels) : 1;
        const int64_t parts = ceil_div(last_ ? channels_ : 1, width);
        const int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(in_pixels_ * width, 1));
        parallel_for(images * parts, grain, [&](int64_t begin, int64_t end) {
            std::vector<int64_t> offsets;
            for (int64_t at = begin; at < end; ++at) {
                const int64_t from = at % parts * width, image = at / parts;
                run_image(image, from, last_ ? std::min(width, channels_ - from) : 1, offsets, body);
            }
        });
    }

    // The pixel of element k of window i of a run, counted in its channel.
    int64_t pixel_of(const PoolRun& r, int32_t k, int64_t i) const {
        return last_ ? r.offsets[k] / channels_ + r.shift : r.offsets[k] + i * r.step;
    }

private:
    static constexpr int64_t kChannels = 64;

    template <class F>
    void run_image(int64_t image, int64_t from, int64_t width, std::vector<int64_t>& offsets, const F& body) const {
        const int64_t in = image * in_pixels_ * pixel_ + from, out = image * out_pixels_ * pixel_ + from;
        const PoolAxis& columns = axes_[2];
        int64_t row = 0;
        for (int64_t d = 0; d < axes_[0].windows(); ++d)
            for (int64_t h = 0; h < axes_[1].windows(); ++h, ++row)
                for (int64_t w = 0; w < columns.windows();) {
                    const int64_t n = alike(columns, w);
                    find_offsets(d, h, w, offsets);
                    const double divisor = static_cast<double>(
                        std::max<int64_t>(1, axes_[0].divisor[d] * axes_[1].divisor[h] * columns.divisor[w]));
                    PoolRun r{offsets.data(), static_cast<int64_t>(offsets.size()), last_ ? width : n,
                              last_ ? 1 : columns.step, 1 / divisor};
                    const int64_t to = out + (row * columns.windows() + w) * pixel_;
                    w += n;
                    if (!last_) {
                        body(r, in, to);
                        continue;
                    }
                    for (int64_t i = 0; i < n; ++i, r.shift += columns.step)
                        body(r, in + r.shift * channels_, to + i * channels_);
                }
    }

    // The number of windows from w on that differ only in their start.
    static int64_t alike(const PoolAxis& a, int64_t w) {
        int64_t n = 1;
        while (a.step > 0 && w + n < a.windows() && a.count[w + n] == a.count[w] && a.divisor[w + n] == a.divisor[w] &&
               a.begin[w + n] == a.begin[w] + n * a.step)
            ++n;
        return n;
    }

    void find_offsets(int64_t d, int64_t h, int64_t w, std::vector<int64_t>& offsets) const {
        const auto at = [&](int axis, int64_t window, int64_t k) {
            return axes_[axis].begin[window] + k * axes_[axis].dilation;
        };
        offsets.clear();
        for (int64_t a = 0; a < axes_[0].count[d]; ++a)
            for (int64_t b = 0; b < axes_[1].count[h]; ++b)
                for (int64_t c = 0; c < axes_[2].count[w]; ++c)
                    offsets.push_back(((at(0, d, a) * axes_[1].size + at(1, h, b)) * axes_[2].size + at(2, w, c)) *
                                      pixel_);
    }

    PoolAxes axes_;
    int64_t batch_, channels_;
    bool last_;
    int64_t pixel_ = 1, in_pixels_ = 1, out_pixels_ = 1;
};

// Writes the largest element of each window, and its index where `indices` is not null.
template <class T>
void max_pool_runs(const Pooling& pooling, const T* in, T* out, int64_t* indices) {
    const PoolKernels<T>& kernel = kernels<PoolKernels<T>>();
    pooling.for_runs([&](const PoolRun& r, int64_t from, int64_t to) {
        if (!indices) return kernel.max(r, in + from, out + to);
        thread_local std::vector<int32_t> largest;
        largest.resize(static_cast<size_t>(r.n));
        kernel.argmax(r, in + from, out + to, largest.data());
        for (int64_t i = 0; i < r.n; ++i) indices[to + i] = r.count ? pooling.pixel_of(r, largest[i], i) : 0;
    });
}

// Adds each gradient at the largest element.
template <class T>
void max_pool_runs_backward(const Pooling& pooling, const T* grad, const T* in, T* out) {
    const PoolKernels<T>& kernel = kernels<PoolKernels<T>>();
    pooling.for_runs([&](const PoolRun& r, int64_t from, int64_t to) {
        thread_local std::vector<int32_t> index;
        thread_local std::vector<T> largest;
        index.resize(static_cast<size_t>(r.n));
        largest.resize(static_cast<size_t>(r.n));
        kernel.argmax(r, in + from, largest.data(), index.data());
        for (int64_t i = 0; r.count && i < r.n; ++i) out[from + r.offsets[index[i]] + i * r.step] += grad[to + i];
    });
}

// Calls body(run, first element in the image, first element in the result) for all runs, scaled by a divisor but 0.
template <class F>
void for_runs_divided(const Pooling& pooling, int64_t divisor, const F& body) {
    pooling.for_runs([&](PoolRun r, int64_t from, int64_t to) {
        if (divisor != 0) r.scale = 1 / static_cast<double>(divisor);
        body(r, from, to);
    });
}

Dims image_strides(const Dims& sizes, bool last) {
    return last ? channels_last_strides(sizes) : contiguous_strides(sizes);
}

bool fits(const Tensor& t, bool last) { return last ? is_channels_last(t) : t.is_contiguous(); }

// In the layout that is pooled in, and a type that has kernels.
Tensor staged_image(const Tensor& t, bool last) {
    const DType dtype = compute_type(t.dtype());
    if (t.dtype() == dtype && fits(t, last)) return t;
    const Tensor copy = Tensor::empty_strided(t.sizes(), image_strides(t.sizes(), last), dtype);
    copy_into(copy, t);
    return copy;
}

StagedResult staged_result(const Tensor& out, bool last) {
    return {out, compute_type(out.dtype()), image_strides(out.sizes(), last), fits(out, last)};
}

// Adaptive pooling has no kernel, stride and padding; no dilation is one of 1.
Pooling pooling_of(const Dims& image, bool last, bool count_padding, Ints size, Ints kernel, Ints stride, Ints padding,
                   Ints dilation = {}) {
    PoolAxes axes;
    const int n = static_cast<int>(size.size());
    for (int i = 0; i < n; ++i) {
        const int64_t pixels = image[i + 2];
        axes[3 - n + i] = kernel.empty() ? adaptive_axis(pixels, size[i])
                                         : fixed_axis(pixels, size[i], kernel[i], stride[i], padding[i],
                                                      dilation.empty() ? 1 : dilation[i], count_padding);
    }
    return Pooling(std::move(axes), image, last);
}

template <class T>
void zero(const StagedResult& out) {
    std::memset(out.raw(), 0, static_cast<size_t>(out.tensor().numel()) * sizeof(T));
}

void max_pool(const KernelCall& call, const Tensor& input, Ints size, Ints kernel, Ints stride, Ints padding,
              Ints dilation) {
    const bool last = is_only_channels_last(input) && is_channels_last(call.outs[0]);  // indices as well
    const Pooling pooling = pooling_of(input.sizes(), last, false, size, kernel, stride, padding, dilation);
    const StagedResult out = staged_result(call.outs[0], last);
    const Tensor x = staged_image(input, last);
    int64_t* const indices = call.outs.size() > 1 ? call.outs[1].data<int64_t>() : nullptr;
    visit_float(x.dtype(), [&]<class T>() { max_pool_runs(pooling, x.data<T>(), out.data<T>(), indices); });
}

void max_pool_backward(const KernelCall& call, const Tensor& grad, const Tensor& input, Ints size, Ints kernel,
                       Ints stride, Ints padding, Ints dilation) {
    const bool last = is_only_channels_last(input);
    const Pooling pooling = pooling_of(input.sizes(), last, false, size, kernel, stride, padding, dilation);
    const StagedResult out = staged_result(call.outs[0], last);
    const Tensor g = staged_image(grad, last), x = staged_image(input, last);
    visit_float(x.dtype(), [&]<class T>() {
        zero<T>(out);
        max_pool_runs_backward(pooling, g.data<T>(), x.data<T>(), out.data<T>());
    });
}

void avg_pool(const KernelCall& call, const Tensor& input, Ints size, Ints kernel, Ints stride, Ints padding,
              bool count_include_pad, int64_t divisor) {
    const bool last = is_only_channels_last(input);
    const Pooling pooling = pooling_of(input.sizes(), last, count_include_pad, size, kernel, stride, padding);
    const StagedResult out = staged_result(call.outs[0], last);
    const Tensor x = staged_image(input, last);
    visit_float(x.dtype(), [&]<class T>() {
        const auto sum = kernels<PoolKernels<T>>().sum;
        for_runs_divided(pooling, divisor, [&](const PoolRun& r, int64_t from, int64_t to) {
            sum(r, x.data<T>() + from, out.data<T>() + to);
        });
    });
}

void avg_pool_backward(const KernelCall& call, const Tensor& grad, Ints image, Ints size, Ints kernel, Ints stride,
                       Ints padding, bool count_include_pad, int64_t divisor) {
    const bool last = is_channels_last(grad);
    const Pooling pooling = pooling_of(image, last, count_include_pad, size, kernel, stride, padding);
    const StagedResult out = staged_result(call.outs[0], last);
    const Tensor g = staged_image(grad, last);
    visit_float(g.dtype(), [&]<class T>() {
        zero<T>(out);
        const auto backward = kernels<PoolKernels<T>>().sum_backward;
        for_runs_divided(pooling, divisor, [&](const PoolRun& r, int64_t from, int64_t to) {
            backward(r, g.data<T>() + to, out.data<T>() + from);
        });
    });
}

KERNEL(CPU, "_max_pool", max_pool);
KERNEL(CPU, "_max_pool_indices", max_pool);
KERNEL(CPU, "_max_pool_backward", max_pool_backward);
KERNEL(CPU, "_avg_pool", avg_pool);
KERNEL(CPU, "_avg_pool_backward", avg_pool_backward);

}  // namespace
}  // namespace bestiary::cpu
