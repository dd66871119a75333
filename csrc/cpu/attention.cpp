// Scaled dot-product attention.
//
// Note [Blocks of attention]
// As in FlashAttention (Dao et al., 2022) the matrix of all scores is never stored: blocks of queries are multiplied by
// blocks of keys, their scores stay in the second-level cache, and a row's sum and result are rescaled at each larger
// score. The forward pass returns the log-sum-exp of each row, in double, from which the backward pass recomputes the
// probabilities.
#include "cpu/isa/attention.h"

#include <cmath>
#include <limits>

#include "cpu/gemm.h"
#include "cpu/isa/dot.h"
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

constexpr int64_t kQueries = 192, kKeys = 256;

// One head of a (batch, heads, length, features) tensor.
template <class T>
struct Matrix {
    T* data;
    int64_t row, col;

    Matrix(const Tensor& t, int64_t b, int64_t h)
        : data(t.data<T>() + b * t.strides()[0] + h * t.strides()[1]), row(t.strides()[2]), col(t.strides()[3]) {}
    Matrix(T* data, int64_t row) : data(data), row(row), col(1) {}

    Matrix from(int64_t i) const {
        Matrix m = *this;
        m.data += i * row;
        return m;
    }
    Matrix transposed() const {
        Matrix m = *this;
        std::swap(m.row, m.col);
        return m;
    }
};

// c[m, n] = a[m, k] b[k, n]
template <class T>
void multiply(int64_t m, int64_t n, int64_t k, const Matrix<T>& a, const Matrix<T>& b, const Matrix<T>& c,
              bool accumulate = false) {
    GemmArgs p{dtype_of<T>(), m, n, k, bytes(a.data), a.row, a.col, bytes(b.data), b.row, b.col,
              bytes(c.data), c.row};
    p.accumulate = accumulate;
    blocked_gemm(p);
}

// The arguments that both passes share, in the type they are computed in.
template <class T>
struct Attention {
    Tensor query, key, value, mask;
    bool causal;
    T scale;
    int64_t batch, heads, queries, keys, features, value_features;
    const AttentionKernels<T>& kernel = kernels<AttentionKernels<T>>();

    Attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& added, bool causal, double scale)
        : query(computed(q)), key(computed(k)), value(computed(v)), mask(expanded_mask(added, query, key)),
          causal(causal), scale(static_cast<T>(scale)), batch(query.sizes()[0]), heads(query.sizes()[1]),
          queries(query.sizes()[2]), keys(key.sizes()[2]), features(query.sizes()[3]),
          value_features(value.sizes()[3]) {}

    static Tensor computed(const Tensor& t) { return t.dtype() == dtype_of<T>() ? t : packed_as(t, dtype_of<T>()); }
    // Its keys are adjacent.
    static Tensor expanded_mask(const Tensor& mask, const Tensor& query, const Tensor& key) {
        if (!mask.defined()) return mask;
        const Tensor rows = packed_as(mask, dtype_of<T>());
        const Dims sizes{query.sizes()[0], query.sizes()[1], query.sizes()[2], key.sizes()[2]};
        return rows.alias(sizes, broadcast_strides(rows, sizes), rows->offset);
    }
    // The number of keys that query i sees of `count` from `first` on.
    int64_t visible(int64_t i, int64_t first, int64_t count) const {
        return causal ? std::clamp<int64_t>(i + 1 - first, 0, count) : count;
    }
    // The number of keys that any of the queries before `end` sees.
    int64_t reach(int64_t end) const { return causal ? std::min(keys, end) : keys; }
    const T* mask_at(int64_t b, int64_t h, int64_t i, int64_t first_key) const {
        if (!mask.defined()) return nullptr;
        const Dims& s = mask.strides();
        return mask.data<T>() + b * s[0] + h * s[1] + i * s[2] + first_key;
    }
    int64_t blocks() const { return ceil_div(queries, kQueries); }
};

