// Batch norm, of planes of channels or channels last.
#include <cmath>

#include "cpu/channel_norm.h"
#include "cpu/isa/channel_norm.h"
#include "cpu/row_moments.h"
#include "cpu/row_pieces.h"

namespace bestiary::cpu {
namespace {

// Two sums per channel.
struct Sums {
    std::vector<double> first, second;
    explicit Sums(int64_t channels) : first(channels), second(channels) {}
};

template <class T>
struct Batch {
    ChannelLayout layout;
    Tensor staged_x;
    const T* x;
    const ChannelNormKernels<T>& kernel = kernels<ChannelNormKernels<T>>();

    explicit Batch(const Tensor& self)
        : layout(self), staged_x(layout.fit(self, dtype_of<T>())), x(staged_x.data<T>()) {}

    int64_t plane(int64_t n, int64_t c) const { return (n * layout.channels + c) * layout.spatial; }

    // body(channel, n) for all planes, those of one channel on one thread.
    template <class Body>
    void each_plane(const Body& body) const {
        const int64_t grain = ceil_div(kGrain, std::max<int64_t>(layout.elements_per_channel(), 1));
        parallel_for(layout.channels, grain, [&](int64_t begin, int64_t end) {
            for (int64_t c = begin; c < end; ++c)
                for (int64_t n = 0; n < layout.batch; ++n) body(c, n);
        });
    }
    // body(first row, end): rows of all channels.
    template <class Body>
    void share_rows(const Body& body) const {
        parallel_for(layout.elements_per_channel(), ceil_div(kGrain, std::max<int64_t>(layout.channels, 1)), body);
    }
    int64_t pieces() const { return row_pieces(layout.elements_per_channel(), layout.channels, kGrain); }
    // Element i of channel c.
    T element(int64_t c, int64_t i) const {
        return x[layout.channels_last ? i * layout.channels + c : plane(i / layout.spatial, c) + i % layout.spatial];
    }
};

// Joins the statistics of `more` elements to those of `seen`, as in isa/channel_norm.cpp.
void join(Sums& into, double seen, const Sums& from, double more) {
    for (size_t c = 0; c < into.first.size(); ++c) {
        const double delta = from.first[c] - into.first[c], share = more / (seen + more);
        into.first[c] += delta * share;
        into.second[c] += from.second[c] + delta * delta * seen * share;
    }
}

// Mean of each channel and sum of squares about it, not checked to be in range.
template <class T>
Sums plain_moments(const Batch<T>& b) {
    const ChannelLayout& l = b.layout;
    Sums total(l.channels);
    if (!l.channels_last) {
        const ChannelMoments<T> all{total.first.data(), total.second.data(), b.x};
        b.each_plane([&](int64_t c, int64_t n) {
            b.kernel.plane_moments(all.at(b.plane(n, c), c), l.spatial, static_cast<double>(n * l.spatial));
        });
        return total;
    }
    std::vector<Sums> parts(b.pieces(), Sums(l.channels));
    std::vector<int64_t> counts(parts.size());
    each_piece(b.pieces(), l.elements_per_channel(), 1, [&](int64_t p, int64_t begin, int64_t end) {
        std::vector<T> scratch(3 * l.channels);
        b.kernel.row_moments({parts[p].first.data(), parts[p].second.data(), b.x + begin * l.channels}, end - begin,
                             l.channels, scratch.data());
        counts[p] = end - begin;
    });
    double seen = 0;
    for (size_t p = 0; p < parts.size(); ++p) {
        if (counts[p]) join(total, seen, parts[p], static_cast<double>(counts[p]));
        seen += static_cast<double>(counts[p]);
    }
    return total;
}

// Mean, variance without divisor correction, and 1/std of each channel.
struct Statistics {
    std::vector<double> mean, variance, rstd;
};

template <class T>
Statistics statistics(const Batch<T>& b, double eps) {
    Sums sums = plain_moments(b);
    const int64_t count = b.layout.elements_per_channel();
    Statistics s{std::move(sums.first), std::move(sums.second), std::vector<double>(b.layout.channels)};
    for (int64_t c = 0; c < b.layout.channels; ++c) {
        s.variance[c] /= static_cast<double>(count);
        s.rstd[c] = 1.0 / std::sqrt(s.variance[c] + eps);
        if (in_range<T>(s.rstd[c])) continue;
        const RowMoments m(count, true, [&](int64_t i) { return double(b.element(c, i)); });
        s.mean[c] = m.true_mean();
        s.variance[c] = m.true_variance();
        s.rstd[c] = m.rstd(eps);
    }
    return s;
}

template <class T>
void normalize(const Batch<T>& b, const Tensor& result, const Tensor& weight, const Tensor& bias, const double* mean,
               const double* rstd) {
    const ChannelLayout& l = b.layout;
    const PerChannel<T> weights(weight, T(1)), biases(bias, T(0));
    std::vector<T> center(l.channels), scale(l.channels), shift(l.channels);
    for (int64_t c = 0; c < l.channels; ++c) {
        center[c] = static_cast<T>(mean[c]);
        scale[c] = static_cast<T>(rstd[c] * weights[c]);
        shift[c] = static_cast<T>(biases[c] - (mean[c] - center[c]) * rstd[c] * weights[c]);
    }
    const StagedResult out = l.result(result, dtype_of<T>());
    const ChannelScaleShift<T> all{out.template data<T>(), b.x, center.data(), scale.data(), shift.data()};
    if (l.channels_last)
        b.share_rows([&](int64_t begin, int64_t end) {
            b.kernel.row_scale_shift(all.at(begin * l.channels, 0), end - begin, l.channels);
        });
    else
        b.each_plane([&](int64_t c, int64_t n) {
            b.kernel.plane_scale_shift(all.at(b.plane(n, c), c), l.spatial);
        });
}

void batch_norm_train(const KernelCall& call, const Tensor& self, const Tensor& weight, const Tensor& bias,
                      const Tensor& running_mean, const Tensor& running_var, double momentum, double eps) {
    visit_float(compute_type(self.dtype()), [&]<class T>() {
        const Batch<T> b(self);
        const double count = static_cast<double>(b.layout.elements_per_channel());
        Statistics s = statistics(b, eps);
        std::copy(s.mean.begin(), s.mean.end(), call.outs[1].template data<double>());
        std::copy(s.rstd.begin(), s.rstd.end(), call.outs[2].template data<double>());
        if (count == 0) return;
        for (double& v : s.variance) v *= count / (count - 1.0);  // running variances are without bias
        move_running(running_mean, s.mean, momentum);
        move_running(running_var, s.variance, momentum);
        normalize(b, call.outs[0], weight, bias, s.mean.data(), s.rstd.data());
    });
}

void batch_norm_eval(const KernelCall& call, const Tensor& self, const Tensor& weight, const Tensor& bias,
                     const Tensor& running_mean, const Tensor& running_var, double eps) {
    visit_float(compute_type(self.dtype()), [&]<class T>() {
        const Batch<T> b(self);
        const Tensor mean = packed_as(running_mean, DType::Float64), variance = packed_as(running_var, DType::Float64);
        std::vector<double> rstd(b.layout.channels);
        for (int64_t c = 0; c < b.layout.channels; ++c) rstd[c] = 1.0 / std::sqrt(variance.data<double>()[c] + eps);
        normalize(b, call.outs[0], weight, bias, mean.data<double>(), rstd.data());
    });
}

// Sums of each channel: of grad, and of grad * (x - center).
template <class T>
Sums gradient_sums(const Batch<T>& b, const T* grad, const T* center) {
    const ChannelLayout& l = b.layout;
    Sums total(l.channels);
    if (!l.channels_last) {
        const ChannelGradientSums<T> all{total.first.data(), total.second.data(), grad, b.x, center};
        b.each_plane(
            [&](int64_t c, int64_t n) { b.kernel.plane_gradient_sums(all.at(b.plane(n, c), c), l.spatial); });
        return total;
    }
    std::vector<Sums> parts(b.pieces(), Sums(l.channels));
    each_piece(b.pieces(), l.elements_per_channel(), 1, [&](int64_t p, int64_t begin, int64_t end) {
        std::vector<T> scratch(2 * l.channels);
        const int64_t first = begin * l.channels;
        b.kernel.row_gradient_sums({parts[p].first.data(), parts[p].second.data(), grad + first, b.x + first, center},
                                   end - begin, l.channels, scratch.data());
    });
    for (const Sums& part : parts)
        for (int64_t c = 0; c < l.channels; ++c) {
            total.first[c] += part.first[c];
            total.second[c] += part.second[c];
        }
    return total;
}

// The factors of ChannelInputGradient, per channel.
template <class T>
struct GradientFactors {
    std::vector<T> center, scale, a, b, c;
    explicit GradientFactors(int64_t channels)
        : center(channels), scale(channels), a(channels), b(channels), c(channels) {}
};

template <class T>
void input_gradient(const Batch<T>& b, T* out, const T* grad, const GradientFactors<T>& f) {
    const ChannelLayout& l = b.layout;
    const ChannelInputGradient<T> all{out,          grad,       b.x,       f.center.data(), f.scale.data(),
                                      f.a.data(), f.b.data(), f.c.data()};
    if (l.channels_last)
        b.share_rows([&](int64_t begin, int64_t end) {
            b.kernel.row_input_gradient(all.at(begin * l.channels, 0), end - begin, l.channels);
        });
    else
        b.each_plane([&](int64_t c, int64_t n) {
            b.kernel.plane_input_gradient(all.at(b.plane(n, c), c), l.spatial);
        });
}

void write_channels(const Tensor& to, const std::vector<double>& values) {
    if (to.numel() == 0) return;  // not wanted
    const StagedResult out(to, DType::Float64);
    std::copy(values.begin(), values.end(), out.data<double>());
}

template <class T>
void backward(const KernelCall& call, const Batch<T>& batch, const T* grad, const Tensor& weight, const double* mean,
              const double* rstd, bool training) {
    const int64_t channels = batch.layout.channels;
    const PerChannel<T> weights(weight, T(1));
    GradientFactors<T> f(channels);
    std::copy_n(mean, channels, f.center.begin());
    Sums sums = gradient_sums(batch, grad, f.center.data());
    const double per_element = training ? 1.0 / static_cast<double>(batch.layout.elements_per_channel()) : 0.0;
    for (int64_t k = 0; k < channels; ++k) {
        const double factor = rstd[k] * weights[k], rest = mean[k] - f.center[k];
        sums.second[k] = (sums.second[k] - rest * sums.first[k]) * rstd[k];  // of grad * normalised x
        const double along_x = -factor * sums.second[k] * per_element;
        f.scale[k] = static_cast<T>(rstd[k]);
        f.a[k] = static_cast<T>(factor);
        f.b[k] = static_cast<T>(along_x);
        f.c[k] = static_cast<T>(-factor * sums.first[k] * per_element - along_x * rest * rstd[k]);
    }
    write_channels(call.outs[1], sums.second);
    write_channels(call.outs[2], sums.first);
    if (call.outs[0].numel() != batch.staged_x.numel()) return;
    const StagedResult out = batch.layout.result(call.outs[0], dtype_of<T>());
    input_gradient(batch, out.template data<T>(), grad, f);
}

void batch_norm_backward(const KernelCall& call, const Tensor& grad, const Tensor& self, const Tensor& weight,
                         const Tensor& mean, const Tensor& rstd, bool training) {
    visit_float(compute_type(self.dtype()), [&]<class T>() {
        const Batch<T> batch(self);
        const Tensor g = batch.layout.fit(grad, dtype_of<T>()), means = packed_as(mean, DType::Float64),
                     rstds = packed_as(rstd, DType::Float64);
        backward(call, batch, g.template data<T>(), weight, means.data<double>(), rstds.data<double>(), training);
    });
}

KERNEL(CPU, "_batch_norm_train", batch_norm_train);
KERNEL(CPU, "_batch_norm_eval", batch_norm_eval);
KERNEL(CPU, "_batch_norm_backward", batch_norm_backward);

}  // namespace
}  // namespace bestiary::cpu
