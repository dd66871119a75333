// The driver of reductions: which elements go into which result, in what order and on which thread.
#pragma once

#include <string>

#include "core/reduction.h"
#include "cpu/loop_table.h"

namespace bestiary::cpu {

// The loops of one way to fold: see Note [Reduction loops] in isa/reduce.cpp.
class Reducer {
public:
    // `merges_as`: how two accumulators become one, if not as elements do.
    explicit Reducer(const std::string& name, const std::string& merges_as = "");

    Loop rows(DType t) const { return get(rows_, t); }
    Loop columns(DType t) const { return get(columns_, t); }
    Loop identity(DType t) const { return get(identity_, t); }
    // Folds rows of accumulators.
    Loop merge(DType acc) const { return get(merge_, acc); }
    // What elements of type t are folded in.
    DType accumulator(DType t) const;

private:
    static Loop get(const LoopSet* set, DType t);
    const LoopSet *rows_, *columns_, *identity_, *merge_;
    bool widens_;
};

// Folds the dimensions in `mask` of `in`: one accumulator per result, contiguous, in the results' order.
Tensor reduce(const Reducer& with, const Tensor& in, DimMask mask);

// The means over the dimensions in `mask` in float64, one per result.
Tensor mean_of(const Tensor& in, DimMask mask);

// Writes accumulators, converted, to a result: the same elements, perhaps with dimensions of size 1 between.
void store(const Tensor& result, const Tensor& acc);

// Of an op whose first arguments are (self, dim, ...).
inline DimMask mask_of(const KernelCall& call) { return dim_mask(call.args[1], call.args.tensor(0).dim()); }

}  // namespace bestiary::cpu
