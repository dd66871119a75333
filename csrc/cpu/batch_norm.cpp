// Batch norm, with planes of channels or channels last.
#include <cmath>

#include "cpu/channel_norm.h"

namespace bestiary::cpu {
namespace {

// Pieces that rows are cut into for the sums over them, whatever the number of threads.
constexpr int64_t kPieces = 16;

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
    // body(piece, first row, last) for the pieces that the rows are cut into; returns how many there are.
    template <class Body>
    void each_piece(int64_t pieces, const Body& body) const {
        parallel_for(pieces, 1, [&](int64_t begin, int64_t end) {
            for (int64_t p = begin; p < end; ++p)
                body(p, layout.count() * p / pieces, layout.count() * (p + 1) / pieces);
        });
    }
    int64_t pieces() const { return std::clamp<int64_t>(layout.count() * layout.channels / kGrain, 1, kPieces); }
};

// Joins the statistics of `more` elements to those of `seen`, as in isa/channel_norm.cpp.
void join(Sums& into, double seen, const Sums& from, double more) {
    for (size_t c = 0; c < into.first.size(); ++c) {
        const double delta = from.first[c] - into.first[c], share = more / (seen + more);
        into.first[c] += delta * share;
        into.second[c] += from.second[c] + delta * delta * seen * share;
    }
}

// Mean of each channel and sum of squares about it.
template <class T>
Sums moments(const Batch<T>& b) {
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
    b.each_piece(b.pieces(), [&](int64_t p, int64_t begin, int64_t end) {
        std::vector<T> room(2 * l.channels);
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

// out = x * scale + shift, channel by channel.
template <class T>
void scale_shift(const Batch<T>& b, T* out, const std::vector<T>& scale, const std::vector<T>& shift) {
    const ChannelLayout& l = b.layout;
    if (!l.channels_last) {
        const Loop loop = loop_of("channel.scale_shift", dtype_of<T>());
        return b.each_plane([&](int64_t c, int64_t n) {
            char* const data[] = {at(out, b.plane(n, c)), at(b.x, b.plane(n, c)), at(scale.data(), c),
                                  at(shift.data(), c)};
            loop(data, nullptr, l.spatial, nullptr);
        });
    }
    const Loop loop = loop_of("channels.scale_shift", dtype_of<T>());
    parallel_for(l.count(), b.row_grain(), [&](int64_t begin, int64_t end) {
        char* const data[] = {at(out, begin * l.channels), at(b.x, begin * l.channels), at(scale.data(), 0),
                              at(shift.data(), 0)};
        loop(data, &l.channels, end - begin, nullptr);
    });
}

template <class T>
void normalize(const Batch<T>& b, const Tensor& result, Args a, const T* mean, const T* rstd) {
    const PerChannel<T> weight(a.tensor_or_none(1), T(1)), bias(a.tensor_or_none(2), T(0));
    std::vector<T> scale(b.layout.channels), shift(b.layout.channels);
    for (int64_t c = 0; c < b.layout.channels; ++c) {
        scale[c] = rstd[c] * weight[c];
        shift[c] = bias[c] - mean[c] * scale[c];
    }
    const StagedResult out = b.layout.result(result, dtype_of<T>());
    scale_shift(b, out.template data<T>(), scale, shift);
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
    Sums stats = moments(b);
    T *mean = call.outs[1].template data<T>(), *rstd = call.outs[2].template data<T>();
    for (int64_t c = 0; c < b.layout.channels; ++c) {
        mean[c] = static_cast<T>(stats.first[c]);
        rstd[c] = static_cast<T>(1.0 / std::sqrt(stats.second[c] / count + a.number(6)));
        stats.second[c] /= count - 1.0;  // running variances are without bias
    }
    move_running(a.tensor_or_none(3), stats.first, a.number(5));
    move_running(a.tensor_or_none(4), stats.second, a.number(5));
    normalize(b, call.outs[0], a, mean, rstd);
}

// self, weight, bias, running_mean, running_var, eps
template <class T>
void evaluate(const KernelCall& call) {
    const Args a = call.args;
    const Batch<T> b(a.tensor(0));
    const PerChannel<T> mean(a.tensor(3), T(0)), variance(a.tensor(4), T(1));
    std::vector<T> means(b.layout.channels), rstd(b.layout.channels);
    for (int64_t c = 0; c < b.layout.channels; ++c) {
        means[c] = mean[c];
        rstd[c] = T(1) / std::sqrt(variance[c] + static_cast<T>(a.number(5)));
    }
    normalize(b, call.outs[0], a, means.data(), rstd.data());
}

// Of each channel: the sum of grad, and of grad * (x - mean).
template <class T>
Sums gradient_sums(const Batch<T>& b, const T* grad, const T* mean) {
    const ChannelLayout& l = b.layout;
    Sums total(l.channels);
    if (!l.channels_last) {
        const Loop loop = loop_of("channel.gradient_sums", dtype_of<T>());
        b.each_plane([&](int64_t c, int64_t n) {
            double sums[] = {total.first[c], total.second[c]};
            char* const data[] = {at(sums, 0), at(grad, b.plane(n, c)), at(b.x, b.plane(n, c)), at(mean, c)};
            loop(data, nullptr, l.spatial, nullptr);
            total.first[c] = sums[0];
            total.second[c] = sums[1];
        });
        return total;
    }
    const Loop loop = loop_of("channels.gradient_sums", dtype_of<T>());
    std::vector<Sums> parts(b.pieces(), Sums(l.channels));
    b.each_piece(b.pieces(), [&](int64_t p, int64_t begin, int64_t end) {
        std::vector<T> room(2 * l.channels);
        char* const data[] = {at(parts[p].first.data(), 0), at(parts[p].second.data(), 0), at(grad, begin * l.channels),
                              at(b.x, begin * l.channels), at(mean, 0), at(room.data(), 0)};
        loop(data, &l.channels, end - begin, nullptr);
    });
    for (const Sums& part : parts)
        for (int64_t c = 0; c < l.channels; ++c) {
            total.first[c] += part.first[c];
            total.second[c] += part.second[c];
        }
    return total;
}

// out = a * grad + b * x + c, channel by channel.
template <class T>
void input_gradient(const Batch<T>& batch, T* out, const T* grad, const std::vector<T>& a, const std::vector<T>& b,
                    const std::vector<T>& c) {
    const ChannelLayout& l = batch.layout;
    if (!l.channels_last) {
        const Loop loop = loop_of("channel.input_gradient", dtype_of<T>());
        return batch.each_plane([&](int64_t k, int64_t n) {
            const int64_t first = batch.plane(n, k);
            char* const data[] = {at(out, first),  at(grad, first), at(batch.x, first),
                                  at(a.data(), k), at(b.data(), k), at(c.data(), k)};
            loop(data, nullptr, l.spatial, nullptr);
        });
    }
    const Loop loop = loop_of("channels.input_gradient", dtype_of<T>());
    parallel_for(l.count(), batch.row_grain(), [&](int64_t begin, int64_t end) {
        const int64_t first = begin * l.channels;
        char* const data[] = {at(out, first),  at(grad, first), at(batch.x, first),
                              at(a.data(), 0), at(b.data(), 0), at(c.data(), 0)};
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
                 mean = packed_as(args.tensor(3), dtype_of<T>()), rstd = packed_as(args.tensor(4), dtype_of<T>());
    const PerChannel<T> weight(args.tensor_or_none(2), T(1));
    Sums sums = gradient_sums(batch, grad.data<T>(), mean.data<T>());
    std::vector<T> a(channels), b(channels), c(channels);
    const double per_element = args.flag(5) ? 1.0 / static_cast<double>(batch.layout.count()) : 0.0;
    for (int64_t k = 0; k < channels; ++k) {
        const double scale = rstd.data<T>()[k], factor = scale * weight[k];
        const double along_x = -factor * scale * scale * sums.second[k] * per_element;
        a[k] = static_cast<T>(factor);
        b[k] = static_cast<T>(along_x);
        c[k] = static_cast<T>(-factor * sums.first[k] * per_element - along_x * mean.data<T>()[k]);
        sums.second[k] *= scale;
    }
    write_channels(call.outs[1], sums.second);
    write_channels(call.outs[2], sums.first);
    if (call.outs[0].numel() != batch.x_held.numel()) return;
    const StagedResult out = batch.layout.result(call.outs[0], dtype_of<T>());
    input_gradient(batch, out.template data<T>(), grad.data<T>(), a, b, c);
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
