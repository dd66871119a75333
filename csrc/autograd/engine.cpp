#include "autograd/engine.h"

#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "autograd/record.h"

namespace bestiary {

// One backward pass. Nodes wait in a heap by the order of their creation: whatever consumes a node's results was
// created after it, so when a node comes up, all of its gradients have arrived.
class GraphTask final : public GradSink {
public:
    explicit GraphTask(BackwardOptions options) : options_(options) {}
    ~GraphTask() {
        while (!heap_.empty()) take(pop());  // after an error: leave no gradients behind
    }

    void give(const Edge& edge, Tensor grad) override;
    void restrict_to(std::span<const Edge> inputs, std::span<const Edge> roots, bool capture);
    void run();
    std::vector<Tensor> captured;

private:
    struct Later {
        bool operator()(const Ptr<Node>& a, const Ptr<Node>& b) const { return a->order < b->order; }
    };
    Ptr<Node> pop();
    Results take(const Ptr<Node>& node);
    Results& slots(Node& node);
    void process(Node& node, Results& grads);
    void fill_missing(Node& node, Results& grads);
    void run_hooks(Node& node, Results& grads);
    void run_node(Node& node, Results& grads);
    void capture(Node& node, const Results& grads);

    BackwardOptions options_;
    std::priority_queue<Ptr<Node>, std::vector<Ptr<Node>>, Later> heap_;
    // Of nodes at which another pass waits: an outer one, or another thread's.
    std::unordered_map<Node*, Results> aside_;
    bool restricted_ = false;
    std::unordered_set<Node*> needed_;  // take gradients: the inputs and the way to them
    std::unordered_set<Node*> passed_;  // hand gradients on: the way to them alone
    std::unordered_map<Node*, std::vector<std::pair<uint32_t, size_t>>> captures_;
};

// The gradients of a node's results that this pass collects: in the node, unless another pass uses it.
Results& GraphTask::slots(Node& node) {
    if (node.task == this) return node.pending;
    const auto found = aside_.find(&node);
    if (found != aside_.end()) return found->second;
    Results& fresh = node.task ? aside_[&node] : node.pending;
    if (!node.task) node.task = this;
    for (int i = 0; i < node.result_count; ++i) fresh.push(Tensor());
    heap_.push(Ptr<Node>(&node));
    return fresh;
}

void GraphTask::give(const Edge& edge, Tensor grad) {
    Node& node = *edge.node;
    if (restricted_ && !needed_.contains(&node)) return;
    if (thread_state.anomaly_mode) {
        const GradMode off(false);
        const bool bad = Call<"any">()(Call<"isnan">()(grad)).item() != 0;
        check(!bad, "a gradient became nan on its way to '", node.name(), "'");
    }
    Tensor& slot = slots(node)[static_cast<int>(edge.index)];
    slot = slot.defined() ? Call<"add">()(slot, grad) : std::move(grad);
}

Ptr<Node> GraphTask::pop() {
    Ptr<Node> node = heap_.top();
    heap_.pop();
    return node;
}

Results GraphTask::take(const Ptr<Node>& node) {
    if (node->task == this) {
        node->task = nullptr;
        return std::exchange(node->pending, Results());
    }
    return std::move(aside_.extract(node.get()).mapped());
}

void GraphTask::fill_missing(Node& node, Results& grads) {
    for (int i = 0; i < node.result_count; ++i) {
        const Node::ResultInfo& info = node.result(i);
        if (grads[i].defined() || !is_floating(info.dtype)) continue;
        grads[i] = Call<"expand">()(Call<"zeros">()(Dims(), info.dtype, info.device), info.sizes);
    }
}

void GraphTask::run_hooks(Node& node, Results& grads) {
    const NodeExtras* extras = node.extras_or_null();
    if (!extras) return;
    const std::vector<NodeExtras::Entry> hooks = extras->hooks;  // a hook may add or remove hooks
    for (const NodeExtras::Entry& entry : hooks) {
        if (!grads[entry.index].defined()) continue;
        Tensor replaced = entry.hook(grads[entry.index]);
        if (!replaced.defined()) continue;
        check(replaced.sizes() == grads[entry.index].sizes(), "hook: expected a gradient of shape ",
              grads[entry.index].sizes(), ", got ", replaced.sizes());
        grads[entry.index] = std::move(replaced);
    }
    const auto before = extras->before;
    for (const auto& [id, hook] : before) hook(grads);
    for (size_t i = 0; i < extras->retained.size(); ++i)
        if (const Tensor& g = grads[extras->retained[i]]; g.defined()) {
            Tensor& kept = node.extras().retained_grads[i];
            kept = kept.defined() ? Call<"add">()(kept, g) : g;
        }
}

void GraphTask::capture(Node& node, const Results& grads) {
    const auto found = captures_.find(&node);
    if (found == captures_.end()) return;
    for (const auto& [index, position] : found->second) captured[position] = grads[index];
}

// Holds back what a node gives until the hooks after it have seen it.
struct HeldBack final : GradSink {
    explicit HeldBack(std::span<const Edge> all) : edges(all), grads(all.size()) {}
    void give(const Edge& edge, Tensor grad) override {
        Tensor& slot = grads[static_cast<size_t>(&edge - edges.data())];
        slot = slot.defined() ? Call<"add">()(slot, grad) : std::move(grad);
    }

