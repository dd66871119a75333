#include "autograd/op_node.h"

#include <deque>

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
    check(!t.defined() || !t->inference,
          "a tensor made in inference mode can't be saved for a gradient; clone() it first");
}

OpNode::OpNode(const Op& op, Args args) : op_(op), uses_(uses_of(op, args)) {
    for (int i = 0; i < args.size(); ++i) add_input(args[i], uses_ >> i & 1);
}

void OpNode::link(const Tensor& t, bool save) {
    edges_.emplace_back(t.defined() ? gradient_edge(t) : Edge());
    if (t.defined()) sources_.emplace_back(t.sizes(), t.dtype(), t.device(), t->storage->version());
    else sources_.emplace_back();
    if (save) check_not_inference(t);
}

void OpNode::pack(const Value& v, Input& input) {
    const auto pack_one = [&](const Tensor& t) {
        input.packed.push_back(t.defined() ? pack_saved(detach(t)) : nullptr);
    };
    if (v.is_tensor()) pack_one(Tensor(v.t));
    else
        for (const Tensor& t : v.tensor_list()) pack_one(t);
}

// The tensors of an argument as they were, in their place in the graph.
std::vector<Tensor> OpNode::unpack(const Input& input) const {
    std::vector<Tensor> tensors;
    for (size_t k = 0; k < input.packed.size(); ++k) {
        Tensor t = input.packed[k] ? detach(input.packed[k]->unpack()) : Tensor();
        const Edge& edge = edges_[input.first_edge + static_cast<int>(k)];
        if (edge.node) {
            t->grad_fn = Ptr<NodeBase>(edge.node.get());
            t->output_index = edge.index;
            t->requires_grad = true;
        }
        tensors.push_back(std::move(t));
    }
    return tensors;
}

void OpNode::add_input(const Value& v, bool save) {
    Input& input = inputs_.emplace_back();
    const bool tensors = v.is_tensor() || v.tag == Tag::Tensors;
    input.first_edge = edges_.size();
    input.is_list = v.tag == Tag::Tensors;
    input.needs_grad = wants_grad(v);
    if (v.is_tensor()) link(Tensor(v.t), save);
    if (v.tag == Tag::Tensors)
        for (const Tensor& t : v.tensor_list()) link(t, save);
    input.edge_count = edges_.size() - input.first_edge;
    if (tensors && save && pack_saved) pack(v, input);
    else if (save || !tensors) input.value = OwnedValue(v);
}

void OpNode::save_results(const Results& results) {
    if (!(uses_ & kUsesResults)) return;
    results_.reserve(results.size());
    for (int k = 0; k < results.size(); ++k) {
        const bool used = uses_ & uses_result(std::min(k, 2));
        if (used && pack_saved) results_.push_back({Tensor(), 0, pack_saved(detach(results[k]))});
        else if (used) results_.push_back({detach(results[k]), results[k]->storage->version(), nullptr});
        else results_.emplace_back();
    }
}

void OpNode::release_saved() {
    for (Input& input : inputs_) {
        if (input.value.get().tag == Tag::Tensor || input.value.get().tag == Tag::Tensors) input.value = OwnedValue();
        input.packed.clear();
    }
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
    if (v.is_tensor()) check_saved(Tensor(v.t), sources_[input.first_edge].version);
    if (v.tag != Tag::Tensors) return;
    for (int k = 0; k < input.edge_count; ++k)
        if (const Tensor& t = v.tensor_list()[k]; t.defined()) check_saved(t, sources_[input.first_edge + k].version);
}

Tensor OpNode::saved_result(int i) const {
    const SavedResult& saved = results_[i];
    if (!saved.t.defined() && !saved.packed) return {};
    if (!saved.packed) check_saved(saved.t, saved.version);
    Tensor t = detach(saved.packed ? saved.packed->unpack() : saved.t);
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

void OpNode::give(int edge, Tensor grad, GradSink& sink) const {
    const Source& source = sources_[edge];
    if (!edges_[edge].node || !grad.defined()) return;
    if (!(grad.sizes() == source.sizes)) grad = Call<"sum_to_size">()(grad, source.sizes);
    if (grad.dtype() != source.dtype) grad = Call<"to.dtype">()(grad, source.dtype);
    if (!(grad.device() == source.device)) grad = Call<"_to_device">()(grad, source.device);
    sink.give(edges_[edge], std::move(grad));
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
    static const Dims none;
    SmallVector<Value, 8> values;
    SmallVector<const Dims*, 8> shapes;
    SmallVector<bool, 8> needs;
    SmallVector<Tensor, 8> given;
    SmallVector<std::vector<Tensor>, 2> lists;  // up to the last argument that is a list
    std::deque<std::vector<Tensor>> unpacked;  // what hooks had packed, for as long as `values` borrow it
    for (int i = 0; i < inputs_.size(); ++i) {
        const Input& input = inputs_[i];
        values.emplace_back(input.value.get());
        if (!input.packed.empty()) {
            const std::vector<Tensor>& tensors = unpacked.emplace_back(unpack(input));
            values[i] = input.is_list ? Value(tensors) : Value(tensors[0]);
        }
        shapes.emplace_back(input.edge_count == 1 ? &sources_[input.first_edge].sizes : &none);
        needs.emplace_back(input.needs_grad);
        given.emplace_back();
        while (input.is_list && lists.size() <= i) lists.emplace_back();
        check_saved(input);
    }
    const Results results = unpack_results();
    const Backward b{op_, values.begin(), results,       grads.begin(), shapes.begin(), needs.begin(),
                     given.begin(), lists.begin(), grads[0]};
    run_gradients(b, Args(values.begin(), values.size()), grads);
    for (int i = 0; i < inputs_.size(); ++i)
        if (given[i].defined()) give(inputs_[i].first_edge, std::move(given[i]), sink);
    for (int i = 0; i < lists.size(); ++i)
        for (size_t k = 0; k < lists[i].size(); ++k)
            give(inputs_[i].first_edge + static_cast<int>(k), std::move(lists[i][k]), sink);
}

}  // namespace bestiary
