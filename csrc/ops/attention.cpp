// Scaled dot-product attention.
#include <cmath>
#include <limits>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

constexpr Call<"_attention"> fused_attention;
constexpr Call<"masked_fill"> masked_fill;
constexpr Call<"matmul"> matmul;
constexpr double kHidden = -std::numeric_limits<double>::infinity();

// True where the key comes after the query.
Tensor later_keys(int64_t queries, int64_t keys) {
    const Tensor later = Tensor::empty({queries, keys}, DType::Bool);
    for (int64_t i = 0; i < queries; ++i)
        for (int64_t j = 0; j < keys; ++j) later.data<bool>()[i * keys + j] = j > i;
    return later;
}

// Rows that see no key have no weights.
Tensor weights_of(const Tensor& scores) {
    const Tensor blind = Call<"eq">()(Call<"amax">()(scores, Dims{-1}, true), kHidden);
    return masked_fill(Call<"softmax">()(masked_fill(scores, blind, 0.0), -1), blind, 0.0);
}

Tensor defined_attention(const Value& query, const Value& key, const Value& value, const Value& mask, bool causal,
                         double scale, double dropout) {
    Tensor scores = matmul(query, transpose(key, -2, -1)) * scale;
    if (!mask.none()) scores = scores + mask;
    if (causal) scores = masked_fill(scores, later_keys(scores.size(-2), scores.size(-1)), kHidden);
    Tensor weights = mask.none() ? Call<"softmax">()(scores, -1) : weights_of(scores);
    if (dropout > 0.0) weights = Call<"dropout">()(weights, dropout, true);
    return matmul(weights, value);
}

OP("_attention(Tensor query, Tensor key, Tensor value, Tensor? mask, bool causal, float scale) "
   "-> (Tensor attended, Tensor logsumexp)")
    .doc("Attention of (batch, heads, length, features) with a mask that is added to the scores.")
    .shape([](const Op&, Args a, Meta& m) {
        const Dims& q = a.tensor(0).sizes();
        m.add({q[0], q[1], q[2], a.tensor(2).sizes()[3]}, a.tensor(0).dtype());
        m.add({q[0], q[1], q[2]}, compute_type(a.tensor(0).dtype()));
    })
    .compose([](Args a, Results& r) { r.push(defined_attention(a[0], a[1], a[2], a[3], a.flag(4), a.number(5), 0.0)); })
    .grads("query key value mask attended logsumexp", [](const Backward& b) {
        const Results grads = Call<"_attention_backward">().all(b.g, b["query"], b["key"], b["value"], b["mask"],
                                                                b["causal"], b["scale"], b["attended"], b["logsumexp"]);
        static constexpr const char* names[] = {"query", "key", "value"};
        for (int i = 0; i < 3; ++i) b.give(names[i], grads[i]);
    });

OP("_attention_backward(Tensor grad, Tensor query, Tensor key, Tensor value, Tensor? mask, bool causal, float scale, "
   "Tensor attended, Tensor logsumexp) -> (Tensor query_grad, Tensor key_grad, Tensor value_grad)")
    .doc("The gradients of _attention.")
    .shape([](const Op&, Args a, Meta& m) {
        for (int i = 1; i <= 3; ++i) m.add(a.tensor(i).sizes(), a.tensor(i).dtype());
    });

// Two batch dimensions, whatever the number.
Tensor as_heads(const Tensor& t, const Dims& batch) {
    Dims full = batch;
    full.push_back(t.size(-2));
    full.push_back(t.size(-1));
    Tensor heads = t.sizes() == full ? t : expand(t, full);
    while (heads.dim() < 4) heads = unsqueeze(heads, 0);
    return heads.dim() == 4 ? heads : flatten(heads, 0, heads.dim() - 4);
}

// A mask with as many dimensions, of which those of size 1 are left to be broadcast.
Tensor as_head_mask(const Value& given, const Dims& batch, int64_t keys, DType dtype) {
    if (given.none()) return {};
    Tensor mask(given.t);
    if (mask.dim() > 0 && mask.size(-1) == 1) {
        Dims sizes = mask.sizes();
        sizes[mask.dim() - 1] = keys;
        mask = expand(mask, sizes);
    }
    if (mask.dtype() == DType::Bool) {
        const Tensor zeros = Call<"zeros">()(mask.sizes(), dtype, mask.device());
        mask = masked_fill(zeros, Call<"logical_not">()(mask), kHidden);
    }
    return batch.size() > 2 ? as_heads(mask, batch) : cast(mask, dtype);
}

