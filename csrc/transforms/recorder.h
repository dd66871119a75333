// Lists the leaf ops of a computation with their arguments.
#pragma once

#include <deque>
#include <unordered_map>

#include "core/interpreter.h"

namespace bestiary {

// Note [Recording]
// Compositions decompose, so a recording has leaf ops only: kernels, views, writes in place. Every tensor has a number:
// the results in the order in which they came, and those that the recorded computation did not make, its inputs and
// constants, when first met. Recorded tensors are kept alive, so that no number ever means two of them.
class Recorder final : public Interpreter {
public:
    struct Step {
        const Op* op;
        std::deque<OwnedValue> args;
        std::vector<int> results;  // numbers of tensors; -1: undefined
    };

    bool run(const Op& op, Args args, Results& results) override;

    // The number of a tensor, new if it was not met before; -1 for an undefined one.
    int number(const Tensor& t);
    const std::deque<Step>& steps() const { return steps_; }
    const std::vector<Tensor>& tensors() const { return tensors_; }
    // The numbers of tensors that no recorded op made.
    const std::vector<int>& inputs() const { return inputs_; }

private:
    std::deque<Step> steps_;
    std::vector<Tensor> tensors_;
    std::vector<int> inputs_;
    std::unordered_map<const TensorImpl*, int> numbers_;
};

}  // namespace bestiary
