// Cross entropy of rows with classes as targets, without storing the probabilities.
#include "cpu/isa/cross_entropy.h"

#include <numeric>

#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

// The arguments that forward and backward pass share, in the type they are computed in.
template <class T>
struct CrossEntropy {
    Tensor self, target_tensor, weight;
    bool log_probs;
    int64_t ignore_index;
    std::string_view reduction;
    T smoothing, all_weights = T(0);  // the sum of the classes' weights, where smoothing needs it
    int64_t rows, classes;
    const int64_t* target;
    const CrossEntropyKernels<T>& kernel = kernels<CrossEntropyKernels<T>>();

    CrossEntropy(const Tensor& self_arg, const Tensor& target_arg, const Tensor& weight_arg, bool log_probs,
            int64_t ignore_index, std::string_view reduction, double label_smoothing)
        : self(packed_as(self_arg, dtype_of<T>())), target_tensor(packed_as(target_arg, DType::Int64)),
          weight(staged(weight_arg, dtype_of<T>())), log_probs(log_probs), ignore_index(ignore_index),
          reduction(reduction), smoothing(static_cast<T>(label_smoothing)), rows(self.sizes()[0]),
          classes(self.sizes()[1]), target(target_tensor.data<int64_t>()) {
        for (int64_t i = 0; i < rows; ++i)
            check_as(ErrorKind::Index, ignored(i) || (0 <= target[i] && target[i] < classes), "target: class ",
                     target[i], " at index ", i, " is out of range for ", classes, " classes");
        for (int64_t c = 0; smoothing > T(0) && c < classes; ++c) all_weights += weight_of(c);
    }

    bool ignored(int64_t i) const { return target[i] == ignore_index; }
    const T* weights() const { return data_or_null<T>(weight); }
    T weight_of(int64_t c) const { return weight.defined() ? weights()[c] : T(1); }
    // Of a sample's own class; 0 where it is ignored.
    T sample_weight(int64_t i) const { return ignored(i) ? T(0) : weight_of(target[i]); }
    const T* row(int64_t i) const { return self.data<T>() + i * classes; }
    // Rows of a task.
    int64_t grain() const { return ceil_div(kGrain / 4, std::max<int64_t>(classes, 1)); }
};

// The term of label smoothing: the sum over classes of weight * (lse - x).
template <class T>
T smoothing_sum(const CrossEntropy<T>& p, int64_t i, double lse) {
    const T centre = static_cast<T>(lse);
    const T sum = p.kernel.weighted_sum(p.row(i), p.weights(), p.classes, centre);
    return p.all_weights * static_cast<T>(lse - centre) - sum;
}

template <class T>
T row_loss(const CrossEntropy<T>& p, int64_t i, double lse) {
    if (p.ignored(i)) return T(0);
    const T own = p.sample_weight(i) * static_cast<T>(lse - p.row(i)[p.target[i]]);
    if (p.smoothing == T(0)) return own;
    return (T(1) - p.smoothing) * own + p.smoothing / static_cast<T>(p.classes) * smoothing_sum(p, i, lse);
}

template <class T>
void forward(const KernelCall& call, const CrossEntropy<T>& p) {
    const Tensor losses = Tensor::empty({p.rows}, dtype_of<T>());
    T* const loss = losses.data<T>();
    double* const lse = call.outs[1].template data<double>();
    parallel_for(p.rows, p.grain(), [&](int64_t begin, int64_t end) {
        if (!p.log_probs) p.kernel.logsumexp(lse + begin, p.row(begin), end - begin, p.classes);
        for (int64_t i = begin; i < end; ++i) loss[i] = row_loss(p, i, p.log_probs ? 0.0 : lse[i]);
    });
    double weight = 0;
    for (int64_t i = 0; i < p.rows; ++i) weight += p.sample_weight(i);
    *call.outs[2].template data<T>() = static_cast<T>(weight);
    if (p.reduction == "none") return copy_into(call.outs[0], losses);
    const double sum = std::accumulate(loss, loss + p.rows, 0.0);
    copy_into(call.outs[0], Tensor::scalar(p.reduction == "mean" ? sum / weight : sum, dtype_of<T>()));
}

// The gradient of one row, `scale` being that of its loss.
template <class T>
void row_gradient(const CrossEntropy<T>& p, int64_t i, T* out, const double* lse, T scale) {
    if (p.ignored(i) || p.log_probs) std::fill_n(out, p.classes, T(0));
    if (p.ignored(i)) return;
    const int64_t own = p.target[i];
    const T weight = p.weight_of(own) * (T(1) - p.smoothing) * scale;
    if (!p.log_probs) {
        const T share = p.smoothing / static_cast<T>(p.classes) * scale;
        const T softmax_scale = weight + share * p.all_weights, shift = p.weights() ? T(0) : -share;
        p.kernel.scaled_softmax(out, p.row(i), p.classes, lse[i], softmax_scale, shift);
        for (int64_t c = 0; share != T(0) && p.weights() && c < p.classes; ++c) out[c] -= share * p.weights()[c];
    }
    out[own] -= weight;
}

template <class T>
void backward(const KernelCall& call, const CrossEntropy<T>& p, const Tensor& grad, const Tensor& logsumexp,
              const Tensor& total_weight) {
    const Tensor grads = packed_as(grad, dtype_of<T>()), lse = packed(logsumexp);
    const StagedResult result(call.outs[0], dtype_of<T>());
    const T *const g = grads.data<T>(), total = *total_weight.data<T>();
    parallel_for(p.rows, p.grain(), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const T scale = p.reduction == "none" ? g[i] : p.reduction == "mean" ? g[0] / total : g[0];
            row_gradient(p, i, result.data<T>() + i * p.classes, lse.data<double>(), scale);
        }
    });
}

void cross_entropy(const KernelCall& call, const Tensor& self, const Tensor& target, const Tensor& weight,
                   bool log_probs, int64_t ignore_index, std::string_view reduction, double label_smoothing) {
    visit_float(compute_type(self.dtype()), [&]<class T>() {
        forward(call, CrossEntropy<T>(self, target, weight, log_probs, ignore_index, reduction, label_smoothing));
    });
}

void cross_entropy_backward(const KernelCall& call, const Tensor& grad, const Tensor& self, const Tensor& target,
                            const Tensor& weight, bool log_probs, int64_t ignore_index, std::string_view reduction,
                            double label_smoothing, const Tensor& logsumexp, const Tensor& total_weight) {
    visit_float(compute_type(self.dtype()), [&]<class T>() {
        const CrossEntropy<T> p(self, target, weight, log_probs, ignore_index, reduction, label_smoothing);
        backward(call, p, grad, logsumexp, total_weight);
    });
}

KERNEL(CPU, "_cross_entropy", cross_entropy);
KERNEL(CPU, "_cross_entropy_backward", cross_entropy_backward);

}  // namespace
}  // namespace bestiary::cpu
