// Scaled dot-product attention.
#include <cmath>
#include <limits>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

constexpr Call<"_attention"> fused_attention;
constexpr Call<"masked_fill"> masked_fill;
constexpr Call<"matmul"> matmul;
constexpr Call<"softmax"> softmax;
constexpr double kHidden = -std::numeric_limits<double>::infinity();  // the score of keys that a query does not see

bool broadcasts_to(const Dims& from, const Dims& to) {
    const int lead = to.size() - from.size();
    for (int d = 0; d < from.size(); ++d)
        if (lead < 0 || (from[d] != 1 && from[d] != to[lead + d])) return false;
    return true;
}

void check_mask(const char* name, const Tensor& mask, const Dims& scores) {
    check(broadcasts_to(mask.sizes(), scores), name, ": expected shape ", scores,
          " or one that broadcasts to it, got ", mask.sizes());
}

// True where the key comes after the query.
Tensor later_keys(const Tensor& scores) {
    const auto positions = [&](int64_t n) { return Call<"_arange">()(0, 1, n, DType::Int64, scores.device()); };
    return gt(positions(scores.size(-1)), unsqueeze(positions(scores.size(-2)), 1));
}

// Rows that see no key have weights of 0.
Tensor weights_of(const Tensor& scores) {
    const Tensor blind = eq(Call<"amax">()(scores, Dims{-1}, true), kHidden);
    return masked_fill(softmax(masked_fill(scores, blind, 0.0), -1), blind, 0.0);
}

Tensor scores_of(const Tensor& query, const Tensor& key, const Tensor& mask, bool causal, double scale) {
    Tensor scores = matmul(query, transpose(key, -2, -1)) * scale;
    if (mask.defined()) scores = scores + mask;
    return causal ? masked_fill(scores, later_keys(scores), kHidden) : scores;
}

Tensor attended(const Tensor& scores, bool masked, const Tensor& value, double dropout) {
    Tensor weights = masked ? weights_of(scores) : softmax(scores, -1);
    if (dropout > 0.0) weights = Call<"dropout">()(weights, dropout, true);
    return matmul(weights, value);
}

OP("_attention(Tensor query, Tensor key, Tensor value, Tensor? mask, bool causal, float scale) "
   "-> (Tensor attended, Tensor logsumexp)")
    .doc("Attention of (batch, heads, length, features) with a mask that is added to the scores.")
    .shape([](Meta& m, const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask) {
        const Dims& q = query.sizes();
        if (mask.defined()) check_mask("mask", mask, {q[0], q[1], q[2], key.size(2)});
        m.add({q[0], q[1], q[2], value.size(3)}, query.dtype());
        m.add({q[0], q[1], q[2]}, DType::Float64);
    })
    .compose([](const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask, bool causal,
                double scale) {
        const Tensor scores = scores_of(query, key, mask, causal, scale);
        return Results{attended(scores, mask.defined(), value, 0.0),
                       Call<"logsumexp">()(cast(detach(scores), DType::Float64), Dims{-1})};
    })
    .grads("query key value mask attended logsumexp", [](const Backward& b) {
        const Results grads = Call<"_attention_backward">().all(b.g, b["query"], b["key"], b["value"], b["mask"],
                                                                b["causal"], b["scale"], b["attended"], b["logsumexp"]);
        static constexpr const char* names[] = {"query", "key", "value"};
        for (int i = 0; i < 3; ++i) b.give(names[i], grads[i]);
    });

OP("_attention_backward(Tensor grad, Tensor query, Tensor key, Tensor value, Tensor? mask, bool causal, float scale, "
   "Tensor attended, Tensor logsumexp) -> (Tensor query_grad, Tensor key_grad, Tensor value_grad)")
    .doc("The gradients of _attention.")
    .shape([](Meta& m, const Tensor&, const Tensor& query, const Tensor& key, const Tensor& value) {
        for (const Tensor* t : {&query, &key, &value}) m.add(t->sizes(), t->dtype());
    });

// The shape (*batch, rows, columns).
Dims with_matrix(Dims batch, int64_t rows, int64_t columns) {
    batch.push_back(rows);
    batch.push_back(columns);
    return batch;
}