// One block of queries of one head, with the statistics of the keys so far.
template <class T>
class BlockOfQueries {
public:
    BlockOfQueries(const Attention<T>& a, const Tensor& out, int64_t b, int64_t h, int64_t first, T* scores)
        : a_(a), b_(b), h_(h), first_(first), count_(std::min(kQueries, a.queries - first)), scores_(scores),
          query_(Matrix<T>(a.query, b, h).from(first)), out_(Matrix<T>(out, b, h).from(first)) {
        std::fill_n(most_, count_, -std::numeric_limits<T>::infinity());
    }

    void attend(double* lse) {
        const int64_t reach = a_.reach(first_ + count_);
        for (int64_t key = 0; key < reach; key += kKeys) add_keys(key, std::min(kKeys, reach - key));
        for (int64_t i = 0; i < count_; ++i) {
            const bool blind = sum_[i] == T(0);
            lse[i] = blind ? 0.0 : double{most_[i]} + std::log(double{sum_[i]});
            scale_row(i, blind ? T(1) : T(1) / sum_[i]);
        }
    }

private:
    void scale_row(int64_t i, T factor) { a_.kernel.scale_row(out_.from(i).data, a_.value_features, factor); }

    void add_keys(int64_t key, int64_t keys) {
        const Matrix<T> k = Matrix<T>(a_.key, b_, h_).from(key), v = Matrix<T>(a_.value, b_, h_).from(key),
                        s(scores_, keys);
        multiply(count_, keys, a_.features, query_, k.transposed(), s);
        for (int64_t i = 0; i < count_; ++i) {
            const int64_t visible = a_.visible(first_ + i, key, keys);
            T* const row = s.from(i).data;
            const T correction = a_.kernel.exponentials(row, a_.mask_at(b_, h_, first_ + i, key), visible, a_.scale,
                                                        most_[i], sum_[i]);
            std::fill(row + visible, row + keys, T(0));
            if (key > 0 && correction != T(1)) scale_row(i, correction);
        }
        multiply(count_, a_.value_features, keys, s, v, out_, key > 0);
    }

    const Attention<T>& a_;
    const int64_t b_, h_, first_, count_;
    T* const scores_;
    const Matrix<T> query_, out_;
    T most_[kQueries], sum_[kQueries] = {};
};

template <class T>
void attend(const KernelCall& call, const Attention<T>& a) {
    const StagedResult out(call.outs[0], dtype_of<T>());
    if (a.keys == 0) std::fill_n(out.template data<T>(), out.tensor().numel(), T(0));
    double* const lse = call.outs[1].template data<double>();
    parallel_for(a.batch * a.heads * a.blocks(), 1, [&](int64_t begin, int64_t end) {
        const Tensor scores = Tensor::empty({kQueries, kKeys}, dtype_of<T>());
        for (int64_t task = begin; task < end; ++task) {
            const int64_t head = task / a.blocks(), first = task % a.blocks() * kQueries;
            BlockOfQueries<T>(a, out.tensor(), head / a.heads, head % a.heads, first, scores.data<T>())
                .attend(lse + head * a.queries + first);
        }
    });
}

// The backward pass of one head.
template <class T>
class HeadGradient {
public:
    // Gradients in: of the result. Out: of query, key and value.
    HeadGradient(const Attention<T>& a, int64_t b, int64_t h, const Tensor& grad, const Tensor& attended,
                 const double* lse, const Tensor& query_grad, const Tensor& key_grad, const Tensor& value_grad)
        : a_(a), b_(b), h_(h), lse_(lse), query_(a.query, b, h), key_(a.key, b, h), value_(a.value, b, h),
          grad_(grad, b, h), attended_(attended, b, h), query_grad_(query_grad, b, h), key_grad_(key_grad, b, h),
          value_grad_(value_grad, b, h) {
        std::fill_n(query_grad_.data, a.queries * a.features, T(0));
        std::fill_n(key_grad_.data, a.keys * a.features, T(0));
        std::fill_n(value_grad_.data, a.keys * a.value_features, T(0));
    }

