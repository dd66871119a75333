#include "autograd/record.h"

#include "autograd/op_node.h"

namespace bestiary {
namespace {

void connect(const Ptr<Node>& node, Results& results) {
    for (Tensor& t : results) {
        const uint32_t index = node->add_result(t);
        if (!is_floating(t.dtype())) continue;
        t->grad_fn = Ptr<NodeBase>(node.get());
        t->output_index = index;
        t->requires_grad = true;
    }
}

void record(const Op& op, Args args, Results& results) {
    Ptr<OpNode> node = OpNode::make(op, args);
    if (thread_state.anomaly_mode && current_trace) node->extras().trace = current_trace();
    connect(Ptr<Node>(node.get()), results);
    node->save_results(results);
}

// The gradient of a tensor part of which was overwritten through a view.
class WriteView final : public Node {
public:
    WriteView(const Tensor& base, const Tensor& view, const Edge& written)
        : edges_{gradient_edge(base), written}, sizes_(base.sizes()), layout_(base.strides()),
          view_sizes_(view.sizes()), view_strides_(view.strides()), offset_(view->offset - base->offset) {}

    std::string name() const override { return "write_view"; }
    std::span<const Edge> edges() const override { return edges_; }

    void backward(Results& grads, GradSink& sink) override {
        const Tensor part = Call<"_strided_gather">()(grads[0], view_sizes_, view_strides_, offset_, layout_);
        if (edges_[0].node) {
            const Tensor ones = Call<"ones_like">()(part);
            const Tensor covered = Call<"_strided_scatter">()(ones, view_strides_, offset_, sizes_, layout_);
            sink.give(edges_[0], Call<"masked_fill">()(grads[0], Call<"ne">()(covered, 0.0), 0.0));
        }
        if (edges_[1].node) sink.give(edges_[1], part);
    }

private:
    Edge edges_[2];
    Dims sizes_, layout_, view_sizes_, view_strides_;
    int64_t offset_;
};

// Returns a copy of self where the gradient will read what self was.
Tensor before_write(const Op& form, Args args, const Tensor& self) {
    check(!self->inference || thread_state.inference_mode,
          "self: this tensor was made in inference mode and can't be written outside it; clone() it first");
    if (!thread_state.grad_mode) return {};
    refresh_view(self);
    const Tensor base(self->base);
    const bool leaf = base.defined() ? base.requires_grad() && is_leaf(base) : self.requires_grad() && is_leaf(self);
    check(!leaf, "self: a leaf tensor that requires a gradient can't be written in place; use no_grad() or clone()");
    const Op& op = *form.functional;
    if (!op.differentiable() || !requires_grad(args) || !OpNode::reads_first(op, args)) return {};
    const GradMode off(false);
    return Call<"clone">()(self);
}

// What self was before the write, for the graph: its former node over `memory`.
Tensor before(const Tensor& self, const Tensor& memory) {
    Tensor old = memory.alias();
    old->grad_fn = self->grad_fn;
    old->output_index = self->output_index;
    old->requires_grad = self->requires_grad;
    return old;
}

void after_write(const Op& form, Args args, const Tensor& self, const Tensor& original) {
    if (!thread_state.grad_mode || !requires_grad(args)) return;
    const Op& op = *form.functional;
    if (!op.differentiable()) return;
    std::vector<Value> values(args.begin(), args.end());
    const Tensor old = before(self, original.defined() ? original : self);
    values[0] = old;
    Ptr<OpNode> node = OpNode::make(op, Args(values.data(), args.size()));
    Results written;
    written.push(self.alias());
    if (thread_state.anomaly_mode && current_trace) node->extras().trace = current_trace();
    connect(Ptr<Node>(node.get()), written);
    node->save_results(written);
    if (Tensor base(self->base); base.defined()) {
        const Edge edge{Ptr<Node>(node.get()), 0};
        Results rebased;
        rebased.push(base);
        connect(Ptr<Node>(new WriteView(base, self, edge)), rebased);
        refresh_view(self);
    } else {
        self->grad_fn = written[0]->grad_fn;
        self->output_index = 0;
        self->requires_grad = true;
    }
}

}  // namespace

void refresh_view(const Tensor& t) {
    if (!t->base || t->view_version == t->storage->version()) return;
    t->view_version = t->storage->version();
    const Tensor base(t->base);
    if (!base.requires_grad()) return;
    const GradMode on(true);
    Results shown;
    shown.push(t);
    const int64_t offset = t->offset - base->offset;
    const Value args[] = {base, t.sizes(), t.strides(), offset, base.strides()};
    record(Call<"_strided_gather">::op(), Args(args, 5), shown);
}

Tensor detach(const Tensor& t) { return t.alias(); }

void install_graph() {
    hooks.record = record;
    hooks.before_write = before_write;
    hooks.after_write = after_write;
}

}  // namespace bestiary
