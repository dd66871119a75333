// The registered loops of one op, by the type they calculate in.
#pragma once

#include "core/op.h"
#include "cpu/loops.h"

namespace bestiary::cpu {

struct LoopSet {
    Loop loops[kDTypes] = {};
    IsaLevel levels[kDTypes] = {};

    Loop get(DType t) const { return loops[static_cast<int>(t)]; }
};

// Null if there are none.
const LoopSet* find_loops(std::string_view op);

}  // namespace bestiary::cpu
