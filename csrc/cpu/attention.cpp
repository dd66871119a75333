// Scaled dot-product attention.
//
// Note [Blocks of queries]
// As in FlashAttention (Dao et al., 2022) the matrix of all scores is never held: a task takes a block of queries of
// one head, so few that their scores against all keys stay in the second-level cache. The forward pass keeps the
// log-sum-exp of each row, from which the backward pass computes the probabilities again.
#include "cpu/gemm.h"
#include "cpu/parallel.h"
#include "cpu/staging.h"

namespace bestiary::cpu {
namespace {

constexpr int64_t kScores = int64_t{1} << 16;  // elements of a block of scores, as far as that leaves enough queries
constexpr int64_t kMostQueries = 96, kFewestQueries = 8;

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
void multiply(int64_t m, int64_t n, int64_t k, const Matrix<T>& a, const Matrix<T>& b, const Matrix<T>& c, bool accumulate = false) {
    Product p{dtype_of<T>(), m, n, k, reinterpret_cast<char*>(a.data), a.row, a.col, reinterpret_cast<char*>(b.data), b.row, b.col,
              reinterpret_cast<char*>(c.data), c.row};
    p.accumulate = accumulate;
    gemm(p);
}

// The arguments from `at` on: query, key, value, mask, causal, scale.
template <class T>
struct Attention {
    Tensor query, key, value, mask;
    bool causal;
    double scale;
    int64_t batch, heads, queries, keys, features, value_features, block;

    Attention(Args a, int at)
        : query(computed(a.tensor(at))), key(computed(a.tensor(at + 1))), value(computed(a.tensor(at + 2))),
          mask(expanded_mask(a.tensor_or_none(at + 3), query, key)), causal(a.flag(at + 4)), scale(a.number(at + 5)),
          batch(query.sizes()[0]), heads(query.sizes()[1]), queries(query.sizes()[2]), keys(key.sizes()[2]),
          features(query.sizes()[3]), value_features(value.sizes()[3]),
          block(std::clamp(kScores / std::max<int64_t>(keys, 1), kFewestQueries, kMostQueries)) {}