// Two batch dimensions, whatever the number.
Tensor as_heads(const Tensor& t, const Dims& batch) {
    const Dims full = with_matrix(batch, t.size(-2), t.size(-1));
    Tensor heads = t.sizes() == full ? t : expand(t, full);
    while (heads.dim() < 4) heads = unsqueeze(heads, 0);
    return heads.dim() == 4 ? heads : flatten(heads, 0, heads.dim() - 4);
}

// A mask to be added, its last dimension as long as there are keys; others of size 1 are left to be broadcast.
Tensor as_head_mask(Tensor mask, const Dims& scores, DType dtype) {
    if (!mask.defined()) return mask;
    check_mask("attn_mask", mask, scores);
    check(mask.dtype() == DType::Bool || is_floating(mask.dtype()), "attn_mask: expected dtype bool or ", dtype,
          ", got ", mask.dtype());
    if (mask.dim() == 0) mask = unsqueeze(mask, 0);
    if (mask.size(-1) == 1) {
        Dims sizes = mask.sizes();
        sizes[mask.dim() - 1] = scores.back();
        mask = expand(mask, sizes);
    }
    mask = cast(mask.dtype() == DType::Bool ? where(mask, 0.0, kHidden) : mask, dtype);
    if (scores.size() <= 4) return mask;
    mask = expand(mask, scores);
    return flatten(mask, 0, mask.dim() - 4);
}

Dims batch_of(const Tensor& t) { return Dims(t.sizes().data(), t.dim() - 2); }

// Key and value heads repeated to the number of query heads.
Tensor with_heads(const Tensor& t, const Tensor& query) {
    check(t.dim() >= 3 && query.dim() >= 3, "enable_gqa: expected a dimension of heads, got shapes ", query.sizes(),
          " and ", t.sizes());
    const int64_t heads = t.size(-3), wanted = query.size(-3);
    check(heads > 0 && wanted % heads == 0, "enable_gqa: ", wanted, " query heads are no multiple of ", heads);
    if (heads == wanted) return t;
    const Tensor single = unsqueeze(t, -3);
    Dims repeated = single.sizes(), sizes = t.sizes();
    repeated[single.dim() - 3] = wanted / heads;
    sizes[t.dim() - 3] = wanted;
    return reshape(expand(single, repeated), sizes);
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
    .doc(R"(softmax(query keyᵀ scale + attn_mask) value over (..., length, features)
(Vaswani et al., "Attention is all you need", 2017). A bool mask keeps the keys where it is True, a float one is added;
either must broadcast to the scores (..., L, S). ``is_causal`` masks the keys after each query. ``scale`` defaults to
1 / sqrt(features). ``enable_gqa`` repeats the heads of key and value to query's number. A query without keys gives
zeros.

>>> q = engine.zeros(1, 2, 5, 8)
>>> engine.scaled_dot_product_attention(q, q, q, is_causal=True).shape
Size([1, 2, 5, 8]))")
    .compose([](const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& attn_mask, double dropout_p,
                bool is_causal, std::optional<double> scale, bool enable_gqa) {
        const Tensor keys = enable_gqa ? with_heads(key, query) : key,
                     values = enable_gqa ? with_heads(value, query) : value;
        check_shapes(query, keys, values);
        check(!attn_mask.defined() || !is_causal, "is_causal: expected no attn_mask beside it");
        const Dims batch = broadcast(broadcast(batch_of(query), batch_of(keys)), batch_of(values));
        const Tensor mask = as_head_mask(attn_mask, with_matrix(batch, query.size(-2), keys.size(-2)), query.dtype());
        const Tensor q = as_heads(query, batch), k = as_heads(keys, batch), v = as_heads(values, batch);
        const auto features = static_cast<double>(std::max<int64_t>(query.size(-1), 1));
        const double factor = scale.value_or(1.0 / std::sqrt(features));
        const bool mask_wants_grad = thread_state.grad_mode && mask.defined() && mask.requires_grad();
        const Tensor result = dropout_p > 0.0 || mask_wants_grad
            ? attended(scores_of(q, k, mask, is_causal, factor), mask.defined(), v, dropout_p)
            : fused_attention(q, k, v, mask, is_causal, factor);
        return reshape(result, with_matrix(batch, query.size(-2), values.size(-1)));
    });

}  // namespace
}  // namespace bestiary::ops
