// Pooling over windows, fixed or adaptive, in up to three dimensions.
//
// Note [Runs of windows]
// Both layouts of an image are pooled by the same loops: channels last, a run is one window in all channels;
// otherwise it is the windows of one row, in one channel, that lie wholly inside, or a single one at the border.
#include <array>
#include <vector>

#include "core/channels_last.h"
#include "cpu/contiguous.h"
#include "cpu/isa/pooling.h"
#include "cpu/loop_table.h"
#include "cpu/parallel.h"

namespace bestiary::cpu {
namespace {

// The windows along one dimension: where each begins, after what the padding cuts off, and how many places it has.
struct Axis {
    int64_t size = 1, step = 1, dilation = 1;  // step: between windows; 0 where it varies
    std::vector<int64_t> begin{0}, count{1}, divisor{1};

    int64_t windows() const { return static_cast<int64_t>(begin.size()); }
};

Axis fixed_axis(int64_t size, int64_t windows, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation,
                bool count_padding) {
    Axis axis{size,
              stride,
              dilation,
              std::vector<int64_t>(windows),
              std::vector<int64_t>(windows),
              std::vector<int64_t>(windows)};
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

Axis adaptive_axis(int64_t size, int64_t windows) {
    Axis axis{size, 0, 1, std::vector<int64_t>(windows), std::vector<int64_t>(windows), {}};
    for (int64_t o = 0; o < windows; ++o) {
        axis.begin[o] = o * size / windows;
        axis.count[o] = ceil_div((o + 1) * size, windows) - axis.begin[o];
    }
    axis.divisor = axis.count;
    return axis;
}

using Axes = std::array<Axis, 3>;

// An image, its windows and its pooled form; sizes of missing dimensions are 1.
class Pooling {
public:
    Pooling(Axes axes, const Dims& image, bool channels_last)
        : axes_(std::move(axes)), batch_(image[0]), channels_(image[1]), last_(channels_last) {
        pixel_ = last_ ? channels_ : 1;
        for (const Axis& a : axes_) {
            in_pixels_ *= a.size;
            out_pixels_ *= a.windows();
        }
    }
    bool channels_last() const { return last_; }

    // Calls body(run, first place in the result) for all runs; in and out begin at the run's image.
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

    // The element of a channel plane, counted in pixels, that place k of window i of a run is.
    int64_t pixel_of(const PoolRun& r, int32_t k, int64_t i) const {
        return last_ ? r.offsets[k] / channels_ + r.shift : r.offsets[k] + i * r.step;
    }

private:
    static constexpr int64_t kChannels = 64;

    template <class F>
    void run_image(int64_t image, int64_t from, int64_t width, std::vector<int64_t>& offsets, const F& body) const {
        const int64_t in = image * in_pixels_ * pixel_ + from, out = image * out_pixels_ * pixel_ + from;
        const Axis& columns = axes_[2];
        int64_t row = 0;
        for (int64_t d = 0; d < axes_[0].windows(); ++d)
            for (int64_t h = 0; h < axes_[1].windows(); ++h, ++row)
                for (int64_t w = 0; w < columns.windows();) {
                    const int64_t n = alike(columns, w);
                    places(d, h, w, offsets);
                    const double divisor = static_cast<double>(
                        std::max<int64_t>(1, axes_[0].divisor[d] * axes_[1].divisor[h] * columns.divisor[w]));
                    PoolRun r{nullptr, offsets.data(), static_cast<int64_t>(offsets.size()), last_ ? width : n,
                              last_ ? 1 : columns.step, nullptr, nullptr, 1 / divisor};
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

    // How many windows from w on differ only in where they begin.
    static int64_t alike(const Axis& a, int64_t w) {
        int64_t n = 1;
        while (a.step > 0 && w + n < a.windows() && a.count[w + n] == a.count[w] && a.divisor[w + n] == a.divisor[w] &&
               a.begin[w + n] == a.begin[w] + n * a.step)
            ++n;
        return n;
    }

    void places(int64_t d, int64_t h, int64_t w, std::vector<int64_t>& offsets) const {
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

    Axes axes_;
    int64_t batch_, channels_;
    bool last_;
    int64_t pixel_ = 1, in_pixels_ = 1, out_pixels_ = 1;
};

void call(Loop loop, const PoolRun& r) {
    char* data[] = {reinterpret_cast<char*>(const_cast<PoolRun*>(&r))};
    loop(data, nullptr, 0, nullptr);
}

Loop loop_for(const char* name, DType dtype) { return find_loops(name)->get(dtype); }

// The largest of each window; also where it stands, if `indices` is defined.
void pool_max(const Pooling& pooling, const Tensor& in, const Tensor& out, const Tensor& indices) {
    const Loop loop = loop_for(indices.defined() ? "pool.max_place" : "pool.max", in.dtype());
    const int64_t item = item_size(in.dtype());
    pooling.for_runs([&](PoolRun r, int64_t from, int64_t to) {
        thread_local std::vector<int32_t> places;
        r.in = in.raw() + from * item;
        r.out = out.raw() + to * item;
        if (indices.defined()) {
            places.resize(static_cast<size_t>(r.n));
            r.places = places.data();
        }
        call(loop, r);
        if (!indices.defined()) return;
        int64_t* const index = indices.data<int64_t>() + to;
        for (int64_t i = 0; i < r.n; ++i) index[i] = r.count ? pooling.pixel_of(r, places[i], i) : 0;
    });
}

// Adds each gradient to the place that was largest.
void pool_max_backward(const Pooling& pooling, const Tensor& grad, const Tensor& in, const Tensor& out) {
    const Loop loop = loop_for("pool.max_place", in.dtype());
    visit_float(in.dtype(), [&]<class T>() {
        pooling.for_runs([&](PoolRun r, int64_t from, int64_t to) {
            thread_local std::vector<int32_t> places;
            thread_local std::vector<T> largest;
            places.resize(static_cast<size_t>(r.n));
            largest.resize(static_cast<size_t>(r.n));
            r.in = reinterpret_cast<const char*>(in.data<T>() + from);
            r.out = reinterpret_cast<char*>(largest.data());
            r.places = places.data();
            call(loop, r);
            const T* const g = grad.data<T>() + to;
            T* const sums = out.data<T>() + from;
            for (int64_t i = 0; r.count && i < r.n; ++i) sums[r.offsets[places[i]] + i * r.step] += g[i];
        });
    });
}

void pool_average(const Pooling& pooling, const char* name, const Tensor& in, const Tensor& out, double divisor) {
    const Loop loop = loop_for(name, in.dtype());
    const int64_t item = item_size(in.dtype());
    pooling.for_runs([&](PoolRun r, int64_t from, int64_t to) {
        r.in = in.raw() + from * item;
        r.out = out.raw() + to * item;
        if (divisor != 0) r.scale = 1 / divisor;
        call(loop, r);
    });
}

bool fits(const Tensor& t, bool last) { return last ? is_channels_last(t) : t.is_contiguous(); }

// In the layout that is pooled in, and a type that has loops.
Tensor laid_out(const Tensor& t, bool last) {
    const DType dtype = compute_type(t.dtype());
    if (t.dtype() == dtype && fits(t, last)) return t;
    const Dims strides = last ? channels_last_strides(t.sizes()) : contiguous_strides(t.sizes());
    const Tensor copy = Tensor::empty_strided(t.sizes(), strides, dtype);
    copy_into(copy, t);
    return copy;
}

// A result to compute into: `out`, or one of a wider type or the layout that is pooled in, which is copied into it at
// the end.
class Wide {
public:
    Wide(const Tensor& out, bool last) : out_(out), wide_(out) {
        const DType dtype = compute_type(out.dtype());
        if (dtype == out.dtype() && fits(out, last)) return;
        const Dims strides = last ? channels_last_strides(out.sizes()) : contiguous_strides(out.sizes());
        wide_ = Tensor::empty_strided(out.sizes(), strides, dtype);
    }
    void finish() const {
        if (wide_.impl() != out_.impl()) copy_into(out_, wide_);
    }
    const Tensor& tensor() const { return wide_; }

private:
    Tensor out_, wide_;
};

// The windows that the arguments from `at` on describe: the sizes of the result, then the numbers of each dimension,
// of which adaptive pooling has none.
Pooling pooling_of(const Dims& image, Args a, int at, bool last, bool has_dilation, bool count_padding) {
    const auto windows = a.ints(at), kernel = a.ints(at + 1);
    Axes axes;
    const int n = static_cast<int>(windows.size());
    for (int i = 0; i < n; ++i) {
        const int64_t size = image[i + 2];
        axes[3 - n + i] = kernel.empty() ? adaptive_axis(size, windows[i])
                                         : fixed_axis(size, windows[i], kernel[i], a.ints(at + 2)[i], a.ints(at + 3)[i],
                                                      has_dilation ? a.ints(at + 4)[i] : 1, count_padding);
    }
    return Pooling(std::move(axes), image, last);
}

void zero(const Tensor& t) { std::memset(t.raw(), 0, static_cast<size_t>(t.numel() * item_size(t.dtype()))); }

void max_pool(const KernelCall& call) {
    const Tensor& in = call.args.tensor(0);
    const Pooling pooling = pooling_of(in.sizes(), call.args, 1, prefers_channels_last(in), true, false);
    const Wide out(call.outs[0], pooling.channels_last());
    pool_max(pooling, laid_out(in, pooling.channels_last()), out.tensor(),
             call.outs.size() > 1 ? call.outs[1] : Tensor());
    out.finish();
}

void max_pool_backward(const KernelCall& call) {
    const Tensor &grad = call.args.tensor(0), &in = call.args.tensor(1);
    const Pooling pooling = pooling_of(in.sizes(), call.args, 2, prefers_channels_last(in), true, false);
    const bool last = pooling.channels_last();
    const Wide out(call.outs[0], pooling.channels_last());
    zero(out.tensor());
    pool_max_backward(pooling, laid_out(grad, last), laid_out(in, last), out.tensor());
    out.finish();
}

void avg_pool(const KernelCall& call) {
    const Tensor& in = call.args.tensor(0);
    const Pooling pooling = pooling_of(in.sizes(), call.args, 1, prefers_channels_last(in), false, call.args.flag(5));
    const Wide out(call.outs[0], pooling.channels_last());
    pool_average(pooling, "pool.sum", laid_out(in, pooling.channels_last()), out.tensor(), call.args.number(6));
    out.finish();
}

void avg_pool_backward(const KernelCall& call) {
    const Tensor& grad = call.args.tensor(0);
    const Pooling pooling = pooling_of(call.outs[0].sizes(), call.args, 2, is_channels_last(grad), false,
                                       call.args.flag(6));
    const Wide out(call.outs[0], pooling.channels_last());
    zero(out.tensor());
    pool_average(pooling, "pool.spread", out.tensor(), laid_out(grad, pooling.channels_last()), call.args.number(7));
    out.finish();
}

KERNEL(CPU, "_max_pool", max_pool);
KERNEL(CPU, "_max_pool_indices", max_pool);
KERNEL(CPU, "_max_pool_backward", max_pool_backward);
KERNEL(CPU, "_avg_pool", avg_pool);
KERNEL(CPU, "_avg_pool_backward", avg_pool_backward);

}  // namespace
}  // namespace bestiary::cpu
