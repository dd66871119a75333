#include "transforms/autocast.h"

#include <array>
#include <string_view>
#include <unordered_set>

#include "autograd/node.h"

namespace bestiary {
namespace {

thread_local Autocast* innermost = nullptr;

using Names = std::unordered_set<std::string_view>;

bool runs_lower(std::string_view name) {
    static const Names names = {
        "addbmm", "addmm",  "addmv",  "baddbmm", "bmm",    "conv1d", "conv2d", "conv3d",
        "dot",    "linear", "matmul", "mm",      "mv",     "prelu",  "conv_transpose1d",
        "conv_transpose2d", "conv_transpose3d",  "scaled_dot_product_attention",
    };
    return names.contains(name);
}

bool runs_in_float32(std::string_view name) {
    static const Names names = {
        "avg_pool3d",     "binary_cross_entropy", "binary_cross_entropy_with_logits",
        "cdist",          "cosine_similarity",    "cross_entropy",
        "grid_sample",    "huber_loss",           "kl_div",
        "l1_loss",        "matrix_power",         "mse_loss",
        "nanquantile",    "nll_loss",             "prod",
        "quantile",       "smooth_l1_loss",       "trace",
    };
    return names.contains(name);
}

bool takes_widest(std::string_view name) {
    static const Names names = {"cat", "stack", "index_copy"};
    return names.contains(name);
}

// Calls f(tensor) for every floating tensor on `device` that is no wider than float32.
template <class F>
void for_eligible(Args args, DeviceType device, const F& f) {
    for_each_tensor(args, [&](int, const Tensor& t) {
        const bool eligible = is_floating(t.dtype()) && t.dtype() != DType::Float64;
        if (eligible && t.device().type == device) f(t);
    });
}

}  // namespace

const Autocast* Autocast::of(DeviceType device) {
    const Autocast* found = innermost;
    while (found && found->device_ != device) found = found->outer_;
    return found;
}

void Autocast::enter() {
    outer_ = std::exchange(innermost, this);
    push_interpreter(this);
}

void Autocast::leave() {
    check(innermost == this, "autocast: scopes must be left in the reverse order of entering them");
    innermost = outer_;
    remove_interpreter(this);
    casts_.clear();
}

// Leaves are weights, and met again with the next batch; the rest is not worth keeping.
Tensor Autocast::cast(const Tensor& t, DType to) {
    const bool keeps = caches_ && to == lower_ && t.requires_grad() && is_leaf(t);
    if (!keeps) return Call<"to.dtype">()(t, to);
    Cast& known = casts_[t.impl()];
    const bool current = known.result.defined() && known.version == t->storage->version();
    // A cast made outside the graph does not lead back to the weight.
    const bool leads_back = current && (known.result.requires_grad() || !thread_state.grad_mode);
    if (!leads_back) known = {t, Call<"to.dtype">()(t, to), t->storage->version()};
    return known.result;
}

// Bool where the op runs as it is.
DType Autocast::wanted(const Op& op, Args args) const {
    if (runs_lower(op.name())) return lower_;
    if (runs_in_float32(op.name())) return DType::Float32;
    DType widest = DType::Bool;
    if (takes_widest(op.name()))
        for_eligible(args, device_, [&](const Tensor& t) { widest = promote(widest, t.dtype()); });
    return widest;
}

bool Autocast::run(const Op& op, Args args, Results& results) {
    if (this != of(device_) || !enabled_) return false;
    const DType to = wanted(op, args);
    bool changes = false;
    if (to != DType::Bool) for_eligible(args, device_, [&](const Tensor& t) { changes |= t.dtype() != to; });
    if (!changes) return false;
    std::array<Value, kMaxParams> values;
    std::array<std::vector<Tensor>, kMaxParams> lists;
    std::vector<Tensor> held;
    held.reserve(kMaxParams);
    const auto fit = [&](const Tensor& t) {
        Tensor fitted = t;
        const Value one(t);
        for_eligible(Args(&one, 1), device_, [&](const Tensor& eligible) { fitted = cast(eligible, to); });
        return fitted;
    };
    for (int i = 0; i < args.size(); ++i) {
        values[i] = args[i];
        if (args[i].is_tensor()) values[i] = held.emplace_back(fit(args.tensor(i)));
        if (args[i].tag != Tag::Tensors) continue;
        for (const Tensor& t : args.tensors(i)) lists[i].push_back(fit(t));
        values[i] = lists[i];
    }
    dispatch(op, Args(values.data(), args.size()), results);
    return true;
}

}  // namespace bestiary
