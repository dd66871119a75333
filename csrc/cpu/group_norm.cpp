// Group norm: statistics of the channels of a group in one sample.
#include <cmath>

#include "cpu/channel_norm.h"

namespace bestiary::cpu {
namespace {

// (N, C, ...) row-major, its channels in groups.
struct Groups {
    int64_t batch, channels, groups, spatial, per_group;

    Groups(const Tensor& self, int64_t groups)
        : batch(self.sizes()[0]), channels(self.sizes()[1]), groups(groups),
          spatial(self.numel() / std::max<int64_t>(batch * channels, 1)), per_group(channels / groups) {}

    int64_t elements() const { return per_group * spatial; }
    // body(group among all samples' groups)
    template <class Body>
    void each(const Body& body) const {
        parallel_for(batch * groups, ceil_div(kGrain, std::max<int64_t>(elements(), 1)),
                     [&](int64_t begin, int64_t end) {
                         for (int64_t g = begin; g < end; ++g) body(g);
                     });
    }
};

// self, weight, bias, groups, eps
template <class T>
void forward(const KernelCall& call) {
    const Args a = call.args;
    const Groups shape(a.tensor(0), a.integer(3));
    const Tensor x = packed_as(a.tensor(0), dtype_of<T>());
    const PerChannel<T> weight(a.tensor_or_none(1), T(1)), bias(a.tensor_or_none(2), T(0));
    const StagedResult out(call.outs[0], dtype_of<T>());
    const Loop moments = loop_of("channel.moments", dtype_of<T>()),
               scale_shift = loop_of("channel.scale_shift", dtype_of<T>());
    double *mean = call.outs[1].template data<double>(), *rstd = call.outs[2].template data<double>();
    shape.each([&](int64_t g) {
        double stats[2] = {0, 0};
        const double none = 0;
        const T* const first = x.data<T>() + g * shape.elements();
        char* const in[] = {at(stats, 0), at(first, 0)};
        moments(in, nullptr, shape.elements(), &none);
        mean[g] = stats[0];
        rstd[g] = 1.0 / std::sqrt(stats[1] / static_cast<double>(shape.elements()) + a.number(4));
        if (!in_range<T>(rstd[g])) {
            const RowMoments m(shape.elements(), true, [&](int64_t i) { return double(first[i]); });
            mean[g] = m.true_mean();
            rstd[g] = m.rstd(a.number(4));
        }
        const T center = static_cast<T>(mean[g]);
        for (int64_t k = 0; k < shape.per_group; ++k) {
            const int64_t plane = g * shape.per_group + k, c = plane % shape.channels;
            const double factor = rstd[g] * weight[c];
            const T scale = static_cast<T>(factor), shift = static_cast<T>(bias[c] - (mean[g] - center) * factor);
            char* const data[] = {at(out.template data<T>(), plane * shape.spatial),
                                  at(x.data<T>(), plane * shape.spatial), at(&center, 0), at(&scale, 0), at(&shift, 0)};
            scale_shift(data, nullptr, shape.spatial, nullptr);
        }
    });
}

// Sums over samples of each channel's contributions to the gradients of weight and bias.
template <class T>
void add_samples(const Tensor& to, const std::vector<double>& planes, int which) {
    const int64_t channels = to.numel();
    if (channels == 0) return;
    std::vector<double> sums(channels);
    for (size_t plane = 0; 2 * plane < planes.size(); ++plane) sums[plane % channels] += planes[2 * plane + which];
    const StagedResult out(to, dtype_of<T>());
    std::copy(sums.begin(), sums.end(), out.template data<T>());
}

// grad, self, weight, mean, rstd, groups; results: gradients of self, weight and bias, empty if not wanted
template <class T>
void backward(const KernelCall& call) {
    const Args args = call.args;
    const Groups shape(args.tensor(1), args.integer(5));
    const Tensor grad = packed_as(args.tensor(0), dtype_of<T>()), x = packed_as(args.tensor(1), dtype_of<T>()),
                 mean = packed_as(args.tensor(3), DType::Float64), rstd = packed_as(args.tensor(4), DType::Float64);
    const PerChannel<T> weight(args.tensor_or_none(2), T(1));
    const StagedResult out(call.outs[0], dtype_of<T>());
    const bool wants_self = out.tensor().numel() == x.numel();
    const Loop gradient_sums = loop_of("channel.gradient_sums", dtype_of<T>()),
               input_gradient = loop_of("channel.input_gradient", dtype_of<T>());
    std::vector<double> planes(2 * shape.batch * shape.channels);  // sums of grad * normalised x, and of grad
    shape.each([&](int64_t g) {
        const double scale = rstd.data<double>()[g], per_element = 1.0 / static_cast<double>(shape.elements());
        const T center = static_cast<T>(mean.data<double>()[g]), normal = static_cast<T>(scale);
        const double rest = mean.data<double>()[g] - center;
        double sum = 0, dot = 0;  // of grad * weight, and of that times normalised x
        const int64_t first = g * shape.per_group, last = first + shape.per_group;
        for (int64_t plane = first; plane < last; ++plane) {
            double sums[2] = {0, 0};
            char* const data[] = {at(sums, 0), at(grad.data<T>(), plane * shape.spatial),
                                  at(x.data<T>(), plane * shape.spatial), at(&center, 0)};
            gradient_sums(data, nullptr, shape.spatial, nullptr);
            sums[1] = (sums[1] - rest * sums[0]) * scale;
            sum += sums[0] * weight[plane % shape.channels];
            dot += sums[1] * weight[plane % shape.channels];
            planes[2 * plane] = sums[1];
            planes[2 * plane + 1] = sums[0];
        }
        const double along_x = -scale * dot * per_element;
        const T b = static_cast<T>(along_x),
                c = static_cast<T>(-scale * sum * per_element - along_x * rest * scale);
        for (int64_t plane = first; wants_self && plane < last; ++plane) {
            const T a = static_cast<T>(scale * weight[plane % shape.channels]);
            char* const data[] = {at(out.template data<T>(), plane * shape.spatial),
                                  at(grad.data<T>(), plane * shape.spatial),
                                  at(x.data<T>(), plane * shape.spatial),
                                  at(&center, 0),
                                  at(&normal, 0),
                                  at(&a, 0),
                                  at(&b, 0),
                                  at(&c, 0)};
            input_gradient(data, nullptr, shape.spatial, nullptr);
        }
    });
    add_samples<T>(call.outs[1], planes, 0);
    add_samples<T>(call.outs[2], planes, 1);
}

KERNEL(CPU, "_group_norm", [](const KernelCall& call) {
    if (call.outs[0].numel() == 0) return;
    visit_float(compute_type(call.outs[0].dtype()), [&]<class T>() { forward<T>(call); });
});
KERNEL(CPU, "_group_norm_backward", [](const KernelCall& call) {
    visit_float(compute_type(call.args.tensor(1).dtype()), [&]<class T>() { backward<T>(call); });
});

}  // namespace
}  // namespace bestiary::cpu
