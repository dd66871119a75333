// Batch norm, with planes of channels or channels last.
#include <cmath>

#include "cpu/channel_norm.h"
#include "cpu/row_pieces.h"

namespace bestiary::cpu {
namespace {

// Two sums per channel, in double.
struct Sums {
    std::vector<double> first, second;
    explicit Sums(int64_t channels) : first(channels), second(channels) {}
};

template <class T>
struct Batch {
    ChannelLayout layout;
    Tensor x_held;
    const T* x;

    explicit Batch(const Tensor& self) : layout(self), x_held(layout.fit(self, dtype_of<T>())), x(x_held.data<T>()) {}

    int64_t plane(int64_t n, int64_t c) const { return (n * layout.channels + c) * layout.spatial; }
    int64_t row_grain() const { return ceil_div(kGrain, std::max<int64_t>(layout.channels, 1)); }
    int64_t channel_grain() const { return ceil_div(kGrain, std::max<int64_t>(layout.count(), 1)); }

    // body(channel, n) for all planes, those of one channel on one thread.
    template <class Body>
    void each_plane(const Body& body) const {
        parallel_for(layout.channels, channel_grain(), [&](int64_t begin, int64_t end) {
            for (int64_t c = begin; c < end; ++c)
                for (int64_t n = 0; n < layout.batch; ++n) body(c, n);
        });
    }
    int64_t pieces() const { return row_pieces(layout.count(), layout.channels, kGrain); }
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

// Mean of each channel and sum of squares about it, as fast as they come.
template <class T>
Sums plain_moments(const Batch<T>& b) {
    const ChannelLayout& l = b.layout;
    Sums total(l.channels);
    if (!l.channels_last) {
        const Loop loop = loop_of("channel.moments", dtype_of<T>());
        b.each_plane([&](int64_t c, int64_t n) {
            double stats[] = {total.first[c], total.second[c]};
            const double seen = static_cast<double>(n * l.spatial);
            char* const data[] = {at(stats, 0), at(b.x, b.plane(n, c))};
            loop(data, nullptr, l.spatial, &seen);
            total.first[c] = stats[0];
            total.second[c] = stats[1];
        });
        return total;
    }
    const Loop loop = loop_of("channels.moments", dtype_of<T>());
    std::vector<Sums> parts(b.pieces(), Sums(l.channels));
    std::vector<int64_t> counts(parts.size());
    each_piece(b.pieces(), l.count(), [&](int64_t p, int64_t begin, int64_t end) {
        std::vector<T> room(3 * l.channels);
        const double seen = 0;
        char* const data[] = {at(parts[p].first.data(), 0), at(parts[p].second.data(), 0), at(b.x, begin * l.channels),
                              at(room.data(), 0)};
        loop(data, &l.channels, end - begin, &seen);
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
    const auto count = static_cast<double>(b.layout.count());
    Statistics s{std::move(sums.first), std::move(sums.second), std::vector<double>(b.layout.channels)};
    for (int64_t c = 0; c < b.layout.channels; ++c) {
        s.variance[c] /= count;
        s.rstd[c] = 1.0 / std::sqrt(s.variance[c] + eps);
        if (in_range<T>(s.rstd[c])) continue;
        const RowMoments m(b.layout.count(), true, [&](int64_t i) { return double(b.element(c, i)); });
        s.mean[c] = m.true_mean();
        s.variance[c] = m.true_variance();
        s.rstd[c] = m.rstd(eps);
    }
    return s;
}

// out = (x - center) * scale + shift, channel by channel.
template <class T>
void scale_shift(const Batch<T>& b, T* out, const std::vector<T>& center, const std::vector<T>& scale,
                 const std::vector<T>& shift) {
    const ChannelLayout& l = b.layout;
    if (!l.channels_last) {
        const Loop loop = loop_of("channel.scale_shift", dtype_of<T>());
        return b.each_plane([&](int64_t c, int64_t n) {
            char* const data[] = {at(out, b.plane(n, c)), at(b.x, b.plane(n, c)), at(center.data(), c),
                                  at(scale.data(), c), at(shift.data(), c)};
            loop(data, nullptr, l.spatial, nullptr);
        });
    }
    const Loop loop = loop_of("channels.scale_shift", dtype_of<T>());
    parallel_for(l.count(), b.row_grain(), [&](int64_t begin, int64_t end) {
        char* const data[] = {at(out, begin * l.channels), at(b.x, begin * l.channels), at(center.data(), 0),
                              at(scale.data(), 0), at(shift.data(), 0)};
        loop(data, &l.channels, end - begin, nullptr);
    });
}

template <class T>
void normalize(const Batch<T>& b, const Tensor& result, Args a, const double* mean, const double* rstd) {
    const PerChannel<T> weight(a.tensor_or_none(1), T(1)), bias(a.tensor_or_none(2), T(0));
    std::vector<T> center(b.layout.channels), scale(b.layout.channels), shift(b.layout.channels);
    for (int64_t c = 0; c < b.layout.channels; ++c) {
        center[c] = static_cast<T>(mean[c]);
        scale[c] = static_cast<T>(rstd[c] * weight[c]);
        shift[c] = static_cast<T>(bias[c] - (mean[c] - center[c]) * rstd[c] * weight[c]);
    }
    const StagedResult out = b.layout.result(result, dtype_of<T>());
    scale_shift(b, out.template data<T>(), center, scale, shift);
}

// running = (1 - momentum) * running + momentum * seen
void move_running(const Tensor& running, const std::vector<double>& seen, double momentum) {
    if (!running.defined()) return;
    const Tensor values = packed_as(running, DType::Float64);
    double* v = values.data<double>();
    for (size_t c = 0; c < seen.size(); ++c) v[c] = (1.0 - momentum) * v[c] + momentum * seen[c];
    if (values.impl() != running.impl()) copy_into(running, values);
}

// self, weight, bias, running_mean, running_var, momentum, eps
template <class T>
void train(const KernelCall& call) {
    const Args a = call.args;
    const Batch<T> b(a.tensor(0));
    const double count = static_cast<double>(b.layout.count());
    Statistics s = statistics(b, a.number(6));
    std::copy(s.mean.begin(), s.mean.end(), call.outs[1].template data<double>());
    std::copy(s.rstd.begin(), s.rstd.end(), call.outs[2].template data<double>());
    for (double& v : s.variance) v *= count / (count - 1.0);  // running variances are without bias
    move_running(a.tensor_or_none(3), s.mean, a.number(5));
    move_running(a.tensor_or_none(4), s.variance, a.number(5));
    normalize(b, call.outs[0], a, s.mean.data(), s.rstd.data());
}

// self, weight, bias, running_mean, running_var, eps
template <class T>
void evaluate(const KernelCall& call) {
    const Args a = call.args;
    const Batch<T> b(a.tensor(0));
    const Tensor mean = packed_as(a.tensor(3), DType::Float64), variance = packed_as(a.tensor(4), DType::Float64);
    std::vector<double> rstd(b.layout.channels);
    for (int64_t c = 0; c < b.layout.channels; ++c)
        rstd[c] = 1.0 / std::sqrt(variance.data<double>()[c] + a.number(5));
    normalize(b, call.outs[0], a, mean.data<double>(), rstd.data());
}

// Of each channel: the sum of grad, and of grad * (x - center).
template <class T>
Sums gradient_sums(const Batch<T>& b, const T* grad, const T* center) {
    const ChannelLayout& l = b.layout;
    Sums total(l.channels);
    if (!l.channels_last) {
        const Loop loop = loop_of("channel.gradient_sums", dtype_of<T>());
        b.each_plane([&](int64_t c, int64_t n) {
            double sums[] = {total.first[c], total.second[c]};
            char* const data[] = {at(sums, 0), at(grad, b.plane(n, c)), at(b.x, b.plane(n, c)), at(center, c)};
            loop(data, nullptr, l.spatial, nullptr);
            total.first[c] = sums[0];
            total.second[c] = sums[1];
        });
        return total;
    }
    const Loop loop = loop_of("channels.gradient_sums", dtype_of<T>());
    std::vector<Sums> parts(b.pieces(), Sums(l.channels));
    each_piece(b.pieces(), l.count(), [&](int64_t p, int64_t begin, int64_t end) {
        std::vector<T> room(2 * l.channels);
        char* const data[] = {at(parts[p].first.data(), 0), at(parts[p].second.data(), 0), at(grad, begin * l.channels),
                              at(b.x, begin * l.channels), at(center, 0), at(room.data(), 0)};
        loop(data, &l.channels, end - begin, nullptr);
    });
    for (const Sums& part : parts)
        for (int64_t c = 0; c < l.channels; ++c) {
            total.first[c] += part.first[c];
            total.second[c] += part.second[c];
        }
    return total;
}

// Per channel; see input_gradient.
template <class T>
struct GradientFactors {
    std::vector<T> center, scale, a, b, c;
    explicit GradientFactors(int64_t channels)
        : center(channels), scale(channels), a(channels), b(channels), c(channels) {}
};

// out = a * grad + b * (x - center) * scale + c, channel by channel.
template <class T>
void input_gradient(const Batch<T>& batch, T* out, const T* grad, const GradientFactors<T>& f) {
    const ChannelLayout& l = batch.layout;
    if (!l.channels_last) {
        const Loop loop = loop_of("channel.input_gradient", dtype_of<T>());
        return batch.each_plane([&](int64_t k, int64_t n) {
            const int64_t first = batch.plane(n, k);
            char* const data[] = {at(out, first),        at(grad, first),     at(batch.x, first),
                                  at(f.center.data(), k), at(f.scale.data(), k), at(f.a.data(), k),
                                  at(f.b.data(), k),      at(f.c.data(), k)};
            loop(data, nullptr, l.spatial, nullptr);
        });
    }
    const Loop loop = loop_of("channels.input_gradient", dtype_of<T>());
    parallel_for(l.count(), batch.row_grain(), [&](int64_t begin, int64_t end) {
        const int64_t first = begin * l.channels;
        char* const data[] = {at(out, first),        at(grad, first),     at(batch.x, first),
                              at(f.center.data(), 0), at(f.scale.data(), 0), at(f.a.data(), 0),
                              at(f.b.data(), 0),      at(f.c.data(), 0)};
        loop(data, &l.channels, end - begin, nullptr);
    });
}

void write_channels(const Tensor& to, const std::vector<double>& values) {
    if (to.numel() == 0) return;
    const Tensor wide = Tensor::empty(to.sizes(), DType::Float64);
    std::copy(values.begin(), values.end(), wide.data<double>());
    copy_into(to, wide);
}

// grad, self, weight, mean, rstd, training; results: gradients of self, weight and bias, empty if not wanted
template <class T>
void backward(const KernelCall& call) {
    const Args args = call.args;
    const Batch<T> batch(args.tensor(1));
    const int64_t channels = batch.layout.channels;
    const Tensor grad = batch.layout.fit(args.tensor(0), dtype_of<T>()),
                 mean = packed_as(args.tensor(3), DType::Float64), rstd = packed_as(args.tensor(4), DType::Float64);
    const PerChannel<T> weight(args.tensor_or_none(2), T(1));
    GradientFactors<T> f(channels);
    std::copy_n(mean.data<double>(), channels, f.center.begin());
    Sums sums = gradient_sums(batch, grad.data<T>(), f.center.data());
    const double per_element = args.flag(5) ? 1.0 / static_cast<double>(batch.layout.count()) : 0.0;
    for (int64_t k = 0; k < channels; ++k) {
        const double scale = rstd.data<double>()[k], factor = scale * weight[k];
        const double rest = mean.data<double>()[k] - f.center[k];
        sums.second[k] = (sums.second[k] - rest * sums.first[k]) * scale;  // of grad * normalised x
        const double along_x = -factor * sums.second[k] * per_element;
        f.scale[k] = static_cast<T>(scale);
        f.a[k] = static_cast<T>(factor);
        f.b[k] = static_cast<T>(along_x);
        f.c[k] = static_cast<T>(-factor * sums.first[k] * per_element - along_x * rest * scale);
    }
    write_channels(call.outs[1], sums.second);
    write_channels(call.outs[2], sums.first);
    if (call.outs[0].numel() != batch.x_held.numel()) return;
    const StagedResult out = batch.layout.result(call.outs[0], dtype_of<T>());
    input_gradient(batch, out.template data<T>(), grad.data<T>(), f);
}

DType computed_of(const Tensor& t) { return compute_type(t.dtype()); }

KERNEL(CPU, "_batch_norm_train", [](const KernelCall& call) {
    visit_float(computed_of(call.args.tensor(0)), [&]<class T>() { train<T>(call); });
});
KERNEL(CPU, "_batch_norm_eval", [](const KernelCall& call) {
    visit_float(computed_of(call.args.tensor(0)), [&]<class T>() { evaluate<T>(call); });
});
KERNEL(CPU, "_batch_norm_backward", [](const KernelCall& call) {
    visit_float(computed_of(call.args.tensor(1)), [&]<class T>() { backward<T>(call); });
});

}  // namespace
}  // namespace bestiary::cpu
