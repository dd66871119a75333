// Lists the leaf ops of a computation with their arguments.
#pragma once

#include <deque>
#include <map>
#include <unordered_map>

#include "core/interpreter.h"

namespace bestiary {

// Note [Recording]
// Compositions decompose, so a recording has leaf ops only: kernels, views, writes in place. Every tensor has a number:
// the results in the order in which they were computed, and those that the recorded computation did not compute, its
// inputs and constants, when first met. The graph saves results detached, so an argument over the memory of a known
// tensor, with its layout, is that tensor. Recorded tensors stay alive, so that no number ever means two of them.
class Recorder final : public Interpreter {
public:
    struct Step {
        const Op* op;
        std::deque<OwnedValue> args;
        std::vector<int> results;  // numbers of tensors; -1: undefined
    };

    bool run(const Op& op, Args args, Results& results) override;

    // The number of a tensor, new if it is unknown; -1 for an undefined one.
    int number(const Tensor& t);
    const std::deque<Step>& steps() const { return steps_; }
    const std::vector<Tensor>& tensors() const { return tensors_; }
    // The numbers of tensors that no recorded op computed.
    const std::vector<int>& inputs() const { return inputs_; }

private:
    using Memory = std::pair<const Storage*, int64_t>;  // and the offset into it

    void add_input(const Tensor& t);
    int with_same_memory(const Tensor& t) const;

    std::deque<Step> steps_;
    std::vector<Tensor> tensors_;
    std::vector<Tensor> aliases_;  // other tensors over the memory of a known one
    std::vector<int> inputs_;
    std::unordered_map<const TensorImpl*, int> numbers_;
    std::multimap<Memory, int> by_memory_;
};

}  // namespace bestiary
