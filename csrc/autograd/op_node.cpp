#include "autograd/op_node.h"

#include "autograd/engine.h"
#include "autograd/record.h"

namespace bestiary {

Ptr<OpNode> OpNode::make(const Op& op, Args args) {
    refresh_views(args);
    return Ptr<OpNode>(new OpNode(op, args));
}

static bool wants_grad(const Value& v) {
    if (v.is_tensor()) return is_floating(v.t->dtype) && requires_grad(Args(&v, 1));
    return v.tag == Tag::Tensors && requires_grad(Args(&v, 1));
}

static UseMask uses_of(const Op& op, Args args) {
    if (op.joint) return op.joint_uses;
    UseMask uses = 0;
    for (const Op::Gradient& gradient : op.gradients)
        if (wants_grad(args[gradient.param])) uses |= gradient.uses;
    return uses;
}

bool OpNode::saves(const Op& op, Args args, int i) { return uses_of(op, args) >> i & 1; }

static void check_not_inference(const Tensor& t) {
    check(!t.defined() || !t->inference, "a tensor made in inference mode can't be saved for a gradient; clone() it first");
}

OpNode::OpNode(const Op& op, Args args) : op_(op), uses_(uses_of(op, args)), inputs_(args.size()) {
    edges_.reserve(2);
    for (int i = 0; i < args.size(); ++i) add_input(args[i], uses_ >> i & 1, inputs_[i]);
}

void OpNode::link(const Tensor& t, Input& input) {
    edges_.push_back(t.defined() ? gradient_edge(t) : Edge());
    ++input.edge_count;
}

void OpNode::add_input(const Value& v, bool save, Input& input) {
    input.first_edge = static_cast<uint16_t>(edges_.size());
    if (v.is_tensor()) {
        const Tensor t(v.t);
        input.needs_grad = wants_grad(v);
        input.sizes = t.sizes();
        input.dtype = t.dtype();
        link(t, input);
        if (save) {
            check_not_inference(t);
            input.value = OwnedValue(v);
        }
        input.version = t->storage->version();
    } else if (v.tag == Tag::Tensors) {
        input.needs_grad = wants_grad(v);
        for (const Tensor& t : v.tensor_list()) {
            link(t, input);
            input.list.push_back(t.defined() ? ListItem{t.sizes(), t.dtype(), t->storage->version()} : ListItem());
            if (save) check_not_inference(t);
        }
        if (save) input.value = OwnedValue(v);
    } else {
        input.value = OwnedValue(v);
    }
}

void OpNode::save_results(const Results& results) {
    if (!(uses_ & kUsesResults)) return;
    for (int k = 0; k < results.size(); ++k) {
        const bool used = uses_ & uses_result(std::min(k, 2));
        results_.push_back(used ? detach(results[k]) : Tensor());
        result_versions_.push_back(used ? results[k]->storage->version() : 0);
    }
}

void OpNode::release_saved() {
    for (Input& input : inputs_)
        if (input.value.get().tag == Tag::Tensor || input.value.get().tag == Tag::Tensors) input.value = OwnedValue();
    results_.clear();
    released_ = true;
}

void OpNode::check_saved(const Tensor& t, uint32_t version) const {
    if (t->storage->version() == version) return;
    const Op* writer = t->storage->last_writer();
    fail(ErrorKind::Runtime, "a tensor of shape ", t.sizes(), " saved for the gradient of '", op_.full_name(),
         "' was overwritten by '", writer ? writer->full_name() : "an outside write",
         "' after the forward pass; clone() it before writing");
}

void OpNode::check_saved(const Input& input) const {
    const Value& v = input.value.get();
    if (v.is_tensor()) check_saved(Tensor(v.t), input.version);
    if (v.tag != Tag::Tensors) return;
    for (size_t k = 0; k < input.list.size(); ++k)
        if (const Tensor& t = v.tensor_list()[k]; t.defined()) check_saved(t, input.list[k].version);
}

Tensor OpNode::saved_result(int i) const {
    if (!results_[i].defined()) return {};
    check_saved(results_[i], result_versions_[i]);
    Tensor t = detach(results_[i]);
    if (is_floating(t.dtype())) {
        t->grad_fn = Ptr<NodeBase>(const_cast<OpNode*>(this));
        t->output_index = static_cast<uint32_t>(i);
        t->requires_grad = true;
    }
    return t;
}

Results OpNode::unpack_results() {
    Results unpacked;
    for (size_t i = 0; i < results_.size(); ++i) unpacked.push(saved_result(static_cast<int>(i)));
    return unpacked;
}

void OpNode::give(const Edge& edge, Tensor grad, const Dims& sizes, DType dtype, GradSink& sink) const {
    if (!edge.node || !grad.defined()) return;
    if (!(grad.sizes() == sizes)) grad = Call<"sum_to_size">()(grad, sizes);
    if (grad.dtype() != dtype) grad = Call<"to.dtype">()(grad, dtype);
    sink.give(edge, std::move(grad));
}

void OpNode::run_gradients(const Backward& b, Args args, const Results& grads) const {
    // The gradient of a fused kernel is a kernel too; to differentiate it again, use the op's definition.
    if (op_.form == Op::Form::Kernel && op_.composed && thread_state.grad_mode)
        return differentiate_definition(op_, args, grads, b.given, b.needs_grad);
    if (op_.joint) return op_.joint(b);
    for (const Op::Gradient& gradient : op_.gradients)
        if (b.needs_grad[gradient.param]) b.given[gradient.param] = gradient.fn(b);
}

void OpNode::backward(Results& grads, GradSink& sink) {
    check(!released_ || uses_ == 0,
          "the graph has been freed: backward() ran through it before; pass retain_graph=True the first time");
    const size_t n = inputs_.size();
    constexpr size_t kMax = 24;
    Value values[kMax];
    const Dims* shapes[kMax];
    bool needs[kMax];
    Tensor given[kMax];
    std::vector<Tensor> lists[kMax];
    for (size_t i = 0; i < n; ++i) {
        values[i] = inputs_[i].value.get();
        shapes[i] = &inputs_[i].sizes;
        needs[i] = inputs_[i].needs_grad;
        check_saved(inputs_[i]);
    }
    const Results results = unpack_results();
    const Args args(values, static_cast<int>(n));
    run_gradients(Backward{op_, values, results, grads.begin(), shapes, needs, given, lists, grads[0]}, args, grads);
    for (size_t i = 0; i < n; ++i) {
        const Input& input = inputs_[i];
        if (input.edge_count == 1 && input.list.empty())
            give(edges_[input.first_edge], std::move(given[i]), input.sizes, input.dtype, sink);
        for (size_t k = 0; k < lists[i].size(); ++k)
            give(edges_[input.first_edge + k], std::move(lists[i][k]), input.list[k].sizes, input.list[k].dtype, sink);
    }
}

}  // namespace bestiary