Dims batch_of(const Tensor& t) { return Dims(t.sizes().data(), t.dim() - 2); }

// Key and value heads repeated to the number of query heads.
Tensor with_heads(const Tensor& t, const Tensor& query) {
    check(t.dim() >= 3 && query.dim() >= 3, "enable_gqa: expected a dimension of heads, got shapes ", query.sizes(),
          " and ", t.sizes());
    const int64_t heads = t.size(-3), wanted = query.size(-3);
    check(heads > 0 && wanted % heads == 0, "enable_gqa: ", wanted, " query heads are no multiple of ", heads);
    if (heads == wanted) return t;
    const Tensor apart = unsqueeze(t, -3);
    Dims sizes = apart.sizes(), joined = t.sizes();
    sizes[apart.dim() - 3] = wanted / heads;
    joined[t.dim() - 3] = wanted;
    return reshape(expand(apart, sizes), joined);
}

void check_shapes(const Tensor& query, const Tensor& key, const Tensor& value) {
    for (const Tensor* t : {&query, &key, &value})
        check(t->dim() >= 2, "query, key, value: expected (..., length, features), got ", t->sizes());
    check(query.dtype() == key.dtype() && key.dtype() == value.dtype(), "query, key, value: expected one dtype, got ",
          query.dtype(), ", ", key.dtype(), " and ", value.dtype());
    check(is_floating(query.dtype()), "query: expected a floating-point dtype, got ", query.dtype());
    check(query.size(-1) == key.size(-1), "key: expected ", query.size(-1), " features as query has, got shape ",
          key.sizes());
    check(key.size(-2) == value.size(-2), "value: expected length ", key.size(-2), " as key has, got shape ",
          value.sizes());
}

OP("scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0.0, "
   "bool is_causal=False, float? scale=None, bool enable_gqa=False) -> Tensor")
    .doc(R"(softmax(query keyᵀ scale + attn_mask) value over (..., length, features) (Vaswani et al., "Attention is all
you need", 2017).

A boolean mask keeps what is True, a float one is added; ``is_causal`` hides the keys after each query. ``scale`` is
1 / sqrt(features) unless given. ``enable_gqa`` repeats the heads of key and value to query's number. A query that sees
no key gives zeros.

>>> q = engine.zeros(1, 2, 5, 8)
>>> engine.scaled_dot_product_attention(q, q, q, is_causal=True).shape
Size([1, 2, 5, 8]))")
    .compose([](Args a, Results& r) {
        const Tensor& query = a.tensor(0);
        const bool shared = a.flag(7);
        const Tensor key = shared ? with_heads(a.tensor(1), query) : a.tensor(1),
                     value = shared ? with_heads(a.tensor(2), query) : a.tensor(2);
        check_shapes(query, key, value);
        check(a[3].none() || !a.flag(5), "is_causal: expected no attn_mask beside it");
        const Dims batch = broadcast(broadcast(batch_of(query), batch_of(key)), batch_of(value));
        const double scale = a[6].none() ? 1.0 / std::sqrt(static_cast<double>(query.size(-1))) : a.number(6);
        const Tensor mask = as_head_mask(a[3], batch, key.size(-2), query.dtype());
        const Tensor q = as_heads(query, batch), k = as_heads(key, batch), v = as_heads(value, batch);
        const bool mask_wants_grad = thread_state.grad_mode && mask.defined() && mask.requires_grad();
        const Tensor attended = a.number(4) > 0.0 || mask_wants_grad
            ? defined_attention(q, k, v, mask, a.flag(5), scale, a.number(4))
            : Tensor(fused_attention(q, k, v, mask, a.flag(5), scale));
        Dims sizes = batch;
        sizes.push_back(query.size(-2));
        sizes.push_back(value.size(-1));
        r.push(reshape(attended, sizes));
    });

}  // namespace
}  // namespace bestiary::ops
