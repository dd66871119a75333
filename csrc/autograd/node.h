// The graph: one node per op that ran, linked to the nodes of its inputs.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "core/dispatch.h"

namespace bestiary {

class Node;
class GraphTask;

// The destination of a gradient: result `index` of `node`.
struct Edge {
    Ptr<Node> node;
    uint32_t index = 0;
};

// Takes the gradients that a node computes.
class GradSink {
public:
    virtual void give(const Edge& edge, Tensor grad) = 0;

protected:
    ~GradSink() = default;
};

using GradHook = std::function<Tensor(const Tensor&)>;  // an undefined answer leaves the gradient as it is

// Called with the gradients of a node's results before it runs, which it may replace.
using BeforeHook = std::function<void(Results& results)>;
// Called with the gradients that a node gave, one per edge, which it may replace, and with those it was given.
using AfterHook = std::function<void(std::vector<Tensor>& inputs, const Results& results)>;

// Rarely used members, allocated for the few nodes that need them.
struct NodeExtras {
    struct Entry {
        uint64_t id;
        uint32_t index;
        GradHook hook;
    };
    std::vector<Entry> hooks;
    std::vector<std::pair<uint64_t, BeforeHook>> before;
    std::vector<std::pair<uint64_t, AfterHook>> after;
    std::vector<uint32_t> retained;  // results whose gradient is kept
    std::vector<Tensor> retained_grads;
    std::shared_ptr<void> metadata;  // of the language above
    std::string trace;  // in anomaly mode: the line of Python that ran the op
};

class Node : public NodeBase {
public:
    // Gradients flow in the reverse order of creation.
    explicit Node(bool leaf = false) : order(leaf ? 0 : ++last_order_), is_leaf(leaf) {}

    virtual std::string name() const = 0;
    // Gets one gradient per result and gives one per edge.
    virtual void backward(Results& grads, GradSink& sink) = 0;
    virtual void release_saved() {}
    // True if backward gets zeros for results without a gradient.
    virtual bool fills_missing() const { return true; }
    virtual std::span<const Edge> edges() const = 0;

    NodeExtras& extras() {
        if (!extras_) extras_ = std::make_unique<NodeExtras>();
        return *extras_;
    }
    const NodeExtras* extras_or_null() const { return extras_.get(); }

    struct ResultInfo {
        Dims sizes;
        DType dtype;
        Device device;
    };
    std::vector<ResultInfo> more_results;  // of results after the first
    ResultInfo first_result;
    int result_count = 0;
    const ResultInfo& result(int i) const { return i == 0 ? first_result : more_results[i - 1]; }
    uint32_t add_result(const Tensor& t);

    const uint64_t order;
    const bool is_leaf;

    // Gradients that have arrived in the task under way.
    Results pending;
    GraphTask* task = nullptr;

private:
    static inline std::atomic<uint64_t> last_order_{0};
    std::unique_ptr<NodeExtras> extras_;
};

// Stands for a tensor that the user made: gradients end here.
class LeafNode final : public Node {
public:
    LeafNode() : Node(true) {}
    std::string name() const override { return "Leaf"; }
    void backward(Results& grads, GradSink& sink) override;
    std::span<const Edge> edges() const override { return {}; }

    Tensor grad;
    std::vector<std::pair<uint64_t, std::function<void()>>> after_accumulate;

private:
    void accumulate(Tensor g);
    std::mutex mutex_;  // two threads may bring gradients at once, as kernels run outside Python's lock
};

inline Node* node_of(const Tensor& t) { return static_cast<Node*>(t->grad_fn.get()); }

// The node and index that stand for `t`; makes the leaf's node on first use.
Edge gradient_edge(const Tensor& t);
LeafNode& leaf_node(const Tensor& t);
bool is_leaf(const Tensor& t);
void set_requires_grad(const Tensor& t, bool on);
// The gradient kept for `t`: of a leaf, or after retain_grad(). Undefined if there is none.
Tensor grad_of(const Tensor& t);
void set_grad(const Tensor& t, Tensor grad);
void retain_grad(const Tensor& t);
bool retains_grad(const Tensor& t);
// Takes a result of an op out of the graph; an error for a view.
void detach_in_place(const Tensor& t);
// Returns an id for remove_hook.
uint64_t add_hook(const Tensor& t, GradHook hook);
void remove_hook(Node& node, uint64_t id);
uint64_t add_before_hook(Node& node, BeforeHook hook);
uint64_t add_after_hook(Node& node, AfterHook hook);

// A saved tensor as packed by saved_tensors_hooks.
class PackedTensor {
public:
    virtual ~PackedTensor() = default;
    virtual Tensor unpack() const = 0;
};

// Packs what a node is about to save; null while this thread has no hooks for it.
using PackSaved = std::shared_ptr<const PackedTensor> (*)(const Tensor&);
extern thread_local constinit PackSaved pack_saved;

// Installs how anomaly mode learns the Python line under way.
extern std::string (*current_trace)();

}  // namespace bestiary
