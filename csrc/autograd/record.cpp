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
    if (thread_state.inference_mode) return;
    const Ptr<OpNode> node = OpNode::make(op, args);
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

bool is_leaf_in_graph(const Tensor& t) { return t.defined() && t.requires_grad() && is_leaf(t); }

void check_may_write(const Tensor& self) {
    check(!self->inference,
          "self: this tensor was made in inference mode and can't be written outside it; clone() it first");
    if (!thread_state.grad_mode) return;
    check(!is_leaf_in_graph(self) && !is_leaf_in_graph(Tensor(self->base)),
          "self: a leaf tensor that requires a gradient can't be written in place; use no_grad() or clone()");
}

// Self before the write, for the graph: its node, with a copy of the elements if the gradient reads them.
Tensor before(const Tensor& self, bool copied) {
    const GradMode off(false);
    Tensor old = copied ? Call<"clone">()(self) : self.alias();
    old->grad_fn = self->grad_fn;
    old->output_index = self->output_index;
    old->requires_grad = self->requires_grad;
    return old;
}

Ptr<NodeBase> before_write(const Op& form, Args args) {
    const Tensor& self = args.tensor(0);
    check_may_write(self);
    const Op& op = *form.functional;
    // Without a gradient of its own the node still cuts self off from its former value.
    if (!thread_state.grad_mode || !is_floating(self.dtype()) || !requires_grad(args)) return {};
    refresh_view(self);
    const Tensor old = before(self, OpNode::saves(op, args, 0));
    std::vector<Value> values(args.begin(), args.end());
    for (Value& v : values)
        if (v.is_tensor() && v.t == self.impl()) v = old;
    return Ptr<NodeBase>(OpNode::make(op, Args(values.data(), args.size())).get());
}

// retain_grad() is said of a tensor, whatever node it has.
void move_retained(const Ptr<NodeBase>& from, uint32_t index, const Tensor& t) {
    Node* former = static_cast<Node*>(from.get());
    if (!former || !former->extras_or_null()) return;
    NodeExtras& extras = former->extras();
    const auto found = std::find(extras.retained.begin(), extras.retained.end(), index);
    if (found == extras.retained.end()) return;
    extras.retained_grads.erase(extras.retained_grads.begin() + (found - extras.retained.begin()));
    extras.retained.erase(found);
    retain_grad(t);
}

void replace_node(const Tensor& t, const Ptr<Node>& node) {
    const Ptr<NodeBase> former = t->grad_fn;
    const uint32_t index = t->output_index;
    Results results;
    results.push(t);
    connect(node, results);
    move_retained(former, index, t);
}

void after_write(const Ptr<NodeBase>& written_by, const Tensor& self) {
    const Ptr<OpNode> node(static_cast<OpNode*>(written_by.get()));
    const Tensor base(self->base);
    Results written;
    written.push(base.defined() ? self.alias() : self);
    replace_node(written[0], Ptr<Node>(node.get()));
    node->save_results(written);
    if (!base.defined()) return;
    replace_node(base, Ptr<Node>(new WriteView(base, self, Edge{Ptr<Node>(node.get()), 0})));
    refresh_view(self);
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

void refresh_views(Args args) {
    for (const Value& v : args) {
        if (v.is_tensor() && v.t->base) refresh_view(Tensor(v.t));
        if (v.tag != Tag::Tensors) continue;
        for (const Tensor& t : v.tensor_list())
            if (t.defined()) refresh_view(t);
    }
}

Tensor detach(const Tensor& t) { return t.alias(); }

void install_graph() {
    hooks.record = record;
    hooks.before_write = before_write;
    hooks.after_write = after_write;
}

}  // namespace bestiary