    std::span<const Edge> edges;
    std::vector<Tensor> grads;
};

void GraphTask::run_node(Node& node, Results& grads) {
    const NodeExtras* extras = node.extras_or_null();
    if (!extras || extras->after.empty()) return node.backward(grads, *this);
    const auto after = extras->after;  // a hook may add or remove hooks
    Results given;
    for (int i = 0; i < grads.size(); ++i) given.push(grads[i]);
    HeldBack held(node.edges());
    node.backward(grads, held);
    for (const auto& [id, hook] : after) hook(held.grads, given);
    for (size_t i = 0; i < held.grads.size(); ++i)
        if (held.grads[i].defined() && node.edges()[i].node) give(node.edges()[i], std::move(held.grads[i]));
}

void GraphTask::process(Node& node, Results& grads) {
    run_hooks(node, grads);
    capture(node, grads);
    const bool accumulates = node.is_leaf && captured.empty();
    if (restricted_ && !accumulates && !passed_.contains(&node)) return;
    if (!node.is_leaf && node.fills_missing()) fill_missing(node, grads);
    try {
        run_node(node, grads);
    } catch (Error& error) {
        const NodeExtras* extras = node.extras_or_null();
        if (!extras || extras->trace.empty()) throw;
        throw Error(error.kind(),
                    concat(error.what(), "\nThe forward op '", node.name(), "' ran at:\n", extras->trace));
    }
    if (!options_.retain_graph) node.release_saved();
}

void GraphTask::run() {
    const GradMode mode(options_.create_graph);
    while (!heap_.empty()) {
        const Ptr<Node> node = pop();
        Results grads = take(node);
        process(*node, grads);
    }
}

// Finds the nodes on a path from a root to an input, without recursion.
void GraphTask::restrict_to(std::span<const Edge> inputs, std::span<const Edge> roots, bool capture) {
    restricted_ = true;
    for (size_t i = 0; i < inputs.size(); ++i) {
        if (!inputs[i].node) continue;
        needed_.insert(inputs[i].node.get());
        if (capture) captures_[inputs[i].node.get()].emplace_back(inputs[i].index, i);
    }
    if (capture) captured.resize(inputs.size());
    std::unordered_set<Node*> seen;
    std::vector<std::pair<Node*, size_t>> path;  // node and its next edge
    const auto enter = [&](Node* node) {
        if (node && seen.insert(node).second) path.emplace_back(node, 0);
    };
    for (const Edge& root : roots) {
        enter(root.node.get());
        while (!path.empty()) {
            auto& [node, next] = path.back();
            if (next < node->edges().size()) {
                enter(node->edges()[next++].node.get());
                continue;
            }
            for (const Edge& edge : node->edges())
                if (edge.node && needed_.contains(edge.node.get())) passed_.insert(node);
            if (passed_.contains(node)) needed_.insert(node);
            path.pop_back();
        }
    }
}

namespace {

Tensor initial_grad(const Tensor& root, std::span<const Tensor> grads, size_t i) {
    if (i < grads.size() && grads[i].defined()) {
        check(grads[i].sizes() == root.sizes(), "gradient: expected shape ", root.sizes(), ", got ", grads[i].sizes());
        return grads[i].dtype() == root.dtype() ? grads[i] : Call<"to.dtype">()(grads[i], root.dtype());
    }
    check(root.numel() == 1, "gradient: must be given for a result with more than one element, got shape ",
          root.sizes());
    return Call<"ones_like">()(root);
}

std::vector<Edge> edges_to(std::span<const Tensor> tensors, const char* what) {
    std::vector<Edge> edges;
    for (const Tensor& t : tensors) {
        check(requires_grad(Args(std::array{Value(t)}.data(), 1)), what, "a tensor of shape ", t.sizes(),
              " does not require a gradient and is not the result of anything that does");
        edges.push_back(gradient_edge(t));
    }
    return edges;
}

void start(GraphTask& task, std::span<const Tensor> roots, std::span<const Edge> edges, std::span<const Tensor> grads) {
    const GradMode off(false);
    for (size_t i = 0; i < roots.size(); ++i) task.give(edges[i], initial_grad(roots[i], grads, i));
}

}  // namespace

void run_backward(std::span<const Tensor> roots, std::span<const Tensor> grads, std::span<const Tensor> inputs,
                  BackwardOptions options) {
    const std::vector<Edge> edges = edges_to(roots, "");
    GraphTask task(options);
    for (const Tensor& t : inputs) retain_grad(t);
    if (!inputs.empty()) task.restrict_to(edges_to(inputs, "inputs: "), edges, false);
    start(task, roots, edges, grads);
    task.run();
}

std::vector<Tensor> gradients(std::span<const Tensor> roots, std::span<const Tensor> grads,
                              std::span<const Tensor> inputs, BackwardOptions options) {
    const std::vector<Edge> edges = edges_to(roots, "outputs: ");
    GraphTask task(options);
    task.restrict_to(edges_to(inputs, "inputs: "), edges, true);
    start(task, roots, edges, grads);
    task.run();
    for (size_t i = 0; i < inputs.size(); ++i)
        check(options.allow_unused || task.captured[i].defined(), "inputs: input ", i,
              " was not used to compute the outputs; pass allow_unused=True if that is meant");
    return std::move(task.captured);
}

void differentiate_definition(const Op& op, Args args, const Results& grads, Tensor* given, const bool* needs) {
    const GradMode on(true);
    std::vector<Value> values(args.begin(), args.end());
    std::vector<Tensor> roots, weights, inputs;
    for (int i = 0; i < args.size(); ++i)  // what the op wrote it wrote in the forward pass
        if (op.writes >> i & 1) values[i] = Value();
    for (int i = 0; i < args.size(); ++i)  // a tensor given twice must be told apart
        if (needs[i]) values[i] = inputs.emplace_back(Call<"alias">()(args.tensor(i)));
    Results results;
    op.composed(Args(values.data(), args.size()), results);
    for (int k = 0; k < results.size(); ++k)
        if (results[k].requires_grad() && grads[k].defined()) {
            roots.push_back(results[k]);
            weights.push_back(grads[k]);
        }
    std::vector<Tensor> found = gradients(roots, weights, inputs, {true, true, true});
    for (int i = 0, next = 0; i < args.size(); ++i)
        if (needs[i]) given[i] = std::move(found[next++]);
}

}  // namespace bestiary
