#include "autograd/node.h"

#include "autograd/record.h"

namespace bestiary {

std::string (*current_trace)() = nullptr;
thread_local constinit PackSaved pack_saved = nullptr;

uint32_t Node::add_result(const Tensor& t) {
    ResultInfo info{t.sizes(), t.dtype(), t.device()};
    if (result_count == 0) first_result = std::move(info);
    else more_results.push_back(std::move(info));
    return static_cast<uint32_t>(result_count++);
}

namespace {

// Waits for a mutex that another thread may hold while it, in turn, waits for Python's lock.
class PatientLock {
public:
    explicit PatientLock(std::mutex& mutex) : mutex_(mutex) {
        if (mutex_.try_lock()) return;
        void* token = hooks.unlock ? hooks.unlock() : nullptr;
        mutex_.lock();
        if (hooks.lock) hooks.lock(token);
    }
    ~PatientLock() { mutex_.unlock(); }
    PatientLock(const PatientLock&) = delete;
    PatientLock& operator=(const PatientLock&) = delete;

private:
    std::mutex& mutex_;
};

}  // namespace

void LeafNode::accumulate(Tensor g) {
    const PatientLock lock(mutex_);
    if (grad.defined() && thread_state.grad_mode) {
        grad = Call<"add">()(grad, g);
    } else if (grad.defined()) {
        Call<"add_">()(grad, g);
    } else {
        // A gradient nobody else holds becomes ours; any other is copied, since later ones are added into it.
        const bool ours = g->use_count() == 1 && g->storage->use_count() == 1 && is_dense(g.sizes(), g.strides());
        grad = ours || thread_state.grad_mode ? std::move(g) : Call<"clone">()(g);
    }
}

void LeafNode::backward(Results& grads, GradSink&) {
    if (!grads[0].defined()) return;
    accumulate(std::move(grads[0]));
    const auto calls = after_accumulate;  // a hook may add or remove hooks
    for (const auto& [id, call] : calls) call();
}

Edge gradient_edge(const Tensor& t) {
    refresh_view(t);
    if (!t->grad_fn && t.requires_grad()) leaf_node(t);
    if (!t.requires_grad()) return {};
    return {Ptr<Node>(node_of(t)), t->output_index};
}

bool is_leaf(const Tensor& t) {
    refresh_view(t);
    return !t->grad_fn || node_of(t)->is_leaf;
}

LeafNode& leaf_node(const Tensor& t) {
    check(is_leaf(t), "expected a leaf tensor, got the result of ", t->grad_fn ? node_of(t)->name() : "");
    if (!t->grad_fn) {
        auto node = Ptr<Node>(new LeafNode);
        node->add_result(t);
        t->grad_fn = Ptr<NodeBase>(node.get());
        t->output_index = 0;
    }
    return static_cast<LeafNode&>(*node_of(t));
}

void set_requires_grad(const Tensor& t, bool on) {
    check(!on || is_floating(t.dtype()), "requires_grad: only floating tensors can require a gradient, got ",
          t.dtype());
    check(on || is_leaf(t), "requires_grad: can't be switched off on the result of an op; use detach()");
    check(!on || !t->inference || thread_state.inference_mode,
          "requires_grad: this tensor was made in inference mode and can't require a gradient outside it; clone() it "
          "first");
    t->requires_grad = on;
}

static int retained_slot(const NodeExtras& extras, uint32_t index) {
    for (size_t i = 0; i < extras.retained.size(); ++i)
        if (extras.retained[i] == index) return static_cast<int>(i);
    return -1;
}

Tensor grad_of(const Tensor& t) {
    if (!t->grad_fn) return {};
    if (is_leaf(t)) return static_cast<LeafNode*>(node_of(t))->grad;
    const NodeExtras* extras = node_of(t)->extras_or_null();
    const int slot = extras ? retained_slot(*extras, t->output_index) : -1;
    return slot < 0 ? Tensor() : extras->retained_grads[slot];
}

void set_grad(const Tensor& t, Tensor grad) {
    if (!grad.defined() && !t->grad_fn) return;
    if (grad.defined()) {
        check_as(ErrorKind::Value, grad.sizes() == t.sizes(), "grad: expected shape ", t.sizes(), ", got ",
                 grad.sizes());
        check_as(ErrorKind::Type, grad.dtype() == t.dtype(), "grad: expected dtype ", t.dtype(), ", got ",
                 grad.dtype());
    }
    if (is_leaf(t)) {
        leaf_node(t).grad = std::move(grad);
        return;
    }
    retain_grad(t);
    NodeExtras& extras = node_of(t)->extras();
    extras.retained_grads[retained_slot(extras, t->output_index)] = std::move(grad);
}

void retain_grad(const Tensor& t) {
    check(t.requires_grad(), "expected a tensor that requires a gradient");
    if (is_leaf(t)) return;
    refresh_view(t);
    NodeExtras& extras = node_of(t)->extras();
    if (retained_slot(extras, t->output_index) >= 0) return;
    extras.retained.push_back(t->output_index);
    extras.retained_grads.emplace_back();
}

bool retains_grad(const Tensor& t) {
    if (is_leaf(t)) return false;
    const NodeExtras* extras = node_of(t)->extras_or_null();
    return extras && retained_slot(*extras, t->output_index) >= 0;
}

void detach_in_place(const Tensor& t) {
    check(!t->base, "a view shares its base's place in the graph; use detach()");
    t->grad_fn = nullptr;
    t->output_index = 0;
    t->requires_grad = false;
}

static uint64_t last_id = 0;

uint64_t add_hook(const Tensor& t, GradHook hook) {
    check(t.requires_grad(), "expected a tensor that requires a gradient");
    const Edge edge = gradient_edge(t);
    edge.node->extras().hooks.push_back({++last_id, edge.index, std::move(hook)});
    return last_id;
}

void remove_hook(Node& node, uint64_t id) {
    NodeExtras& extras = node.extras();
    std::erase_if(extras.hooks, [id](const NodeExtras::Entry& entry) { return entry.id == id; });
    std::erase_if(extras.before, [id](const auto& entry) { return entry.first == id; });
    std::erase_if(extras.after, [id](const auto& entry) { return entry.first == id; });
}

uint64_t add_before_hook(Node& node, BeforeHook hook) {
    node.extras().before.emplace_back(++last_id, std::move(hook));
    return last_id;
}

uint64_t add_after_hook(Node& node, AfterHook hook) {
    node.extras().after.emplace_back(++last_id, std::move(hook));
    return last_id;
}

}  // namespace bestiary
