// The node of an op of the table.
#pragma once

#include "autograd/node.h"
#include "core/small_vector.h"

namespace bestiary {

class OpNode final : public Node {
public:
    static Ptr<OpNode> make(const Op& op, Args args);
    // Keeps those results that the gradient reads.
    void save_results(const Results& results);
    // True if the gradient reads argument `i`.
    static bool saves(const Op& op, Args args, int i);

    std::string name() const override { return op_.full_name(); }
    void backward(Results& grads, GradSink& sink) override;
    void release_saved() override;
    std::span<const Edge> edges() const override { return {edges_.begin(), edges_.end()}; }

    static void* operator new(size_t size) { return allocate(size); }
    static void operator delete(void* block, size_t size) { deallocate(block, size); }

private:
    // An argument. Numbers and lists of them are kept always, tensors only if the gradient reads them.
    struct Input {
        OwnedValue value;
        int first_edge = 0;
        int edge_count = 0;  // more than one for a Tensor[]
        bool needs_grad = false;
        bool is_list = false;
        std::vector<std::shared_ptr<const PackedTensor>> packed;  // in place of saved tensors
    };
    // A tensor that was given, alone or in a list.
    struct Source {
        Dims sizes;
        DType dtype = DType::Bool;
        Device device;
        uint32_t version = 0;
    };
    struct SavedResult {
        Tensor t;  // detached from the graph, so that it does not own its own node
        uint32_t version = 0;
        std::shared_ptr<const PackedTensor> packed;  // in place of t
    };

    OpNode(const Op& op, Args args);
    void link(const Tensor& t, bool save);
    void add_input(const Value& v, bool save);
    Tensor saved_result(int i) const;
    std::vector<Tensor> unpack(const Input& input) const;
    static void pack(const Value& v, Input& input);
    Results unpack_results();
    void check_saved(const Tensor& t, uint32_t version) const;
    void check_saved(const Input& input) const;
    void give(int edge, Tensor grad, GradSink& sink) const;
    void run_gradients(const Backward& b, Args args, const Results& grads) const;

    const Op& op_;
    UseMask uses_ = 0;
    bool released_ = false;
    SmallVector<Input, 4> inputs_;
    SmallVector<Edge, 3> edges_;
    SmallVector<Source, 3> sources_;  // of each edge
    std::vector<SavedResult> results_;
};

}  // namespace bestiary
