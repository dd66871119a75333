// Cross entropy of rows with classes as targets, never holding the probabilities.
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

// The arguments that forward and backward pass share, in the type they are computed in.
template <class T>
struct Problem {
    Tensor self, target_tensor, weight;
    bool log_probs;
    int64_t ignore_index;
    std::string_view reduction;
    T smoothing, all_weights = T(0);  // the sum of the classes' weights, where smoothing needs it
    int64_t rows, classes;
    const int64_t* target;
    Loop logsumexp, scaled_softmax, weighted_sum;

    // `at` is the place of self in the arguments.
    Problem(Args a, int at)
        : self(packed_as(a.tensor(at), dtype_of<T>())), target_tensor(packed_as(a.tensor(at + 1), DType::Int64)),
          weight(staged(a.tensor_or_none(at + 2), dtype_of<T>())), log_probs(a.flag(at + 3)),
          ignore_index(a.integer(at + 4)), reduction(a.str(at + 5)), smoothing(static_cast<T>(a.number(at + 6))),
          rows(self.sizes()[0]), classes(self.sizes()[1]), target(target_tensor.data<int64_t>()),
          logsumexp(loop_of("logsumexp.rows", dtype_of<T>())),
          scaled_softmax(loop_of("scaled_softmax.rows", dtype_of<T>())),
          weighted_sum(loop_of("weighted_sum.row", dtype_of<T>())) {
        for (int64_t i = 0; i < rows; ++i)
            check_as(ErrorKind::Index, ignored(i) || (0 <= target[i] && target[i] < classes), "target: class ",
                     target[i], " at index ", i, " is out of range for ", classes, " classes");
        for (int64_t c = 0; smoothing > T(0) && c < classes; ++c) all_weights += weight_of(c);
    }

    bool ignored(int64_t i) const { return target[i] == ignore_index; }
    const T* weights() const { return weight.defined() ? weight.data<T>() : nullptr; }
    T weight_of(int64_t c) const { return weight.defined() ? weights()[c] : T(1); }
    // Of a sample's own class; 0 where it is ignored.
    T sample_weight(int64_t i) const { return ignored(i) ? T(0) : weight_of(target[i]); }
    const T* row(int64_t i) const { return self.data<T>() + i * classes; }
    // Rows of a task.
    int64_t grain() const { return ceil_div(kGrain / 4, std::max<int64_t>(classes, 1)); }
};

// The sum over classes of weight * (lse - x): what label smoothing adds.
template <class T>
T spread(const Problem<T>& p, int64_t i, double lse) {
    T sum = T(0);
    const double centre = static_cast<T>(lse);
    char* const data[] = {bytes(&sum), bytes(p.row(i)), bytes(p.weights())};
    p.weighted_sum(data, &p.classes, 1, &centre);
    return p.all_weights * static_cast<T>(lse - centre) - sum;
}

template <class T>
T row_loss(const Problem<T>& p, int64_t i, double lse) {
    if (p.ignored(i)) return T(0);
    const T own = p.sample_weight(i) * static_cast<T>(lse - p.row(i)[p.target[i]]);
    if (p.smoothing == T(0)) return own;
    return (T(1) - p.smoothing) * own + p.smoothing / static_cast<T>(p.classes) * spread(p, i, lse);
}

// Of `rows` values.
template <class T>
double total(const T* values, int64_t rows) {
    double sum = 0;
    for (int64_t i = 0; i < rows; ++i) sum += values[i];
    return sum;
}

template <class T>
void forward(const KernelCall& call) {
    const Problem<T> p(call.args, 0);
    const Tensor losses = Tensor::empty({p.rows}, dtype_of<T>());
    T* const loss = losses.data<T>();
    double* const lse = call.outs[1].template data<double>();
    parallel_for(p.rows, p.grain(), [&](int64_t begin, int64_t end) {
        char* const data[] = {bytes(lse + begin), bytes(p.row(begin))};
        if (!p.log_probs) p.logsumexp(data, &p.classes, end - begin, nullptr);
        for (int64_t i = begin; i < end; ++i) loss[i] = row_loss(p, i, p.log_probs ? 0.0 : lse[i]);
    });
    double weight = 0;
    for (int64_t i = 0; i < p.rows; ++i) weight += p.sample_weight(i);
    *call.outs[2].template data<T>() = static_cast<T>(weight);
    if (p.reduction == "none") return copy_into(call.outs[0], losses);
    const double sum = total(loss, p.rows);
    copy_into(call.outs[0], Tensor::scalar(p.reduction == "mean" ? sum / weight : sum, dtype_of<T>()));
}

// The gradient of one row, `scale` being that of its loss.
template <class T>
void row_gradient(const Problem<T>& p, int64_t i, T* out, const double* lse, T scale) {
    if (p.ignored(i) || p.log_probs) std::fill_n(out, p.classes, T(0));
    if (p.ignored(i)) return;
    const int64_t own = p.target[i];
    const T weight = p.weight_of(own) * (T(1) - p.smoothing) * scale;
    if (!p.log_probs) {
        const T share = p.smoothing / static_cast<T>(p.classes) * scale;
        const T softmax_scale = weight + share * p.all_weights, shift = p.weights() ? T(0) : -share;
        char* const data[] = {bytes(out), bytes(p.row(i)), bytes(lse + i), bytes(&softmax_scale), bytes(&shift)};
        p.scaled_softmax(data, &p.classes, 1, nullptr);
        for (int64_t c = 0; share != T(0) && p.weights() && c < p.classes; ++c) out[c] -= share * p.weights()[c];
    }
    out[own] -= weight;
}

template <class T>
void backward(const KernelCall& call) {
    const Problem<T> p(call.args, 1);
    const Tensor grad = packed_as(call.args.tensor(0), dtype_of<T>());
    const Tensor lse = packed(call.args.tensor(8));
    const T total_weight = *call.args.tensor(9).data<T>();
    const StagedResult result(call.outs[0], dtype_of<T>());
    const T* const g = grad.data<T>();
    parallel_for(p.rows, p.grain(), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const T scale = p.reduction == "none" ? g[i] : p.reduction == "mean" ? g[0] / total_weight : g[0];
            row_gradient(p, i, result.data<T>() + i * p.classes, lse.data<double>(), scale);
        }
    });
}

KERNEL(CPU, "_cross_entropy", [](const KernelCall& call) {
    visit_float(compute_type(call.outs[0].dtype()), [&]<class T>() { forward<T>(call); });
});
KERNEL(CPU, "_cross_entropy_backward", [](const KernelCall& call) {
    visit_float(compute_type(call.outs[0].dtype()), [&]<class T>() { backward<T>(call); });
});

}  // namespace
}  // namespace bestiary::cpu
