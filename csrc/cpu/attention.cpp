// Scaled dot-product attention.
//
// Note [Blocks of attention]
// As in FlashAttention (Dao et al., 2022) the matrix of all scores is never held: blocks of queries meet blocks of
// keys, their scores stay in the second-level cache, and a row's sum and result are scaled when a larger score turns
// up. The forward pass stores the log-sum-exp of each row in double, from which the backward pass computes the probabilities
// again.
#include <cmath>
#include <limits>

#include "cpu/gemm.h"
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

// The arguments from `at` on: query, key, value, mask, causal, scale.
template <class T>
struct Attention {
    Tensor query, key, value, mask;
    bool causal;
    double scale;
    int64_t batch, heads, queries, keys, features, value_features;

    Attention(Args a, int at)
        : query(computed(a.tensor(at))), key(computed(a.tensor(at + 1))), value(computed(a.tensor(at + 2))),
          mask(expanded_mask(a.tensor_or_none(at + 3), query, key)), causal(a.flag(at + 4)), scale(a.number(at + 5)),
          batch(query.sizes()[0]), heads(query.sizes()[1]), queries(query.sizes()[2]), keys(key.sizes()[2]),
          features(query.sizes()[3]), value_features(value.sizes()[3]) {}

    static Tensor computed(const Tensor& t) { return t.dtype() == dtype_of<T>() ? t : packed_as(t, dtype_of<T>()); }
    // With keys side by side.
    static Tensor expanded_mask(const Tensor& mask, const Tensor& query, const Tensor& key) {
        if (!mask.defined()) return mask;
        const Tensor rows = packed_as(mask, dtype_of<T>());
        const Dims sizes{query.sizes()[0], query.sizes()[1], query.sizes()[2], key.sizes()[2]};
        return rows.alias(sizes, broadcast_strides(rows, sizes), rows->offset);
    }
    // How many of the keys from `first` on query i sees.
    int64_t seen(int64_t i, int64_t first, int64_t count) const {
        return causal ? std::clamp<int64_t>(i + 1 - first, 0, count) : count;
    }
    // Keys that any of the queries before `end` sees.
    int64_t reach(int64_t end) const { return causal ? std::min(keys, end) : keys; }
    char* mask_at(int64_t b, int64_t h, int64_t i, int64_t first_key) const {
        if (!mask.defined()) return nullptr;
        const Dims& s = mask.strides();
        return bytes(mask.data<T>() + b * s[0] + h * s[1] + i * s[2] + first_key);
    }
    int64_t blocks() const { return ceil_div(queries, kQueries); }
};

// One block of queries of one head, and what it has seen of the keys.
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
        for (int64_t key = 0; key < reach; key += kKeys) see(key, std::min(kKeys, reach - key));
        for (int64_t i = 0; i < count_; ++i) {
            const bool blind = sum_[i] == T(0);
            lse[i] = blind ? 0.0 : double{most_[i]} + std::log(double{sum_[i]});
            scale_row(i, blind ? T(1) : T(1) / sum_[i]);
        }
    }

private:
    void scale_row(int64_t i, T factor) {
        char* const data[] = {bytes(out_.from(i).data), bytes(&factor)};
        scale_(data, nullptr, a_.value_features, nullptr);
    }

    void see(int64_t key, int64_t keys) {
        const Matrix<T> k = Matrix<T>(a_.key, b_, h_).from(key), v = Matrix<T>(a_.value, b_, h_).from(key),
                        s(scores_, keys);
        multiply(count_, keys, a_.features, query_, k.transposed(), s);
        for (int64_t i = 0; i < count_; ++i) {
            const int64_t seen = a_.seen(first_ + i, key, keys);
            T correction;
            char* const data[] = {bytes(s.from(i).data), a_.mask_at(b_, h_, first_ + i, key), bytes(most_ + i),
                                  bytes(sum_ + i), bytes(&correction)};
            exponentials_(data, nullptr, seen, &a_.scale);
            std::fill(s.from(i).data + seen, s.from(i).data + keys, T(0));
            if (key > 0 && correction != T(1)) scale_row(i, correction);
        }
        multiply(count_, a_.value_features, keys, s, v, out_, key > 0);
    }

    const Attention<T>& a_;
    const int64_t b_, h_, first_, count_;
    T* const scores_;
    const Matrix<T> query_, out_;
    const Loop exponentials_ = loop_of("attention.exponentials", dtype_of<T>()),
               scale_ = loop_of("attention.scale", dtype_of<T>());
    T most_[kQueries], sum_[kQueries] = {};
};

template <class T>
void attend(const KernelCall& call) {
    const Attention<T> a(call.args, 0);
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
    HeadGradient(const Attention<T>& a, int64_t b, int64_t h, const Tensor& grad, const Tensor& attended, const double* lse,
                 const Tensor& query_grad, const Tensor& key_grad, const Tensor& value_grad)
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
        T sum;
        char* const rows[] = {bytes(&sum), bytes(grad_.from(i).data), bytes(attended_.from(i).data)};
        dot_(rows, &a_.value_features, 1, nullptr);
        return sum;
    }

    void differentiate(int64_t first, int64_t count, int64_t key, int64_t keys, const T* deltas,
                       const Matrix<T>& scores, const Matrix<T>& slopes) const {
        const Matrix<T> q = query_.from(first), k = key_.from(key), g = grad_.from(first);
        multiply(count, keys, a_.features, q, k.transposed(), scores);
        multiply(count, keys, a_.value_features, g, value_.from(key).transposed(), slopes);
        for (int64_t i = 0; i < count; ++i) {
            T *const score = scores.from(i).data, *const slope = slopes.from(i).data;
            const int64_t seen = a_.seen(first + i, key, keys);
            char* const data[] = {bytes(score), a_.mask_at(b_, h_, first + i, key), bytes(lse_ + first + i),
                                  bytes(slope), bytes(deltas + i)};
            gradient_(data, nullptr, seen, &a_.scale);
            std::fill(score + seen, score + keys, T(0));
            std::fill(slope + seen, slope + keys, T(0));
        }
        multiply(keys, a_.value_features, count, scores.transposed(), g, value_grad_.from(key), true);
        multiply(count, a_.features, keys, slopes, k, query_grad_.from(first), true);
        multiply(keys, a_.features, count, slopes.transposed(), q, key_grad_.from(key), true);
    }

    const Attention<T>& a_;
    const int64_t b_, h_;
    const double* const lse_;
    const Matrix<T> query_, key_, value_, grad_, attended_, query_grad_, key_grad_, value_grad_;
    const Loop gradient_ = loop_of("attention.gradient", dtype_of<T>()),
               dot_ = loop_of("weighted_sum.row", dtype_of<T>());
};

// grad, query, key, value, mask, causal, scale, attended, logsumexp
template <class T>
void attend_backward(const KernelCall& call) {
    const Attention<T> a(call.args, 1);
    const Tensor grad = packed_as(call.args.tensor(0), dtype_of<T>()),
                 attended = packed_as(call.args.tensor(7), dtype_of<T>()), lse = packed(call.args.tensor(8));
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

KERNEL(CPU, "_attention", [](const KernelCall& call) {
    visit_float(compute_type(call.outs[0].dtype()), [&]<class T>() { attend<T>(call); });
});
KERNEL(CPU, "_attention_backward", [](const KernelCall& call) {
    visit_float(compute_type(call.outs[0].dtype()), [&]<class T>() { attend_backward<T>(call); });
});

}  // namespace
}  // namespace bestiary::cpu
