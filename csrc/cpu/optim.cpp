// The driver of the optimizer steps; the rules themselves are in isa/optim.cpp.
#include <cmath>

#include "core/dispatch.h"
#include "cpu/loop_table.h"
#include "cpu/parallel.h"
#include "cpu/strided.h"

namespace bestiary::cpu {
namespace {

using Lists = std::vector<std::span<const Tensor>>;

// Arguments by name, so that the order of a schema stands in one place.
struct Options {
    const KernelCall& call;

    int at(const char* name) const { return call.op.schema.index_of(name); }
    double number(const char* name) const { return call.args.number(at(name)); }
    bool flag(const char* name) const { return call.args.flag(at(name)); }
    double sign() const { return flag("maximize") ? -1.0 : 1.0; }
};

void update_packed(Loop loop, const Lists& lists, size_t i, const double* params) {
    const int64_t item = item_size(lists[0][i].dtype());
    std::array<int64_t, kMaxOperands> steps;
    steps.fill(item);
    parallel_for(lists[0][i].numel(), kGrain, [&](int64_t begin, int64_t end) {
        std::array<char*, kMaxOperands> data;
        for (size_t k = 0; k < lists.size(); ++k) data[k] = lists[k][i].raw() + begin * item;
        loop(data.data(), steps.data(), end - begin, params);
    });
}

void update_strided(Loop loop, const Lists& lists, size_t i, const double* params) {
    Strided at(lists[0][i].sizes());
    for (const std::span<const Tensor>& list : lists) at.add(list[i]);
    at.coalesce();
    parallel_for(lists[0][i].numel(), kGrain, [&](int64_t begin, int64_t end) {
        for_rows(at, begin, end,
                 [&](char* const* data, const int64_t* strides, int64_t n) { loop(data, strides, n, params); });
    });
}

// Runs the rule on every parameter with its gradient and state.
void update(const char* rule, const Lists& lists, const double* params) {
    const LoopSet* loops = find_loops(rule);
    for (size_t i = 0; i < lists[0].size(); ++i) {
        const Loop loop = loops->get(lists[0][i].dtype());
        check_as(ErrorKind::Type, loop, "params[", i, "]: expected a floating-point tensor, got ", lists[0][i].dtype());
        const bool packed = std::all_of(lists.begin(), lists.end(),
                                        [i](const auto& list) { return list[i].is_contiguous(); });
        if (packed) update_packed(loop, lists, i, params);
        else update_strided(loop, lists, i, params);
    }
}

void sgd_step(const KernelCall& call) {
    const Options o{call};
    Lists lists = {call.args.tensors(0), call.args.tensors(1)};
    const bool momentum = o.number("momentum") != 0;
    if (momentum) lists.push_back(call.args.tensors(2));
    const double params[] = {o.sign(), o.number("weight_decay"), o.number("lr"), o.number("momentum"),
                             1.0 - o.number("dampening"), double(o.flag("nesterov")), double(o.flag("first"))};
    update(momentum ? "sgd_momentum" : "sgd", lists, params);
}

void adam_step(const KernelCall& call) {
    const Options o{call};
    Lists lists = {call.args.tensors(0), call.args.tensors(1), call.args.tensors(2), call.args.tensors(3)};
    const bool amsgrad = o.flag("amsgrad");
    if (amsgrad) lists.push_back(call.args.tensors(4));
    const double lr = o.number("lr"), decay = o.number("weight_decay"), step = o.number("step");
    const double beta1 = o.number("beta1"), beta2 = o.number("beta2");
    const bool decoupled = o.flag("decoupled");
    const double params[] = {o.sign(),
                             decoupled ? 0.0 : decay,
                             decoupled ? 1.0 - lr * decay : 1.0,
                             1.0 - beta1,
                             beta2,
                             1.0 - beta2,
                             lr / (1.0 - std::pow(beta1, step)),
                             1.0 / std::sqrt(1.0 - std::pow(beta2, step)),
                             o.number("eps")};
    update(amsgrad ? "adam_amsgrad" : "adam", lists, params);
}

void rmsprop_step(const KernelCall& call) {
    const Options o{call};
    Lists lists = {call.args.tensors(0), call.args.tensors(1), call.args.tensors(2)};
    const bool momentum = o.number("momentum") != 0, centered = o.flag("centered");
    if (momentum) lists.push_back(call.args.tensors(3));
    if (centered) lists.push_back(call.args.tensors(4));
    const double params[] = {o.sign(),          o.number("weight_decay"), o.number("lr"),
                             o.number("alpha"), o.number("eps"),          o.number("momentum")};
    constexpr const char* rules[2][2] = {{"rmsprop", "rmsprop_centered"},
                                         {"rmsprop_momentum", "rmsprop_momentum_centered"}};
    update(rules[momentum][centered], lists, params);
}

KERNEL(CPU, "sgd_step_", sgd_step);
KERNEL(CPU, "adam_step_", adam_step);
KERNEL(CPU, "rmsprop_step_", rmsprop_step);

}  // namespace
}  // namespace bestiary::cpu