    static Tensor computed(const Tensor& t) { return t.dtype() == dtype_of<T>() ? t : packed_as(t, dtype_of<T>()); }
    // With keys side by side.
    static Tensor expanded_mask(const Tensor& mask, const Tensor& query, const Tensor& key) {
        if (!mask.defined()) return mask;
        const Tensor rows = packed_as(mask, dtype_of<T>());
        const Dims sizes{query.sizes()[0], query.sizes()[1], query.sizes()[2], key.sizes()[2]};
        return rows.alias(sizes, broadcast_strides(rows, sizes), rows->offset);
    }
    // Keys that any of the queries before `end` sees.
    int64_t seen(int64_t end) const { return causal ? std::min(keys, end) : keys; }
    char* mask_row(int64_t b, int64_t h, int64_t i) const {
        if (!mask.defined()) return nullptr;
        const Dims& s = mask.strides();
        return reinterpret_cast<char*>(mask.data<T>() + b * s[0] + h * s[1] + i * s[2]);
    }
    int64_t blocks() const { return ceil_div(queries, block); }
};

template <class T>
char* bytes(const T* p) {
    return reinterpret_cast<char*>(const_cast<T*>(p));
}

template <class T>
void attend_block(const Attention<T>& a, const Tensor& out, T* lse, int64_t b, int64_t h, int64_t first, T* scores) {
    const Loop exponentials = loop_of("attention.exponentials", dtype_of<T>()), scale_row = loop_of("attention.scale", dtype_of<T>());
    const int64_t count = std::min(a.block, a.queries - first), keys = a.seen(first + count);
    const Matrix<T> q(a.query, b, h), k(a.key, b, h), v(a.value, b, h), o(out, b, h), s(scores, keys);
    multiply(count, keys, a.features, q.from(first), k.transposed(), s);
    T inverse[kMostQueries];
    for (int64_t i = 0; i < count; ++i) {
        const int64_t seen = a.seen(first + i + 1);
        char* const data[] = {bytes(scores + i * keys), a.mask_row(b, h, first + i), bytes(lse + i), bytes(inverse + i)};
        exponentials(data, nullptr, seen, &a.scale);
        std::fill(scores + i * keys + seen, scores + (i + 1) * keys, T(0));
    }
    multiply(count, a.value_features, keys, s, v, o.from(first));
    for (int64_t i = 0; i < count; ++i) {
        char* const data[] = {bytes(o.from(first + i).data), bytes(inverse + i)};
        scale_row(data, nullptr, a.value_features, nullptr);
    }
}

template <class T>
void attend(const KernelCall& call) {
    const Attention<T> a(call.args, 0);
    const StagedResult out(call.outs[0], dtype_of<T>());
    T* const lse = call.outs[1].template data<T>();
    parallel_for(a.batch * a.heads * a.blocks(), 1, [&](int64_t begin, int64_t end) {
        const Tensor scores = Tensor::empty({a.block * a.keys}, dtype_of<T>());
        for (int64_t task = begin; task < end; ++task) {
            const int64_t head = task / a.blocks(), first = task % a.blocks() * a.block;
            attend_block(a, out.tensor(), lse + head * a.queries + first, head / a.heads, head % a.heads, first, scores.data<T>());
        }
    });
}

// Probabilities and the gradient of scores of one block of queries, into `scores` and `slopes`.
template <class T>
void score_gradients(const Attention<T>& a, const Matrix<T>& grad, const Matrix<T>& attended, const T* lse, int64_t b, int64_t h,
                     int64_t first, int64_t count, int64_t keys, T* scores, T* slopes) {
    const Loop gradient = loop_of("attention.gradient", dtype_of<T>()), dot = loop_of("weighted_sum.row", dtype_of<T>());
    const Matrix<T> q(a.query, b, h), k(a.key, b, h), v(a.value, b, h);
    multiply(count, keys, a.features, q.from(first), k.transposed(), Matrix<T>(scores, keys));
    multiply(count, keys, a.value_features, grad.from(first), v.transposed(), Matrix<T>(slopes, keys));
    for (int64_t i = 0; i < count; ++i) {
        T delta;
        char* const rows[] = {bytes(&delta), bytes(grad.from(first + i).data), bytes(attended.from(first + i).data)};
        dot(rows, &a.value_features, 1, nullptr);
        const int64_t seen = a.seen(first + i + 1);
        char* const data[] = {bytes(scores + i * keys), a.mask_row(b, h, first + i), bytes(lse + first + i), bytes(slopes + i * keys),
                              bytes(&delta)};
        gradient(data, nullptr, seen, &a.scale);
        std::fill(scores + i * keys + seen, scores + (i + 1) * keys, T(0));
        std::fill(slopes + i * keys + seen, slopes + (i + 1) * keys, T(0));
    }
}

// grad, query, key, value, mask, causal, scale, attended, logsumexp
template <class T>
void attend_backward(const KernelCall& call) {
    const Attention<T> a(call.args, 1);
    const Tensor grad = packed_as(call.args.tensor(0), dtype_of<T>()), attended = packed_as(call.args.tensor(7), dtype_of<T>()),
                 lse = packed(call.args.tensor(8));
    const StagedResult query(call.outs[0], dtype_of<T>()), key(call.outs[1], dtype_of<T>()), value(call.outs[2], dtype_of<T>());
    parallel_for(a.batch * a.heads, 1, [&](int64_t begin, int64_t end) {
        const Tensor scores = Tensor::empty({a.block * a.keys}, dtype_of<T>()), slopes = Tensor::empty({a.block * a.keys}, dtype_of<T>());
        for (int64_t head = begin; head < end; ++head) {
            const int64_t b = head / a.heads, h = head % a.heads;
            const Matrix<T> g(grad, b, h), q(a.query, b, h), k(a.key, b, h), o(attended, b, h);
            const Matrix<T> dq(query.tensor(), b, h), dk(key.tensor(), b, h), dv(value.tensor(), b, h);
            std::fill_n(dk.data, a.keys * a.features, T(0));
            std::fill_n(dv.data, a.keys * a.value_features, T(0));
            for (int64_t first = 0; first < a.queries; first += a.block) {
                const int64_t count = std::min(a.block, a.queries - first), keys = a.seen(first + count);
                score_gradients(a, g, o, lse.data<T>() + head * a.queries, b, h, first, count, keys, scores.data<T>(), slopes.data<T>());
                const Matrix<T> p(scores.data<T>(), keys), ds(slopes.data<T>(), keys);
                multiply(keys, a.value_features, count, p.transposed(), g.from(first), dv, true);
                multiply(count, a.features, keys, ds, k, dq.from(first));
                multiply(keys, a.features, count, ds.transposed(), q.from(first), dk, true);
            }
        }
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
