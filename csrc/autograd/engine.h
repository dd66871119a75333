// The backward pass.
#pragma once

#include "autograd/node.h"

namespace bestiary {

struct BackwardOptions {
    bool retain_graph = false;
    bool create_graph = false;
    bool allow_unused = false;
};

// Adds the gradients of `roots`, weighted by `grads`, into the leaves; with `inputs`, into those alone.
void run_backward(std::span<const Tensor> roots, std::span<const Tensor> grads, std::span<const Tensor> inputs,
                  BackwardOptions options);

// Returns the gradients with respect to `inputs`, and changes no leaf. Undefined where a root does not
// depend on the input, which is an error unless allow_unused.
std::vector<Tensor> gradients(std::span<const Tensor> roots, std::span<const Tensor> grads,
                              std::span<const Tensor> inputs, BackwardOptions options);

// The gradients of a fused op by way of its definition in other ops, differentiable again.
void differentiate_definition(const Op& op, Args args, const Results& grads, Tensor* given, const bool* needs);

}  // namespace bestiary
