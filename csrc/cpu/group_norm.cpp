// Group norm and instance norm: statistics of the channels of a group in one sample.
#include <cmath>

#include "cpu/channel_norm.h"
#include "cpu/isa/channel_norm.h"
#include "cpu/row_moments.h"

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

// Mean, variance without divisor correction, and 1/std of a group.
struct GroupStatistics {
    double mean = 0, variance = 0, rstd = 0;

    template <class T>
    GroupStatistics(const ChannelNormKernels<T>& kernel, const T* x, int64_t n, double eps) {
        kernel.plane_moments({&mean, &variance, x}, n, 0.0);
        variance /= static_cast<double>(n);
        rstd = 1.0 / std::sqrt(variance + eps);
        if (in_range<T>(rstd)) return;
        const RowMoments m(n, true, [&](int64_t i) { return double(x[i]); });
        mean = m.true_mean();
        variance = m.true_variance();
        rstd = m.rstd(eps);
    }
};

// Writes the results of a call and, unless it is null, the variance of each group of each sample.
void normalize(const KernelCall& call, const Tensor& self, const Tensor& weight, const Tensor& bias,
               const Groups& shape, double eps, double* variance) {
    visit_float(compute_type(self.dtype()), [&]<class T>() {
        const auto& kernel = kernels<ChannelNormKernels<T>>();
        const Tensor x = packed_as(self, dtype_of<T>());
        const PerChannel<T> weights(weight, T(1)), biases(bias, T(0));
        const StagedResult out(call.outs[0], dtype_of<T>());
        double *mean = call.outs[1].template data<double>(), *rstd = call.outs[2].template data<double>();
        shape.each([&](int64_t g) {
            const GroupStatistics s(kernel, x.data<T>() + g * shape.elements(), shape.elements(), eps);
            mean[g] = s.mean;
            rstd[g] = s.rstd;
            if (variance) variance[g] = s.variance;
            const T center = static_cast<T>(s.mean);
            for (int64_t k = 0; k < shape.per_group; ++k) {
                const int64_t plane = g * shape.per_group + k, first = plane * shape.spatial;
                const int64_t c = plane % shape.channels;
                const double factor = s.rstd * weights[c];
                const T scale = static_cast<T>(factor), shift = static_cast<T>(biases[c] - (s.mean - center) * factor);
                kernel.plane_scale_shift({out.data<T>() + first, x.data<T>() + first, &center, &scale, &shift},
                                         shape.spatial);
            }
        });
    });
}

void group_norm(const KernelCall& call, const Tensor& self, const Tensor& weight, const Tensor& bias,
                int64_t num_groups, double eps) {
    if (self.numel() > 0) normalize(call, self, weight, bias, Groups(self, num_groups), eps, nullptr);
}

// The mean over samples of a value per sample and channel.
std::vector<double> mean_of_samples(const double* values, const Groups& shape) {
    std::vector<double> means(shape.channels);
    for (int64_t i = 0; i < shape.batch * shape.channels; ++i)
        means[i % shape.channels] += values[i] / static_cast<double>(shape.batch);
    return means;
}

void instance_norm(const KernelCall& call, const Tensor& self, const Tensor& weight, const Tensor& bias,
                   const Tensor& running_mean, const Tensor& running_var, double momentum, double eps) {
    if (self.numel() == 0) return;
    const Groups shape(self, self.sizes()[1]);
    std::vector<double> variance(shape.batch * shape.channels);
    normalize(call, self, weight, bias, shape, eps, variance.data());
    const double count = static_cast<double>(shape.spatial);
    for (double& v : variance) v *= count / (count - 1.0);  // running variances are without bias
    move_running(running_mean, mean_of_samples(call.outs[1].data<double>(), shape), momentum);
    move_running(running_var, mean_of_samples(variance.data(), shape), momentum);
}

// The gradients of weight and bias that one channel of one sample gives.
struct PlaneSums {
    double weight = 0, bias = 0;
};

// Adds one of the sums up over samples.
void add_samples(const Tensor& to, const std::vector<PlaneSums>& planes, double PlaneSums::*which) {
    const int64_t channels = to.numel();
    if (channels == 0) return;
    const StagedResult out(to, DType::Float64);
    std::fill_n(out.data<double>(), channels, 0.0);
    for (size_t plane = 0; plane < planes.size(); ++plane) out.data<double>()[plane % channels] += planes[plane].*which;
}

void group_norm_backward(const KernelCall& call, const Tensor& grad, const Tensor& self, const Tensor& weight,
                         const Tensor& mean, const Tensor& rstd, int64_t num_groups, bool wants_self) {
    const Groups shape(self, num_groups);
    std::vector<PlaneSums> planes(shape.batch * shape.channels);
    visit_float(compute_type(self.dtype()), [&]<class T>() {
        const auto& kernel = kernels<ChannelNormKernels<T>>();
        const Tensor g = packed_as(grad, dtype_of<T>()), x = packed_as(self, dtype_of<T>()),
                     means = packed_as(mean, DType::Float64), rstds = packed_as(rstd, DType::Float64);
        const PerChannel<T> weights(weight, T(1));
        const StagedResult out(call.outs[0], dtype_of<T>());
        shape.each([&](int64_t group) {
            const double scale = rstds.data<double>()[group], per_element = 1.0 / static_cast<double>(shape.elements());
            const T center = static_cast<T>(means.data<double>()[group]), normal = static_cast<T>(scale);
            const double rest = means.data<double>()[group] - center;
            double sum = 0, dot = 0;  // of grad * weight, and of that times normalised x
            const int64_t first = group * shape.per_group, last = first + shape.per_group;
            for (int64_t plane = first; plane < last; ++plane) {
                PlaneSums& p = planes[plane];
                const int64_t at = plane * shape.spatial;
                kernel.plane_gradient_sums({&p.bias, &p.weight, g.data<T>() + at, x.data<T>() + at, &center},
                                           shape.spatial);
                p.weight = (p.weight - rest * p.bias) * scale;
                sum += p.bias * weights[plane % shape.channels];
                dot += p.weight * weights[plane % shape.channels];
            }
            const double along_x = -scale * dot * per_element;
            const T b = static_cast<T>(along_x),
                    c = static_cast<T>(-scale * sum * per_element - along_x * rest * scale);
            for (int64_t plane = first; wants_self && plane < last; ++plane) {
                const T a = static_cast<T>(scale * weights[plane % shape.channels]);
                const int64_t at = plane * shape.spatial;
                kernel.plane_input_gradient(
                    {out.data<T>() + at, g.data<T>() + at, x.data<T>() + at, &center, &normal, &a, &b, &c},
                    shape.spatial);
            }
        });
    });
    add_samples(call.outs[1], planes, &PlaneSums::weight);
    add_samples(call.outs[2], planes, &PlaneSums::bias);
}

KERNEL(CPU, "_group_norm", group_norm);
KERNEL(CPU, "_group_norm_backward", group_norm_backward);
KERNEL(CPU, "_instance_norm", instance_norm);

}  // namespace
}  // namespace bestiary::cpu
