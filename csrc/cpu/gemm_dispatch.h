// Matrix products by the fastest way that this processor has: any layout, any number type.
#pragma once

#include "cpu/isa/gemm.h"

namespace bestiary::cpu {

// Threads share large products, unless this is in a parallel loop already.
void gemm(const GemmArgs& p);

}  // namespace bestiary::cpu