    void run(T* scores, T* slopes) const {
        for (int64_t first = 0; first < a_.queries; first += kQueries) {
            const int64_t count = std::min(kQueries, a_.queries - first), reach = a_.reach(first + count);
            T deltas[kQueries];
            for (int64_t i = 0; i < count; ++i) deltas[i] = delta(first + i);
            for (int64_t key = 0; key < reach; key += kKeys) {
                const int64_t keys = std::min(kKeys, reach - key);
                differentiate(first, count, key, keys, deltas, Matrix<T>(scores, keys), Matrix<T>(slopes, keys));
            }
        }
    }

private:
    // The sum over keys of probability times its gradient.
    T delta(int64_t i) const {
        return kernels<DotKernels<T>>().dot(grad_.from(i).data, attended_.from(i).data, a_.value_features);
    }

    void differentiate(int64_t first, int64_t count, int64_t key, int64_t keys, const T* deltas,
                       const Matrix<T>& scores, const Matrix<T>& slopes) const {
        const Matrix<T> q = query_.from(first), k = key_.from(key), g = grad_.from(first);
        multiply(count, keys, a_.features, q, k.transposed(), scores);
        multiply(count, keys, a_.value_features, g, value_.from(key).transposed(), slopes);
        for (int64_t i = 0; i < count; ++i) {
            T *const score = scores.from(i).data, *const slope = slopes.from(i).data;
            const int64_t visible = a_.visible(first + i, key, keys);
            a_.kernel.gradient(score, slope, a_.mask_at(b_, h_, first + i, key), visible, a_.scale, lse_[first + i],
                               deltas[i]);
            std::fill(score + visible, score + keys, T(0));
            std::fill(slope + visible, slope + keys, T(0));
        }
        multiply(keys, a_.value_features, count, scores.transposed(), g, value_grad_.from(key), true);
        multiply(count, a_.features, keys, slopes, k, query_grad_.from(first), true);
        multiply(keys, a_.features, count, slopes.transposed(), q, key_grad_.from(key), true);
    }

    const Attention<T>& a_;
    const int64_t b_, h_;
    const double* const lse_;
    const Matrix<T> query_, key_, value_, grad_, attended_, query_grad_, key_grad_, value_grad_;
};

template <class T>
void attend_backward(const KernelCall& call, const Attention<T>& a, const Tensor& grad, const Tensor& attended,
                     const Tensor& lse) {
    const StagedResult query(call.outs[0], dtype_of<T>()), key(call.outs[1], dtype_of<T>()),
        value(call.outs[2], dtype_of<T>());
    parallel_for(a.batch * a.heads, 1, [&](int64_t begin, int64_t end) {
        const Tensor scores = Tensor::empty({kQueries, kKeys}, dtype_of<T>()),
                     slopes = Tensor::empty({kQueries, kKeys}, dtype_of<T>());
        for (int64_t head = begin; head < end; ++head)
            HeadGradient<T>(a, head / a.heads, head % a.heads, grad, attended, lse.data<double>() + head * a.queries,
                            query.tensor(), key.tensor(), value.tensor())
                .run(scores.data<T>(), slopes.data<T>());
    });
}

void attention(const KernelCall& call, const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask,
               bool causal, double scale) {
    visit_float(compute_type(query.dtype()), [&]<class T>() {
        attend(call, Attention<T>(query, key, value, mask, causal, scale));
    });
}

void attention_backward(const KernelCall& call, const Tensor& grad, const Tensor& query, const Tensor& key,
                        const Tensor& value, const Tensor& mask, bool causal, double scale, const Tensor& attended,
                        const Tensor& logsumexp) {
    visit_float(compute_type(query.dtype()), [&]<class T>() {
        attend_backward(call, Attention<T>(query, key, value, mask, causal, scale), packed_as(grad, dtype_of<T>()),
                        packed_as(attended, dtype_of<T>()), packed(logsumexp));
    });
}

KERNEL(CPU, "_attention", attention);
KERNEL(CPU, "_attention_backward", attention_backward);

}  // namespace
}  // namespace bestiary::cpu
