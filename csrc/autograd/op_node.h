// The node of an op of the table.
#pragma once

#include "autograd/node.h"

namespace bestiary {

class OpNode final : public Node {
public:
    static Ptr<OpNode> make(const Op& op, Args args);
    // Keeps those results that the gradient reads.
    void save_results(const Results& results);
    // Whether the gradient reads argument `i`.
    static bool saves(const Op& op, Args args, int i);

    std::string name() const override { return op_.full_name(); }
    void backward(Results& grads, GradSink& sink) override;
    void release_saved() override;
    std::span<const Edge> edges() const override { return edges_; }

    static void* operator new(size_t size) { return allocate(size); }
    static void operator delete(void* block, size_t size) { deallocate(block, size); }

private:
    struct ListItem {
        Dims sizes;
        DType dtype = DType::Bool;
        uint32_t version = 0;
    };
    struct Input {
        OwnedValue value;  // numbers and lists always; a tensor only if the gradient reads it
        Dims sizes;
        DType dtype = DType::Float32;
        uint32_t version = 0;
        uint16_t first_edge = 0;
        uint16_t edge_count = 0;  // more than one for a Tensor[]
        bool needs_grad = false;
        std::vector<ListItem> list;  // of a Tensor[]
    };

    OpNode(const Op& op, Args args);
    void link(const Tensor& t, Input& input);
    void add_input(const Value& v, bool save, Input& input);
    Tensor saved_result(int i) const;
    Results unpack_results();
    void check_saved(const Tensor& t, uint32_t version) const;
    void check_saved(const Input& input) const;
    void give(const Edge& edge, Tensor grad, const Dims& sizes, DType dtype, GradSink& sink) const;
    void run_gradients(const Backward& b, Args args, const Results& grads) const;

    const Op& op_;
    UseMask uses_ = 0;
    bool released_ = false;
    std::vector<Input> inputs_;
    std::vector<Edge> edges_;
    std::vector<Tensor> results_;  // saved, detached from the graph so that they do not own their own node
    std::vector<uint32_t> result_versions_;
};

}  // namespace bestiary
